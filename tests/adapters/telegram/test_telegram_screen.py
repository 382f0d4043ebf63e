"""A screen shows replies of every kind, with as few calls as can be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from telegram import Bot

from adapters.delivery import NotShown
from adapters.pacing import Pace
from adapters.telegram.letters import Mention
from adapters.telegram.screen import Cue, TelegramScreen
from adapters.telegram.wire import Wire
from core.session import commands as c
from core.session.messages import Action, Media, Place, Reply
from core.session.wording import Voice
from tests.adapters.telegram.running import FAST
from tests.servers.telegram import Fault, TelegramServer
from tests.servers.telegram_world import Chat, text_of

PICTURE = Media("arc.png", "image/png", b"\x89PNG\r\n\x1a\n...", alt="A line that rises.")
CARD = Media("card.png", "image/png", b"\x89PNG\r\n\x1a\n...")
BOOK = Media("tale.txt", "text/plain", b"It rained.")
LONG = "It rained all day long and all night. " * 150  # two messages
GO_ON = ((Action("Go on", c.Continue(7)),),)


@dataclass
class Studio:
    """A group and a private chat, and the wire to them."""

    telegram: TelegramServer
    wire: Wire
    group: Chat
    home: Chat
    ann: Mention

    def screen(self, chat: Chat, *, cue: Cue | None = None, ref: str = "") -> TelegramScreen:
        place = Place("telegram", str(chat.id), private=chat.kind == "private")
        return TelegramScreen(self.wire, place, Voice("en"), cue=cue, ref=ref)

    def texts(self, chat: Chat) -> list[str]:
        return [text_of(message) for message in self.telegram.said(chat)]


@asynccontextmanager
async def studio() -> AsyncIterator[Studio]:
    async with TelegramServer() as telegram:
        ann = telegram.world.person("Ann")
        group, home = telegram.world.group("Lamps", ann), telegram.world.private(ann)
        async with Bot(telegram.token, base_url=f"{telegram.url}/bot") as bot:
            wire = Wire(bot, replace(FAST, patience=0.3, group=Pace(1000, 1.0)))
            yield Studio(telegram, wire, group, home, Mention(ann.id, ann.name))
        assert telegram.breaches == []


async def test_a_file_is_handed_over_with_its_text_below() -> None:
    async with studio() as it:
        await it.screen(it.group).show(Reply("Here is tale.txt.", media=(BOOK,), actions=GO_ON))
        (message,) = it.telegram.said(it.group)
        assert text_of(message) == "<tale.txt> Here is tale.txt."
        assert message["reply_markup"]["inline_keyboard"][0][0]["text"] == "Go on"
        kept = it.telegram.methods.files[message["document"]["file_id"]]
        assert (kept.content, kept.mime) == (b"It rained.", "text/plain")


async def test_a_picture_is_shown_and_its_caption_says_what_it_shows() -> None:
    async with studio() as it:
        await it.screen(it.home).show(Reply("The mood.", media=(PICTURE,), actions=GO_ON))
        assert it.texts(it.home) == ["The mood.", "<picture> A line that rises."]
        await it.screen(it.group).show(Reply("The card.", media=(CARD,)))
        assert it.texts(it.group) == ["<picture> The card."]


async def test_several_files_and_long_texts_come_after_the_text() -> None:
    async with studio() as it:
        await it.screen(it.group).show(Reply("Both.", media=(BOOK, CARD)))
        assert it.texts(it.group) == ["Both.", "<tale.txt> ", "<picture> "]
        await it.screen(it.home).show(Reply("It rained. " * 120, media=(BOOK,)))
        assert it.texts(it.home)[1:] == ["<tale.txt> "]


async def test_a_file_after_a_text_being_written_follows_it() -> None:
    async with studio() as it:
        screen = it.screen(it.group)
        await screen.show(Reply("It", final=False))
        await screen.show(Reply("It rained.", media=(BOOK,)))
        assert it.texts(it.group) == ["It rained.", "<tale.txt> "]


async def test_messages_that_are_not_needed_any_more_are_taken_away() -> None:
    async with studio() as it:
        screen = it.screen(it.group)
        await screen.show(Reply(LONG, final=False))
        first, second = it.telegram.said(it.group)
        assert screen.ref == str(first["message_id"])
        del it.group.messages[second["message_id"]]
        await screen.show(Reply("The narrator stumbled."))
        assert it.texts(it.group) == ["The narrator stumbled."]


async def test_the_end_of_a_long_text_is_where_replies_go() -> None:
    async with studio() as it:
        screen = it.screen(it.group)
        await screen.show(Reply(LONG, actions=GO_ON))
        assert [str(message["message_id"]) for message in it.telegram.said(it.group)][
            1
        ] == screen.ref


async def test_what_reads_the_same_is_not_sent_again() -> None:
    async with studio() as it:
        screen = it.screen(it.group)
        for _ in range(3):
            await screen.show(Reply("It rained.", final=False))
        await screen.show(Reply("It rained."))
        assert it.telegram.made("editMessageText") == []


async def test_after_a_restart_the_same_text_is_taken_for_shown() -> None:
    async with studio() as it:
        before = it.screen(it.group)
        await before.show(Reply("It rained.", final=False))
        after = it.screen(it.group, ref=before.ref)
        await after.show(Reply("It rained."))
        assert it.telegram.refusals[0].startswith("editMessageText: message is not modified")
        assert it.texts(it.group) == ["It rained."]
        assert after.ref == before.ref


async def test_a_question_is_a_message_of_its_own() -> None:
    async with studio() as it:
        cue = Cue(it.ann, query="q1")
        it.telegram.methods.pressed["q1"] = "Ann"
        screen = it.screen(it.group, cue=cue)
        await screen.show(Reply("Thinking", final=False))
        await screen.show(Reply("How?", asks="How?"))
        (message,) = it.telegram.said(it.group)
        assert text_of(message) == "Ann\n\nHow?"
        assert message["reply_markup"]["selective"]


async def test_a_page_whose_message_is_a_file_is_turned_in_a_new_one() -> None:
    async with studio() as it:
        await it.screen(it.group).show(Reply("Here.", media=(BOOK,)))
        (message,) = it.telegram.said(it.group)
        cue = Cue(it.ann, page=message["message_id"])
        await it.screen(it.group, cue=cue).show(Reply("Take 2"))
        assert it.texts(it.group) == ["<tale.txt> Here.", "Take 2"]


async def test_a_snapshot_without_room_is_not_shown() -> None:
    async with studio() as it:
        it.wire.tempo = replace(FAST, private=Pace(1, 60.0))
        screen = it.screen(it.home)
        await screen.show(Reply("It", final=False))
        with pytest.raises(NotShown, match="pace"):
            await screen.show(Reply("It rained", final=False))


@pytest.mark.parametrize("fault", [Fault(code=502), Fault(retry_after=1)])
async def test_a_snapshot_that_fails_is_not_tried_again(fault: Fault) -> None:
    async with studio() as it:
        it.telegram.faults.append(fault)
        with pytest.raises(NotShown):
            await it.screen(it.group).show(Reply("It", final=False))
        assert len(it.telegram.calls) == 2  # with getMe


async def test_patience_ends_where_telegram_stays_away() -> None:
    async with studio() as it:
        it.telegram.faults.append(Fault("sendMessage", code=502, times=999))
        with pytest.raises(NotShown, match="Bad Gateway"):
            await it.screen(it.group).show(Reply("It rained."))
        assert len(it.telegram.made("sendMessage")) > 3


async def test_an_alert_that_nobody_waits_for_becomes_a_message() -> None:
    async with studio() as it:
        screen = it.screen(it.group, cue=Cue(it.ann, query="long-ago"))
        await screen.show(Reply("Noted.", private=True))
        assert it.texts(it.group) == ["Noted."]


async def test_a_press_forgotten_by_telegram_harms_nothing() -> None:
    async with studio() as it:
        screen = it.screen(it.group, cue=Cue(it.ann, query="long-ago"))
        await screen.show(Reply("It rained."))
        assert it.texts(it.group) == ["It rained."]


async def test_a_chat_that_is_not_there_is_not_shown_to() -> None:
    async with studio() as it:
        nowhere = Place("telegram", "-4711")
        with pytest.raises(NotShown, match=r"(?i)chat not found"):
            await TelegramScreen(it.wire, nowhere, Voice("en")).show(Reply("Hello"))
