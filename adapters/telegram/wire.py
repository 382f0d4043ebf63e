"""The wire to Telegram: every call that shows something, paced, and repeated until it arrives."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar, cast

from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from adapters.delivery import NotShown
from adapters.pacing import Pace, Pacer
from adapters.telegram.settings import Tempo
from core.session.messages import Place

T = TypeVar("T")
_log = logging.getLogger(__name__)

# The Bot API tells these apart by their text only.
_UNCHANGED = ("message is not modified",)
_GONE = (
    "message to edit not found",
    "message to delete not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
)
# Trying again would change nothing.
_FINAL = (BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken)


_MOST_NOTED = 10_000


class Unchanged(Exception):
    """The message reads like this already."""


class MessageGone(Exception):
    """The message to edit is not there any more, or is none that can be edited."""


class Wire:
    """Calls into chats: what must arrive is repeated, what may be dropped is tried once."""

    def __init__(self, bot: Bot, tempo: Tempo) -> None:
        self.bot = bot
        self.tempo = tempo
        self._pacer = Pacer(tempo.overall)
        self._moved: dict[int, int] = {}  # groups that became supergroups
        self._topics: OrderedDict[tuple[str, int], str] = OrderedDict()  # of messages of late

    def moved(self, old: int, new: int) -> None:
        """Note that a group became a supergroup, under another id."""
        self._moved[old] = new

    def note_topic(self, place: Place, message: int) -> None:
        """Note in which topic a message of ours is: reactions to it come without one."""
        if place.topic:
            self._topics[place.chat, message] = place.topic
        if len(self._topics) > _MOST_NOTED:
            self._topics.popitem(last=False)

    def topic_of(self, chat: int, message: int) -> str:
        """Return the topic of a message of ours; empty: it is in none, or was sent long ago."""
        return self._topics.get((str(chat), message), "")

    async def surely(self, place: Place, call: Callable[[int], Awaitable[T]]) -> T:
        """Make a call that must arrive; it is given the chat's id.

        Raises NotShown where it cannot arrive, Unchanged, MessageGone.
        """
        pace = self._pace(place)

        async def paced() -> T:
            await self._pacer.wait(place.chat, pace)
            try:
                return await self._once(place, call)
            except RetryAfter as error:
                self._pacer.hold(place.chat, pace, seconds(error))
                raise

        try:
            return await self.patiently(paced)
        except TelegramError as error:
            raise NotShown(error.message) from error

    async def perhaps(self, place: Place, call: Callable[[int], Awaitable[T]]) -> T:
        """Make a call that may be dropped. Raises NotShown, Unchanged, MessageGone."""
        pace = self._pace(place)
        if not self._pacer.take(place.chat, pace):
            raise NotShown("the chat's pace leaves no room")
        try:
            return await self._once(place, call)
        except RetryAfter as error:
            self._pacer.hold(place.chat, pace, seconds(error))
            raise NotShown(error.message) from error
        except TelegramError as error:
            raise NotShown(error.message) from error

    async def patiently(
        self, call: Callable[[], Awaitable[T]], *, patience: float | None = None
    ) -> T:
        """Make a call again and again until it is answered. Raises TelegramError."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + (self.tempo.patience if patience is None else patience)
        delay = self.tempo.retry
        while True:
            try:
                return await call()
            except _FINAL:
                raise
            except TelegramError as error:
                pause = seconds(error) if isinstance(error, RetryAfter) else delay
                if loop.time() + pause > give_up:
                    raise
                if delay == self.tempo.retry:  # said once, not each time
                    _log.warning("telegram: %s; trying again", error.message)
            await asyncio.sleep(pause)
            delay = min(2 * delay, self.tempo.most_retry)

    async def sign(self, place: Place) -> None:
        """Show that something is being written, where there is room for it."""
        if not self._pacer.take_overall(place.chat, self._pace(place)):
            return
        try:
            await self.bot.send_chat_action(
                self._chat(place), ChatAction.TYPING, message_thread_id=thread(place)
            )
        except RetryAfter as error:
            self._pacer.hold(place.chat, self._pace(place), seconds(error))
        except TelegramError as error:
            _log.debug("no typing sign: %s", error.message)

    async def _once(self, place: Place, call: Callable[[int], Awaitable[T]]) -> T:
        try:
            return await _settled(call(self._chat(place)))
        except ChatMigrated as error:
            self.moved(self._chat(place), error.new_chat_id)
            return await _settled(call(error.new_chat_id))

    def _chat(self, place: Place) -> int:
        chat = int(place.chat)
        return self._moved.get(chat, chat)

    def _pace(self, place: Place) -> Pace:
        return self.tempo.private if place.private else self.tempo.group


async def _settled(call: Awaitable[T]) -> T:
    """Return what a call returned. Raises Unchanged and MessageGone for what they name."""
    try:
        return await call
    except BadRequest as error:
        text = error.message.lower()
        if any(known in text for known in _UNCHANGED):
            raise Unchanged from error
        if any(known in text for known in _GONE):
            raise MessageGone from error
        raise


def seconds(error: RetryAfter) -> float:
    """Return how long Telegram asks to wait."""
    return cast("timedelta", error.retry_after).total_seconds()  # by PTB_TIMEDELTA


def thread(place: Place) -> int | None:
    """Return the topic's id as the Bot API takes it."""
    return int(place.topic) if place.topic else None
