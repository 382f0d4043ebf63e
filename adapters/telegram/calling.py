"""How calls go out: over HTTP, so many at a time, each on a connection of its own."""

import asyncio
import ssl
from functools import cache
from typing import Any

import httpx
from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from adapters.telegram.settings import TelegramSettings, Tempo

_CONNECTIONS = 256  # calls at the same time; others wait for a free one


def bot_of(settings: TelegramSettings, tempo: Tempo) -> Bot:
    """Return the library's bot, calling where the settings say."""
    return Bot(
        settings.token,
        base_url=f"{settings.api_base}/bot",
        base_file_url=f"{settings.api_base}/file/bot",
        request=Calling(tempo, _CONNECTIONS),
        get_updates_request=Calling(tempo, 1),
    )


class Calling(BaseRequest):
    """The library's HTTP clients, one a connection; the one used last is used next.

    Calls that share one of them race for its connections: with a hundred at once each winner wakes
    all others, and a processor is busy with that alone (measured: 150 calls took over 30 s).
    """

    __slots__ = ("_clients", "_free", "_idle", "_silence")

    def __init__(self, tempo: Tempo, connections: int) -> None:
        self._silence = tempo.silence
        self._free = asyncio.Semaphore(connections)
        self._clients: list[HTTPXRequest] = []
        self._idle: list[HTTPXRequest] = []

    @property
    def read_timeout(self) -> float:
        """Seconds without an answer after which a call is given up."""
        return self._silence

    async def initialize(self) -> None:
        """Nothing: clients are made when they are needed."""

    async def shutdown(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.shutdown()

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Make one call as soon as a connection is free for it."""
        async with self._free:
            client = self._idle.pop() if self._idle else self._one_more()
            try:
                return await client.do_request(*args, **kwargs)
            finally:
                self._idle.append(client)

    def _one_more(self) -> HTTPXRequest:
        client = HTTPXRequest(
            connection_pool_size=1,
            read_timeout=self._silence,
            write_timeout=self._silence,
            connect_timeout=self._silence,
            httpx_kwargs={"verify": _trusted()},
        )
        self._clients.append(client)
        return client


@cache
def _trusted() -> ssl.SSLContext:
    """Return whom to trust: read once, since it takes a tenth of a second."""
    return httpx.create_ssl_context()
