"""What cannot be is refused politely, to the one who asked; nothing is changed."""

import asyncio
from dataclasses import replace

import pytest

from core.session import commands as c
from core.session.spelling import to_button
from tests.adapters.telegram.running import FAST, running
from tests.servers.telegram_world import text_of
from tests.stage import Stage

STALE = "The story has moved on"


async def test_an_old_button_is_refused(stage: Stage) -> None:
    async with running(stage) as here:
        opening = await here.story()
        here.press("Continue", message=opening)
        await here.shows("", button="Undo")
        here.press("Continue", message=opening, by=here.ben)
        await here.alerts(STALE)
        assert len(here.texts()) == 2


@pytest.mark.parametrize("data", ["continue.99999", "nonsense", "continue.x", "open.4711", "....."])
async def test_a_forged_button_is_refused(stage: Stage, data: str) -> None:
    async with running(stage) as here:
        told = await here.story()
        here.telegram.people.press_data(told, data, here.ben)
        await here.alerts(STALE)
        assert here.texts() == [text_of(told)]


async def test_a_button_of_another_chats_passage_is_refused(stage: Stage) -> None:
    async with running(stage) as here:
        told = await here.story()
        shown = here._shown(told)
        assert shown is not None
        elsewhere = await here.story(here.home)
        at = shown.passage
        for command in (to_button(c.Continue(at)), to_button(c.Pick(at)), to_button(c.Rate(1, at))):
            here.telegram.people.press_data(elsewhere, command, here.ann)
        await here.telegram.until(lambda: len(here.telegram.methods.alerts) == 3)
        assert all(STALE in text for _, text in here.telegram.methods.alerts)
        assert here.texts(here.home) == [text_of(elsewhere)]


async def test_a_button_of_a_deleted_story_is_refused(stage: Stage) -> None:
    async with running(stage) as here:
        told = await here.story()
        here.say("/delete yes")
        await here.shows("is deleted")
        here.press("Continue", message=told)
        await here.alerts(STALE)


async def test_a_button_pressed_by_two_at_once_counts_once(stage: Stage) -> None:
    stage.narrator.delay = 0.002
    tempo = replace(FAST, press=5.0)
    async with running(stage, tempo=tempo) as here:
        told = await here.story()
        here.press("Continue", message=told, by=here.ann)
        here.press("Continue", message=told, by=here.ben)
        await here.alerts(STALE)
        assert len(here.texts()) == 2


async def test_a_refusal_that_comes_too_late_for_the_press_is_said_in_the_chat(
    stage: Stage,
) -> None:
    stage.narrator.delay = 0.02
    async with running(stage) as here:
        told = await here.story()
        here.press("Continue", message=told, by=here.ann)
        await asyncio.sleep(0.05)
        here.press("Continue", message=told, by=here.ben)
        await here.shows(STALE)


async def test_what_is_too_long_for_an_alert_is_said_in_the_chat(stage: Stage) -> None:
    async with running(stage) as here:
        await here.story()
        here.press("Explain", by=here.ben)
        await here.shows("Passage 1, explained")
        assert here.telegram.methods.alerts == []


async def test_a_refused_page_stays_as_it_was(stage: Stage) -> None:
    async with running(stage, tempo=replace(FAST, press=0.0)) as here:
        told = await here.story()
        here.telegram.people.press_data(told, to_button(c.Takes(99)), here.ann)
        await here.telegram.until(lambda: len(here.texts()) == 2 or here.telegram.methods.alerts)
        assert here.texts()[0] == text_of(told)


async def test_a_refusal_answers_the_one_who_typed(stage: Stage) -> None:
    async with running(stage) as here:
        asked = here.say("/continue", by=here.ben)
        refused = await here.shows("No story is told here yet")
        assert refused["reply_to_message"]["message_id"] == asked["message_id"]


async def test_a_refusal_reaches_a_chat_whose_question_was_deleted(stage: Stage) -> None:
    async with running(stage) as here:
        asked = here.say("/continue")
        del here.group.messages[asked["message_id"]]
        refused = await here.shows("No story is told here yet")
        assert "reply_to_message" not in refused


async def test_a_press_where_the_bot_may_not_write_is_told_so(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(stage, tempo=replace(FAST, press=5.0)) as here:
        told = await here.story()
        here.group.bot = "muted"
        here.press("Explain", message=told)
        await here.alerts("I may no longer write in this chat.")
        here.say("/weather@taleturn_bot")
        await here.telegram.until(lambda: "did not show a refusal" in caplog.text)
        here.group.bot = "member"
        here.press("Continue", message=told)
        await here.shows("", button="Undo")
    assert "telegram did not show the answer" in caplog.text
    assert "telegram did not show a refusal" in caplog.text
