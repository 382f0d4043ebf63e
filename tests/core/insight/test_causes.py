"""What moved a passage is found by leaving it out."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.insight.causes import Depth, Kind, causes, seen
from core.narrator.narrator import Assignment, Fit, Mode

PATH = ("Mara woke. It rained.", "A wolf came. She hid.")
WANTED = Assignment(Mode.CONTINUE, 7, premise="A storm", path=PATH, recaps=("", ""))


async def by_words(variants: Sequence[Assignment], text: str) -> list[float]:
    """A passage is as likely as its words stand in what is read."""
    return [
        sum(
            word
            in " ".join(
                (*each.path, *each.lore, *each.fired, each.premise, each.mood, each.earlier)
            )
            for word in text.split()
        )
        - 5.0
        for each in variants
    ]


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
        (replace(WANTED, earlier="Once dragons flew."), Kind.RECAP),
    ],
)
async def test_lore_and_settings_are_left_out_too(wanted: Assignment, kind: Kind) -> None:
    found = await causes(by_words, wanted, "dragons")
    assert (found[0].kind, found[0].effect) == (kind, 1)


async def test_what_speaks_against_a_passage_comes_last() -> None:
    async def unless_it_rains(variants: Sequence[Assignment], _: str) -> list[float]:
        return [-1.0 - ("rained" in " ".join(each.path)) for each in variants]

    found = await causes(unless_it_rains, WANTED, "sun")
    assert (found[-1].text, found[-1].effect) == ("It rained.", -1)


@pytest.mark.parametrize("depth", Depth)
async def test_in_a_long_story_the_sentences_of_the_strongest_stretch_are_looked_at_alone(
    depth: Depth,
) -> None:
    days = (f"Day {n} passed. Night {n} came." for n in range(30))
    path = ("A wolf came. She hid.\n\nIt was late. She slept.", *days)
    asked = 0

    async def counted(variants: Sequence[Assignment], text: str) -> list[float]:
        nonlocal asked
        asked += len(variants)
        return await by_words(variants, text)

    wanted = replace(WANTED, path=path, recaps=("",) * len(path))
    found = await causes(counted, wanted, "wolf", depth)
    assert (found[0].kind, found[0].text) == (Kind.SENTENCE, "A wolf came.")
    assert {cause.kind for cause in found} == {Kind.SENTENCE, Kind.STRETCH, Kind.PREMISE}
    assert "It was late." in " ".join(cause.text for cause in found)
    assert asked <= 35 + {Depth.QUICK: 8, Depth.FULL: 32}[depth]


async def test_a_paragraph_without_end_is_left_out_in_steps() -> None:
    path = (" ".join(f"Day {n} passed." for n in range(40)) + " A wolf came.",)
    found = await causes(by_words, replace(WANTED, path=path), "wolf", Depth.QUICK)
    assert (found[0].kind, found[0].text) == (Kind.SENTENCE, "A wolf came.")
    assert sum(cause.kind is Kind.STRETCH for cause in found) == 6


async def test_an_opening_has_its_premise_alone() -> None:
    opening = Assignment(Mode.OPEN, 7, premise="A wolf")
    [cause] = await causes(by_words, opening, "wolf")
    assert cause.kind is Kind.PREMISE


def test_what_was_not_seen_is_no_cause() -> None:
    known = seen(WANTED, Fit(used=9, window=10, left_out=1, recap="Mara woke."))
    assert (known.path, known.recaps, known.earlier) == (PATH[1:], ("",), "Mara woke.")
    assert seen(WANTED, Fit(used=9, window=10, left_out=0)) is WANTED
