"""Serving: the narrator in several replicas behind Ray Serve, for bots that run elsewhere.

Replicas are asked over HTTP with what `core.narrator.wire` says; whatever a bot sends is answered
by one of them, but a new LoRA goes to all.
"""

import asyncio
import json
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot import wiring
from bot.settings import Settings
from core.errors import LoraRefused, NarratorAway, NarratorError, SettingsError
from core.narrator import wire
from core.narrator.desk import Desk
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import BASE
from core.narrator.settings import NarratorSettings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_log = logging.getLogger(__name__)
_APP = "taleturn"
_HANDLE = "Replica"
_STORE = 2**27  # bytes for Ray's objects, of which none are made here
_HEALTH = 2.0  # seconds between two looks at a replica
_SWAP = 60.0  # seconds that all replicas may take to read a LoRA


class Replica:
    """One narrator in a process of its own. Ray Serve makes it, asks it and buries it."""

    def __init__(self, settings: NarratorSettings) -> None:
        self._narrator = Gpt2Narrator(settings)
        self._desk = Desk(self._narrator)

    async def check_health(self) -> None:
        """Raise where the model cannot be loaded: Ray Serve then says so, and tries again."""
        await self._narrator.ready()

    async def use(self, live: str) -> str:
        """Make a LoRA the live one; returns why not, if it is refused."""
        try:
            await self._desk.use(live)
        except LoraRefused as error:
            return str(error)
        return ""

    async def __call__(self, request: "Request") -> "Response":
        """Answer one request of a bot."""
        from starlette.responses import (  # noqa: PLC0415  # there with Ray only
            PlainTextResponse,
            StreamingResponse,
        )

        said = json.loads(await request.body() or b"{}")
        match request.url.path:
            case "/write":
                return StreamingResponse(self._desk.write(said), media_type="application/x-ndjson")
            case "/use":
                return PlainTextResponse(await self._use_everywhere(said["lora"]))
            case path:
                return PlainTextResponse(await self._desk.answer(path, said))

    async def _use_everywhere(self, live: str) -> str:
        """Have every replica use a LoRA, or none: where one refuses, the others go back."""
        from ray import serve  # noqa: PLC0415  # an extra

        before = self._desk.live
        handle = serve.get_deployment_handle(_HANDLE, _APP)
        refused = await _broadcast(handle, live)
        if not refused:
            return wire.line({"lora": live})
        await _broadcast(handle, before or BASE)
        return wire.error_line(LoraRefused(refused))


async def _broadcast(handle: Any, live: str) -> str:
    """Tell every replica; returns why one of them refused."""
    told = await handle.broadcast("use", live).results_async(timeout_s=_SWAP)
    if not told:  # Ray Serve is about to make new ones
        raise NarratorAway("There is no replica.")
    return next((str(why) for why in told if why), "")


def serve(settings: Settings) -> None:
    """Serve the narrator until SIGTERM or SIGINT; what is in hand then is finished.

    Raises SettingsError where Ray is not installed, ModelUnavailable where the model is not as it
    should be, NarratorError where no replica starts.
    """
    asyncio.run(_tried(wiring.narrator_settings(settings)))
    with _ray() as serving:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):  # Ray has put its own there
            signal.signal(number, lambda *_: stop.set())
        at = urlsplit(settings.ray.url)
        serving.start(http_options={"host": at.hostname, "port": at.port})
        try:
            serving.run(_application(settings), name=_APP)
        except RuntimeError as error:
            raise NarratorError(f"No replica of the narrator starts: {error}") from error
        _log.info("serving", extra={"url": settings.ray.url, "replicas": settings.ray.replicas})
        stop.wait()
        _log.info("stopping")
        with suppress(TimeoutError):  # after a minute, whatever drain_seconds says
            serving.delete(_APP)  # waits for what is in hand; `shutdown` alone would cut it off
        serving.shutdown()
    _log.info("stopped")


async def _tried(settings: NarratorSettings) -> None:
    """Load the model once: what is wrong with it is said here, and not deep in Ray's logs."""
    narrator = Gpt2Narrator(replace(settings, device="cpu", slots=1))
    try:
        await narrator.ready()
    finally:
        await narrator.close()


@contextmanager
def _ray() -> Iterator[Any]:
    """Ray on this machine until the end of the block, with its `serve`."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported to anybody
    try:
        import ray  # noqa: PLC0415  # an extra of half a gigabyte
        from ray import serve as serving  # noqa: PLC0415  # the same
    except ImportError as error:
        raise SettingsError('`taleturn serve` needs Ray: pip install "taleturn[ray]".') from error
    ray.init(
        address="local",
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.WARNING,
        object_store_memory=_STORE,
        _node_ip_address="127.0.0.1",
    )
    try:
        yield serving
    finally:
        ray.shutdown()


def _application(settings: Settings) -> Any:
    from ray import serve  # noqa: PLC0415  # an extra

    asked = wiring.narrator_settings(settings)
    deployment = serve.deployment(
        name=_HANDLE,
        num_replicas=settings.ray.replicas,
        max_ongoing_requests=asked.slots + asked.waiting,
        graceful_shutdown_timeout_s=asked.drain_seconds,
        health_check_period_s=_HEALTH,
        ray_actor_options={"num_cpus": 0, "num_gpus": settings.ray.gpus},
    )(Replica)
    return deployment.bind(asked)
