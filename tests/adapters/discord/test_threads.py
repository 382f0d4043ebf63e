"""A thread for each story, where the operator wants it so."""

import pytest

from core.session.wording import Voice
from core.storage.library import Library
from tests.adapters.discord.house import House
from tests.servers.discord_server import DiscordServer
from tests.servers.discord_world import THREAD, Channel

SAY = Voice("en")


@pytest.fixture
async def house(server: DiscordServer, library: Library) -> House:
    return House(server, library, thread_per_story=True)


def threads(house: House) -> list[Channel]:
    return [channel for channel in house.server.channels.values() if channel.type == THREAD]


async def test_a_story_gets_a_thread_and_goes_on_there(house: House) -> None:
    async with house.open():
        asked = await house.mara.slash(house.channel, "new", premise="a lighthouse @everyone")
        await house.server.until(lambda: bool(threads(house)))
        (thread,) = threads(house)
        await house.server.until(lambda: any(m.buttons for m in house.server.in_channel(thread)))
        assert thread.name == "a lighthouse @everyone"
        assert asked.shown[0].content == SAY("discord.thread", thread=f"<#{thread.id}>")
        (opening,) = house.server.in_channel(thread)
        went_on = await house.answer(await house.tom.press(opening, SAY("button.continue")))
        assert went_on.channel is thread
        shelf = await house.answer(await house.mara.slash(house.channel, "shelf"))
        assert shelf.content == SAY("shelf.empty")


async def test_a_missing_right_is_told_once_and_the_story_told_in_the_channel(house: House) -> None:
    house.channel.bot_may_thread = False
    async with house.open():
        for number in range(2):
            opening = await house.told()
            assert opening.channel is house.channel
            await house.idle()
            told = [m for m in house.server.in_channel(house.channel) if m.only_for]
            assert [message.content for message in told] == [SAY("discord.no_threads")]
            assert number in {0, 1}


async def test_a_thread_that_fails_for_another_reason_is_done_without(house: House) -> None:
    house.server.fail("POST /channels/{channel_id}/threads", status=503)
    async with house.open():
        assert (await house.told()).channel is house.channel


async def test_a_story_without_words_gets_no_thread(house: House) -> None:
    async with house.open():
        refused = await house.answer(await house.mara.slash(house.channel, "new", premise=" "))
        assert refused.content == SAY("refusal.empty")
        assert threads(house) == []


async def test_in_private_and_in_threads_no_thread_is_opened(house: House) -> None:
    direct = house.server.direct(house.mara.user)
    inside = house.server.channel("inside", house.guild, type=THREAD, parent=house.channel)
    async with house.open():
        for where in (direct, inside):
            assert (await house.told(where)).channel is where
    assert threads(house) == [inside]


async def test_a_pointer_that_cannot_be_shown_breaks_nothing(house: House) -> None:
    house.server.fail("PATCH /webhooks.*@original", status=400)
    async with house.open():
        await house.mara.slash(house.channel, "new", premise="a lamp")
        await house.server.until(lambda: bool(threads(house)))
        (thread,) = threads(house)
        await house.server.until(lambda: any(m.buttons for m in house.server.in_channel(thread)))
