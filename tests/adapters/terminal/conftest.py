import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from adapters.terminal.adapter import TerminalAdapter
from adapters.terminal.screens import LiveScreen, PlainScreen
from core.session.engine import Engine
from core.session.messages import Author
from core.storage.database import open_database
from core.storage.library import Library
from tests.fakes import StandInNarrator
from tests.stage import Clock

ME = Author("terminal", "me", "Ada", admin=True)


@dataclass
class Desk:
    """A terminal with somebody at it, who types what they are given and goes."""

    library: Library
    folder: Path
    narrator: StandInNarrator = field(default_factory=StandInNarrator)
    prompts: list[str] = field(default_factory=list)
    out: StringIO = field(default_factory=StringIO)

    def pipe(self, *lines: str, author: Author = ME) -> str:
        """Return what came out for these lines of a script."""
        self.out = StringIO()
        self._play(PlainScreen(self.out, self.folder), lines, author)
        return self.out.getvalue()

    def tty(self, *lines: str, width: int = 60, height: int = 24) -> str:
        """Return what stands on a tty after these lines; `self.out` holds how it came there."""
        self.out = StringIO()
        console = Console(file=self.out, force_terminal=True, width=width, height=height)
        self._play(LiveScreen(console, self.folder), lines, ME)
        return standing(self.out.getvalue())

    def _play(
        self, screen: LiveScreen | PlainScreen, lines: tuple[str, ...], author: Author
    ) -> None:
        engine = Engine(self.library, self.narrator, clock=Clock(), seeds=lambda: 7)
        adapter = TerminalAdapter(
            engine, screen, self._reader(lines), author, default_language="en"
        )
        with asyncio.Runner() as runner:
            adapter.run(runner)

    def _reader(self, lines: tuple[str, ...]) -> Callable[[str], str]:
        left = iter(lines)

        def read(prompt: str) -> str:
            self.prompts.append(prompt)
            for line in left:
                return line
            raise EOFError

        return read


def standing(drawn: str) -> str:
    """Return the lines that stand on a terminal once everything was drawn, over and over."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", drawn):
        if part == "\r":
            column = 0
        elif part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A"):
            row -= int(part[2:-1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return "\n".join(line.rstrip() for line in lines)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A terminal whose stories lie in a database of their own."""
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    yield Desk(Library(database), tmp_path / "exports")
    database.close()
