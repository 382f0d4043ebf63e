"""The adapter: connects to Telegram, registers the commands, and answers until it is cancelled."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

from telegram import BotCommand, Update
from telegram.error import InvalidToken, TelegramError

from adapters.telegram.calling import bot_of
from adapters.telegram.listening import Listener
from adapters.telegram.reading import PLATFORM
from adapters.telegram.receiving import polled, pushed, refused
from adapters.telegram.settings import TelegramSettings, Tempo
from adapters.telegram.wire import Wire
from core.errors import SettingsError
from core.session.engine import Engine
from core.session.wording import Voice, languages, menu

_log = logging.getLogger(__name__)


class TelegramAdapter:
    """Brings an engine to Telegram."""

    def __init__(
        self, engine: Engine, settings: TelegramSettings, tempo: Tempo | None = None
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._tempo = tempo or Tempo()

    async def run(self) -> None:
        """Answer until cancelled. Raises SettingsError for a token or webhook that cannot work.

        Cancelled, it takes no more updates and gives turns a moment to end; those that do not are
        told to their end at the next start.
        """
        # At INFO the HTTP client logs every address it calls, and the token is part of them.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        try:
            async with self._connected() as wire, asyncio.TaskGroup() as tasks:
                await self._answer(wire, _Turns(tasks))
        except ExceptionGroup as group:
            raise group.exceptions[0] from group

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Wire]:
        bot = bot_of(self._settings, self._tempo)
        wire = Wire(bot, self._tempo)
        try:
            await wire.patiently(bot.initialize)
            yield wire
        except InvalidToken:
            raise SettingsError(
                refused(self._settings)
            ) from None  # the library's error holds the token
        finally:
            await bot.shutdown()

    async def _answer(self, wire: Wire, turns: "_Turns") -> None:
        listener = Listener(self._engine, wire, self._settings.language)
        for unfinished in await self._engine.unfinished(PLATFORM):
            turns.start(listener.resume(unfinished))
        turns.start(self._register(wire))
        board = turns.start(self._post_notices(listener, turns))
        try:
            async with aclosing(self._updates(wire)) as updates:
                async for update in updates:
                    turns.start(listener.hear(update))
        finally:
            board.cancel()
            await turns.finish(self._tempo.grace)

    def _updates(self, wire: Wire) -> AsyncGenerator[Update]:
        if self._settings.mode == "webhook":
            return pushed(wire, self._settings)
        return polled(wire, self._settings)

    async def _register(self, wire: Wire) -> None:
        """Tell Telegram the commands, in every language the bot speaks."""
        first = Voice.of(self._settings.language, "").language
        menus = [(None, first), *((tag.partition("-")[0], tag) for tag in languages())]
        try:
            for code, language in menus:
                commands = [BotCommand(name, about) for name, about in menu(language)]
                call = partial(wire.bot.set_my_commands, commands, language_code=code)
                await wire.patiently(call)
        except TelegramError as error:
            _log.warning("telegram does not list the commands: %s", error.message)

    async def _post_notices(self, listener: Listener, turns: "_Turns") -> None:
        async with aclosing(self._engine.notices(PLATFORM)) as notices:
            async for notice in notices:
                turns.start(listener.post(notice))


class _Turns:
    """What is being answered at this moment; their task group owns them."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something; it ends by itself."""
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def finish(self, grace: float) -> None:
        """Wait a moment for those that are about to end."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
