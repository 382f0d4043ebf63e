"""What outlives a restart, and what nobody asked for."""

import asyncio

import pytest

from adapters.discord import adapter
from core.session.messages import Notice, Place, Reply
from core.session.wording import Voice
from core.storage.library import Library
from tests.adapters.discord.house import House
from tests.servers.discord_server import DiscordServer
from tests.servers.discord_world import GROUP_DM, Channel

SAY = Voice("en")
SLOW = "One two three four five six seven eight nine ten eleven twelve. "
ENDING = "The sea was calm at last."


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "shutdown" not in request.node.name:
        monkeypatch.setattr(adapter, "_GRACE", 0.1)


async def broken_off(house: House, where: Channel) -> None:
    """Begin a story, and break off in the middle of its next passage."""
    async with house.open():
        opening = await house.told(where)
        house.narrator.delay = 0.4
        house.narrator.upcoming.append(SLOW * 9)
        asked = await house.mara.press(opening, SAY("button.continue"))
        await house.server.until(lambda: bool(asked.shown))
    house.narrator.delay = 0.0


async def test_a_restart_finishes_the_message_it_broke_off(
    server: DiscordServer, library: Library
) -> None:
    house = House(server, library)
    for where in (house.channel, server.direct(house.mara.user)):
        await broken_off(house, where)
        before = server.in_channel(where)
        assert not before[-1].buttons
        house.narrator.upcoming.append(ENDING)
        async with house.open():
            await server.message(where, ENDING)
            await server.until(lambda: all(m.buttons for m in server.in_channel(where)))  # noqa: B023  # in this round
            assert server.in_channel(where) == before


async def test_a_turn_that_cannot_be_told_to_its_end_breaks_nothing(
    server: DiscordServer, library: Library
) -> None:
    house = House(server, library)
    group = server.channel("the three", type=GROUP_DM, people=[house.mara.user])
    await broken_off(house, group)  # where the bot is not, without an interaction
    house.narrator.upcoming.append(ENDING)
    async with house.open():
        await server.message(server.direct(house.mara.user), "View Channel")
        shown = await house.answer(await house.mara.slash(group, "show"))
        assert ENDING in shown.content


async def test_buttons_and_menus_outlive_a_restart(server: DiscordServer, library: Library) -> None:
    house = House(server, library)
    async with house.open():
        opening = await house.told()
        for number in range(6):
            await house.told(premise=f"story number {number}")
        shelf = await house.answer(await house.mara.slash(house.channel, "shelf"))
    async with house.open():
        label = shelf.selects[0]["options"][-1]["label"]
        await house.tom.choose(shelf, label)
        await server.until(lambda: SAY("note.opened") in shelf.content)
        went_on = await house.answer(await house.tom.press(opening, SAY("button.continue")))
        assert SAY("button.undo") in went_on.labels


async def test_an_open_window_outlives_a_restart(server: DiscordServer, library: Library) -> None:
    house = House(server, library)
    async with house.open():
        await house.told()
        asked = await house.mara.slash(house.channel, "say")
        await server.until(lambda: asked.modal is not None)
    async with house.open():
        passage = await house.answer(await house.mara.submit(asked, "Words of before."))
        assert "Words of before." in passage.content


async def test_a_shutdown_lets_a_turn_end_that_is_about_to(
    server: DiscordServer, library: Library
) -> None:
    house = House(server, library)
    async with house.open():
        house.narrator.delay = 0.05
        asked = await house.mara.slash(house.channel, "new", premise="a lamp")
        await server.until(lambda: bool(asked.shown))
    assert asked.shown[-1].buttons


async def test_what_nobody_asked_for_is_told_in_its_place(house: House) -> None:
    direct = house.server.direct(house.mara.user)
    places = (
        Place("discord", house.channel.id),
        Place("discord", "404"),
        Place("discord", direct.id, private=True),
    )
    for place in places:
        house.engine._board.post(Notice(place, Reply("It is *your* turn.", private=True)))
        house.engine._board.post(Notice(place, Reply("It is *your* turn.")))
    await house.server.message(direct, "turn")
    await house.server.until(lambda: len(house.server.in_channel(direct)) == 2)
    (told,) = house.server.in_channel(house.channel)
    assert told.content == "It is \\*your\\* turn."


async def test_two_notices_with_the_same_words_are_two(house: House) -> None:
    place = Place("discord", house.channel.id)
    for _ in range(2):
        house.engine._board.post(Notice(place, Reply("Your turn.")))
    await house.server.until(lambda: len(house.server.in_channel(house.channel)) == 2)
    await asyncio.sleep(0)
