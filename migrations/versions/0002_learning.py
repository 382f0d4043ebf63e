"""Learning from the group: consent, words and reports, datasets, runs, LoRAs, trials, leases."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the type is spelled INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_what_people_say()
    _create_datasets_and_runs()
    _create_loras()
    op.create_table(
        "leases",
        _text("name"),
        _text("holder"),
        _moment("until"),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def downgrade() -> None:
    for table in (
        *("leases", "trials", "loras", "runs", "dataset_places", "dataset_authors", "datasets"),
        *("edits", "reports", "comments", "place_consents", "consents"),
    ):
        op.drop_table(table)


def _create_what_people_say() -> None:
    op.create_table(
        "consents",
        *_keys("consents", author="authors"),
        _text("level"),
        _moment("changed"),
    )
    op.create_table(
        "place_consents",
        *_keys("place_consents", place="places"),
        sa.Column("learn", sa.Boolean, nullable=False),
        _moment("changed"),
    )
    op.create_table(
        "comments",
        _key(),
        *_to("comments", passage="passages", author="authors"),
        _text("text"),
        _moment("given"),
    )
    op.create_index("ix_comments_passage", "comments", ["passage"])
    op.create_index("ix_comments_author", "comments", ["author"])
    op.create_table(
        "reports",
        *_keys("reports", passage="passages", author="authors"),
        _text("reason"),
        _moment("given"),
    )
    op.create_table(
        "edits",
        *_keys("edits", passage="passages"),
        *_to("edits", old="passages"),
        sa.Column("distance", sa.Float, nullable=False),
    )
    op.create_index("ix_edits_old", "edits", ["old"])


def _create_datasets_and_runs() -> None:
    op.create_table(
        "datasets",
        _key(),
        _text("hash"),
        _text("folder"),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
        _moment("made"),
        sa.UniqueConstraint("hash", name="uq_datasets_hash"),
    )
    for what, of in (("author", "authors"), ("place", "places")):
        table = f"dataset_{of}"
        op.create_table(table, *_keys(table, **{"dataset": "datasets", what: of}))
        op.create_index(f"ix_{table}_{what}", table, [what])
    op.create_table(
        "runs",
        _key(),
        sa.Column("scope", sa.BigInteger, nullable=False),
        *(_text(name) for name in ("recipe", "state")),
        *(_json(name) for name in ("settings", "progress")),
        *_to("runs", "SET NULL", dataset="datasets"),
        _text("outcome"),
        *(_moment(name) for name in ("begun", "seen")),
        sa.Column("ended", _MOMENT),
    )


def _create_loras() -> None:
    op.create_table(
        "loras",
        _key(),
        _text("name"),
        sa.Column("scope", sa.BigInteger, nullable=False),
        *(_text(name) for name in ("state", "base", "base_hash", "hash", "folder", "report")),
        *_to(
            *("loras", "SET NULL"), parent="loras", replaced="loras", run="runs", dataset="datasets"
        ),
        *(_json(name) for name in ("facts", "environment", "measures", "reasons")),
        sa.Column("stale", sa.Boolean, nullable=False),
        _moment("made"),
        sa.Column("decided", _MOMENT),
        sa.UniqueConstraint("name", name="uq_loras_name"),
    )
    live = sa.text("state = 'live'")
    op.create_index(
        "ix_loras_live", "loras", ["scope"], unique=True, sqlite_where=live, postgresql_where=live
    )
    op.create_table(
        "trials",
        _key(),
        *_to("trials", "SET NULL", champion="loras"),
        *_to("trials", challenger="loras"),
        sa.Column("share", sa.Float, nullable=False),
        _moment("begun"),
        sa.Column("ended", _MOMENT),
        _text("verdict"),
    )


def _key() -> sa.Column[Any]:
    return sa.Column("id", _ID, primary_key=True)


def _keys(table: str, **columns: str) -> list[Any]:
    """A primary key made of references."""
    return [*_to(table, **columns), sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")]


def _to(table: str, gone: str = "CASCADE", **columns: str) -> list[Any]:
    """References; `gone` is what becomes of a row when what it refers to is deleted."""
    references = [
        sa.ForeignKeyConstraint(
            [column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete=gone
        )
        for column, target in columns.items()
    ]
    return [*(sa.Column(name, _ID, nullable=gone != "CASCADE") for name in columns), *references]


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, _MOMENT, nullable=False)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON, nullable=False)
