"""The messages one turn is written on: sent, edited, handed over, taken away."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from telegram import InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import MessageLimit

from adapters.delivery import NotShown
from adapters.splitting import split, utf16
from adapters.telegram.letters import Letter
from adapters.telegram.wire import MessageGone, Unchanged, Wire, thread
from core.session.messages import Media, Place

T = TypeVar("T")
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A message of ours and what stands in it; None: that is not known."""

    id: int
    letter: Letter | None


class Sheets:
    """The messages of one turn in one place, in order."""

    def __init__(self, wire: Wire, place: Place, *, first: int | None = None) -> None:
        self._wire = wire
        self._place = place
        self._sheets = [_Sheet(first, None)] if first is not None else []
        self.quoted: int | None = None  # the asker's message, which new ones answer

    @property
    def ids(self) -> list[int]:
        """The ids of the messages."""
        return [sheet.id for sheet in self._sheets]

    def start_at(self, message: int) -> None:
        """Begin in a message that is there already."""
        self._sheets = [_Sheet(message, None)]

    async def put(self, parts: Sequence[Letter], *, surely: bool) -> None:
        """Make the messages read like these, with as few calls as can be.

        What is not sent surely may be dropped. Raises NotShown.
        """
        for index, part in enumerate(parts):
            if index < len(self._sheets):
                await self._rewrite(index, part, surely=surely)
            else:
                self._sheets.append(await self._write(part, surely=surely))
        await self.drop(len(parts))

    async def drop(self, kept: int) -> None:
        """Take the messages after the first `kept` away."""
        bot = self._wire.bot
        while len(self._sheets) > kept:
            sheet = self._sheets.pop()
            with suppress(NotShown, MessageGone):
                await self._wire.surely(
                    self._place, partial(bot.delete_message, message_id=sheet.id)
                )

    async def hand_over(self, media: Media, caption: Letter | None = None) -> None:
        """Send a file with what is said about it; a picture, where a chat can show it."""
        bot, said = self._wire.bot, caption or _said_of(media)

        def send(chat: int) -> Awaitable[Message]:
            common: dict[str, Any] = {
                "caption": said.text or None,
                "caption_entities": said.entities,
                "reply_markup": said.markup,
                "filename": media.name,
                "message_thread_id": thread(self._place),
                "reply_parameters": self._answered(),
                "read_timeout": self._wire.tempo.send_silence,
            }
            if media.is_picture:
                return bot.send_photo(chat, media.content, **common)
            return bot.send_document(chat, media.content, **common)

        message = await self._wire.surely(self._place, send)
        if caption is not None:
            self._sheets.append(self._sheet(message, caption))

    async def _rewrite(self, index: int, part: Letter, *, surely: bool) -> None:
        sheet = self._sheets[index]
        if sheet.letter == part:
            return
        bot = self._wire.bot
        markup = part.markup if isinstance(part.markup, InlineKeyboardMarkup) else None
        with suppress(Unchanged):
            try:
                await self._call(
                    lambda chat: bot.edit_message_text(
                        part.text,
                        chat,
                        sheet.id,
                        entities=part.entities,
                        reply_markup=markup,
                        link_preview_options=NO_PREVIEW,
                    ),
                    surely=surely,
                )
            except MessageGone:
                self._sheets[index] = await self._write(part, surely=surely)
                return
        self._sheets[index] = replace(sheet, letter=part)

    async def _write(self, part: Letter, *, surely: bool) -> _Sheet:
        bot = self._wire.bot
        message = await self._call(
            lambda chat: bot.send_message(
                chat,
                part.text,
                entities=part.entities,
                reply_markup=part.markup,
                message_thread_id=thread(self._place),
                link_preview_options=NO_PREVIEW,
                reply_parameters=self._answered(),
                read_timeout=self._wire.tempo.send_silence,
            ),
            surely=surely,
        )
        return self._sheet(message, part)

    def _sheet(self, message: Message, letter: Letter) -> _Sheet:
        self._wire.note_topic(self._place, message.message_id)
        return _Sheet(message.message_id, letter)

    async def _call(self, call: Callable[[int], Awaitable[T]], *, surely: bool) -> T:
        wire = self._wire
        return await (wire.surely if surely else wire.perhaps)(self._place, call)

    def _answered(self) -> ReplyParameters | None:
        if self.quoted is None:
            return None
        return ReplyParameters(self.quoted, allow_sending_without_reply=True)


def _said_of(media: Media) -> Letter:
    """Return what a picture shows, as its caption."""
    return Letter((split(media.alt, MessageLimit.CAPTION_LENGTH, utf16) or [""])[0])
