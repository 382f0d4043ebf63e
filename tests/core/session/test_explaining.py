"""Explain."""

import asyncio

import pytest

from core.errors import NoLikelihoods
from core.session import commands as c
from tests.stage import Stage, button

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
    assert "the mood of the passages" in picture.alt


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
