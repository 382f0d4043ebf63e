"""The table of what groups agreed on: a row for a story with an order, roles or a code."""

from sqlalchemy import Column, Index, Table, UniqueConstraint

from core.storage.columns import Json, metadata, moment, to, words

groups = Table(
    "groups",
    metadata,
    to("story", "stories", primary_key=True, autoincrement=False),
    words("code", nullable=True),  # by which another place joins
    moment("due", nullable=True),  # when the clock has something to do
    Column("state", Json, nullable=False),
    UniqueConstraint("code"),
    Index(None, "due"),
)
