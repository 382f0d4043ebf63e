"""Delivery: brings the replies of one turn to a screen, at the pace its platform allows.

An answer that is there at once is shown, and that is all. While a text is being written two tasks
work side by side: one pulls replies to the end, whatever the platform does, so that a lost message
never costs a passage; the other shows the newest of them. Replies are snapshots: those that come
between two edits are dropped, the final one is always shown.
"""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Protocol

from core.errors import TaleturnError
from core.session.engine import Engine
from core.session.messages import Reply, Request

_log = logging.getLogger(__name__)


class NotShown(TaleturnError):
    """The platform did not take a reply; the text says why."""


class Screen(Protocol):
    """Where one turn is shown and updated: the platform's side of a reply."""

    @property
    def interval(self) -> float:
        """Seconds to leave between two edits while the text is being written."""

    @property
    def ref(self) -> str:
        """The message it is shown in, as `engine.shown` keeps it; empty until there is one."""

    async def show(self, reply: Reply) -> None:
        """Show a reply in place of the one before. Raises NotShown."""


async def deliver(
    engine: Engine, request: Request, replies: AsyncGenerator[Reply], screen: Screen
) -> None:
    """Show a turn's replies: the first at once, then the newest every `interval`, then the final.

    The replies are pulled to their end even where none can be shown. Cancelled, it closes them.
    """
    newest = _Newest()
    async with aclosing(replies):
        try:
            grows = await _first(replies, newest)
        except Exception:  # what came before is shown all the same
            await _show(engine, request, newest, screen)
            raise
        if not grows:
            await _show(engine, request, newest, screen)
            return
        # Not a TaskGroup: a screen that breaks must not cancel the pulling; gather waits for both.
        ends = await asyncio.gather(
            _pull(replies, newest), _show(engine, request, newest, screen), return_exceptions=True
        )
    for error in ends:
        if error is not None:
            raise error


class _Newest:
    """The newest reply not shown yet."""

    def __init__(self) -> None:
        self._reply: Reply | None = None
        self._ended = False
        self._changed = asyncio.Event()

    def put(self, reply: Reply) -> None:
        self._reply = reply
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    async def take(self, not_before: float) -> Reply | None:
        """Wait for a reply that is due: final, the last, or after that loop time; None: no more."""
        loop = asyncio.get_running_loop()
        while True:
            reply = self._reply
            if reply is not None and (reply.final or self._ended or loop.time() >= not_before):
                self._reply = None
                return reply
            if reply is None and self._ended:
                return None
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(None if reply is None else not_before):
                    await self._changed.wait()


async def _first(replies: AsyncGenerator[Reply], newest: _Newest) -> bool:
    """Pull the first reply; one that is final to the end. Return whether a longer one follows."""
    try:
        async for reply in replies:
            newest.put(reply)
            if not reply.final:
                return True
    except BaseException:
        newest.end()
        raise
    newest.end()
    return False


async def _pull(replies: AsyncGenerator[Reply], newest: _Newest) -> None:
    try:
        async for reply in replies:
            newest.put(reply)
    finally:
        newest.end()


async def _show(engine: Engine, request: Request, newest: _Newest, screen: Screen) -> None:
    loop = asyncio.get_running_loop()
    told = ""  # the message the engine knows of
    next_edit = -math.inf
    while (reply := await newest.take(next_edit)) is not None:
        try:
            await screen.show(reply)
        except NotShown as error:
            if reply.final:
                platform = request.place.platform
                _log.warning("%s did not show the answer to %s: %s", platform, request.id, error)
        next_edit = loop.time() + screen.interval
        if screen.ref != told and _is_found_again(request, reply):
            told = screen.ref
            await engine.shown(request, told)


def _is_found_again(request: Request, reply: Reply) -> bool:
    """Whether the message matters later: to a restart, a reply, a reaction, or for its topic."""
    means_something = reply.passage is not None or reply.answer is not None
    return not reply.final or means_something or bool(request.place.topic)
