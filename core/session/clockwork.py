"""What goes on though nobody asks: it looks at the deadlines, and tells places what is new."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import datetime
from functools import partial

from core.errors import StorageError
from core.session import timekeeping
from core.session.messages import Notice, Reply, Request
from core.session.notices import Board
from core.session.telling import Do
from core.session.turns import Turn
from core.storage.library import Transaction

log = logging.getLogger(__name__)

_TICK = 15.0  # seconds between two looks at the deadlines


class Clockwork:
    """Does what is due for stories that are told by order, and spreads their news."""

    def __init__(
        self,
        do: Do,
        handle: Callable[[Request], AsyncGenerator[Reply]],
        board: Board,
        clock: Callable[[], datetime],
        default_language: str,
    ) -> None:
        """`handle` answers a request: the narrator asks like everybody else at its own turn."""
        self._do = do
        self._handle = handle
        self._board = board
        self._clock = clock
        self._default_language = default_language
        self._news = asyncio.Event()  # there may be something due

    async def spread(self, turn: Turn) -> None:
        """Tell the other places of a story what became of it here."""
        if turn.story is None or turn.group is None:
            return
        try:
            found = await self._do(lambda tx: timekeeping.news(tx, turn, self._default_language))
        except StorageError:
            log.exception("news not told", extra={"turn": turn.id})
            return
        for notice in found:
            self._board.post(notice)
        self._news.set()

    async def run(self) -> None:
        """Do what is due, without end."""
        async with asyncio.TaskGroup() as ticks:
            while True:
                self._news.clear()
                ticks.create_task(self.tick())  # a slow narrator's turn holds up no deadline
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TICK):
                        await self._news.wait()

    async def tick(self) -> None:
        """Do what is due now."""
        now = self._clock()
        try:
            due = await self._do(lambda tx: tx.groups_due(now))
        except StorageError:
            log.exception("deadlines not looked at")
            return
        async with asyncio.TaskGroup() as clocks:
            for story in due:
                clocks.create_task(self._strike(story))

    async def _strike(self, story: int) -> None:
        """Do what is due for one story; what breaks there stops no other story's clock."""
        try:
            step = await self._do(partial(self._step, story))
            for notice in step.notices:
                self._board.post(notice)
            if step.request is not None:
                await self._narrate(step.request)
        except Exception:  # the edge of a story's clock, as the turn boundary is of a turn
            log.exception("a deadline was not kept", extra={"story": story})

    def _step(self, story: int, tx: Transaction) -> timekeeping.Step:
        return timekeeping.step(tx, story, self._default_language, self._clock())

    async def _narrate(self, request: Request) -> None:
        """Let the narrator take its turn; what it wrote is shown, what failed is tried again."""
        async with aclosing(self._handle(request)) as replies:
            async for reply in replies:
                if reply.final and reply.passage is not None:
                    self._board.post(Notice(request.place, reply))
