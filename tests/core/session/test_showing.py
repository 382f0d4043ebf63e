"""Refine and explain."""

from core.session import commands as c
from tests.stage import Stage, button, labels

PREMISE = "A lighthouse keeper finds a shell that sings"


async def test_refine_keeps_the_likeliest_telling_as_a_take(stage: Stage):
    old = await stage.tell(f"/new {PREMISE}", "/continue")
    new = await stage.ask("/refine happier")
    asked = stage.narrator.assigned[-3:]
    assert len({a.seed for a in asked}) == 3
    assert {(a.draft, a.wish) for a in asked} == {(old.text, "happier")}
    assert new.note == "refined: happier · take 2 of 2"
    kept = await stage.ask(button(new, "Keep the old one"))
    assert kept.passage == old.passage


async def test_refine_without_a_wish_offers_the_usual_ones(stage: Stage):
    reply = await stage.ask(f"/new {PREMISE}")
    question = await stage.ask(button(reply, "Refine"))
    assert "Happier" in labels(question)
    assert (await stage.ask(button(question, "Polish"))).passage != reply.passage


async def test_where_nothing_is_better_the_passage_stays(stage: Stage):
    old = await stage.ask(f"/new {PREMISE}")
    stage.narrator.upcoming.extend([old.text] * 3)
    reply = await stage.ask("/refine polish")
    assert "nothing better" in reply.text
    assert (await stage.ask("/show")).passage == old.passage


async def test_only_the_passage_the_story_stands_at_is_refined(stage: Stage):
    first = await stage.ask(f"/new {PREMISE}")
    await stage.ask("/continue")
    assert first.passage is not None
    assert (await stage.ask(c.Refine("polish", first.passage))).private


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
