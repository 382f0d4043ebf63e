"""The columns that tables are made of: moments, words, ids and references; their registry."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
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


def key() -> Column[int]:
    """The number a row is known by."""
    return Column("id", Id, primary_key=True)


def words(name: str, *, nullable: bool = False) -> Column[str]:
    """Text, a person's or ours."""
    return Column(name, Words, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    """A moment in UTC."""
    return Column(name, Moment, nullable=nullable)


def to(
    name: str, target: str, *, gone: str | None = "CASCADE", **options: Any
) -> Column[int | None]:
    """A reference; `gone` is what becomes of this row when its target is deleted."""
    use_alter = options.pop("use_alter", False)
    target_id = ForeignKey(f"{target}.id", ondelete=gone, use_alter=use_alter)
    options.setdefault("nullable", gone != "CASCADE")
    return Column(name, Id, target_id, **options)
