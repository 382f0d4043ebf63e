"""A stage for engine tests: people ask by typing lines or pressing buttons, replies come back."""

import itertools
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.session import commands as c
from core.session import spelling
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.storage.library import Library
from tests.fakes import StandInNarrator

HERE = Place("test", "chat-1")
ANN = Author("test", "ann", "Ann", "en")
_IDS = itertools.count(1)  # a platform never gives an id twice, whatever restarts
BEN = Author("test", "ben", "Ben", "en")


class Clock:
    """A clock that moves one second each time somebody looks."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass
class Stage:
    """An engine over a library, with a narrator that needs no model."""

    library: Library
    narrator: StandInNarrator = field(default_factory=StandInNarrator)
    place: Place = HERE
    author: Author = ANN

    def __post_init__(self) -> None:
        seeds = itertools.count(100)
        self.clock = Clock()
        self.engine = Engine(
            self.library, self.narrator, clock=self.clock, seeds=lambda: next(seeds)
        )

    def request(
        self, asked: str | c.Command, *, author: Author | None = None, place: Place | None = None
    ) -> Request:
        """Return the request of a typed line, a command or a button."""
        command = spelling.from_line(asked) if isinstance(asked, str) else asked
        return Request(f"request-{next(_IDS)}", place or self.place, author or self.author, command)

    async def replies(self, request: Request) -> list[Reply]:
        """Return every reply to a request."""
        async with aclosing(self.engine.handle(request)) as replies:
            return [reply async for reply in replies]

    async def ask(
        self,
        asked: str | c.Command,
        *,
        author: Author | None = None,
        place: Place | None = None,
    ) -> Reply:
        """Return the final reply to what somebody typed or pressed."""
        replies = await self.replies(self.request(asked, author=author, place=place))
        assert [reply.final for reply in replies].count(True) == 1
        assert replies[-1].final
        return replies[-1]

    async def tell(self, *lines: str) -> Reply:
        """Ask several things and return the last reply."""
        reply = Reply("")
        for line in lines:
            reply = await self.ask(line)
        return reply


def labels(reply: Reply) -> list[str]:
    """Return the labels of a reply's buttons."""
    return [action.label for row in reply.actions for action in row]


def button(reply: Reply, label: str) -> c.Command:
    """Return what a button stands for, after its way through a platform."""
    found: Iterable[c.Command] = (
        action.command for row in reply.actions for action in row if action.label == label
    )
    return spelling.from_button(spelling.to_button(next(iter(found))))


def by(author: Author, *, admin: bool) -> Author:
    """Return the author with or without the platform's rights."""
    return replace(author, admin=admin)
