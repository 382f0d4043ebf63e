"""The tables, in SQLAlchemy Core. The migrations build the same; a test holds the two together.

Every reference is a foreign key. Those into `stories` and `passages` have an index, since deleting
a story looks each of its passages up in every table that may point to it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from core.errors import StorageError

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite has no time zones: there it is kept as UTC and comes back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone: it would mean another moment on another machine."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a moment needs its time zone: {value}")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give it its zone back."""
        del dialect
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value and value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text as people type it. What PostgreSQL cannot keep is refused on SQLite as well."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Refuse the null character and halves of surrogate pairs."""
        del dialect
        if value is not None and ("\0" in value or not _is_unicode(value)):
            raise StorageError(
                "a text holds a character that no database can keep (a null or half a character); "
                "strip control characters before it is stored"
            )
        return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# SQLite numbers rows by itself only where the type is spelled INTEGER; PostgreSQL takes the ids
# that forged buttons name only where it is wide enough for them.
Id = BigInteger().with_variant(Integer(), "sqlite")
Json = JSON(none_as_null=True)


def _key() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _words(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Words, nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=nullable)


def _to(
    name: str, target: str, *, gone: str | None = "CASCADE", **options: Any
) -> Column[int | None]:
    """A reference; `gone` is what becomes of this row when its target is deleted."""
    use_alter = options.pop("use_alter", False)
    key = ForeignKey(f"{target}.id", ondelete=gone, use_alter=use_alter)
    options.setdefault("nullable", gone != "CASCADE")
    return Column(name, Id, key, **options)


authors = Table(
    "authors",
    metadata,
    _key(),
    _words("platform"),
    _words("key"),  # the platform's own id of the person
    _words("name"),
    _words("client_language"),  # what their client speaks
    _words("language"),  # what they chose here; empty: nothing
    UniqueConstraint("platform", "key"),
)

stories = Table(
    "stories",
    metadata,
    _key(),
    _words("title"),
    _words("premise"),
    Column("style", Json, nullable=False),
    _words("state"),
    # Stories point to passages and passages to stories, so one of the two is added afterwards.
    _to("head", "passages", gone="SET NULL", use_alter=True, index=True),
    _words("branch"),
    Column("version", Integer, nullable=False),
    _moment("begun"),
    _moment("told"),
    sqlite_autoincrement=True,  # the id of a deleted story must not come back under an old button
)

places = Table(
    "places",
    metadata,
    _key(),
    _words("platform"),
    _words("chat"),
    _words("topic"),
    Column("private", Boolean, nullable=False),
    _words("language"),
    _to("story", "stories", gone="SET NULL", index=True),  # the one being told here
    UniqueConstraint("platform", "chat", "topic"),
)

members = Table(
    "members",
    metadata,
    _to("place", "places", primary_key=True, autoincrement=False),
    _to("author", "authors", primary_key=True, autoincrement=False),
    _moment("joined"),
)

shelf = Table(
    "shelf",
    metadata,
    _to("place", "places", primary_key=True, autoincrement=False),
    _to("story", "stories", primary_key=True, autoincrement=False, index=True),
)

passages = Table(
    "passages",
    metadata,
    _key(),
    _to("story", "stories"),
    # Passages go only with their whole story, so these two need no action of their own.
    _to("parent", "passages", gone=None, index=True),
    _to("heir", "passages", gone=None, index=True),
    Column("depth", Integer, nullable=False),
    _words("text"),
    _words("origin"),
    _to("author", "authors", gone="SET NULL"),
    Column("provenance", Json, nullable=True),
    _words("recap"),
    _moment("written"),
    Index(None, "story", "parent"),  # the openings of a story are those without a parent
    CheckConstraint("depth >= 1", name="depth"),
    sqlite_autoincrement=True,
)

# The branch being told has its tip in `stories.head`; the tip here counts for all the others.
branches = Table(
    "branches",
    metadata,
    _to("story", "stories", primary_key=True, autoincrement=False),
    Column("name", Words, primary_key=True),
    _to("tip", "passages", gone="SET NULL", index=True),
)

lore = Table(
    "lore",
    metadata,
    _key(),
    _to("story", "stories", index=True),
    Column("keywords", Json, nullable=False),
    _words("text"),
    Column("always", Boolean, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    _key(),
    _words("platform"),
    _words("request"),  # the platform's id: together they refuse a repeated delivery
    _to("place", "places"),
    _to("author", "authors"),
    _words("command"),  # as JSON while the turn is open; then empty, since it may quote people
    _to("story", "stories", gone="SET NULL", index=True),
    Column("head", Id),  # the passage the story stood at; no reference: read only while open
    Column("seed", BigInteger),
    _words("screen"),  # the message it is shown in; empty: none yet
    _words("outcome", nullable=True),  # none: still open
    _to("passage", "passages", gone="SET NULL", index=True),
    _words("answer", nullable=True),  # the command that a written reply to the screen fills in
    _moment("opened"),
    _moment("closed", nullable=True),
    UniqueConstraint("platform", "request"),
    Index(None, "place", "screen"),
)
Index(
    "ix_turns_open",
    turns.c.platform,
    sqlite_where=turns.c.outcome.is_(None),
    postgresql_where=turns.c.outcome.is_(None),
)

ratings = Table(
    "ratings",
    metadata,
    _to("passage", "passages", primary_key=True, autoincrement=False),
    _to("author", "authors", primary_key=True, autoincrement=False),
    Column("value", SmallInteger, nullable=False),
    _moment("given"),
    CheckConstraint("value IN (-1, 1)", name="thumb"),
)

picks = Table(
    "picks",
    metadata,
    _to("winner", "passages", primary_key=True, autoincrement=False),
    _to("loser", "passages", primary_key=True, autoincrement=False, index=True),
    _to("author", "authors", primary_key=True, autoincrement=False),
    Column("how", Words, primary_key=True),  # pick, vote, retry or refine
    _moment("given"),
)
