"""The tables, in SQLAlchemy Core. The migrations build the same; a test holds the two together.

Every reference is a foreign key. Those into `stories` and `passages` have an index, since deleting
a story looks each of its passages up in every table that may point to it.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    SmallInteger,
    Table,
    UniqueConstraint,
)

from core.storage import (  # their tables stand in the same registry
    group_tables,  # noqa: F401  # see above
    learning_tables,  # noqa: F401  # see above
)
from core.storage.columns import Id, Json, Words, key, metadata, moment, to, words

authors = Table(
    "authors",
    metadata,
    key(),
    words("platform"),
    words("key"),  # the platform's own id of the person
    words("name"),
    words("client_language"),  # what their client speaks
    words("language"),  # what they chose here; empty: nothing
    UniqueConstraint("platform", "key"),
)

stories = Table(
    "stories",
    metadata,
    key(),
    words("title"),
    words("premise"),
    Column("style", Json, nullable=False),
    words("state"),
    # Stories point to passages and passages to stories, so one of the two is added afterwards.
    to("head", "passages", gone="SET NULL", use_alter=True, index=True),
    words("branch"),
    Column("version", Integer, nullable=False),
    moment("begun"),
    moment("told"),
    sqlite_autoincrement=True,  # the id of a deleted story must not come back under an old button
)

places = Table(
    "places",
    metadata,
    key(),
    words("platform"),
    words("chat"),
    words("topic"),
    Column("private", Boolean, nullable=False),
    words("language"),
    Column("screening", Words, nullable=False, server_default=""),  # empty: the operator's level
    to("story", "stories", gone="SET NULL", index=True),  # the one being told here
    UniqueConstraint("platform", "chat", "topic"),
)

members = Table(
    "members",
    metadata,
    to("place", "places", primary_key=True, autoincrement=False),
    to("author", "authors", primary_key=True, autoincrement=False),
    moment("joined"),
)

shelf = Table(
    "shelf",
    metadata,
    to("place", "places", primary_key=True, autoincrement=False),
    to("story", "stories", primary_key=True, autoincrement=False, index=True),
)

passages = Table(
    "passages",
    metadata,
    key(),
    to("story", "stories"),
    # Passages go only with their whole story, so these two need no action of their own.
    to("parent", "passages", gone=None, index=True),
    to("heir", "passages", gone=None, index=True),
    Column("depth", Integer, nullable=False),
    words("text"),
    words("origin"),
    to("author", "authors", gone="SET NULL"),
    Column("provenance", Json, nullable=True),
    words("recap"),
    moment("written"),
    Index(None, "story", "parent"),  # the openings of a story are those without a parent
    CheckConstraint("depth >= 1", name="depth"),
    sqlite_autoincrement=True,
)

# The branch being told has its tip in `stories.head`; the tip here counts for all the others.
branches = Table(
    "branches",
    metadata,
    to("story", "stories", primary_key=True, autoincrement=False),
    Column("name", Words, primary_key=True),
    to("tip", "passages", gone="SET NULL", index=True),
)

lore = Table(
    "lore",
    metadata,
    key(),
    to("story", "stories", index=True),
    Column("keywords", Json, nullable=False),
    words("text"),
    Column("always", Boolean, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    key(),
    words("platform"),
    words("request"),  # the platform's id: together they refuse a repeated delivery
    to("place", "places"),
    to("author", "authors"),
    words("command"),  # as JSON while the turn is open; then empty, since it may quote people
    to("story", "stories", gone="SET NULL", index=True),
    Column("head", Id),  # the passage the story stood at; no reference: read only while open
    Column("seed", BigInteger),
    words("screen"),  # the message it is shown in; empty: none yet
    words("outcome", nullable=True),  # none: still open
    to("passage", "passages", gone="SET NULL", index=True),
    words("answer", nullable=True),  # the command that a written reply to the screen fills in
    moment("opened"),
    moment("closed", nullable=True),
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
    to("passage", "passages", primary_key=True, autoincrement=False),
    to("author", "authors", primary_key=True, autoincrement=False),
    Column("value", SmallInteger, nullable=False),
    moment("given"),
    CheckConstraint("value IN (-1, 1)", name="thumb"),
)

picks = Table(
    "picks",
    metadata,
    to("winner", "passages", primary_key=True, autoincrement=False),
    to("loser", "passages", primary_key=True, autoincrement=False, index=True),
    to("author", "authors", primary_key=True, autoincrement=False),
    Column("how", Words, primary_key=True),  # pick, vote, retry or refine
    moment("given"),
)
