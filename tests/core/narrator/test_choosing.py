"""Several takes are written, one is shown: what is shown is what is kept, and is not swapped."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest
import pytest_asyncio

from core.errors import NarratorError, Overloaded
from core.narrator.choosing import Draft, best_of, takes_of
from core.narrator.narrator import Assignment, Narrator
from tests.contracts.narrator_contract import TOLD, NarratorContract, passage
from tests.fakes import StandInNarrator

_LONG = 60.0


async def longest(texts: Sequence[str]) -> list[float]:
    """The taste of these tests."""
    return [float(len(text)) for text in texts]


class Choosy(StandInNarrator):
    """A narrator of which only the best of three takes is ever seen."""

    def __init__(self) -> None:
        super().__init__()
        self._teller = StandInNarrator()

    async def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        self._teller.closed = self.closed
        async with aclosing(best_of(self._teller, assignment, 3, longest, _LONG)) as drafts:
            async for draft in drafts:
                yield draft.text


class TestChoosy(NarratorContract):
    @pytest_asyncio.fixture
    async def narrator(self) -> Narrator:
        return Choosy()


async def drafts(narrator: Narrator, most: int, seconds: float = _LONG) -> list[Draft]:
    async with aclosing(best_of(narrator, TOLD, most, longest, seconds)) as found:
        return [draft async for draft in found]


async def test_the_best_is_shown_and_its_seed_alone_writes_it_again() -> None:
    narrator = StandInNarrator()
    told = [await passage(narrator, each) for each in takes_of(TOLD, 4)]
    shown = await drafts(narrator, 4)
    assert shown[-1].text == max(told, key=len)
    assert {draft.seed for draft in shown} == {shown[-1].seed}
    assert {draft.best_of for draft in shown} == {4}
    assert await passage(narrator, replace(TOLD, seed=shown[-1].seed)) == shown[-1].text


def test_the_first_take_is_the_assignment_itself_and_no_seed_is_too_great() -> None:
    takes = takes_of(replace(TOLD, seed=2**31 - 1), 4)
    assert takes[0].seed == 2**31 - 1
    assert len({take.seed for take in takes}) == 4
    assert all(0 <= take.seed < 2**31 for take in takes)


async def test_after_the_time_what_there_is_is_judged_and_the_rest_is_still_written() -> None:
    narrator = StandInNarrator(delay=0.01)
    judged: list[str] = []

    async def judges(texts: Sequence[str]) -> list[float]:
        judged.extend(texts)
        return [float(at == 1) for at in range(len(texts))]

    async with aclosing(best_of(narrator, TOLD, 3, judges, 0.05)) as found:
        shown = [draft async for draft in found]
    second = takes_of(TOLD, 3)[1]
    whole = await passage(narrator, second)
    assert shown[-1].text == whole
    assert len(judged) == 3
    assert all(len(text) < len(whole) for text in judged)
    assert shown[-1].seed == second.seed
    assert narrator.writing == 0


async def test_what_was_shown_is_never_swapped() -> None:
    shown = await drafts(StandInNarrator(delay=0.002), 3, seconds=0.02)
    for draft in shown:
        assert shown[-1].text.startswith(draft.text)


async def test_a_take_that_fails_is_not_chosen() -> None:
    narrator = StandInNarrator()
    narrator.upcoming.extend([NarratorError("it broke"), "Short.", "The longer one."])
    shown = await drafts(narrator, 3)
    assert (shown[-1].text, shown[-1].best_of) == ("The longer one.", 2)


async def test_where_every_take_fails_the_reason_is_told() -> None:
    narrator = StandInNarrator()
    narrator.upcoming.extend([Overloaded("full")] * 2)
    with pytest.raises(Overloaded, match="full"):
        await drafts(narrator, 2)


async def test_who_goes_away_leaves_nothing_behind_that_writes() -> None:
    narrator = StandInNarrator(delay=0.01)
    async with aclosing(best_of(narrator, TOLD, 4, longest, 0.02)) as found:
        async for _ in found:
            break
    assert narrator.writing == 0
    writing = asyncio.create_task(drafts(narrator, 4))
    await asyncio.sleep(0.03)
    assert narrator.writing == 4
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert narrator.writing == 0
