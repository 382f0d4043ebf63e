"""Again: a passage is written once more from its provenance."""

import pytest

from core.session import commands as c
from tests.stage import Stage, button

PREMISE = "A lighthouse keeper finds a shell that sings"


async def test_every_kind_of_passage_comes_out_the_same(stage: Stage) -> None:
    shown = [await stage.ask(f"/new {PREMISE}")]
    await stage.ask("Mara laughed.")
    shown += [await stage.ask(line) for line in ("/continue", "/retry", "/continue", "/finish")]
    for reply in shown:
        told = await stage.ask(c.Again(reply.passage))
        assert (told.text, told.note) == (reply.text, "word for word the same")
        assert told.private


async def test_in_a_story_longer_than_what_a_turn_reads_it_is_the_same_too(stage: Stage) -> None:
    await stage.tell(f"/new {PREMISE}", *(f"Then came day {n}." for n in range(30)))
    for line in ("/continue", "/retry", "/retry"):
        reply = await stage.ask(line)
        assert (await stage.ask("/again")).note == "word for word the same", line
        assert (await stage.ask("/show")).passage == reply.passage


async def test_the_card_has_a_button_for_it(stage: Stage) -> None:
    told = await stage.tell(f"/new {PREMISE}", "/explain")
    assert (await stage.ask(button(told, "Write it again"))).note == "word for word the same"


async def test_lore_that_came_later_makes_no_difference_to_an_opening(stage: Stage) -> None:
    await stage.tell(f"/new {PREMISE}", "/lore always The sea is green")
    assert (await stage.ask("/again")).note == "word for word the same"


async def test_other_settings_write_something_else_and_that_is_said(stage: Stage) -> None:
    await stage.tell(f"/new {PREMISE}", "/continue", "/mood grim")
    assert "settings or the passages before it" in (await stage.ask("/again")).note


async def test_a_lora_that_is_gone_cannot_write_it(stage: Stage) -> None:
    narrator = stage.narrator
    narrator._lora = "old"
    await stage.tell(f"/new {PREMISE}")
    assert (await stage.ask("/again")).note == "word for word the same"
    narrator._lora = ""
    assert "no longer at work here" in (await stage.ask("/again")).note


@pytest.mark.parametrize(
    ("lines", "told"),
    [(("Mara laughed.",), "A person wrote this"), (("/refine sadder",), "edited or refined")],
)
async def test_what_was_not_just_written_is_refused(
    stage: Stage, lines: tuple[str, ...], told: str
) -> None:
    await stage.tell(f"/new {PREMISE}", *lines)
    assert told in (await stage.ask("/again")).text
