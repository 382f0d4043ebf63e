"""What people thought of passages: thumbs, and takes chosen over others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, delete, func, select

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


class Feedback(Ledger):
    """The part of a transaction that keeps ratings and picks."""

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
