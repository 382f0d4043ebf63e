"""Explain."""

import asyncio

import pytest

from core.errors import NoLikelihoods
from core.insight import fonts
from core.insight.causes import Depth
from core.insight.picture import Card
from core.narrator.narrator import Doubt, Fit
from core.session import cards
from core.session import commands as c
from core.session.engine import Engine
from tests.fakes import StandInNarrator
from tests.stage import Stage, button, labels

PREMISE = "A lighthouse keeper finds a shell that sings"


async def test_explain_names_model_seed_and_lore(stage: Stage):
    await stage.tell(f"/new {PREMISE}", "/lore shell: The shell is cursed")
    await stage.tell("The keeper held the shell.", "/seed 5", "/continue")
    told = await stage.ask("/explain")
    assert told.private
    assert "model stand-in, seed 5" in told.text
    assert "The shell is cursed" in told.text
    assert "window was" in told.text


async def test_explain_of_an_opening_and_of_a_persons_passage(stage: Stage):
    first = await stage.ask(f"/new {PREMISE}")
    assert "opening" in (await stage.ask("/explain")).text
    await stage.ask("Mara laughed.")
    assert "A person wrote it" in (await stage.ask("/explain")).text
    assert "seed" in (await stage.ask(button(first, "Explain"))).text


async def test_explain_tells_the_wish_and_what_fell_out_of_sight(stage: Stage):
    await stage.tell(f"/new {PREMISE}", *[f"{n} sheep " * 60 for n in range(9)], "/continue")
    await stage.ask("/refine sadder")
    told = (await stage.ask("/explain")).text
    assert "sadder" in told
    assert "too far back" in told


