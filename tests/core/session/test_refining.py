"""Refine: another take, told better."""

import pytest

from core.session import commands as c
from tests.stage import Stage, button, labels

PREMISE = "A lighthouse keeper finds a shell that sings"
ROUGH = "Two lamps lamps burned softly in tthe windows."


async def test_a_refined_passage_is_a_take_that_is_accepted_or_taken_back(stage: Stage) -> None:
    old = await stage.tell(f"/new {PREMISE}", "/continue")
    new = await stage.ask("/refine happier")
    assert new.note.startswith("refined: happier · take 2 of 2\n")
    assert "+ “" in new.note
    assert labels(new)[:3] == ["Take it", "Refine again", "Keep the old one"]
    kept = await stage.ask(button(new, "Keep the old one"))
    assert kept.passage == old.passage
    assert (await stage.ask(button(new, "Take it"))).passage == new.passage


async def test_what_was_mended_is_marked(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    await stage.ask(ROUGH)
    new = await stage.ask("/refine polish")
    assert new.text == "Two lamps burned softly in the windows."
    assert "“tthe” → “the”" in new.note
    assert "− “lamps”" in new.note


async def test_many_changes_are_counted(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    await stage.ask("Two lamps lamps burned softly. " * 9)
    assert "changes besides: 3" in (await stage.ask("/refine polish")).note


async def test_refine_without_a_wish_offers_the_usual_ones(stage: Stage) -> None:
    reply = await stage.ask(f"/new {PREMISE}")
    question = await stage.ask(button(reply, "Refine"))
    assert "Polish" in labels(question)
    assert (await stage.ask(button(question, "Sadder"))).passage != reply.passage


async def test_where_nothing_is_better_the_passage_stays(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    old = await stage.ask("The lamp was lit.")
    reply = await stage.ask("/refine polish")
    assert "nothing better" in reply.text
    assert (await stage.ask("/show")).passage == old.passage


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("for (int i = 0; i < n; i++) { sum += a[i]; }", "code"),
        ("从前有一位守灯塔的人，他在沙滩上捡到了一只会唱歌的贝壳。", "English"),
        ("Der alte Mann ging langsam durch den dunklen Wald nach Hause.", "English"),
    ],
)
async def test_what_is_no_story_in_english_is_refused_with_the_way_out(
    stage: Stage, text: str, said: str
) -> None:
    await stage.tell(f"/new {PREMISE}", text)
    reply = await stage.ask("/refine happier")
    assert reply.private
    assert said in reply.text
    assert "/edit" in reply.text


async def test_a_list_keeps_its_lines(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    await stage.ask("They took with them:\n- a lamp lamp\n- two boats\n- a shell")
    new = await stage.ask("/refine polish")
    assert new.text == "They took with them:\n- a lamp\n- two boats\n- a shell"


async def test_a_very_long_passage_gets_an_answer(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    await stage.ask("Two lamps lamps burned softly in the windows. " * 105)
    assert (await stage.ask("/refine polish")).text.startswith("Two lamps burned softly")
    assert len(stage.narrator.assigned) < 5


async def test_only_the_passage_the_story_stands_at_is_refined(stage: Stage) -> None:
    first = await stage.ask(f"/new {PREMISE}")
    await stage.ask("/continue")
    assert first.passage is not None
    assert (await stage.ask(c.Refine("polish", first.passage))).private


async def test_no_telling_that_is_not_to_be_shown_is_offered(stage: Stage) -> None:
    await stage.ask(f"/new {PREMISE}")
    await stage.ask("Those people are vermin vermin, exterminate them")
    assert "kept out" in (await stage.ask("/refine polish")).text
