"""What if: a cause is changed, and the story goes on from there on a branch of its own."""

import pytest

from core.session import commands as c
from core.story.model import Origin
from tests.stage import BEN, Stage, button

PREMISE = "A keeper finds a shell"


async def begun(stage: Stage) -> None:
    stage.narrator.upcoming.extend(["It rained all day.", "A shell", "Mara stayed at home."])
    await stage.tell(f"/new {PREMISE}", "The rain fell on Mara's roof.", "/continue")


@pytest.mark.parametrize(
    "line",
    [
        "/whatif it rained -> it snowed",
        '/whatif "It rained" -> "It snowed"',
        "/whatif “it  rained” → “It snowed”",
    ],
)
async def test_the_story_goes_on_from_the_other_sentence(stage: Stage, line: str) -> None:
    await begun(stage)
    stage.narrator.upcoming.append("Mara built a snowman.")
    told = await stage.ask(line)
    assert told.text == "Mara built a snowman."
    assert "what if 1" in told.note
    asked = stage.narrator.assigned[-1]
    assert [text.lower() for text in asked.path] == ["it snowed all day."]
    back = await stage.ask("/branch main")
    assert back.text == "Mara stayed at home."


async def test_the_changed_passage_is_a_take_of_the_old_one(stage: Stage) -> None:
    await begun(stage)
    await stage.tell("/whatif The rain fell -> No rain fell", "/undo")
    shown = await stage.ask("/show")
    assert shown.text == "No rain fell on Mara's roof."
    assert "take 2 of 2" in shown.note
    with stage.library.begin() as tx:
        passage = tx.passage(1, shown.passage or 0)
    assert passage is not None
    assert passage.origin is Origin.EDITED


async def test_each_question_has_a_branch_of_its_own(stage: Stage) -> None:
    await begun(stage)
    await stage.tell("/whatif all day -> all night", "/branch main", "/whatif roof -> tent")
    listed = (await stage.ask("/branch")).text
    assert "what if 1" in listed
    assert "what if 2" in listed


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/whatif it rained", "Write it like this"),
        ("/whatif -> it snowed", "Write it like this"),
        ("/whatif it rained -> ", "Write it like this"),
        ("/whatif a -> b -> c", "Write it like this"),
        ("/whatif a dragon came -> a dragon left", "do not stand in the story"),
    ],
)
async def test_what_cannot_be_changed_is_refused(stage: Stage, line: str, told: str) -> None:
    await begun(stage)
    assert told in (await stage.ask(line)).text


async def test_before_a_story_there_is_nothing_to_change(stage: Stage) -> None:
    assert "No story is told here" in (await stage.ask("/whatif a -> b")).text


async def test_the_card_asks_what_to_change(stage: Stage) -> None:
    await begun(stage)
    card = await stage.ask("/explain")
    asked = await stage.ask(button(card, "What if …"))
    assert asked.answer == c.WhatIf()
    assert "snowed" in asked.asks


async def test_in_rounds_it_takes_ones_turn(stage: Stage) -> None:
    await begun(stage)
    await stage.ask("/order rounds")
    await stage.ask("/seat", author=BEN)
    assert (await stage.ask("/whatif roof -> tent", author=BEN)).private
    assert "next: Ben" in (await stage.ask("/whatif roof -> tent")).note
