"""The tables for learning from the group: consent, feedback in words, datasets, runs, LoRAs."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)

from core.storage.columns import Json, Words, key, metadata, moment, to, words

# What people allow. Where there is no row, what `core.storage.consent` says by default holds.
consents = Table(
    "consents",
    metadata,
    to("author", "authors", primary_key=True, autoincrement=False),
    words("level"),  # nothing, narrator or own
    moment("changed"),
)

place_consents = Table(
    "place_consents",
    metadata,
    to("place", "places", primary_key=True, autoincrement=False),
    Column("learn", Boolean, nullable=False),
    moment("changed"),
)

comments = Table(
    "comments",
    metadata,
    key(),
    to("passage", "passages", index=True),
    to("author", "authors", index=True),
    words("text"),
    moment("given"),
)

reports = Table(
    "reports",
    metadata,
    to("passage", "passages", primary_key=True, autoincrement=False),
    to("author", "authors", primary_key=True, autoincrement=False),
    words("reason"),
    moment("given"),
)

# Which take an edit began with, and how far it went from there: the share of words changed.
edits = Table(
    "edits",
    metadata,
    to("passage", "passages", primary_key=True, autoincrement=False),
    to("old", "passages", index=True),
    Column("distance", Float, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    key(),
    words("hash"),
    words("folder"),  # below the data folder
    Column("rows", Integer, nullable=False),
    Column("stale", Boolean, nullable=False),  # holds what may no longer be used
    moment("made"),
    UniqueConstraint("hash"),
)

# Whose texts and voices a dataset holds: whoever takes them back makes it stale.
dataset_authors = Table(
    "dataset_authors",
    metadata,
    to("dataset", "datasets", primary_key=True, autoincrement=False),
    to("author", "authors", primary_key=True, autoincrement=False, index=True),
)

dataset_places = Table(
    "dataset_places",
    metadata,
    to("dataset", "datasets", primary_key=True, autoincrement=False),
    to("place", "places", primary_key=True, autoincrement=False, index=True),
)

runs = Table(
    "runs",
    metadata,
    key(),
    # Whose narrator it is about: 0 everybody's, else the id of a place that gets its own.
    Column("scope", BigInteger, nullable=False),
    words("recipe"),
    words("state"),  # open, done or failed
    Column("settings", Json, nullable=False),
    Column("progress", Json, nullable=False),
    to("dataset", "datasets", gone="SET NULL"),
    words("outcome"),  # in a sentence; empty: not known yet
    moment("begun"),
    moment("seen"),  # when it last showed a sign of life
    moment("ended", nullable=True),
)

loras = Table(
    "loras",
    metadata,
    key(),
    words("name"),
    Column("scope", BigInteger, nullable=False),
    words("state"),  # candidate, live, retired or rejected
    words("base"),
    words("base_hash"),
    words("hash"),
    words("folder"),  # below the data folder
    to("parent", "loras", gone="SET NULL"),  # whose weights its training began with
    to("replaced", "loras", gone="SET NULL"),  # what was live before it: where a rollback goes
    to("run", "runs", gone="SET NULL"),
    to("dataset", "datasets", gone="SET NULL"),
    Column("facts", Json, nullable=False),
    Column("environment", Json, nullable=False),
    Column("measures", Json, nullable=False),
    Column("reasons", Json, nullable=False),
    words("report"),
    Column("stale", Boolean, nullable=False),
    moment("made"),
    moment("decided", nullable=True),
    UniqueConstraint("name"),
)
_LIVE = loras.c.state == "live"
Index(
    "ix_loras_live",
    loras.c.scope,
    unique=True,  # the one pointer
    sqlite_where=_LIVE,
    postgresql_where=_LIVE,
)

# Two LoRAs side by side, each in its share of the places.
trials = Table(
    "trials",
    metadata,
    key(),
    to("champion", "loras", gone="SET NULL"),  # none: the model as it is
    to("challenger", "loras"),
    Column("share", Float, nullable=False),
    moment("begun"),
    moment("ended", nullable=True),
    words("verdict"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    words("holder"),
    moment("until"),
)