async def test_a_passage_long_past_is_explained_by_what_stood_before_it(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    early = await stage.ask("/continue")
    await stage.tell(*(f"Then came day {n}." for n in range(40)))
    told = (await stage.ask(c.Explain(early.passage))).text
    assert "Then came day" not in told
    assert "too far back" not in told
    late = (await stage.ask("/explain")).text
    assert "What came before" in late


async def test_explain_tells_what_moved_a_passage_with_a_picture(stage: Stage) -> None:
    await stage.tell(f"/new {PREMISE}", "Mara woke in the storm.", "/continue")
    told = await stage.ask("/explain")
    assert "found by leaving out each in turn" in told.text
    [picture] = told.media
    assert picture.is_picture
    assert picture.content.startswith(b"\x89PNG")
    assert "the mood, passage by passage" in picture.alt


async def test_the_whole_story_is_explained_by_its_own_sentences(stage: Stage) -> None:
    await stage.tell(
        f"/new {PREMISE}", "Then Mara met Tom.", "Old Tom gave Mara a lamp.", "/continue"
    )
    told = await stage.ask("/explain story")
    assert "Who is who:\nMara: “" in told.text
    assert "The story so far:" in told.text
    assert len(told.media) == 1


async def test_without_likelihoods_the_rest_is_explained(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def untold(*_: object) -> list[float]:
        await asyncio.sleep(0)
        raise NoLikelihoods("no logprobs")

    monkeypatch.setattr(stage.narrator, "weigh", untold)
    await stage.ask(f"/new {PREMISE}")
    told = await stage.ask("/explain")
    assert "does not tell how likely" in told.text
    assert "seed" in told.text
    assert told.media == ()
    [picture] = (await stage.tell("Mara laughed.", "/explain")).media
    assert picture.alt.startswith("A line: the mood")


async def test_a_narrator_that_tells_no_other_words_tells_the_rest(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def untold(*_: object) -> tuple[Doubt, ...]:
        await asyncio.sleep(0)
        raise NoLikelihoods("no words")

    monkeypatch.setattr(stage.narrator, "doubts", untold)
    told = await stage.tell(f"/new {PREMISE}", "/explain")
    assert "nearly wrote" not in told.text
    assert "At each step" in told.text


async def test_the_words_it_was_least_sure_of_come_with_likelier_ones(stage: Stage) -> None:
    told = await stage.tell(f"/new {PREMISE}", "Mara woke.", "/continue", "/explain")
    assert "It was least sure of these words" in told.text
    assert "rather “something”" in told.text
    assert "marked words" in told.media[0].alt
    person = await stage.tell("Mara laughed at the sky above the harbour.", "/explain")
    assert "would have expected other words" in person.text


async def test_a_quick_card_has_no_picture_and_a_button_for_the_full_one(stage: Stage) -> None:
    await stage.tell(f"/new {PREMISE}", "Mara woke.", "/continue")
    quick = await stage.ask("/explain quick")
    assert quick.media == ()
    assert "found by leaving out" in quick.text
    full = await stage.ask(button(quick, "Look closer"))
    assert full.heading == quick.heading
    assert len(full.media) == 1
    assert "Look closer" not in labels(full)
    whole = await stage.ask("/explain story quick")
    assert whole.media == ()


async def test_an_operator_decides_how_closely_is_looked(stage: Stage) -> None:
    stage.engine = Engine(stage.library, stage.narrator, explaining=Depth.QUICK)
    await stage.tell(f"/new {PREMISE}", "Mara woke.")
    assert (await stage.ask("/explain")).media == ()
    assert len((await stage.ask("/explain full")).media) == 1


async def test_any_passage_of_the_path_is_explained_by_its_number(stage: Stage) -> None:
    await stage.tell(f"/new {PREMISE}", "Mara woke.", "/continue")
    assert "Passage 1, explained" in (await stage.ask("/explain 1")).heading
    assert "A person wrote it" in (await stage.ask("/explain 2 quick")).text
    assert "no passage 9" in (await stage.ask("/explain 9")).text.lower()
    assert "Write it like this" in (await stage.ask("/explain everything")).text


@pytest.mark.parametrize("line", ["/explain", "/explain story", "/explain quick", "/again"])
async def test_before_anything_is_written_explain_says_so(stage: Stage, line: str) -> None:
    assert "No story is told here" in (await stage.ask(line)).text


@pytest.mark.parametrize("said", ["No.", "…", "月亮", "🐺"])
async def test_a_passage_of_one_word_is_explained(stage: Stage, said: str) -> None:
    await stage.tell(said)
    for line in ("/explain", "/explain story", "/explain quick"):
        told = await stage.ask(line)
        assert told.heading
        assert "wrong" not in told.text


async def test_lore_without_room_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def tight(*_: object) -> Fit:
        await asyncio.sleep(0)
        return Fit(used=90, window=100, left_out=0, lore_left_out=("Birds sing at night.",))

    monkeypatch.setattr(stage.narrator, "fit", tight)
    told = await stage.tell(f"/new {PREMISE}", "/explain quick")
    assert "no room: Birds sing at night." in told.text


async def test_a_lora_that_is_gone_is_told_of(stage: Stage) -> None:
    stage.narrator = StandInNarrator(lora="old")
    stage.engine = Engine(stage.library, stage.narrator)
    await stage.tell(f"/new {PREMISE}")
    assert "no longer at work" not in (await stage.ask("/explain")).text
    stage.narrator._lora = ""
    told = (await stage.ask("/explain")).text
    assert "with LoRA old" in told
    assert "That LoRA is no longer at work here" in told


async def test_a_theme_and_a_moral_are_the_storys_own(stage: Stage) -> None:
    await stage.tell(
        "Mara was lost without her friend Tom.",
        "Her friend came back and they were together again.",
        "So Mara learned that a friend is worth a long walk.",
    )
    told = (await stage.ask("/explain story")).text
    assert "friendship" in told
    assert "Perhaps its moral, in its own words: “So Mara learned" in told


async def test_without_a_lesson_the_theme_has_one(stage: Stage) -> None:
    await stage.tell("The brave girl came.", "She was brave, and dared to go on.")
    told = (await stage.ask("/explain story")).text
    assert "Perhaps a moral: one can be brave" in told
    assert (
        "Passage 2"
        in (await stage.ask(button(await stage.ask("/explain story"), "This passage"))).heading
    )


async def test_of_a_very_long_story_the_newest_part_is_looked_at(stage: Stage) -> None:
    await stage.tell(*(f"Then came day {n}." for n in range(40)))
    told = await stage.ask("/explain story")
    assert "newest 25 passages" in told.text


async def test_the_gladdest_and_the_grimmest_passage_are_told_below_the_line(stage: Stage) -> None:
    told = await stage.tell(
        "Mara walked.", "What a lovely, happy day!", "He died and she wept.", "/explain story"
    )
    assert "The gladdest, passage 2: “What a lovely" in told.media[0].alt
    assert "The grimmest, passage 3: “He died" in told.media[0].alt


async def test_where_no_font_has_chinese_the_picture_speaks_english(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Card] = []

    def keep(card: Card) -> bytes:
        drawn.append(card)
        return b"png"

    monkeypatch.setattr(cards, "draw", keep)
    monkeypatch.setattr(fonts, "drawable", lambda text: (text, text.isascii()))
    await stage.tell("/language zh-hans", "Mara woke.", "Tom came.")
    told = await stage.ask("/explain")
    assert drawn[0].title == "Passage 2, explained"
    assert told.heading != drawn[0].title
