"""A process that dies leaves its turns open; the next one tells them to their end."""

import asyncio
from contextlib import aclosing

import pytest

from core.session import commands as c
from core.session.messages import Author, Place
from tests.stage import BEN, HERE, Stage

PREMISE = "A lighthouse keeper finds a shell that sings"


async def broken_off(stage: Stage, line: str) -> Stage:
    """Cancel a turn in the middle, as a shutdown does; return the stage of the next process."""
    request = stage.request(line)
    await stage.engine.shown(request, "message-1")
    started = asyncio.Event()
    stage.narrator.delay = 0.01

    async def listen() -> None:
        async with aclosing(stage.engine.handle(request)) as replies:
            async for _ in replies:
                await stage.engine.shown(request, "message-1")
                started.set()

    task = asyncio.create_task(listen())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return Stage(stage.library)


async def test_a_turn_broken_off_is_told_to_its_end_with_the_same_seed(stage: Stage):
    before = await stage.ask(f"/new {PREMISE}")
    after = await broken_off(stage, "/continue")
    (left,) = await after.engine.unfinished("test")
    assert left.screen == "message-1"
    async with aclosing(after.engine.resume(left)) as replies:
        told = [reply async for reply in replies]
    assert told[-1].final
    assert after.narrator.assigned[-1].seed == stage.narrator.assigned[-1].seed
    assert after.narrator.assigned[-1].path == (before.text,)
    assert await after.engine.unfinished("test") == []
    assert (await after.ask("/show")).passage == told[-1].passage


async def test_a_new_story_broken_off_is_begun_once(stage: Stage):
    after = await broken_off(stage, f"/new {PREMISE}")
    (left,) = await after.engine.unfinished("test")
    async with aclosing(after.engine.resume(left)) as replies:
        _ = [reply async for reply in replies]
    assert "Stories told here: 1" in (await after.ask("/shelf")).text


async def test_where_the_story_moved_on_the_author_is_told(stage: Stage):
    await stage.ask(f"/new {PREMISE}")
    after = await broken_off(stage, "/continue")
    own = await after.ask("Ben wrote on meanwhile.", author=BEN)
    (left,) = await after.engine.unfinished("test")
    async with aclosing(after.engine.resume(left)) as replies:
        (told,) = [reply async for reply in replies]
    assert "restarted" in told.text
    assert (await after.ask("/show")).passage == own.passage
    assert await after.engine.unfinished("test") == []


async def test_a_turn_is_resumed_once(stage: Stage):
    await stage.ask(f"/new {PREMISE}")
    after = await broken_off(stage, "/continue")
    (left,) = await after.engine.unfinished("test")
    for answers in (True, False):
        async with aclosing(after.engine.resume(left)) as replies:
            assert bool([reply async for reply in replies]) is answers


async def test_replies_and_reactions_find_the_passage_they_are_about(stage: Stage):
    request = stage.request(f"/new {PREMISE}")
    reply = (await stage.replies(request))[-1]
    await stage.engine.shown(request, "message-7")
    assert await stage.engine.reply_to(HERE, "message-7", "And then?") == c.Say("And then?")
    assert await stage.engine.reply_to(HERE, "unknown", "Hm.") == c.Say("Hm.")
    assert await stage.engine.reaction_to(HERE, "message-7", 1) == c.Rate(1, reply.passage)
    assert await stage.engine.reaction_to(HERE, "unknown", 1) is None


async def test_what_is_told_to_its_end_is_passed_on_to_joined_places(stage: Stage):
    await stage.ask(f"/new {PREMISE}")
    code = next(w for w in (await stage.ask("/join")).text.split() if len(w) >= 10 and w.isupper())
    there = Place("other", "channel-9")
    await stage.ask(f"/join {code}", author=Author("other", "cem", "Cem", "en"), place=there)
    after = await broken_off(stage, "/continue")
    (left,) = await after.engine.unfinished("test")
    async with aclosing(after.engine.resume(left)) as replies:
        told = [reply async for reply in replies][-1]
    [notice] = after.engine.waiting("other")
    assert (notice.place, notice.reply.passage) == (there, told.passage)
