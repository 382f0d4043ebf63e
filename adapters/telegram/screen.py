"""The screen: where one turn is shown in Telegram, from the first words to the buttons below.

In private chats a text being written is streamed as a draft, which Telegram forgets after 30
seconds, and sent when it is whole. In groups it is a message from the start, edited at the group's
pace.
"""

import asyncio
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from telegram.constants import MessageLimit

from adapters.delivery import NotShown
from adapters.splitting import utf16
from adapters.telegram.letters import Letter, Mention, letters
from adapters.telegram.press import Press, as_alert
from adapters.telegram.sheets import Sheets
from adapters.telegram.wire import Wire, thread
from core.session.messages import Place, Reply
from core.session.wording import Voice


@dataclass(frozen=True, slots=True)
class Cue:
    """What a turn was asked by: a message, or a pressed button."""

    asker: Mention
    message: int | None = None  # the asker's own message
    query: str = ""  # the callback query of a pressed button
    page: int | None = None  # the message of the pressed button, if its pages are turned in place


class TelegramScreen:
    """Shows the replies of one turn in one place."""

    def __init__(
        self,
        wire: Wire,
        place: Place,
        say: Voice,
        *,
        cue: Cue | None = None,
        ref: str = "",
    ) -> None:
        self._wire = wire
        self._place = place
        self._say = say
        self._cue = cue
        self._press = Press(wire, cue.query if cue else "")
        self._sheets = Sheets(wire, place, first=int(ref) if ref else None)
        self._ended = False  # the final reply is shown
        self._over = asyncio.Event()

    @property
    def interval(self) -> float:
        """Seconds to leave between two edits."""
        tempo = self._wire.tempo
        return tempo.private_edit if self._place.private else tempo.group_edit

    @property
    def ref(self) -> str:
        """The message to finish after a restart; in the end the one with the buttons."""
        ids = self._sheets.ids
        return str(ids[-1 if self._ended else 0]) if ids else ""

    async def show(self, reply: Reply) -> None:
        """Show a reply in place of the one before. Raises NotShown."""
        if not reply.final:
            await self._press.release()
            await self._show_snapshot(reply)
            return
        alert = as_alert(reply) if reply.private else ""
        if not (alert and await self._press.alert(alert)):
            await self._show_final(reply)
        self._ended = True

    async def accompany(self) -> None:
        """Show that something is being written until the turn is over; let a pressed button go."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sign())
            if await self._goes_on(self._wire.tempo.press):
                await self._press.release()

    async def end(self) -> None:
        """Say that the turn is over. Calls under way are let come to their end."""
        self._over.set()
        await self._press.release()

    async def _sign(self) -> None:
        tempo = self._wire.tempo
        pause = tempo.first_sign
        while await self._goes_on(pause):
            await self._wire.sign(self._place)
            pause = tempo.sign

    async def _goes_on(self, seconds: float) -> bool:
        """Wait so long; whether the turn is still not over then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return not self._over.is_set()

    async def _show_snapshot(self, reply: Reply) -> None:
        parts = letters(reply, MessageLimit.MAX_TEXT_LENGTH)
        if not self._place.private or self._sheets.ids:
            await self._sheets.put(parts, surely=False)
            return
        bot, draft = self._wire.bot, parts[-1]
        await self._wire.perhaps(
            self._place,
            lambda chat: bot.send_message_draft(
                chat,
                self._draft_id(),
                draft.text,
                message_thread_id=thread(self._place),
                entities=draft.entities,
            ),
        )

    def _draft_id(self) -> int:
        """Return the number all drafts of this turn share; Telegram takes any but zero."""
        return zlib.crc32(repr((self._place, self._cue)).encode()) % (2**31 - 1) + 1

    async def _show_final(self, reply: Reply) -> None:
        try:
            await self._place_whole(reply)
        except NotShown:
            await self._press.alert(self._say("telegram.cannot_write"))
            raise
        await self._press.release()

    async def _place_whole(self, reply: Reply) -> None:
        """Put text, buttons and files where they belong."""
        cue, sheets, group = self._cue, self._sheets, not self._place.private
        forces = bool(reply.asks and not reply.actions)
        if forces:  # such a message can neither be edited nor come of an edit
            await sheets.drop(0)
        if cue is not None and group and (reply.asks or reply.private):
            sheets.quoted = cue.message
        if cue is not None and cue.page is not None and not (forces or reply.private):
            sheets.start_at(cue.page)
        named = cue.asker if cue and group and forces and cue.message is None else None
        parts = letters(reply, MessageLimit.MAX_TEXT_LENGTH, selective=group, mention=named)
        if not sheets.ids and _is_captioned(reply, parts):
            await sheets.hand_over(reply.media[0], parts[0])
            return
        await sheets.put(parts, surely=True)
        for media in reply.media:
            await sheets.hand_over(media)


def _is_captioned(reply: Reply, parts: Sequence[Letter]) -> bool:
    """Whether it is one file whose text fits below it. A picture's caption says what it shows."""
    if len(reply.media) != 1 or len(parts) != 1 or reply.media[0].alt:
        return False
    return utf16(parts[0].text) <= MessageLimit.CAPTION_LENGTH
