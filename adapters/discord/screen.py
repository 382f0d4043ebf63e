"""The screen: one turn's replies as Discord messages.

A text that outgrows one message goes on in the next; a message that somebody deleted is sent again;
an edit that would change nothing is not made.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from adapters.delivery import NotShown
from adapters.discord.actions import view_of
from adapters.discord.layout import files_of, pages, with_apology
from adapters.discord.ways import Denied, Gone, Sheet, Trouble, Way
from core.session import commands as c
from core.session.messages import Reply
from core.session.wording import Voice

# Discord lets a channel have five messages or edits in five seconds, those of others included.
EDIT_EVERY = 1.5
# Seconds between the tries to bring a final text, beyond the library's: a quarter of an hour.
PATIENCE = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, *(60.0,) * 14)


@dataclass(slots=True)
class Shown:
    """A message of ours, and what it shows."""

    id: int
    content: str | None = None  # None: nothing of this turn yet
    drawn: bool = False  # it has buttons or files


class DiscordScreen:
    """Shows the replies of one turn."""

    def __init__(
        self,
        way: Way,
        say: Voice,
        *,
        first: int | None = None,
        turns: c.Command | None = None,
        patience: tuple[float, ...] = PATIENCE,
    ) -> None:
        self._way = way
        self._say = say
        self._shown = [] if first is None else [Shown(first)]
        self._turns = turns  # `first` has a button of this command, and is turned like a page
        self._patience = patience
        self._reply: Reply | None = None

    @property
    def interval(self) -> float:
        """Seconds to leave between two edits."""
        return EDIT_EVERY

    @property
    def ref(self) -> str:
        """The message to finish after a restart; in the end the one with the buttons."""
        if not self._shown or self._way.private:
            return ""
        ended = self._reply is not None and self._reply.final
        return str(self._shown[-1 if ended else 0].id)

    async def show(self, reply: Reply) -> None:
        """Show a reply in place of the one before. Raises NotShown."""
        waits = iter(self._patience if reply.final else ())
        while True:
            try:
                await self._show(reply)
            except Trouble as error:
                wait = next(waits, None) if error.passing else None
                if wait is None:
                    if reply.final and isinstance(error, Denied):
                        await self._way.tell_asker(self._say)
                    raise NotShown(str(error)) from error
                await asyncio.sleep(wait)
            else:
                self._reply = reply
                return

    async def _show(self, reply: Reply) -> None:
        if self._turns is not None and not _turns_to(reply, self._turns):
            self._shown, self._turns = [], None  # that page stays as it is
        if reply.private and not (self._way.private or self._way.alone):
            await self._turn_private()
        files = files_of(reply, self._way.most_bytes)
        reply = with_apology(reply, files, self._say)
        view = view_of(reply, self._say)
        contents = pages(reply)
        for number, content in enumerate(contents[:-1]):
            await self._page(number, Sheet(content, None, None))
        await self._page(len(contents) - 1, Sheet(contents[-1], view, files))
        for extra in self._shown[len(contents) :]:
            await self._drop(extra)

    async def _turn_private(self) -> None:
        """Take back what everybody sees: the answer is for the asker alone."""
        for shown in list(self._shown):
            await self._drop(shown)
        self._way = self._way.to_asker()

    async def _drop(self, shown: Shown) -> None:
        with suppress(Gone):
            await self._way.delete(shown.id)
        self._shown.remove(shown)

    async def _page(self, number: int, sheet: Sheet) -> None:
        """Bring a sheet to the message of this number, if it does not stand there already."""
        draws = sheet.view is not None or bool(sheet.files and sheet.files.sent)
        if number == len(self._shown):
            self._shown.append(Shown(await self._way.send(sheet, number)))
        elif draws or self._shown[number].drawn or self._shown[number].content != sheet.content:
            try:
                await self._way.edit(self._shown[number].id, sheet)
            except Gone:
                self._shown[number].id = await self._way.send(sheet, number)
        self._shown[number].content, self._shown[number].drawn = sheet.content, draws


def _turns_to(reply: Reply, turns: c.Command) -> bool:
    """Whether a page may be turned to this reply: a passage only to another passage."""
    browses = isinstance(turns, c.Takes | c.Pick)
    return not reply.private and (reply.passage is not None or not browses)
