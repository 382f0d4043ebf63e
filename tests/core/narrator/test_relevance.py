"""A passage that follows from what was asked for is told from one that does not."""

import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
import pytest_asyncio

from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Assignment, Mode, Narrator
from core.narrator.relevance import relevance
from core.narrator.settings import NarratorSettings
from tests.fakes import StandInNarrator

OPENING = Assignment(Mode.OPEN, seed=1, premise="Tom loses his red kite in a storm")
FOLLOWS = "Once there was a boy named Tom. He lost his red kite in a storm. Tom was very sad."
FORGETS = "Once there was a boy named Tom. He had a big green ball. Tom was very happy."
NEXT = Assignment(Mode.CONTINUE, seed=1, premise=OPENING.premise, path=(FOLLOWS,), recaps=("",))
OF_THE_KITE = "Tom looked for the kite. He found it in a tall tree."
OF_ANYTHING = "Lily went to the shop. She bought a new dress."


@pytest_asyncio.fixture
async def starter() -> AsyncIterator[Narrator]:
    narrator = Gpt2Narrator(NarratorSettings(device="cpu"))
    yield narrator
    await narrator.close()


async def test_what_follows_is_preferred(starter: Narrator) -> None:
    wanted = [
        (OPENING, (FORGETS, FOLLOWS)),
        (NEXT, (OF_ANYTHING, OF_THE_KITE)),
        (replace(NEXT, mode=Mode.FINISH), (OF_ANYTHING, OF_THE_KITE)),
    ]
    for assignment, texts in wanted:
        follows_not, follows = await relevance(starter, assignment, texts)
        assert follows > follows_not


async def test_a_text_without_words_comes_last(starter: Narrator) -> None:
    found = await relevance(starter, OPENING, ["", "\x02", FORGETS])
    assert found[:2] == [-math.inf, -math.inf]
    assert math.isfinite(found[2])


class Fixed(StandInNarrator):
    """Likelihoods of these tests' own."""

    def __init__(self, asked: Sequence[float], anyway: Sequence[float]) -> None:
        super().__init__()
        self._asked, self._anyway = list(asked), list(anyway)

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        del texts
        return self._asked if assignment.premise else self._anyway


async def test_what_is_likely_anyway_is_no_merit_and_what_is_longer_says_more() -> None:
    texts = ["a" * 400, "a" * 400, "a" * 800]
    found = await relevance(Fixed([-1.0, -2.0, -2.0], [-1.0, -2.2, -2.2]), OPENING, texts)
    assert found == pytest.approx([0.0, 0.2 * 10, 0.2 * math.sqrt(200)])


@pytest.mark.parametrize("broken", [math.nan, -math.inf])
async def test_what_has_no_likelihood_comes_last(broken: float) -> None:
    found = await relevance(Fixed([broken, -2.0], [-1.0, -3.0]), OPENING, ["One.", "Two."])
    assert found == [-math.inf, 1.0]
