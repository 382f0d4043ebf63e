"""Runs the revisions, on the connection that `core.storage.database` hands over.

To write a new revision, with the newest schema in FILE:

    alembic -x url=sqlite:///FILE revision --autogenerate --rev-id 0002 -m WHY
"""

from alembic import context
from sqlalchemy import Connection

from core.storage.database import Database
from core.storage.tables import metadata


def _run(connection: Connection) -> None:
    # SQLite cannot alter a table in place: batch mode builds a new one and moves the rows.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is None:
    with Database(context.get_x_argument(as_dictionary=True)["url"]).transaction() as opened:
        _run(opened)
else:
    _run(handed)
