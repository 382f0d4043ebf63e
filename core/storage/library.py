"""The library: every story there is. `with library.begin() as tx:` is one transaction.

All of a transaction is kept, or nothing: whatever is raised inside, a Refusal too, undoes it. It is
short and blocking: run it in a thread, and never keep it open while the narrator writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from core.storage.database import Database
from core.storage.feedback import Feedback, Tally
from core.storage.forgetting import Persons
from core.storage.gleaning import Gleaning
from core.storage.groups import Groups, Member, Spot
from core.storage.loras import Loras
from core.storage.passages import Passages
from core.storage.people import People, Session
from core.storage.runs import Runs
from core.storage.shelf import Shelf, Spine
from core.storage.tastes import Liking, Tastes
from core.storage.turns import OpenTurn, Outcome, ShownTurn, Turns
from core.storage.volumes import Volumes

__all__ = [
    "Library",
    "Liking",
    "Member",
    "OpenTurn",
    "Outcome",
    "Session",
    "ShownTurn",
    "Spine",
    "Spot",
    "Tally",
    "Transaction",
]


class Transaction(
    People,
    Groups,
    Turns,
    Passages,
    Shelf,
    Volumes,
    Feedback,
    Tastes,
    Persons,
    Gleaning,
    Runs,
    Loras,
):
    """What can be done in one transaction: each part is a file beside this one."""


class Library:
    """Every story there is, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Begin a transaction; it is committed at the end of the block.

        Raises DatabaseUnavailable or another StorageError; then nothing was kept.
        """
        with self._database.transaction() as db:
            yield Transaction(db)
