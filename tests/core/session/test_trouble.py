"""A database that goes away in the middle: it is said, and nothing is half done."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.errors import DatabaseUnavailable
from core.storage.library import Library, Transaction
from tests.stage import Stage

PREMISE = "A lighthouse keeper finds a shell that sings"


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The database is gone after as many transactions as the list's one number says."""
    left = [1_000_000]
    begin = Library.begin

    @contextmanager
    def failing(library: Library) -> Iterator[Transaction]:
        left[0] -= 1
        if left[0] < 0:
            raise DatabaseUnavailable("The disk is full.")
        with begin(library) as tx:
            yield tx

    monkeypatch.setattr(Library, "begin", failing)
    yield left
    left[0] = 1_000_000


@pytest.mark.parametrize("transactions", [0, 1, 2])
async def test_a_database_that_goes_away_is_said_and_nothing_is_kept(
    stage: Stage, gone: list[int], transactions: int
) -> None:
    before = await stage.ask(f"/new {PREMISE}")
    gone[0] = transactions
    said = await stage.ask("/continue")
    assert "memory" in said.text
    gone[0] = 1_000_000
    assert (await stage.ask("/show")).passage == before.passage
    assert (await stage.ask("/continue")).passage


async def test_a_refusal_that_cannot_be_noted_is_said_all_the_same(
    stage: Stage, gone: list[int]
) -> None:
    gone[0] = 2
    assert "/new" in (await stage.ask("/continue")).text


async def test_a_screen_that_cannot_be_noted_does_not_stop_a_turn(
    stage: Stage, gone: list[int]
) -> None:
    request = stage.request(f"/new {PREMISE}")
    await stage.replies(request)
    gone[0] = 0
    await stage.engine.shown(request, "message-1")
    gone[0] = 1_000_000
    assert (await stage.engine.reply_to(stage.place, "message-1", "Hm.")).text == "Hm."  # type: ignore[union-attr]  # Say has one
