import pytest
from sqlalchemy import select

from core.errors import StorageError
from core.storage.library import Library, Tally
from core.storage.tables import picks
from tests.core.storage.steps import NOW, a_session, grow, later, told


def test_a_thumb_replaces_the_one_before_and_can_be_taken_back(library: Library) -> None:
    (passage,), _ = told(library, "One.")
    with library.begin() as tx:
        ann = a_session(tx).author
        ben = a_session(tx, author="ben").author
        tallies = []
        for author, value in ((ann, 1), (ben, -1), (ben, 1), (ann, 0), (ann, 0), (ben, -1)):
            tx.rate(passage.id, author, value, now=NOW)
            tallies.append(tx.tally(passage.id))
    ups_and_downs = [(1, 0), (1, 1), (2, 0), (1, 0), (1, 0), (0, 1)]
    assert tallies == [Tally(up, down) for up, down in ups_and_downs]


def test_a_thumb_is_up_or_down(library: Library) -> None:
    (passage,), _ = told(library, "One.")
    with pytest.raises(StorageError, match="refused"), library.begin() as tx:
        tx.rate(passage.id, a_session(tx).author, 5, now=NOW)


def test_a_passage_that_is_not_there_cannot_be_rated(library: Library) -> None:
    with pytest.raises(StorageError, match="refused"), library.begin() as tx:
        tx.rate(4711, a_session(tx).author, 1, now=NOW)


def test_a_pick_is_a_preference_over_each_other_take_kept_once(library: Library) -> None:
    (first, second), story = told(library, "One.", "Two.")
    with library.begin() as tx:
        third, story = grow(tx, story, "Two again.", after=first.id)
        fourth, _ = grow(tx, story, "Two once more.", after=first.id)
        ann = a_session(tx).author
        others = [second.id, fourth.id]
        for minute in (0, 1):
            tx.note_pick(third.id, others, ann, how="pick", now=later(minute))
        tx.note_pick(third.id, [second.id], ann, how="vote", now=NOW)
        tx.note_pick(second.id, [third.id], ann, how="pick", now=NOW)
        rows = tx._db.execute(select(picks).order_by(*picks.c)).all()
    assert [tuple(row) for row in rows] == [
        (second.id, third.id, ann, "pick", NOW),
        (third.id, second.id, ann, "pick", later(1)),
        (third.id, second.id, ann, "vote", NOW),
        (third.id, fourth.id, ann, "pick", later(1)),
    ]
