"""What goes wrong on the way to Discord: every final text arrives, and arrives once."""

import asyncio

import pytest

from core.session.wording import Voice
from core.storage.library import Tally
from tests.adapters.discord.house import House
from tests.servers.discord_world import Message

SAY = Voice("en")
EDIT = "PATCH /webhooks.*@original"
FOLLOW_UP = "POST /webhooks"
CALLBACK = "POST /interactions"
SEND = "POST /channels/{channel_id}/messages"
AS_BOT = "PATCH /channels"
ENDING = "The sea was calm at last."


async def went_on(house: House, opening: Message) -> Message:
    """Let the story go on and wait for its words, which must arrive once."""
    house.narrator.upcoming.append(f"The lamp went out. {ENDING}")
    await house.mara.press(opening, SAY("button.continue"))
    return await arrived(house)


async def arrived(house: House, seconds: float = 10.0) -> Message:
    def finished() -> list[Message]:
        heard = house.server.in_channel(house.channel)
        return [message for message in heard if ENDING in message.content and message.buttons]

    await house.server.until(lambda: bool(finished()), seconds=seconds)
    await house.idle()
    (message,) = finished()
    assert not any(m.loading for m in house.server.in_channel(house.channel))
    return message


@pytest.mark.parametrize("whole", [False, True])
async def test_a_text_arrives_after_too_many_requests(house: House, *, whole: bool) -> None:
    opening = await house.told()
    fault = house.server.limit(EDIT, seconds=0.2, times=2, whole=whole)
    await went_on(house, opening)
    assert fault.met == 2


async def test_a_text_arrives_though_a_proxy_broke(house: House) -> None:
    opening = await house.told()
    fault = house.server.fail(EDIT, status=502)
    await went_on(house, opening)
    assert fault.met == 1


async def test_a_text_arrives_though_connections_break(house: House) -> None:
    opening = await house.told()
    fault = house.server.cut(EDIT, times=2)
    await went_on(house, opening)
    assert fault.met == 2


async def test_a_text_arrives_though_answers_are_slow(house: House) -> None:
    opening = await house.told()
    house.server.delay(EDIT, seconds=1.0)
    await went_on(house, opening)


async def test_a_text_arrives_within_the_limits_of_a_channel(house: House) -> None:
    house.server.rest.limited = True
    direct = house.server.direct(house.mara.user)
    for _ in range(7):
        await house.told(direct)
    assert not any("429" in refused for refused in house.server.rest.refused)


async def test_an_answer_to_an_acknowledgement_may_be_lost(house: House) -> None:
    opening = await house.told()
    house.server.fail(CALLBACK, done_first=True)
    await went_on(house, opening)


async def test_an_interaction_delivered_twice_is_answered_once(house: House) -> None:
    opening = await house.told()
    house.narrator.upcoming.append(ENDING)
    asked = await house.mara.press(opening, SAY("button.continue"))
    await house.mara.again(asked)
    await arrived(house)
    await house.mara.again(asked)
    await house.idle()
    await arrived(house)


async def test_an_interaction_that_came_too_late_is_answered_as_the_bot(house: House) -> None:
    opening = await house.told()
    house.narrator.upcoming.append(ENDING)
    asked = await house.mara.press(opening, SAY("button.continue"))
    asked.done -= 60  # it was long under way
    message = await arrived(house)
    assert message.asked == ""
    assert asked.sent == []


async def test_a_private_answer_that_came_too_late_is_told_to_nobody(house: House) -> None:
    opening = await house.told()
    asked = await house.mara.press(opening, SAY("button.explain"))
    asked.done -= 60
    await house.idle()
    assert asked.sent == []
    assert len(house.server.in_channel(house.channel)) == 1


async def test_a_window_or_refusal_that_came_too_late_breaks_nothing(house: House) -> None:
    opening = await house.told()
    for asked in (
        await house.mara.press(opening, SAY("button.refine")),
        await house.mara.press(house.server.planted(house.channel, "nonsense"), "?"),
    ):
        asked.done -= 60
    await house.idle()
    await went_on(house, opening)


