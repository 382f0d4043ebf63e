"""Undo, redo, rewind, takes, picks and branches: moving in the tree, losing nothing."""

from core.session import commands as c
from core.session.messages import Place
from tests.stage import BEN, Stage, button, labels

PREMISE = "A lighthouse keeper finds a shell that sings"


async def test_undo_goes_back_and_redo_forward(stage: Stage):
    first = await stage.ask(f"/new {PREMISE}")
    second = await stage.ask("/continue")
    assert (await stage.ask("/undo")).passage == first.passage
    assert (await stage.ask("/redo")).passage == second.passage
    assert "/retry" not in (await stage.ask("/redo")).text


async def test_redo_goes_where_the_path_last_went(stage: Stage):
    await stage.tell(f"/new {PREMISE}", "/continue", "/undo")
    other = await stage.ask("/continue")
    await stage.ask("/undo")
    assert (await stage.ask("/redo")).passage == other.passage


async def test_there_is_nothing_before_the_first_passage(stage: Stage):
    first = await stage.ask(f"/new {PREMISE}")
    assert "Undo" not in labels(first)
    assert "first passage" in (await stage.ask("/undo")).text
    assert "nothing to go forward" in (await stage.ask("/redo")).text


async def test_rewind_goes_to_any_passage_of_the_path(stage: Stage):
    first = await stage.ask(f"/new {PREMISE}")
    await stage.tell(*["/continue"] * 4)
    listed = await stage.ask("/rewind")
    assert [line[:2] for line in listed.text.splitlines()[2:]] == ["1.", "2.", "3.", "4.", "5."]
    assert (await stage.ask("/rewind 1")).passage == first.passage
    for _ in range(4):
        await stage.ask("/redo")
    assert "path has 5" in (await stage.ask("/rewind 9")).text


async def test_rewind_reaches_further_back_than_a_turn_reads(stage: Stage):
    first = await stage.ask(f"/new {PREMISE}")
    await stage.tell(*(f"Passage {n}." for n in range(30)))
    assert (await stage.ask("/rewind 1")).passage == first.passage


async def test_takes_are_browsed_and_one_is_picked(stage: Stage):
    one = await stage.tell(f"/new {PREMISE}", "/continue")
    two = await stage.ask("/retry")
    looked = await stage.ask(button(two, "Takes (2)"))
    assert (looked.passage, labels(looked)) == (two.passage, ["◀"])
    back = await stage.ask(button(looked, "◀"))
    assert (back.text, labels(back)) == (one.text, ["▶", "Go on from this one"])
    picked = await stage.ask(button(back, "Go on from this one"))
    assert picked.passage == one.passage
    await stage.ask("/continue")
    assert stage.narrator.assigned[-1].path[-1] == one.text


async def test_a_pick_by_number_goes_on_from_that_take(stage: Stage):
    one = await stage.tell(f"/new {PREMISE}", "/continue")
    await stage.ask("/retry")
    assert (await stage.ask("/pick 1")).passage == one.passage
    assert "no take 5" in (await stage.ask("/pick 5")).text
    assert "no take 9" in (await stage.ask("/takes 9")).text
    assert "no take 0" in (await stage.ask("/pick")).text


async def test_a_take_of_what_is_long_past_is_not_picked(stage: Stage):
    one = await stage.tell(f"/new {PREMISE}", "/continue")
    await stage.tell("/retry", "/continue")
    assert (await stage.ask(c.Pick(one.passage))).private


async def test_a_button_with_a_number_from_elsewhere_is_refused(stage: Stage):
    there = await stage.ask(f"/new {PREMISE}", place=Place("test", "chat-2"))
    await stage.ask(f"/new {PREMISE}")
    at = there.passage
    assert at is not None
    for forged in (c.Takes(at), c.Pick(at), c.Rate(1, at), c.Explain(at), c.Refine("polish", at)):
        reply = await stage.ask(forged, author=BEN)
        assert reply.private
        assert "moved on" in reply.text


async def test_a_branch_is_named_left_and_found_again(stage: Stage):
    await stage.ask(f"/new {PREMISE}")
    main = await stage.ask("/continue")
    assert "here" in (await stage.tell("/undo", "/branch what if")).note
    other = await stage.ask("/continue")
    assert "branch what if" in other.note
    back = await stage.ask("/branch main")
    assert back.passage != other.passage
    assert (await stage.ask("/branch what if")).passage == other.passage
    listed = (await stage.ask("/branch")).text
    assert "· main" in listed
    assert "→ what if" in listed
    assert main.passage


async def test_a_branch_begins_at_the_head_and_leaves_the_other_tip(stage: Stage):
    await stage.tell(f"/new {PREMISE}")
    tip = await stage.ask("/continue")
    await stage.tell("/branch other", "/continue")
    assert (await stage.ask("/branch main")).passage == tip.passage
    assert "the most" in (await stage.ask("/branch " + "n" * 41)).text


async def test_where_nothing_is_written_show_says_how_to_begin(stage: Stage):
    assert "/new" in (await stage.ask("/show")).text


async def test_recap_uses_the_storys_own_sentences(stage: Stage):
    await stage.tell("Mara kept the lamp.", "A shell sang to Mara.", "Mara wept.", "It rained.")
    recap = (await stage.ask("/recap")).text.removeprefix("The story so far: ")
    told = {"Mara kept the lamp.", "A shell sang to Mara.", "Mara wept.", "It rained."}
    sentences = {sentence + "." for sentence in recap.rstrip(".").split(". ")}
    assert sentences <= told
    assert len(sentences) == 3
