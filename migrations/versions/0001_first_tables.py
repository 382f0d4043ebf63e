"""The first tables: people and places, stories as trees of passages, turns, feedback."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the type is spelled INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_people_and_stories()
    _create_what_stories_hold()
    _create_turns_and_feedback()


def downgrade() -> None:
    # PostgreSQL drops no table that another refers to, and these two refer to each other.
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("fk_stories_head", "stories")
    for table in (
        *("picks", "ratings", "turns", "lore", "branches", "shelf", "members", "places"),
        *("passages", "stories", "authors"),
    ):
        op.drop_table(table)


def _create_people_and_stories() -> None:
    op.create_table(
        "authors",
        _key(),
        _text("platform"),
        _text("key"),
        _text("name"),
        _text("client_language"),
        _text("language"),
        sa.UniqueConstraint("platform", "key", name="uq_authors_platform_key"),
    )
    op.create_table(
        "stories",
        _key(),
        _text("title"),
        _text("premise"),
        sa.Column("style", sa.JSON, nullable=False),
        _text("state"),
        sa.Column("head", _ID),
        _text("branch"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("begun", _MOMENT, nullable=False),
        sa.Column("told", _MOMENT, nullable=False),
        _head_to_passages(),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stories_head", "stories", ["head"])
    op.create_table(
        "places",
        _key(),
        _text("platform"),
        _text("chat"),
        _text("topic"),
        sa.Column("private", sa.Boolean, nullable=False),
        _text("language"),
        sa.Column("story", _ID),
        _reference("places", "story", "stories", "SET NULL"),
        sa.UniqueConstraint("platform", "chat", "topic", name="uq_places_platform_chat_topic"),
    )
    op.create_index("ix_places_story", "places", ["story"])
    op.create_table(
        "members",
        *_keys("members", place="places", author="authors"),
        sa.Column("joined", _MOMENT, nullable=False),
    )
    op.create_table("shelf", *_keys("shelf", place="places", story="stories"))
    op.create_index("ix_shelf_story", "shelf", ["story"])


def _create_what_stories_hold() -> None:
    op.create_table(
        "passages",
        _key(),
        sa.Column("story", _ID, nullable=False),
        sa.Column("parent", _ID),
        sa.Column("heir", _ID),
        sa.Column("depth", sa.Integer, nullable=False),
        _text("text"),
        _text("origin"),
        sa.Column("author", _ID),
        sa.Column("provenance", sa.JSON),
        _text("recap"),
        sa.Column("written", _MOMENT, nullable=False),
        _reference("passages", "story", "stories", "CASCADE"),
        _reference("passages", "parent", "passages", None),
        _reference("passages", "heir", "passages", None),
        _reference("passages", "author", "authors", "SET NULL"),
        sa.CheckConstraint("depth >= 1", name=op.f("ck_passages_depth")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_passages_parent", "passages", ["parent"])
    op.create_index("ix_passages_heir", "passages", ["heir"])
    op.create_index("ix_passages_story_parent", "passages", ["story", "parent"])
    if op.get_context().dialect.name == "postgresql":
        op.create_foreign_key(
            "fk_stories_head", "stories", "passages", ["head"], ["id"], ondelete="SET NULL"
        )
    op.create_table(
        "branches",
        sa.Column("story", _ID, nullable=False),
        _text("name"),
        sa.Column("tip", _ID),
        sa.PrimaryKeyConstraint("story", "name", name="pk_branches"),
        _reference("branches", "story", "stories", "CASCADE"),
        _reference("branches", "tip", "passages", "SET NULL"),
    )
    op.create_index("ix_branches_tip", "branches", ["tip"])
    op.create_table(
        "lore",
        _key(),
        sa.Column("story", _ID, nullable=False),
        sa.Column("keywords", sa.JSON, nullable=False),
        _text("text"),
        sa.Column("always", sa.Boolean, nullable=False),
        _reference("lore", "story", "stories", "CASCADE"),
    )
    op.create_index("ix_lore_story", "lore", ["story"])


def _create_turns_and_feedback() -> None:
    op.create_table(
        "turns",
        _key(),
        _text("platform"),
        _text("request"),
        sa.Column("place", _ID, nullable=False),
        sa.Column("author", _ID, nullable=False),
        _text("command"),
        sa.Column("story", _ID),
        sa.Column("head", _ID),
        sa.Column("seed", sa.BigInteger),
        _text("screen"),
        sa.Column("outcome", sa.Text),
        sa.Column("passage", _ID),
        sa.Column("answer", sa.Text),
        sa.Column("opened", _MOMENT, nullable=False),
        sa.Column("closed", _MOMENT),
        _reference("turns", "place", "places", "CASCADE"),
        _reference("turns", "author", "authors", "CASCADE"),
        _reference("turns", "story", "stories", "SET NULL"),
        _reference("turns", "passage", "passages", "SET NULL"),
        sa.UniqueConstraint("platform", "request", name="uq_turns_platform_request"),
    )
    op.create_index("ix_turns_story", "turns", ["story"])
    op.create_index("ix_turns_passage", "turns", ["passage"])
    op.create_index("ix_turns_place_screen", "turns", ["place", "screen"])
    still_open = sa.text("outcome IS NULL")
    op.create_index(
        "ix_turns_open",
        "turns",
        ["platform"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "ratings",
        *_keys("ratings", passage="passages", author="authors"),
        sa.Column("value", sa.SmallInteger, nullable=False),
        sa.Column("given", _MOMENT, nullable=False),
        sa.CheckConstraint("value IN (-1, 1)", name=op.f("ck_ratings_thumb")),
    )
    op.create_table(
        "picks",
        sa.Column("winner", _ID, nullable=False),
        sa.Column("loser", _ID, nullable=False),
        sa.Column("author", _ID, nullable=False),
        _text("how"),
        sa.Column("given", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("winner", "loser", "author", "how", name="pk_picks"),
        _reference("picks", "winner", "passages", "CASCADE"),
        _reference("picks", "loser", "passages", "CASCADE"),
        _reference("picks", "author", "authors", "CASCADE"),
    )
    op.create_index("ix_picks_loser", "picks", ["loser"])


def _key() -> sa.Column[Any]:
    return sa.Column("id", _ID, primary_key=True)


def _keys(table: str, **columns: str) -> list[Any]:
    """A primary key made of references."""
    return [
        *(sa.Column(column, _ID, nullable=False) for column in columns),
        sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}"),
        *(_reference(table, column, target, "CASCADE") for column, target in columns.items()),
    ]


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _reference(table: str, column: str, target: str, gone: str | None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete=gone
    )


def _head_to_passages() -> sa.ForeignKeyConstraint:
    """SQLite takes it before there are passages; PostgreSQL gets it afterwards."""
    return sa.ForeignKeyConstraint(
        ["head"], ["passages.id"], name="fk_stories_head", ondelete="SET NULL", use_alter=True
    )
