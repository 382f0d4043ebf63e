"""A Telegram of our own, on loopback: the Bot API as the real library calls it, and its people.

The server refuses what the real one would refuse and notes what no bot should ever send, its own
answers and updates included. Tests and demonstrations act as the people in it:

    async with TelegramServer() as telegram:
        ann = telegram.world.person("Ann")
        group = telegram.world.group("Lamps", ann)
        telegram.people.send(group, ann, "/new a lighthouse")
        await telegram.until(lambda: telegram.said(group))
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

from aiohttp import BodyPartReader, web

from tests.servers import telegram_spec as spec
from tests.servers.telegram_methods import Methods, Sent
from tests.servers.telegram_people import People
from tests.servers.telegram_rules import Flood, Refused
from tests.servers.telegram_updates import Updates
from tests.servers.telegram_world import Chat, Person, World

Json = Any
TOKEN = "4200:a-token-for-tests"  # noqa: S105  # of a bot that is nowhere but here
_BOT = Person(4200, "Taleturn", "", is_bot=True, username="taleturn_bot")
# Parameters that are texts; everything else comes as JSON.
_TEXTS = frozenset(
    "text caption action language_code url secret_token inline_query_id callback_query_id file_id "
    "next_offset".split()
)


@dataclass
class Fault:
    """Something that goes wrong with the next calls of a method ("" for any)."""

    method: str = ""
    times: int = 1
    code: int = 0  # answered instead
    retry_after: int = 0  # answered instead, as flood control does
    seconds: float = 0.0  # of silence, before the call is answered
    drop: bool = False  # the connection is closed without an answer
    done: bool = False  # ... after the call was carried out

    @property
    def carries_out(self) -> bool:
        """Whether the call is carried out all the same."""
        return self.done or not (self.code or self.retry_after or self.drop)


@dataclass(frozen=True)
class Call:
    """One call the bot made."""

    method: str
    given: Mapping[str, Json]
    at: float  # loop time
    code: int  # of the answer; 0: none was given
    result: Json = None


class TelegramServer:
    """The Bot API on a free port of 127.0.0.1, for one bot."""

    def __init__(
        self, *, token: str = TOKEN, privacy: bool = True, flood: Flood | None = None
    ) -> None:
        self.token = token
        self.world = World(_BOT)
        self.methods = Methods(self.world, flood)
        self.updates = Updates()
        self.people = People(self.world, self.methods, self.updates, privacy=privacy)
        self.faults: deque[Fault] = deque()
        self.calls: list[Call] = []
        self.refusals: list[str] = []
        self.url = ""
        self._breaches: list[str] = []
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        app = web.Application(client_max_size=50 * 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/documents/{name}", self._file)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        self.url = f"http://{host}:{port}"
        tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._stack.callback(tasks.create_task(self.updates.push()).cancel)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    # ------------------------------------------------------------ what is seen
    @property
    def breaches(self) -> list[str]:
        """What neither the bot nor this server should ever send."""
        return self._breaches + [f"server: {fault}" for fault in self.updates.breaches]

    def said(self, chat: Chat, topic: int | None = None) -> list[dict[str, Json]]:
        """The bot's messages in a chat, oldest first, as they read now."""
        return [
            message
            for message in chat.messages.values()
            if message["from"]["id"] == _BOT.id
            and (topic is None or message.get("message_thread_id") == topic)
        ]

    def made(self, method: str) -> list[Call]:
        """The calls of a method, oldest first."""
        return [call for call in self.calls if call.method == method]

    async def until(self, seen: Callable[[], object], *, seconds: float = 10.0) -> None:
        """Wait until something is to be seen. What is seen is looked at after each call."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(seen)
        except TimeoutError:
            told = [
                self.world.transcript(),
                *self.refusals,
                *self.breaches,
                str(self.methods.pressed),
            ]
            raise AssertionError("not seen in time:\n" + "\n".join(told)) from None

    async def change(self) -> None:
        """Wait until the bot has called once more."""
        async with self._changed:
            await self._changed.wait()

    # ------------------------------------------------------------ calls
    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refusal(Refused("Unauthorized", code=401))
        method = request.match_info["method"]
        fault = self._fault(method)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
        if fault is None or fault.carries_out:
            response = await self._carried_out(method, request)
        else:
            response = _failure(fault)
            await self._note(Call(method, {}, _now(), response.status))
        if fault is not None and fault.drop and request.transport is not None:
            request.transport.close()
        return response

    def _fault(self, method: str) -> Fault | None:
        # Long polls run all the time: a fault for any method means one that does something.
        names = {method} if method == "getUpdates" else {"", method}
        fault = next((fault for fault in self.faults if fault.method in names), None)
        if fault is not None:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
        return fault

    async def _carried_out(self, method: str, request: web.Request) -> web.StreamResponse:
        try:
            given = await _decoded(request)
        except ConnectionResetError:  # the bot was stopped in the middle of its call
            return web.Response(status=HTTPStatus.BAD_REQUEST)
        at = _now()
        try:
            result = await self._result(method, given, lambda: request.transport is not None)
        except Refused as refused:
            notes = self._breaches if refused.breach else self.refusals
            notes.append(f"{method}: {refused}")
            response = _refusal(refused)
            result = None
        else:
            self._breaches += [f"server: {fault}" for fault in spec.result_faults(method, result)]
            response = web.json_response({"ok": True, "result": result})
        await self._note(Call(method, given, at, response.status, result))
        return response

    async def _result(
        self, method: str, given: Mapping[str, Json], waits: Callable[[], bool]
    ) -> Json:
        if faults := spec.request_faults(method, given):
            raise Refused("; ".join(faults), breach=True)
        match method:
            case "getUpdates":
                return await self.updates.get_updates(given, waits)
            case "setWebhook":
                return self.updates.set_webhook(given)
            case "deleteWebhook":
                return self.updates.delete_webhook(given)
            case "getWebhookInfo":
                return self.updates.webhook_info()
            case _:
                return self.methods.table()[method](given)

    async def _note(self, call: Call) -> None:
        self.calls.append(call)
        async with self._changed:
            self._changed.notify_all()

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.methods.files[request.match_info["name"]].content)


async def _decoded(request: web.Request) -> dict[str, Json]:
    """The parameters of a call, files among them."""
    given: dict[str, Json] = {}
    if request.content_type != "multipart/form-data":
        fields = {name: str(value) for name, value in (await request.post()).items()}
        return {name: _field(name, value) for name, value in fields.items()}
    # Part by part, since `post` leaves a file open where the caller hangs up in the middle of it.
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        name, content = part.name or "", bytes(await part.read(decode=True))
        kind = part.headers.get("Content-Type", "application/octet-stream")
        given[name] = (
            Sent(part.filename, kind, content) if part.filename else _field(name, content.decode())
        )
    return given


def _field(name: str, value: str) -> Json:
    return value if name in _TEXTS else _json(value)


def _json(value: str | bytes | bytearray) -> Json:
    try:
        return json.loads(value)
    except ValueError:  # the specification will tell what it should have been
        return value


def _failure(fault: Fault) -> web.Response:
    if fault.retry_after:
        pause = fault.retry_after
        return _refusal(Refused(f"retry after {pause}", code=429, retry_after=pause))
    return web.Response(status=fault.code or HTTPStatus.OK, text="<html>Bad Gateway</html>")


def _refusal(refused: Refused) -> web.Response:
    return web.json_response(refused.answer, status=refused.code)


def _now() -> float:
    return asyncio.get_running_loop().time()
