"""The terminal's side of the engine: reads lines, asks, shows what comes back.

It owns the main thread: `input` waits there between turns, since no other place leaves a terminal
whole when somebody presses Ctrl-C. The event loop runs while there is a turn to answer.
"""

import asyncio
import re
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from types import FrameType
from uuid import uuid4

from adapters.delivery import deliver
from adapters.terminal.screens import LiveScreen, PlainScreen
from core.errors import Refusal
from core.session import commands as c
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.session.spelling import from_line, with_text
from core.session.wording import Voice

PLATFORM = "terminal"
PLACE = Place(PLATFORM, chat="here", private=True)
_NUMBER = re.compile(r"/(\d{1,3})")
_LEAVE = {"/quit", "/exit"}
_MOST_BYTES = 32_000_000  # of a file to import; the engine says what is too large for a story


class TerminalAdapter:
    """Plays one story after another with the person at the keyboard, or with a script.

    `read` returns the next line, given what to prompt with, and raises EOFError at the end.
    """

    def __init__(
        self,
        engine: Engine,
        screen: LiveScreen | PlainScreen,
        read: Callable[[str], str],
        author: Author,
        *,
        default_language: str,
    ) -> None:
        self._engine = engine
        self._screen = screen
        self._read = read
        self._author = author
        self._say = Voice.of(author.language, default_language)
        self._stop = asyncio.Event()

    def run(self, runner: asyncio.Runner) -> None:
        """Tell what was left open, show the story, then answer line after line to their end.

        Raises KeyboardInterrupt when somebody would not wait for a turn to stop.
        """
        self._run(runner, self._begin())
        while (line := self._next_line()) is not None:
            if line.strip():
                self._run(runner, self._answer(line))

    def _next_line(self) -> str | None:
        try:
            line = self._read("? " if self._screen.last.answer else "> ")
        except EOFError:
            return None
        return None if line.strip().lower() in _LEAVE else line

    def _run(self, runner: asyncio.Runner, turn: Coroutine[None, None, None]) -> None:
        self._stop.clear()
        try:
            with _stopped_by_ctrl_c(runner.get_loop(), self._stop):
                runner.run(turn)
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    async def _begin(self) -> None:
        left_open = await self._engine.unfinished(PLATFORM)
        for turn in left_open:
            await self._deliver(turn.request, self._engine.resume(turn))
        if not left_open:
            await self._ask(c.Show())

    async def _answer(self, line: str) -> None:
        try:
            command = self._command(line)
        except Refusal as refusal:
            await self._screen.show(Reply(self._say(refusal.key, **refusal.values)))
        else:
            await self._ask(command, said=line)

    def _command(self, line: str) -> c.Command:
        """Return what a line asks here: an answer, a numbered hint, or what it asks anywhere."""
        asked = self._screen.last.answer
        if asked is not None and not line.lstrip().startswith("/"):
            return with_text(asked, line) or c.Say(line)
        if number := _NUMBER.fullmatch(line.strip()):
            return self._offered(number[1])
        command = from_line(line)
        if isinstance(command, c.Import) and command.text:
            return c.Import(_content(Path(command.text).expanduser()))
        return command

    def _offered(self, number: str) -> c.Command:
        offered = self._screen.offered
        if not 1 <= int(number) <= len(offered):
            raise Refusal("refusal.number", given=number)
        return offered[int(number) - 1]

    async def _ask(self, command: c.Command, *, said: str = "") -> None:
        request = Request(uuid4().hex, PLACE, self._author, command)
        await self._deliver(request, self._engine.handle(request), said=said)

    async def _deliver(
        self, request: Request, replies: AsyncGenerator[Reply], *, said: str = ""
    ) -> None:
        with self._screen.turn(said):
            await deliver(self._engine, request, _until(self._stop, replies), self._screen)
        await self._look_up()

    async def _look_up(self) -> None:
        """Do what is due and show it: nobody keeps the time while a terminal waits for a line."""
        await self._engine.tick()
        for notice in self._engine.waiting(PLATFORM):
            with self._screen.turn(""):
                await self._screen.show(notice.reply)


async def _until(stop: asyncio.Event, replies: AsyncGenerator[Reply]) -> AsyncGenerator[Reply]:
    """Yield replies until nobody wants the rest.

    Closing them between two replies closes the turn for good; cancelling them would leave it open
    for the next start, as a shutdown does.
    """
    async with aclosing(replies):
        async for reply in replies:
            yield reply
            if stop.is_set():
                return


@contextmanager
def _stopped_by_ctrl_c(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> Iterator[None]:
    """Inside, the first Ctrl-C asks the turn to stop; the next cancels all that is going on."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            loop.call_soon_threadsafe(stop.set)
            return
        for task in asyncio.all_tasks(loop):
            loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _content(path: Path) -> str:
    """Read a story to import."""
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode(errors="replace")
    except OSError as error:
        raise Refusal("refusal.import", reason=f"{path}: {error.strerror}") from error
