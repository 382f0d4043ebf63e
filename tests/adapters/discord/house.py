"""A Discord with the bot in it: what the tests of the adapter stand in."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.settings import DiscordSettings
from core.errors import StorageError
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.session.recalling import Kind
from core.storage.library import Library, Tally
from tests.fakes import StandInNarrator
from tests.servers.discord_interactions import Interaction
from tests.servers.discord_server import DiscordServer
from tests.servers.discord_world import Channel, Message

Json = Any
_HANDLES = re.compile(r"discord\.py: on_(?!connect|ready|shard|resumed|disconnect|guild)")


class Scripted(Engine):
    """The real engine; but what stands in `script` is replied instead, request by request."""

    script: tuple[tuple[Reply, ...], ...] = ()
    broken: StorageError | None = None  # what `suggestions` and `draft` raise
    pause = 0.0  # seconds after each reply of the script

    async def handle(self, request: Request) -> AsyncGenerator[Reply]:
        if not self.script:
            async with aclosing(super().handle(request)) as replies:
                async for reply in replies:
                    yield reply
            return
        replied, *rest = self.script
        self.script = tuple(rest)
        for reply in replied:
            yield reply
            await asyncio.sleep(self.pause)

    async def suggestions(
        self, place: Place, author: Author, kind: Kind, typed: str
    ) -> list[tuple[str, str]]:
        if self.broken is not None:
            raise self.broken
        return await super().suggestions(place, author, kind, typed)

    async def draft(self, place: Place, author: Author, at: int | None) -> Reply | None:
        if self.broken is not None:
            raise self.broken
        return await super().draft(place, author, at)


class House:
    """The server, the engine, the adapter between them, and people."""

    def __init__(self, server: DiscordServer, library: Library, **settings: Any) -> None:
        self.server = server
        self.library = library
        self.narrator = StandInNarrator()
        self.engine = Scripted(library, self.narrator)
        self.guild = server.guild("Tale House")
        self.channel = server.text_channel("stories", self.guild)
        self.mara = server.somebody("Mara")
        self.tom = server.somebody("Old Tom")
        self._settings = settings

    @asynccontextmanager
    async def open(self, **settings: Any) -> AsyncIterator[None]:
        """Let the bot in; at the end it leaves as at a shutdown."""
        token, api = self.server.token, self.server.api
        self.engine = Scripted(self.library, self.narrator)
        adapter = DiscordAdapter(
            self.engine,
            DiscordSettings(**{"token": token, "api_base": api, **self._settings, **settings}),
        )
        running = asyncio.create_task(adapter.run())
        ready = asyncio.create_task(self.server.ready())
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        try:
            if running.done():
                await running
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def idle(self) -> None:
        """Wait until the bot has nothing to do: what it was told of is answered."""
        await asyncio.sleep(0.02)  # what was sent to it is on its way through the loopback
        while busy := [t for t in asyncio.all_tasks() if _HANDLES.search(t.get_name())]:
            await asyncio.wait(busy)

    async def answer(self, asked: Interaction, *, seconds: float = 5.0) -> Message:
        """Wait for the answer as it stays, and return its message."""
        await self.server.until(lambda: bool(asked.shown), seconds=seconds)
        await self.idle()
        return asked.shown[-1]

    def tally(self, message: Message) -> Tally:
        """Return the thumbs of the passage a message shows."""
        rating = next(b["custom_id"] for b in message.buttons if b["custom_id"].startswith("rate"))
        with self.library.begin() as tx:
            return tx.tally(int(rating.rpartition(".")[2]))

    async def opened(self, asked: Interaction) -> Json:
        """Wait for the window that was opened, and return it."""
        await self.server.until(lambda: asked.modal is not None)
        return asked.modal

    async def finished(self, asked: Interaction) -> Message:
        """Wait for an answer that has buttons, and return its message."""
        await self.server.until(lambda: bool(asked.shown and asked.shown[-1].buttons))
        return asked.shown[-1]

    async def told(self, where: Channel | None = None, premise: str = "a lighthouse") -> Message:
        """Begin a story and return its opening's message."""
        asked = await self.mara.slash(where or self.channel, "new", premise=premise)
        return await self.finished(asked)
