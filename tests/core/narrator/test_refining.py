"""Edits and tellings, weighed by the bundled starter."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from core.errors import NarratorError, Refusal
from core.narrator.closeness import changes, kept_names, names_in, new_names, overlap
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Assignment, Mode, Narrator
from core.narrator.refining import hardness, polish, refine, unfit, wish_in
from core.narrator.repair import doubts, slips, tidied, unknown_words
from core.narrator.rewording import endings, reworded, shortened, simplified
from core.narrator.settings import NarratorSettings
from core.narrator.tonewords import compound
from tests.fakes import StandInNarrator

TOLD = (
    "Tom and Lily went to the park. They were very happy, and they laughed. "
    "Lily had 3 red balls. Suddenly a big dog came, and it wanted to play with them."
)
WANTED = Assignment(Mode.REFINE, seed=1, path=("One day it was sunny.",), draft=TOLD)


@pytest_asyncio.fixture
async def starter() -> AsyncIterator[Narrator]:
    narrator = Gpt2Narrator(NarratorSettings(device="cpu"))
    yield narrator
    await narrator.close()


def always(_: str) -> bool:
    return True


# ------------------------------------------------------------------ repair
@pytest.mark.parametrize(
    ("rough", "mended"),
    [
        ("the dog ran ran home .", "The dog ran home."),
        ("It was very very cold, and she had had enough.", None),
        ("He did not did it. Not did he.", "He did didn't it. Didn't he."),
        ("i saw a apple and an boat", "I saw an apple and a boat"),
        ("an hour, a unicorn, an honest man", "An hour, a unicorn, an honest man"),
        ('"come here," said mara. then mara left.', '"Come here," said Mara. Then Mara left.'),
        ("Stop,now,, please", "Stop, now, please"),
        ("knock knock", "Knock knock"),
    ],
)
def test_rules_mend_what_can_only_be_a_slip(rough: str, mended: str | None) -> None:
    assert tidied(rough, ["Mara"]) == (rough if mended is None else mended)


def test_words_that_are_none_are_doubted_and_names_are_not() -> None:
    text = "Zorbax was hapy in teh park with Lliy."
    found = {text[d.start : d.end]: d for d in doubts(text, ["Lily"])}
    assert found["hapy"].readings[0] == "happy"
    assert found["hapy"].slip
    assert found["teh"].readings[0] == "the"
    assert found["Lliy"].readings == ("Lily",)
    assert "were" in found["was"].readings
    assert not found["was"].slip
    assert "Zorbax" not in found
    assert unknown_words(text) == ["hapy", "teh"]
    assert slips("The the dog not did hapy.") == 3


def test_a_word_the_story_made_up_is_no_slip() -> None:
    story = "The snorble sang. A snorble came."
    assert not [d for d in doubts("The snorble slept.", (), story) if d.slip]
    assert doubts("The zzqx slept.") == [d for d in doubts("The zzqx slept.") if not d.slip]


# ------------------------------------------------------------------ closeness
def test_names_and_numbers_are_found_and_missed() -> None:
    assert names_in('She saw Tom. "Run," said Mara. The end. Zorbax came.') == {
        *("Tom", "Mara", "Zorbax")
    }
    assert kept_names("Tom had 3 balls.", "Tom had balls.") == 0.5
    assert kept_names("it rained.", "It poured.") == 1
    assert new_names("Tom slept.", "Tom and Ben slept in 7 beds.") == {"Ben", "7"}
    assert overlap("The boats sailed home.", "A boat sails home") == 1
    assert overlap("", "x") == 1


def test_changes_are_told_by_whole_words() -> None:
    told = [
        (c.old, c.new)
        for c in changes("teh dog ran ran up the hill home", "the dog ran up the hill")
    ]
    assert told == [("teh", "the"), ("ran", ""), ("home", "")]


# ------------------------------------------------------------------ rewording
def test_other_words_are_put_in_but_not_behind_a_negation() -> None:
    assert reworded("Tom was sad. A sad owl cried.", "happier", ()) == (
        "Tom was happy. A happy owl smiled."
    )
    assert reworded("Tom was not sad.", "happier", ()) == "Tom was not sad."
    assert reworded("Joy was glad.", "sadder", ["Joy"]) == "Joy was sorry."
    assert reworded("A gigantic ancient boat", "simpler", ()) == "A big old boat"
    assert endings("happier", []) == [line for line in endings("happier", []) if "{" not in line]
    assert any("Tom" in line for line in endings("sadder", ["Tom"]))
    assert endings("simpler", ["Tom"]) == []


def test_a_shorter_text_keeps_every_name_and_number() -> None:
    found = shortened(TOLD)
    assert found
    for text in found:
        assert len(text) < len(TOLD)
        assert kept_names(TOLD, text) == 1
    assert shortened("He ran.") == []


def test_a_simpler_text_has_shorter_sentences_and_its_paragraphs() -> None:
    text = "He walked home, but he was tired; he slept well.\n\nTom utilized it."
    plain = simplified(text, ["Tom"])
    assert plain.startswith("He walked home. He was tired. He slept well.")
    assert hardness(plain) < hardness(text)
    assert "\n\n" in simplified("A dog ran.\n\nTom slept.", ["Tom"])
    assert hardness("") == 0


# ------------------------------------------------------------------ refining
async def test_slips_are_mended_and_the_rest_is_left(starter: Narrator) -> None:
    rough = "Tom and Lily wnet to teh park. They was very very happy. Lily found found a ball"
    mended = await polish(starter, replace(WANTED, draft=rough, wish="polish"))
    assert mended == "Tom and Lily went to the park. They were very very happy. Lily found a ball."
    best = await refine(starter, replace(WANTED, draft=rough, wish="polish"), always)
    assert best is not None
    assert best.likelier > 0


async def test_a_word_of_the_title_that_the_story_writes_small_is_no_name(
    starter: Narrator,
) -> None:
    draft = "The lighthouse was dark, and mara was afraid."
    wanted = replace(WANTED, premise="Mara keeps a lighthouse", path=(), draft=draft, wish="polish")
    for title in ("The Lighthouse", "Mara and the Lighthouse"):
        mended = await polish(starter, replace(wanted, title=title))
        assert mended == "The lighthouse was dark, and Mara was afraid."
    named = replace(wanted, title="Zuri", draft="The lighthouse was dark, and zuri was afraid.")
    assert await polish(starter, named) == "The lighthouse was dark, and Zuri was afraid."


@pytest.mark.parametrize("wish", ["happier", "sadder", "shorter", "longer", "simpler", "scarier"])
async def test_a_wish_moves_what_is_measured_and_keeps_who_it_is_about(
    starter: Narrator, wish: str
) -> None:
    best = await refine(starter, replace(WANTED, wish=wish), always)
    assert best is not None
    assert kept_names(TOLD, best.text) == 1
    assert not new_names(TOLD, best.text)
    match wish:
        case "happier":
            assert compound(best.text) > compound(TOLD)
        case "sadder" | "scarier":
            assert compound(best.text) < compound(TOLD)
        case "shorter":
            assert len(best.text) < len(TOLD)
        case "longer":
            assert len(best.text) > len(TOLD)
        case _:
            assert hardness(best.text) < hardness(TOLD)


async def test_a_slip_at_a_sentences_start_is_no_name_that_may_not_go() -> None:
    rough = "Softlyy the lamps burned. Softly the lamps burned."
    best = await refine(StandInNarrator(), replace(WANTED, draft=rough, wish="polish"), always)
    assert best is not None
    assert "Softlyy" not in best.text


async def test_what_may_not_be_shown_is_refused_not_silently_left() -> None:
    wanted = replace(WANTED, wish="sadder")
    with pytest.raises(Refusal):
        await refine(StandInNarrator(), wanted, lambda _: False)


async def test_a_narrator_that_stumbles_leaves_the_edits() -> None:
    narrator = StandInNarrator()
    narrator.upcoming.extend([NarratorError("NaN")] * 2)
    best = await refine(narrator, replace(WANTED, wish="sadder"), always)
    assert best is not None
    assert not best.by_narrator


async def test_free_words_are_taken_at_their_word() -> None:
    best = await refine(StandInNarrator(), replace(WANTED, wish="with a dragon"), always)
    assert best is not None
    assert "dragon" in best.text


def test_code_and_other_languages_are_known() -> None:
    assert unfit("def f(x): return x[0] + (x == {});") == "code"
    assert unfit("Der alte Mann ging langsam durch den Wald.") == "language"
    assert unfit("他走了。") == "language"
    assert unfit("...") == "language"
    assert unfit(TOLD) == ""
    assert wish_in("a bit shorter, please") == "shorter"
    assert wish_in("as a song") == ""
