"""What people thought of passages: thumbs, takes chosen over others, words, reports, edits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, delete, func, insert, select

from core.storage.learning_tables import comments, edits, reports
from core.storage.ledger import Ledger, on_both
from core.storage.tables import picks, ratings


@dataclass(frozen=True, slots=True)
class Tally:
    """The thumbs on a passage."""

    up: int
    down: int


_RATE = on_both(
    ratings,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["passage", "author"],
        set_={"value": insert.excluded.value, "given": insert.excluded.given},
    ),
)
_UNRATE = delete(ratings).where(
    ratings.c.passage == bindparam("passage"), ratings.c.author == bindparam("author")
)
_TALLY = select(
    func.count(case((ratings.c.value > 0, 1))).label("up"),
    func.count(case((ratings.c.value < 0, 1))).label("down"),
).where(ratings.c.passage == bindparam("passage"))
_PICK = on_both(
    picks,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["winner", "loser", "author", "how"],
        set_={"given": insert.excluded.given},
    ),
)
_REPORT = on_both(
    reports,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["passage", "author"],
        set_={"reason": insert.excluded.reason, "given": insert.excluded.given},
    ),
)


class Feedback(Ledger):
    """The part of a transaction that keeps what people thought of passages."""

    def rate(self, passage_id: int, author_id: int, value: int, *, now: datetime) -> None:
        """Keep an author's thumb, +1 or -1, in place of an earlier one; 0 takes it back."""
        whose = {"passage": passage_id, "author": author_id}
        if value == 0:
            self._db.execute(_UNRATE, whose)
        else:
            self._write(_RATE, whose | {"value": value, "given": now})

    def tally(self, passage_id: int) -> Tally:
        """Count the thumbs on a passage."""
        row = self._db.execute(_TALLY, {"passage": passage_id}).one()
        return Tally(up=row.up, down=row.down)

    def note_pick(
        self, winner: int, over: Sequence[int], author_id: int, *, how: str, now: datetime
    ) -> None:
        """Keep that an author chose one take over others: each is a preference pair.

        Choosing the same again counts once. `how` is "pick", "vote", "retry" or "refine".
        """
        for loser in over:
            pair = {"winner": winner, "loser": loser, "author": author_id}
            self._write(_PICK, pair | {"how": how, "given": now})

    def comment(self, passage_id: int, author_id: int, text: str, *, now: datetime) -> None:
        """Keep what somebody says of a passage."""
        said = {"passage": passage_id, "author": author_id, "text": text, "given": now}
        self._db.execute(insert(comments), said)

    def report(self, passage_id: int, author_id: int, reason: str, *, now: datetime) -> None:
        """Keep that somebody finds a passage not fit to be here; a later reason replaces theirs."""
        told = {"passage": passage_id, "author": author_id, "reason": reason, "given": now}
        self._write(_REPORT, told)

    def note_edit(self, passage_id: int, old: int, distance: float) -> None:
        """Keep which take an edit began with, and the share of its words that were changed."""
        self._db.execute(insert(edits), {"passage": passage_id, "old": old, "distance": distance})
