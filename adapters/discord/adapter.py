"""The Discord adapter: connects, offers the commands, and answers until it is cancelled."""

import asyncio
import logging
from contextlib import aclosing
from weakref import WeakValueDictionary

from discord.backoff import ExponentialBackoff

from adapters.delivery import deliver
from adapters.discord.actions import Button, Menu
from adapters.discord.answering import Answering
from adapters.discord.client import TaleClient
from adapters.discord.entering import OutOfReach, connected, log_in, told_apart
from adapters.discord.places import PLATFORM
from adapters.discord.screen import DiscordScreen
from adapters.discord.settings import DiscordSettings
from adapters.discord.slash import Catalogue, tree_of
from adapters.discord.ways import ChannelWay
from core.errors import TaleturnError
from core.session.engine import Engine
from core.session.messages import Notice, Place, Unfinished
from core.session.wording import Voice

_log = logging.getLogger(__name__)

_GRACE = 3.0  # seconds at a shutdown for turns that are about to end


class DiscordAdapter:
    """Brings an engine to Discord."""

    def __init__(self, engine: Engine, settings: DiscordSettings) -> None:
        self._engine = engine
        self._settings = settings

    async def run(self) -> None:
        """Answer until cancelled. Raises SettingsError for what cannot work.

        Cancelled, it gives turns a moment to end; those that do not are told to their end at the
        next start. Where Discord is out of reach, it tries again, less and less often.
        """
        backoff = ExponentialBackoff()
        while True:
            try:
                await self._serve()
            except OutOfReach as error:
                wait = backoff.delay()
                _log.warning("discord is out of reach: %s; next try in %.0f s", error, wait)
                await asyncio.sleep(wait)

    async def _serve(self) -> None:
        async with TaleClient(self._engine, self._settings) as client:
            answering = Answering(client)
            for handler in answering.handlers:
                client.event(handler)
            await self._log_in(client)
            left = await self._engine.unfinished(PLATFORM)
            try:
                async with asyncio.TaskGroup() as tasks:
                    for unfinished in left:
                        tasks.create_task(self._resume(client, unfinished))
                    board = tasks.create_task(self._post_notices(client, tasks))
                    ended = await connected(client)
                    board.cancel()
            finally:
                await answering.finish(_GRACE)
            raise ended

    async def _log_in(self, client: TaleClient) -> None:
        """Present the token and offer the commands. Raises SettingsError, OutOfReach."""
        client.add_dynamic_items(Button, Menu)
        tree = tree_of(client)
        await tree.set_translator(Catalogue())
        await log_in(client, self._settings)
        with told_apart(self._settings):
            await tree.sync()

    async def _resume(self, client: TaleClient, unfinished: Unfinished) -> None:
        """Tell a turn to its end that a restart cut off, in the message where it began."""
        request = unfinished.request
        way = ChannelWay(client, request.place, request=request)
        first = int(unfinished.screen) if unfinished.screen else None
        screen = DiscordScreen(way, self._voice(request.author.language), first=first)
        try:
            await deliver(self._engine, request, self._engine.resume(unfinished), screen)
        except TaleturnError:
            _log.exception("discord: a turn of before the restart could not be told to its end")

    async def _post_notices(self, client: TaleClient, tasks: asyncio.TaskGroup) -> None:
        """Show what nobody asked for: in order in each place, no place waiting for another."""
        lanes: WeakValueDictionary[Place, asyncio.Lock] = WeakValueDictionary()
        async with aclosing(self._engine.notices(PLATFORM)) as notices:
            async for notice in notices:
                lane = lanes.setdefault(notice.place, asyncio.Lock())
                tasks.create_task(self._post(client, notice, lane))

    async def _post(self, client: TaleClient, notice: Notice, lane: asyncio.Lock) -> None:
        screen = DiscordScreen(ChannelWay(client, notice.place), self._voice(""))
        async with lane:
            try:
                await screen.show(notice.reply)
                await self._engine.posted(notice, screen.ref)
            except TaleturnError as error:  # nobody waits for it
                _log.warning("discord did not show a notice: %s", error)

    def _voice(self, language: str) -> Voice:
        return Voice.of(language, self._settings.language)
