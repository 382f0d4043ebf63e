"""Screens: where replies are shown in a terminal, live on a tty or once through a pipe."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from adapters.terminal import pages
from adapters.terminal.files import keep
from adapters.terminal.hints import hints
from core.session.commands import Command
from core.session.messages import Media, Reply

_FRAMES = 12  # drawn a second while a text is written


class LiveScreen:
    """A tty: the text grows while it is written, and stays, with hints, when it is whole."""

    interval = 1 / _FRAMES
    ref = ""  # what was printed cannot be found again after a restart

    def __init__(self, console: Console, exports: Path) -> None:
        self.last = Reply("")  # the newest final reply
        self.offered: tuple[Command, ...] = ()  # what the newest numbered hints stand for
        self._console = console
        self._exports = exports
        self._heading = ""
        self._said = ""
        self._live = Live(console=console)

    @contextmanager
    def turn(self, said: str) -> Iterator[None]:
        """Show one turn inside; `said` stands on the screen already and is not shown again."""
        self._said = pages.harmless(said)
        self._live = Live(
            pages.waiting(self._console),
            console=self._console,
            refresh_per_second=_FRAMES,
            transient=True,
        )
        with self._live:
            yield

    async def show(self, reply: Reply) -> None:
        """Show a reply in place of the one before; a final one for good."""
        heading = reply.heading != self._heading
        if reply.final:
            self._live.update(Text(), refresh=True)
            self._print(reply, heading=heading)
        else:
            growing = pages.being_written(reply, self._console, heading=heading)
            self._live.update(growing, refresh=True)

    def _print(self, reply: Reply, *, heading: bool) -> None:
        self._console.print()
        said = pages.harmless(reply.text) == self._said
        for block in pages.finished(reply, self._console, heading=heading, text=not said):
            self._console.print(block)
        for line in _kept(reply.media, self._exports):
            self._console.print(Text(f"  {line}\n", style="cyan"), soft_wrap=True)
        self._heading = reply.heading or self._heading
        self.last = reply
        self.offered = hints(reply).numbered if reply.actions else self.offered


class PlainScreen:
    """A pipe: the final texts as plain lines, an empty one after each."""

    interval = 3600.0  # a final reply does not wait for it, and nothing else is shown
    ref = ""

    def __init__(self, out: TextIO, exports: Path) -> None:
        self.last = Reply("")
        self.offered: tuple[Command, ...] = ()
        self._out = out
        self._exports = exports
        self._heading = ""

    @contextmanager
    def turn(self, said: str) -> Iterator[None]:  # noqa: ARG002  # a pipe echoes nothing
        """Show one turn inside."""
        yield

    async def show(self, reply: Reply) -> None:
        """Print a final reply."""
        if not reply.final:
            return
        text = pages.plain(reply, heading=reply.heading != self._heading)
        for line in (text, *_kept(reply.media, self._exports), ""):
            print(line, file=self._out)
        self._out.flush()
        self._heading = reply.heading or self._heading
        self.last = reply
        self.offered = hints(reply).numbered if reply.actions else self.offered


def _kept(media: Sequence[Media], folder: Path) -> Iterator[str]:
    """Yield where each file was written, or why it could not be."""
    for file in media:
        try:
            yield str(keep(file.name, file.content, folder))
        except OSError as error:
            yield pages.harmless(f"{error.filename or folder}: {error.strerror}")
