"""What moved a passage is found by leaving it out."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.insight.causes import Kind, causes
from core.narrator.narrator import Assignment, Mode

PATH = ("Mara woke. It rained.", "A wolf came. She hid.")
WANTED = Assignment(Mode.CONTINUE, 7, premise="A storm", path=PATH, recaps=("", ""))


async def by_words(wanted: Assignment, texts: Sequence[str]) -> list[float]:
    """A passage is as likely as its words stand in what is read."""
    read = " ".join((*wanted.path, *wanted.lore, *wanted.fired, wanted.premise, wanted.mood))
    return [sum(word in read for word in text.split()) - 5.0 for text in texts]


async def test_the_one_sentence_that_made_it_likely_comes_first() -> None:
    found = await causes(by_words, WANTED, "wolf")
    assert (found[0].kind, found[0].text, found[0].passage) == (Kind.SENTENCE, "A wolf came.", 1)
    assert found[0].effect == 1
    assert [cause.effect for cause in found[1:]] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (replace(WANTED, lore=("dragons sleep", "birds sing")), Kind.LORE),
        (replace(WANTED, fired=("dragons sleep",)), Kind.LORE),
        (replace(WANTED, premise="dragons"), Kind.PREMISE),
        (replace(WANTED, mood="dragons"), Kind.MOOD),
    ],
)
async def test_lore_and_settings_are_left_out_too(wanted: Assignment, kind: Kind) -> None:
    found = await causes(by_words, wanted, "dragons")
    assert (found[0].kind, found[0].effect) == (kind, 1)


async def test_what_speaks_against_a_passage_comes_last() -> None:
    async def unless_it_rains(wanted: Assignment, texts: Sequence[str]) -> list[float]:
        return [-1.0 - ("rained" in " ".join(wanted.path)) for _ in texts]

    found = await causes(unless_it_rains, WANTED, "sun")
    assert (found[-1].text, found[-1].effect) == ("It rained.", -1)


async def test_in_a_long_story_the_strongest_old_passage_is_looked_at_sentence_by_sentence() -> (
    None
):
    path = ("A wolf came. She hid.", *(f"Day {n} passed. Night {n} came." for n in range(9)))
    asked = 0

    async def counted(wanted: Assignment, texts: Sequence[str]) -> list[float]:
        nonlocal asked
        asked += 1
        return await by_words(wanted, texts)

    wanted = replace(WANTED, path=path, recaps=("",) * len(path))
    found = await causes(counted, wanted, "wolf")
    assert (found[0].kind, found[0].text) == (Kind.SENTENCE, "A wolf came.")
    assert {cause.kind for cause in found} == {Kind.SENTENCE, Kind.PASSAGE, Kind.PREMISE}
    assert asked < 2 * len(path) + 2


async def test_an_opening_has_its_premise_alone() -> None:
    opening = Assignment(Mode.OPEN, 7, premise="A wolf")
    [cause] = await causes(by_words, opening, "wolf")
    assert cause.kind is Kind.PREMISE