async def test_a_text_outlives_the_interactions_token(house: House) -> None:
    opening = await house.told()
    house.narrator.delay = 0.1
    house.narrator.upcoming.append(f"One two three four five. {ENDING}")
    asked = await house.mara.press(opening, SAY("button.continue"))
    await house.server.until(lambda: bool(asked.shown))
    house.server.advance(minutes=16)
    message = await arrived(house)
    assert message is asked.sent[0]  # edited as the bot, in the same place


async def test_a_private_text_does_not_outlive_the_token(house: House) -> None:
    opening = await house.told()
    house.server.delay("PATCH /webhooks.*@original", seconds=0.3)
    house.server.fail("PATCH /webhooks.*@original", status=502)
    asked = await house.mara.press(opening, SAY("button.explain"))
    await house.server.until(lambda: bool(asked.answered))
    house.server.advance(minutes=16)
    await house.idle()
    assert asked.shown == []


async def test_a_deleted_message_is_sent_again(house: House) -> None:
    opening = await house.told()
    house.narrator.delay = 0.1
    house.narrator.upcoming.append(f"One two three four five. {ENDING}")
    asked = await house.mara.press(opening, SAY("button.continue"))
    await house.server.until(lambda: bool(asked.shown))
    asked.shown[0].deleted = True
    message = await arrived(house)
    assert message is not asked.sent[0]


async def test_a_missing_right_is_told_once_and_the_story_stays_whole(house: House) -> None:
    opening = await house.told()
    direct = house.server.direct(house.mara.user)
    house.channel.bot_may_write = False
    for _ in range(2):
        asked = await house.mara.slash(house.channel, "continue")
        asked.done -= 60
        await house.idle()
    (told,) = house.server.in_channel(direct)
    assert told.content == SAY("discord.no_right", channel=f"<#{house.channel.id}>")
    shown = await house.answer(await house.mara.slash(house.channel, "show"))
    assert shown.content.partition("\n")[0] == opening.content.partition("\n")[0]
    assert SAY("button.undo") in shown.labels  # the passages nobody saw are there


async def test_who_takes_no_messages_is_not_told_of_a_missing_right(house: House) -> None:
    await house.told()
    house.mara.user.refuses_dms = True
    house.channel.bot_may_see = False
    asked = await house.mara.slash(house.channel, "continue")
    asked.done -= 60
    await house.idle()
    assert house.server.in_channel(house.server.direct(house.mara.user)) == []


async def test_a_message_whose_receipt_was_lost_is_sent_once(house: House) -> None:
    house.narrator.upcoming.append(ENDING)
    house.server.fail(SEND, done_first=True)
    asked = await house.mara.slash(house.channel, "new", premise="a lamp")
    asked.done -= 60
    await arrived(house)


async def test_a_reaction_nobody_can_be_named_for_breaks_nothing(house: House) -> None:
    direct = house.server.direct(house.mara.user)
    opening = await house.told(direct)
    del house.server.users[house.tom.user.id]
    await house.idle()
    await house.tom.react(opening, "👍")
    await house.mara.react(opening, "👎")
    await house.server.until(lambda: house.tally(opening) == Tally(0, 1))


async def test_a_dropped_gateway_is_resumed_and_nothing_is_missed(house: House) -> None:
    opening = await house.told()
    house.narrator.upcoming.append(ENDING)
    await house.server.gateway.drop()
    await house.mara.press(opening, SAY("button.continue"))  # while nobody listens
    await arrived(house)
    await house.server.gateway.ask_to_reconnect()
    await house.server.until(lambda: house.server.gateway.resumed == 2)
    assert house.server.gateway.identified == 1


async def test_a_session_that_is_lost_begins_again(house: House) -> None:
    opening = await house.told()
    await house.server.gateway.drop(for_good=True)
    await house.server.until(lambda: house.server.gateway.identified == 2, seconds=20)
    await went_on(house, opening)


async def test_many_at_once_are_all_acknowledged_and_answered(house: House) -> None:
    places = [house.server.text_channel(f"room {n}", house.guild) for n in range(40)]
    asked = await asyncio.gather(
        *(house.mara.slash(place, "new", premise="a lamp") for place in places),
        *(house.tom.slash(place, "shelf") for place in places),
    )
    await house.server.until(
        lambda: all(one.shown and one.shown[-1].content for one in asked), seconds=60
    )
    assert all(one.answered for one in asked)
