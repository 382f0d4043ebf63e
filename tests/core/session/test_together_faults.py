"""What goes wrong for one group, or one person, is nobody else's trouble."""

import asyncio
from datetime import datetime, timedelta

import pytest

from core.session import commands as c
from core.session import timekeeping
from core.session.messages import Author, Place
from core.session.timekeeping import Step
from core.storage.library import Transaction
from tests.stage import BEN, HERE, Stage

ELSEWHERE = Place("test", "chat-2")


async def begun(stage: Stage, order: str, place: Place = HERE) -> None:
    """A story of Ann's in an order, where Ben has a seat, too."""
    await stage.ask("/new a keeper", place=place)
    await stage.ask(f"/order {order}", place=place)
    await stage.ask("/seat", author=BEN, place=place)


@pytest.mark.parametrize(
    "line",
    ["/privacy", "/privacy nothing", "/mydata", "/forgetme", "/comment lovely", "/report cruel"],
)
async def test_a_reader_keeps_their_rights_and_may_say_what_they_think(
    stage: Stage, line: str
) -> None:
    await begun(stage, "free")
    allowed = await stage.ask(line, author=BEN)
    await stage.ask("/role reader Ben")
    assert (await stage.ask(line, author=BEN)).text == allowed.text


@pytest.mark.parametrize("ends", ["by its deadline", "by its host"])
async def test_a_vote_outlives_one_who_voted_and_was_forgotten(stage: Stage, ends: str) -> None:
    await begun(stage, "vote 1h")
    await stage.ask("/continue")
    voted = await stage.ask("/vote b", author=BEN)
    assert voted.private
    asked = await stage.ask("/forgetme", author=BEN)
    (sure,) = [a.command for row in asked.actions for a in row]
    await stage.ask(sure, author=BEN)
    if ends == "by its host":
        await stage.ask("/vote a")
        closed = await stage.ask("/decide")
        assert closed.passage is not None or "vote" in closed.text
    stage.clock.now += timedelta(hours=2)
    await stage.engine.tick()
    await stage.ask("/continue")
    await stage.ask("/vote a")
    decided = await stage.ask("/decide")
    assert decided.passage is not None


async def test_rounds_pass_over_one_who_was_forgotten(stage: Stage) -> None:
    await begun(stage, "rounds 1h")
    asked = await stage.ask("/forgetme", author=BEN)
    (sure,) = [a.command for row in asked.actions for a in row]
    await stage.ask(sure, author=BEN)
    await stage.ask("Mara woke.")
    await stage.engine.tick()
    await stage.engine.tick()
    assert (await stage.ask("Mara slept.")).text == "Mara slept."


async def test_one_groups_trouble_stops_no_other_groups_clock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun(stage, "rounds 1h")
    await begun(stage, "rounds 1h", ELSEWHERE)
    stage.clock.now += timedelta(hours=2)
    step = timekeeping.step

    def broken(tx: Transaction, story: int, language: str, now: datetime) -> Step:
        if story == 1:
            raise ValueError("what nobody foresaw")
        return step(tx, story, language, now)

    monkeypatch.setattr(timekeeping, "step", broken)
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


async def test_a_story_goes_with_its_chat_to_an_id_that_is_known_already(stage: Stage) -> None:
    old, new = Place("test", "old"), Place("test", "new")
    told = await stage.ask("/new a keeper", place=old)
    await stage.ask("/help", place=new, author=BEN)  # heard under its new id before we were told
    await stage.engine.moved("test", "old", "new")
    assert (await stage.ask("/show", place=new)).text == told.text
    assert "no story" in (await stage.ask("/show", place=old)).text.lower()
    assert (await stage.ask(c.Undo(), place=new)).private


async def test_what_the_new_id_told_already_stays_there(stage: Stage) -> None:
    old, new = Place("test", "old"), Place("test", "new")
    await stage.ask("/new a keeper", place=old)
    told = await stage.ask("/new a fox", place=new)
    await stage.engine.moved("test", "old", "new")
    assert (await stage.ask("/show", place=new)).text == told.text
    assert "Stories told here: 2" in (await stage.ask("/shelf", place=new)).text
    await asyncio.gather(*(stage.engine.moved("test", "old", "new") for _ in range(2)))


async def test_a_name_reaches_into_no_words_beside_it(stage: Stage) -> None:
    """Direction marks turn what stands around them, and a line break would begin a line."""
    await begun(stage, "rounds 12h")
    turned = Author("test", "eve", "\u202eEve\nBen: host", "en")
    await stage.ask("/seat", author=turned)
    for shown in ("/order", "/role", "/role reader Eve Ben: host"):
        said = await stage.ask(shown)
        assert "Eve Ben: host" in said.text
        assert "\u202e" not in said.text


async def test_the_other_side_is_told_of_somebody_whose_name_has_no_letter(stage: Stage) -> None:
    nameless = Author("other", "eli", "\u202e\u2066", "en")
    there = Place("other", "channel-9")
    await stage.ask("/new a keeper")
    code = (await stage.ask("/join")).text.split("/join ")[1].split()[0]
    await stage.ask(f"/join {code}", author=nameless, place=there)
    await stage.ask("The lamp went out.", author=nameless, place=there)
    [notice] = stage.engine.waiting("test")
    assert "somebody, on Other" in notice.reply.note
