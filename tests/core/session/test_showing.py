"""Explain."""

from core.session import commands as c
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
