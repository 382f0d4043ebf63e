"""Runs the revisions, on the connection that `core.storage.database` hands over.

To write a new revision, with the newest schema in FILE:

    alembic -x url=sqlite:///FILE revision --autogenerate --rev-id 0002 -m WHY
"""

from typing import Literal

from alembic import context
from sqlalchemy import Connection

from core.storage import tables  # noqa: F401  # fills the registry
from core.storage.columns import Moment, Words, metadata
from core.storage.database import Database


def _spelled(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write a column's type as SQLAlchemy's own: a revision must not change when ours do."""
    match kind, item:
        case "type", Words():
            return "sa.Text()"
        case "type", Moment():
            return "sa.DateTime(timezone=True)"
        case _:
            return False  # as Alembic would


def _run(connection: Connection) -> None:
    # SQLite cannot alter a table in place: batch mode builds a new one and moves the rows.
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=_spelled,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is None:
    with Database(context.get_x_argument(as_dictionary=True)["url"]).transaction() as opened:
        _run(opened)
else:
    _run(handed)
