"""Whatever fails on the way, every final text arrives, once, and the story stays whole."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.pacing import Pace
from tests.adapters.telegram.running import FAST, Json, Running, running, until
from tests.servers.telegram import Fault
from tests.servers.telegram_world import Chat, buttons, text_of
from tests.stage import Stage

FAULTS = {
    "flood control": Fault(retry_after=1),
    "a bad gateway": Fault(code=502),
    "a page that is no answer": Fault(code=200),
    "a lost connection": Fault(drop=True),
    "silence, then a lost connection": Fault(seconds=0.2, drop=True),
    "a slow answer": Fault(seconds=0.2),
}


def whole(here: Running, chat: Chat) -> list[Json]:
    """The messages with the buttons of a whole passage."""
    return [message for message in here.telegram.said(chat) if buttons(message)]


@pytest.mark.parametrize("where", ["group", "private chat"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_the_final_text_arrives_once_through(stage: Stage, fault: str, where: str) -> None:
    stage.narrator.delay = 0.001
    async with running(stage) as here:
        chat = here.group if where == "group" else here.home
        await here.story(chat)
        times = 1 if FAULTS[fault].retry_after else 2
        for method in ("sendMessage", "editMessageText", "answerCallbackQuery"):
            here.telegram.faults.append(replace(FAULTS[fault], method=method, times=times))
        here.press("Continue", message=here.last(chat))
        await here.telegram.until(lambda: len(whole(here, chat)) == 2)
        await asyncio.sleep(0.05)
        assert len(whole(here, chat)) == 2
        assert len(here.texts(chat)) == 2


async def test_snapshots_are_dropped_while_telegram_asks_to_wait(stage: Stage) -> None:
    stage.narrator.delay = 0.05
    async with running(stage) as here:
        here.telegram.faults.append(Fault("editMessageText", retry_after=1))
        await here.story()
        edits = here.telegram.made("editMessageText")
        assert edits[0].code == 429
        assert edits[1].at - edits[0].at >= 1


async def test_a_group_is_kept_within_its_pace(stage: Stage) -> None:
    """What holds the loop up makes messages later, and two of them closer, but none too early."""
    pace = Pace(6, 0.8, gap=0.08)
    async with running(stage, tempo=replace(FAST, group=pace)) as here:
        began = asyncio.get_running_loop().time()
        for _ in range(9):
            here.say("/help")
        await here.telegram.until(lambda: len(here.texts()) == 9)
        late = [call.at - began for call in here.telegram.made("sendMessage")]
        assert len(late) == 9
        for number, at in enumerate(late):
            full, rest = divmod(number, pace.most)
            assert at >= full * pace.within + rest * pace.gap


async def test_many_chats_at_once_all_get_their_text(stage: Stage) -> None:
    stage.narrator.delay = 0.002
    async with running(stage) as here:
        people = [here.telegram.world.person(f"Person {number}") for number in range(25)]
        chats = [here.telegram.world.private(person) for person in people]
        for chat, person in zip(chats, people, strict=True):
            here.say("/new a lighthouse", chat=chat, by=person)
        await here.telegram.until(lambda: all(whole(here, chat) for chat in chats))
        assert [len(here.texts(chat)) for chat in chats] == [1] * 25


async def test_a_message_deleted_while_it_is_written_comes_anew(stage: Stage) -> None:
    stage.narrator.delay = 0.03
    async with running(stage) as here:
        here.say("/new a lighthouse")
        first = await here.shows("")
        del here.group.messages[first["message_id"]]
        await here.shows("", button="Continue")
        assert len(here.texts()) == 1


async def test_a_message_deleted_before_the_end_comes_anew(stage: Stage) -> None:
    stage.narrator.delay = 0.01
    async with running(stage, tempo=replace(FAST, group_edit=60.0)) as here:
        here.say("/new a lighthouse")
        first = await here.shows("")
        del here.group.messages[first["message_id"]]
        await here.shows("", button="Continue")
        assert len(here.texts()) == 1


async def test_a_bot_thrown_out_is_told_once_and_the_story_stays_whole(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.narrator.delay = 0.01
    async with running(stage) as here:
        here.say("/new a lighthouse")
        await here.shows("")
        here.group.bot = "kicked"
        await here.telegram.until(lambda: here.telegram.refusals)
        await until(lambda: "did not show" in caplog.text)
        here.group.bot = "member"
        here.say("/show")
        await here.shows("", button="Continue")
    assert caplog.text.count("did not show") == 1
    assert "kicked" in caplog.text


async def test_a_closed_topic_harms_no_other(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(stage) as here:
        forum = here.telegram.world.group("Forum", here.ann, forum=True)
        one, two = (here.telegram.world.topic(forum, name) for name in ("One", "Two"))
        forum.closed.add(one)
        here.say("/help", chat=forum, topic=one)
        here.say("/help", chat=forum, topic=two)
        await here.shows("/undo", forum, topic=two)
        await here.telegram.until(lambda: here.telegram.refusals)
    assert "TOPIC_CLOSED" in caplog.text or "Topic_closed" in caplog.text


async def test_a_repeated_update_is_answered_once(stage: Stage) -> None:
    async with running(stage) as here:
        repeat, updates = here.telegram.updates.repeat, here.telegram.updates
        here.say("/new a lighthouse", chat=here.home)
        repeat(updates.newest)
        told = await here.shows("", here.home, button="Continue")
        here.say("/weather", chat=here.home)
        repeat(updates.newest)
        await here.shows("I do not know /weather", here.home)
        here.press("Continue", message=told)
        repeat(updates.newest)
        await here.shows("", here.home, button="Undo")
        await asyncio.sleep(0.05)
        assert len(here.texts(here.home)) == 3


async def test_an_update_that_comes_again_after_a_restart_is_answered_once(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        async with here.bot():
            told = await here.story()
            here.press("Continue", message=told)
            pressed = here.telegram.updates.newest
            await here.shows("", button="Undo")
        async with here.bot():
            here.telegram.methods.pressed[pressed["callback_query"]["id"]] = "Ann"
            here.telegram.updates.repeat(pressed)
            await here.telegram.until(lambda: not here.telegram.methods.pressed)
            assert len(here.texts()) == 2


@pytest.mark.parametrize("where", ["group", "private chat"])
async def test_a_restart_in_the_middle_of_a_text_finishes_the_same_message(
    stage: Stage, where: str
) -> None:
    stage.narrator.delay = 0.03
    async with running(stage, start=False, tempo=replace(FAST, grace=0.01)) as here:
        chat = here.group if where == "group" else here.home
        async with here.bot():
            here.say("/new a lighthouse", chat=chat)
            await here.telegram.until(lambda: here.texts(chat) or chat.drafts)
            begun = here.telegram.said(chat)
            if begun:
                await here.noted(begun[0])
        assert whole(here, chat) == []
        here.stage = Stage(stage.library)
        async with here.bot():
            told = await here.shows("", chat, button="Continue")
            assert len(here.texts(chat)) == 1
            assert [message["message_id"] for message in begun] in ([], [told["message_id"]])


async def test_a_turn_about_to_end_ends_before_the_bot_does(stage: Stage) -> None:
    stage.narrator.delay = 0.005
    async with running(stage, start=False, tempo=replace(FAST, grace=5.0)) as here:
        async with here.bot():
            here.say("/new a lighthouse")
            await here.shows("")
        assert len(whole(here, here.group)) == 1


async def test_a_group_that_becomes_a_supergroup_gets_its_text_there(stage: Stage) -> None:
    stage.narrator.delay = 0.02
    async with running(stage) as here:
        old = here.telegram.world.group("Small", here.ann, here.ben, basic=True)
        here.say("/new a lighthouse", chat=old)
        await here.shows("", old)
        new = here.telegram.people.migrate(old)
        await here.shows("", new, button="Continue")
        assert len(here.texts(new)) == 1


async def test_a_migration_nobody_told_of_is_found_out(stage: Stage) -> None:
    stage.narrator.delay = 0.02
    async with running(stage) as here:
        old = here.telegram.world.group("Small", here.ann, basic=True)
        here.say("/new a lighthouse", chat=old)
        await here.shows("", old)
        new = here.telegram.world.group("Small", here.ann)
        old.became = new.id
        await here.shows("", new, button="Continue")


async def test_who_is_an_admin_is_asked_once_in_a_while(stage: Stage) -> None:
    async with running(stage, tempo=replace(FAST, admins=60.0)) as here:
        for _ in range(3):
            here.say("/help")
        await here.telegram.until(lambda: len(here.texts()) == 3)
        here.say("/help")
        await here.telegram.until(lambda: len(here.texts()) == 4)
        assert 1 <= len(here.telegram.made("getChatAdministrators")) <= 3


async def test_nobody_is_an_admin_where_telegram_does_not_say(stage: Stage) -> None:
    async with running(stage) as here:
        here.telegram.faults.append(Fault("getChatAdministrators", code=502, times=99))
        here.say("/say The tide came in.", by=here.ben)
        await here.shows("The tide came in.")
        here.say("/edit The tide went out.", by=here.ann)
        await here.shows("Only who wrote this passage")


async def test_signs_and_shares_that_fail_harm_nothing(stage: Stage) -> None:
    stage.narrator.delay = 0.02
    async with running(stage) as here:
        here.telegram.faults.append(Fault("sendChatAction", code=502))
        here.telegram.faults.append(Fault("sendChatAction", retry_after=1))
        here.telegram.faults.append(Fault("answerInlineQuery", code=400, times=9))
        here.telegram.people.type_inline(here.ann)
        await here.story()
        assert len(here.telegram.made("sendChatAction")) >= 2


async def test_an_update_that_breaks_something_breaks_nothing_else(
    stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(stage) as here:
        told = await here.story()
        with sqlite3.connect(tmp_path / "stories.db") as database:
            database.execute("ALTER TABLE turns RENAME TO lost")
        database.close()
        here.say("The keeper woke.", answers=told)
        await until(lambda: "could not be answered" in caplog.text)
        with sqlite3.connect(tmp_path / "stories.db") as database:
            database.execute("ALTER TABLE lost RENAME TO turns")
        database.close()
        here.say("/show")
        await here.telegram.until(lambda: len(here.texts()) == 2)
        assert text_of(here.last()) == text_of(told)
    caplog.clear()
