"""What goes wrong for one group, or one person, is nobody else's trouble."""

from datetime import timedelta

import pytest

from core.session.messages import Place
from core.session.timekeeping import Step
from core.storage.library import Transaction
from tests.stage import BEN, HERE, Stage

ELSEWHERE = Place("test", "chat-2")


async def begun(stage: Stage, order: str, place: Place = HERE) -> None:
    """A story of Ann's in an order, where Ben has a seat, too."""
    await stage.ask("/new a keeper", place=place)
    await stage.ask(f"/order {order}", place=place)
    await stage.ask("/seat", author=BEN, place=place)


async def test_one_groups_trouble_stops_no_other_groups_clock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(stage, "rounds 1h")
    await begun(stage, "rounds 1h", ELSEWHERE)
    stage.clock.now += timedelta(hours=2)
    step = stage.engine._step

    def broken(story: int, tx: Transaction) -> Step:
        if story == 1:
            raise ValueError("what nobody foresaw")
        return step(story, tx)

    monkeypatch.setattr(stage.engine, "_step", broken)
    await stage.engine.tick()
    assert [notice.place for notice in stage.engine.waiting("test")] == [ELSEWHERE]


async def test_narrators_turns_of_several_groups_are_written_side_by_side(stage: Stage) -> None:
    places = [Place("test", f"chat-{number}") for number in range(4)]
    for place in places:
        await stage.ask("/new a keeper", place=place)
        await stage.ask("/order rounds", place=place)
        await stage.ask("Mara woke.", place=place)
    stage.narrator.delay = 0.01
    stage.narrator.most_writing = 0
    await stage.engine.tick()
    assert stage.narrator.most_writing == len(places)
