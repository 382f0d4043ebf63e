"""Replicas of the narrator on loopback, as Ray Serve would offer them, and their deaths."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from core.errors import LoraRefused
from core.narrator import wire
from core.narrator.desk import Desk
from core.narrator.narrator import Narrator


@dataclass
class Death:
    """What happens to a replica while it answers; the next one answers what comes then."""

    after: int = 0  # lines are sent before
    status: int = 0  # answered instead of any line
    garbage: bool = False  # sent instead of the next line
    ended: bool = False  # the answer ends there as if that were all


class Replicas:
    """One address for several desks; they take turns only when one dies."""

    def __init__(self, narrators: Sequence[Narrator]) -> None:
        self.desks = deque(map(Desk, narrators))
        self.deaths: deque[Death] = deque()
        self.asked: list[dict[str, Any]] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        app = web.Application()
        app.router.add_post("/{what}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        said = json.loads(await request.text())
        self.asked.append(said)
        desk = self.desks[0]
        death = self.deaths.popleft() if self.deaths else None
        if death:
            self.desks.rotate(1)
        if death and death.status:
            return web.Response(status=death.status)
        if request.path == "/write":
            return await self._stream(request, desk, said, death)
        if death:
            _cut(request)
        if request.path == "/use":
            return web.Response(text=await self._use(said["lora"]))
        return web.Response(text=await desk.answer(request.path, said))

    async def _use(self, live: str) -> str:
        try:
            for desk in self.desks:
                await desk.use(live)
        except LoraRefused as error:
            return wire.error_line(error)
        return wire.line({"lora": live})

    async def _stream(
        self, request: web.Request, desk: Desk, said: wire.Json, death: Death | None
    ) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        count = 0
        async for line in desk.write(said):
            if death and count == death.after:
                if death.ended:
                    return response
                if not death.garbage:
                    _cut(request)
                await response.write(b"<html>\n")
            await response.write(line.encode())
            await asyncio.sleep(0)
            count += 1
        return response


def _cut(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()
    raise ConnectionResetError
