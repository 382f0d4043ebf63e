"""The way into the REST API: every request is checked, delayed, refused or answered here."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.servers import discord_specs
from tests.servers.discord_world import World

Json = Any

_LIMIT, _WINDOW = 5, 5.0  # what Discord allows in one channel: five messages in five seconds


class ApiError(Exception):
    """An answer that refuses, with Discord's own code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(eq=False)
class Call:
    """One request as it was understood."""

    method: str
    path: str
    names: dict[str, str]  # what stands for the names in the path
    query: dict[str, str]
    body: Json
    files: dict[str, bytes]
    bot: bool  # it carried the bot's token

    def __str__(self) -> str:
        """Return it as the faults are matched with it."""
        return f"{self.method} {self.path}"


@dataclass(eq=False)
class Fault:
    """Something that goes wrong with the next requests that match."""

    where: str  # a regular expression over "METHOD /path/of/the/description"
    times: int
    status: int = 0  # 429 or 5xx; 0: it is answered as always
    seconds: float = 0.0  # how late, or how long to wait
    whole: bool = False  # a 429 for everything, not for this route
    done_first: bool = False  # it takes effect, and only the answer is lost
    cut: bool = False  # the connection breaks
    skip: int = 0  # so many are let through first
    met: int = 0


Handler = Callable[[Call], Awaitable[tuple[int, Json]]]


@dataclass(eq=False)
class Bucket:
    """One rate limit: when its requests were made."""

    made: list[float] = field(default_factory=list)


class Rest:
    """Answers requests by the path they were described with."""

    def __init__(self, world: World, token: str, complain: Callable[[str], None]) -> None:
        self.faults: list[Fault] = []
        self.limited = False  # whether the limits of real channels are kept
        self.refused: list[str] = []
        self._world = world
        self._token = token
        self._complain = complain
        self._buckets: dict[str, Bucket] = {}

    def route(self, app: web.Application, method: str, path: str, handler: Handler) -> None:
        """Let a handler answer what is sent to a path."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._answer(request, path, handler)

        app.router.add_route(method, "/api/v10" + path, answer)

    async def _answer(
        self, request: web.Request, path: str, handler: Handler
    ) -> web.StreamResponse:
        call = await _understood(request, path, self._token)
        fault = self._fault(call)
        if fault is not None:
            if fault.status == 429:  # too many requests
                return self._too_many(fault.seconds, whole=fault.whole)
            await asyncio.sleep(fault.seconds)
            if fault.done_first:
                await self._handled(call, handler)
            if fault.cut and request.transport is not None:
                request.transport.abort()
            if fault.status:
                return web.Response(status=fault.status, text="<html>Bad gateway</html>")
        wait = self._wait(call)
        if wait:
            return self._too_many(wait)
        status, body = await self._handled(call, handler)
        self._world.changed()
        for error in discord_specs.response_errors(call.method, path, status, body):
            self._complain(f"answer {call} {status}: {error}")
        return self._response(call, status, body)

    def _fault(self, call: Call) -> Fault | None:
        for fault in self.faults:
            if fault.met < fault.times and re.search(fault.where, str(call)):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.met += 1
                return fault
        return None

    async def _handled(self, call: Call, handler: Handler) -> tuple[int, Json]:
        errors = discord_specs.request_errors(call.method, call.path, call.query, call.body)
        for error in errors:
            self._complain(f"request {call}: {error}")
        try:
            _admit(call, errors)
            return await handler(call)
        except ApiError as error:
            self.refused.append(f"{call}: {error.code} {error.message}")
            return error.status, {"code": error.code, "message": error.message}

    def _wait(self, call: Call) -> float:
        """Return how long a request comes too early, by its channel's limit."""
        if (
            not self.limited
            or "channel_id" not in call.names
            or call.method not in {"POST", "PATCH"}
        ):
            return 0.0
        bucket = self._bucket(call)
        now = asyncio.get_running_loop().time()
        bucket.made = [made for made in bucket.made if made > now - _WINDOW]
        if len(bucket.made) >= _LIMIT:
            return bucket.made[0] + _WINDOW - now
        bucket.made.append(now)
        return 0.0

    def _bucket(self, call: Call) -> Bucket:
        return self._buckets.setdefault(f"{call} {call.names['channel_id']}", Bucket())

    def _response(self, call: Call, status: int, body: Json) -> web.Response:
        headers = {}
        if self.limited and "channel_id" in call.names and call.method in {"POST", "PATCH"}:
            made = self._bucket(call).made
            now = asyncio.get_running_loop().time()
            headers = {
                "X-RateLimit-Limit": str(_LIMIT),
                "X-RateLimit-Remaining": str(_LIMIT - len(made)),
                "X-RateLimit-Reset-After": f"{made[0] + _WINDOW - now if made else 0:.3f}",
                "X-RateLimit-Reset": f"{self._world.now() + _WINDOW:.3f}",
                "X-RateLimit-Bucket": f"{call.method}-messages",
            }
        return _written(status, body, headers)

    def _too_many(self, seconds: float, *, whole: bool = False) -> web.Response:
        body = {"code": 0, "message": "You are being rate limited.", "retry_after": seconds}
        headers = {
            "Via": "1.1 google",  # the library takes a 429 without it for a ban by Cloudflare
            "Retry-After": str(int(seconds) + 1),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Limit": str(_LIMIT),
            "X-RateLimit-Reset-After": str(seconds),
            "X-RateLimit-Reset": f"{self._world.now() + seconds:.3f}",
            "X-RateLimit-Scope": "global" if whole else "user",
        }
        return _written(429, {**body, "global": whole}, headers)


def _admit(call: Call, errors: list[str]) -> None:
    if errors:
        raise ApiError(400, 50035, f"Invalid Form Body: {errors[0]}")
    if not call.bot and not call.path.startswith(("/interactions", "/webhooks")):
        raise ApiError(401, 0, "401: Unauthorized")


def _written(status: int, body: Json, headers: dict[str, str]) -> web.Response:
    if body is None:
        return web.Response(status=status, headers=headers)
    # Exactly this content type: with a charset behind it the library reads no JSON.
    headers = {**headers, "Content-Type": "application/json"}
    return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)


async def _understood(request: web.Request, path: str, token: str) -> Call:
    body: Json = None
    files: dict[str, bytes] = {}
    if request.content_type == "multipart/form-data":
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            if part.name == "payload_json":
                body = json.loads(await part.text())
            else:
                files[part.filename or ""] = bytes(await part.read())
    elif request.can_read_body:
        body = json.loads(await request.text())
    return Call(
        method=request.method,
        path=path,
        names=dict(request.match_info),
        query=dict(request.query),
        body=body,
        files=files,
        bot=request.headers.get("Authorization") == f"Bot {token}",
    )
