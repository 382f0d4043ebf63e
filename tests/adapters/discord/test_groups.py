"""A group in Discord: who writes next, votes, roles, codes, and what comes though nobody asked."""

import asyncio
from datetime import UTC, datetime, timedelta

from core.session.messages import Place
from core.session.wording import Voice
from core.storage.library import Tally
from tests.adapters.discord.house import House
from tests.servers.discord_people import Person
from tests.servers.discord_world import Message

SAY = Voice("en")


async def asked(house: House, who: Person, command: str, /, **options: object) -> Message:
    """Ask by a slash command and return the answer as it stays."""
    return await house.answer(await who.slash(house.channel, command, **options))


async def newest(house: House, words: str, button: str) -> Message:
    """Wait for a message in the channel that has these words and this button."""

    def found() -> list[Message]:
        shown = house.server.in_channel(house.channel)
        return [m for m in shown if words in m.content and button in m.labels]

    await house.server.until(lambda: bool(found()))
    return found()[-1]


async def test_whose_turn_it_is_not_is_told_alone(house: House) -> None:
    await house.told()
    await asked(house, house.mara, "order", order="rounds", time="12h")
    await asked(house, house.tom, "seat")
    refused = await asked(house, house.tom, "say", passage="Tom came in.")
    assert refused.only_for is house.tom.user
    assert "Mara" in refused.content


async def test_the_narrators_turn_is_a_new_message_in_the_channel(house: House) -> None:
    await house.told()
    await asked(house, house.mara, "order", order="rounds", time="12h")
    await asked(house, house.mara, "say", passage="Mara woke.")
    await house.engine.tick()
    told = await newest(house, SAY("order.next", name="Mara"), SAY("button.continue"))
    assert told.only_for is None
    here = Place("discord", str(house.channel.id))
    async with asyncio.timeout(5):  # it is noted just after it is shown
        while await house.engine.reaction_to(here, str(told.id), 1) is None:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    await house.tom.react(told, "👍")
    await house.server.until(lambda: house.tally(told) == Tally(1, 0))


async def test_a_reminder_has_a_button_that_only_the_reminded_may_press(house: House) -> None:
    await house.told()
    await asked(house, house.mara, "order", order="rounds", time="12h")
    await asked(house, house.tom, "seat")
    house.engine._clockwork._clock = lambda: datetime.now(UTC) + timedelta(hours=13)
    await house.engine.tick()
    reminder = await newest(house, SAY("order.reminder", name="Mara"), SAY("button.pause"))
    assert reminder.labels == [SAY("button.skip"), SAY("button.pause")]
    refused = await house.answer(await house.tom.press(reminder, SAY("button.skip")))
    assert refused.only_for is house.tom.user
    passed = await house.answer(await house.mara.press(reminder, SAY("button.skip")))
    assert SAY("order.next", name="Old Tom") in passed.content


async def test_a_vote_is_held_by_buttons_and_everybody_sees_who_won(house: House) -> None:
    opening = await house.told()
    await asked(house, house.mara, "order", order="vote", time="30m")
    ballot = await house.answer(await house.mara.press(opening, SAY("button.continue")))
    assert [label for label in "ABC" if label in ballot.labels] == ["A", "B", "C"]
    voted = await house.answer(await house.mara.press(ballot, "B"))
    assert voted.only_for is house.mara.user
    decided = await house.answer(await house.tom.press(ballot, "B"))
    assert decided.only_for is None
    assert SAY("vote.won", letter="B", counts="A 0 · B 2 · C 0") in decided.content
    late = await house.answer(await house.tom.press(ballot, "A"))
    assert late.only_for is house.tom.user


async def test_a_reader_is_refused_alone_and_may_still_rate(house: House) -> None:
    opening = await house.told()
    await asked(house, house.tom, "show")
    await asked(house, house.mara, "role", role="reader", name="Old Tom")
    refused = await house.answer(await house.tom.press(opening, SAY("button.continue")))
    assert (refused.only_for, refused.content) == (house.tom.user, SAY("refusal.reader"))
    rated = await house.answer(await house.tom.press(opening, "👍"))
    assert rated.content == SAY("rate.up", up=1, down=0)


async def test_a_code_is_for_the_asker_alone(house: House) -> None:
    await house.told()
    told = await asked(house, house.mara, "join")
    assert told.only_for is house.mara.user
    refused = await asked(house, house.tom, "join", code="ABCDEFGHJK")
    assert (refused.only_for, refused.content) == (house.tom.user, SAY("refusal.no_such_code"))
