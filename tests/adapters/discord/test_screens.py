"""What a screen makes of replies, one by one: an engine that says what it is told to."""

from contextlib import aclosing

import pytest

from adapters.discord import screen as screens
from core.errors import DatabaseUnavailable
from core.session import commands as c
from core.session.messages import Action, Author, Media, Place, Reply, Request
from core.session.wording import Voice
from tests.adapters.discord.house import House

SAY = Voice("en")
LONG = "A sentence of the story. " * 150  # two messages


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "EDIT_EVERY", 0.0)


async def shown(house: House, *replies: Reply) -> list[str]:
    """Return what can be read in the channel after these replies."""
    house.engine.script = (replies,)
    house.engine.pause = 0.05
    await house.mara.slash(house.channel, "show")
    await house.idle()
    return [message.content for message in house.server.in_channel(house.channel)]


async def test_a_text_that_shrinks_takes_its_extra_messages_back(house: House) -> None:
    short = "A sentence of the story."
    assert await shown(house, Reply(LONG, final=False), Reply(short)) == [short]


async def test_an_edit_that_changes_nothing_is_not_made(house: House) -> None:
    same = Reply("As it was.", final=False)
    assert await shown(house, same, same, Reply("As it was.")) == ["As it was."]
    (message,) = house.server.in_channel(house.channel)
    assert message.history == ["As it was."]


async def test_pages_that_are_full_stay_as_they_are(house: House) -> None:
    first, second = await shown(house, Reply(LONG, final=False), Reply(LONG + " And then."))
    assert second.endswith("And then.")
    assert house.server.in_channel(house.channel)[0].history == [first]


async def test_what_everybody_saw_is_taken_back_for_a_private_answer(house: House) -> None:
    begun = Reply(LONG, final=False)
    assert await shown(house, begun, Reply("Not now.", private=True)) == ["Not now."]
    (message,) = house.server.in_channel(house.channel)
    assert message.only_for is house.mara.user


async def test_buttons_that_are_not_offered_any_more_go(house: House) -> None:
    offered = Reply("Well?", actions=((Action("Go on", c.Continue()),),), final=False)
    assert await shown(house, offered, Reply("Well?")) == ["Well?"]
    assert house.server.in_channel(house.channel)[0].buttons == []


async def test_a_picture_says_what_it_shows_to_those_who_do_not_see_it(house: House) -> None:
    picture = Media("mood.png", "image/png", b"not really one", alt="The mood rises.")
    await shown(house, Reply("The mood:", media=(picture,)))
    (attachment,) = house.server.in_channel(house.channel)[0].attachments
    assert attachment["description"] == "The mood rises."


async def test_a_file_that_is_too_big_is_told_of(house: House) -> None:
    big = Media("story.pdf", "application/pdf", b"x" * (10 * 1024 * 1024 + 1))
    assert await shown(house, Reply("Here.", media=(big,))) == [
        SAY("discord.too_big", name="story.pdf")
    ]


async def test_no_words_at_all_are_shown_as_such(house: House) -> None:
    assert await shown(house, Reply("")) == ["…"]


async def test_a_passage_gives_way_to_a_passage_only(house: House) -> None:
    opening = await house.told()
    await house.answer(await house.mara.press(opening, SAY("button.retry")))
    second = house.server.last(house.channel)
    house.engine.script = ((Reply(SAY("trouble.storage")),),)
    said = second.content
    asked = await house.mara.press(second, SAY("button.takes", count=2))
    assert (await house.answer(asked)).content == SAY("trouble.storage")
    assert second.content == said


async def test_words_are_not_completed_while_the_memory_is_away(house: House) -> None:
    house.engine.broken = DatabaseUnavailable("The disk is full.")
    assert await house.mara.typing(house.channel, "open", "story", "lamp") == []


async def test_lore_is_completed_by_its_words(house: House) -> None:
    await house.told()
    for keywords in ("Mara", "Tom"):
        asked = await house.mara.slash(
            house.channel, "lore", keywords=keywords, fact=f"{keywords} sings"
        )
        await house.answer(asked)
    found = await house.mara.typing(house.channel, "forget", "number", "")
    assert [choice["value"] for choice in found] == [1, 2]
    removed = await house.answer(await house.mara.slash(house.channel, "forget", number=2))
    assert removed.content.endswith(SAY("lore.removed", text="Tom sings"))


async def test_a_private_message_that_is_gone_is_sent_again(house: House) -> None:
    house.engine.script = ((Reply("One moment.", private=True, final=False), Reply("Here.")),)
    house.engine.pause = 0.2
    asked = await house.mara.slash(house.channel, "explain")
    await house.server.until(lambda: bool(asked.shown))
    asked.shown[0].deleted = True
    assert (await house.answer(asked)).content == "Here."


async def test_the_window_holds_the_passage_that_the_story_has_come_to(house: House) -> None:
    """Somebody else may have written since, in another place."""
    await house.told()
    await house.idle()
    here = Place("discord", str(house.channel.id))
    author = Author("discord", str(house.tom.user.id), "Old Tom")
    request = Request("elsewhere", here, author, c.Say("The lamp went out."))
    async with aclosing(house.engine.handle(request)) as replies:
        assert [reply.text async for reply in replies] == ["The lamp went out."]
    asked = await house.tom.slash(house.channel, "edit")
    field = (await house.opened(asked))["components"][0]["component"]
    assert field["value"] == "The lamp went out."


async def test_the_window_opens_empty_while_the_memory_is_away(house: House) -> None:
    await house.told()
    house.engine.broken = DatabaseUnavailable("The disk is full.")
    asked = await house.mara.slash(house.channel, "edit")
    assert "value" not in (await house.opened(asked))["components"][0]["component"]
