"""A server with OpenAI's completions on loopback: a real model, and every way to fail.

async with CompletionsServer(folder) as server:
    server.faults.append(Fault(status=429, retry_after=1))
    ... RemoteSettings(url=server.url, model=server.model_name) ...
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from tests.servers.completions_model import Model, Sampling
from tests.servers.completions_spec import ANSWER, REQUEST

Json = dict[str, Any]


@dataclass
class Fault:
    """Something that goes wrong with the next completions."""

    times: int = 1
    status: int = 0  # answered instead
    retry_after: str = ""  # header of that answer
    silence: bool = False  # nothing more is sent, the connection stays open
    cut: bool = False  # the connection is closed
    garbage: bool = False  # something that is no JSON is sent
    error: bool = False  # an error is sent in the stream
    unended: bool = False  # the stream ends as if all were said, without a reason
    after: int = 0  # pieces are sent before


class CompletionsServer:
    """One model on a free port of 127.0.0.1."""

    def __init__(
        self, folder: Path, *, key: str = "", likelihoods: bool = True, port: int = 0
    ) -> None:
        self.model = Model(folder)
        self.model_name = folder.name
        self.faults: deque[Fault] = deque()
        self.loras: list[str] = []  # served as models of their own; here they change nothing
        self.asked: list[Json] = []  # every completion, oldest first
        self.breaches: list[str] = []  # of the reference, by either side
        self.given_up = 0  # streams that nobody read to the end
        self.url = ""
        self._key = key
        self._likelihoods = likelihoods
        self._port = port

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/completions", self._complete)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", self._port)
        await site.start()
        self._port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def restart(self) -> None:
        """Listen again, on the same port."""
        await self.__aexit__()
        await self.__aenter__()

    # ------------------------------------------------------------ answers
    async def _models(self, request: web.Request) -> web.Response:
        if not self._welcome(request):
            return _refused(HTTPStatus.UNAUTHORIZED, "Incorrect API key provided.")
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "tests"}
            for name in (self.model_name, *self.loras)
        ]
        return web.json_response({"object": "list", "data": data})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        given: Json = await request.json()
        self.asked.append(given)
        self.breaches += [error.message for error in REQUEST.iter_errors(given)]
        fault = self._fault()
        if fault and fault.status:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return _refused(fault.status, "Something is wrong here.", headers)
        if not self._welcome(request):
            return _refused(HTTPStatus.UNAUTHORIZED, "Incorrect API key provided.")
        if given["model"] not in {self.model_name, *self.loras}:
            return _refused(HTTPStatus.NOT_FOUND, "The model does not exist.")
        ids = given["prompt"]
        ids = self.model.encode(ids) if isinstance(ids, str) else ids
        if len(ids) + given.get("max_tokens", 16) > self.model.window:
            return _refused(
                HTTPStatus.BAD_REQUEST,
                f"This model's maximum context length is {self.model.window} tokens.",
            )
        if given.get("stream"):
            return await self._stream(request, given, ids, fault)
        if not given.get("echo"):
            return _refused(HTTPStatus.BAD_REQUEST, "Only streams and echoes are served here.")
        if fault and fault.cut:
            _cut(request)
        return web.json_response(self._noted(self._echo(ids)))

    def _welcome(self, request: web.Request) -> bool:
        return not self._key or request.headers.get("Authorization") == f"Bearer {self._key}"

    def _fault(self) -> Fault | None:
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if not fault.times:
            self.faults.popleft()
        return fault

    def _echo(self, ids: list[int]) -> Json:
        found = self.model.likelihoods(ids)
        logprobs = {
            "tokens": [self.model.decode([one]) for one in ids],
            "token_logprobs": found,
            "top_logprobs": [None] * len(ids),
            "text_offset": [0] * len(ids),
        }
        choice = {
            "text": self.model.decode(ids),
            "index": 0,
            "logprobs": logprobs if self._likelihoods else None,
            "finish_reason": "length",
        }
        usage = {"prompt_tokens": len(ids), "completion_tokens": 0, "total_tokens": len(ids)}
        return self._answer([choice]) | {"usage": usage}

    async def _stream(
        self, request: web.Request, given: Json, ids: list[int], fault: Fault | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            count = 0
            async for text, ended in self._pieces(given, ids):
                if (
                    fault
                    and count == fault.after
                    and not await self._fail(request, response, fault)
                ):
                    return response
                choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": ended}
                answer = self._noted(self._answer([choice]))
                await response.write(f"data: {json.dumps(answer)}\n\n".encode())
                count += 1
            await response.write(b"data: [DONE]\n\n")
        except (ConnectionResetError, asyncio.CancelledError):
            self.given_up += 1
            raise
        return response

    async def _fail(self, request: web.Request, response: web.StreamResponse, fault: Fault) -> bool:
        """Fail; return whether the stream goes on after it."""
        if fault.silence:
            await asyncio.sleep(60)
        if fault.cut:
            _cut(request)
        if fault.garbage:
            await response.write(b"data: <html>Bad gateway</html>\n\n")
        if fault.error:
            said = {"error": {"message": "The engine died.", "type": "internal", "code": 500}}
            await response.write(f"data: {json.dumps(said)}\n\n".encode())
        return not fault.unended

    async def _pieces(self, given: Json, ids: list[int]) -> AsyncGenerator[tuple[str, str | None]]:
        """Each token's text with the reason why it is the last, if it is."""
        sampling = Sampling(
            temperature=given.get("temperature", 1.0),
            top_p=given.get("top_p", 1.0),
            presence=given.get("presence_penalty", 0.0),
            bias=given.get("logit_bias"),
        )
        written: list[int] = []
        sent = ""
        for token in self.model.tokens(ids, sampling, given.get("seed", 0)):
            await asyncio.sleep(0)
            if token == self.model.end:
                yield "", "stop"
                return
            written.append(token)
            text = self.model.decode(written)
            if text.endswith("\N{REPLACEMENT CHARACTER}"):  # a part of a character
                text = sent
            stops = [at for stop in given.get("stop", ()) if (at := text.find(stop)) >= 0]
            text = text[: min(stops)] if stops else text
            ended = "stop" if stops else "length" if len(written) == given["max_tokens"] else None
            yield text[len(sent) :], ended
            sent = text
            if ended:
                return

    def _answer(self, choices: list[Json]) -> Json:
        return {
            "id": f"cmpl-{len(self.asked)}",
            "object": "text_completion",
            "created": 1_790_000_000,
            "model": self.model_name,
            "choices": choices,
        }

    def _noted(self, answer: Json) -> Json:
        self.breaches += [f"server: {error.message}" for error in ANSWER.iter_errors(answer)]
        return answer


def _cut(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()
    raise ConnectionResetError


def _refused(status: int, said: str, headers: dict[str, str] | None = None) -> web.Response:
    error = {"message": said, "type": "invalid_request_error", "param": None, "code": None}
    return web.json_response({"error": error}, status=status, headers=headers)
