"""How the bot keeps up on Discord: the real library and adapter against a Discord on the loopback.

    python -m tests.benchmarks.bench_discord [acks] [own] [faults] [soak] [--chats N] [--minutes M]

acks    200 interactions in 10 s while the narrator writes for 8 chats at once, the others wait for
        it, and a core computes without pause: how long the acknowledgements took.
own     how long an answer without narrator takes, network and server included, against a bot of
        the same library that only echoes, by turns in the same run.
faults  100 turns each under 429, 502, dropped gateways, 30 s of silence: final texts that arrived.
soak    many chats at once for some minutes: lost texts, unanswered turns, growth of memory.

Without names: acks and own. Prints what it found and writes it to results/discord.json.
"""

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import discord
import numpy as np
from discord import app_commands
from discord.http import Route

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.settings import DiscordSettings
from core.narrator.narrator import Assignment
from core.session.engine import Engine
from core.storage.database import open_database
from core.storage.library import Library
from tests.fakes import StandInNarrator
from tests.servers import discord_specs
from tests.servers.discord_interactions import Interaction
from tests.servers.discord_server import DiscordServer
from tests.servers.discord_world import Channel

RESULTS = Path(__file__).parent / "results" / "discord.json"
Found = dict[str, float | int | str]


@asynccontextmanager
async def bot(server: DiscordServer, narrator: StandInNarrator) -> AsyncIterator[None]:
    """Let the bot into a Discord, with a library of its own."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/bench.db")
        engine = Engine(Library(database), narrator)
        adapter = DiscordAdapter(engine, DiscordSettings(server.token, server.api))
        async with running(server, adapter.run()):
            yield
        database.close()


@asynccontextmanager
async def running(server: DiscordServer, run: Awaitable[None]) -> AsyncIterator[None]:
    """Keep something running that is a bot."""
    task = asyncio.ensure_future(run)
    await server.ready()
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Saturated(StandInNarrator):
    """A narrator that writes for a few chats at once, as a model in batches does."""

    def __init__(self) -> None:
        super().__init__(delay=0.05)
        self._seats = asyncio.Semaphore(8)

    async def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        """Write, once there is a seat."""
        async with self._seats, aclosing(super().write(assignment)) as texts:
            async for text in texts:
                yield text


@contextmanager
def computing() -> Iterator[None]:
    """Compute in a thread without pause, as a narrator on the processor would."""
    over = threading.Event()
    weights = np.ones((512, 512))

    def compute() -> None:
        while not over.is_set():
            weights @ weights

    thread = threading.Thread(target=compute)
    thread.start()
    yield
    over.set()
    thread.join()


def rooms(server: DiscordServer, count: int) -> list[Channel]:
    """Open some channels."""
    guild = server.guild("Bench")
    return [server.text_channel(f"room {number}", guild) for number in range(count)]


def is_told(asked: Interaction) -> bool:
    """Whether the final text of an interaction can be read: it has buttons."""
    return bool(asked.shown and asked.shown[-1].buttons)


async def all_of(
    server: DiscordServer, asked: list[Interaction], happened: Callable[[Interaction], bool]
) -> None:
    """Wait until something has happened to all; after three minutes they are counted as it is."""
    with suppress(TimeoutError):
        await server.until(lambda: all(map(happened, asked)), seconds=180)


async def acks(chats: int, _: float) -> Found:
    """Measure acknowledgements under load."""
    narrator = Saturated()
    async with DiscordServer() as server, bot(server, narrator):
        mara, places = server.somebody("Mara"), rooms(server, chats)
        begun = [await mara.slash(place, "new", premise="a lighthouse") for place in places]
        await all_of(server, begun, lambda one: bool(one.answered))
        asked = []
        with computing():
            for number in range(200):
                command = ("shelf", "explain", "continue", "rate")[number % 4]
                options = {"thumb": "up"} if command == "rate" else {}
                asked.append(await mara.slash(places[number % chats], command, **options))
                await asyncio.sleep(10 / 200)
            await all_of(server, asked, lambda one: bool(one.answered))
    took = sorted(one.seconds for one in asked)
    return {
        "interactions": len(took),
        "being written meanwhile": narrator.most_writing,
        "acknowledged p50 s": round(median(took), 3),
        "acknowledged p99 s": round(quantiles(took, n=100)[98], 3),
        "slowest s": round(took[-1], 3),
    }


class Echo(discord.AutoShardedClient):
    """A bot of the same library that does nothing: it defers and edits."""

    def __init__(self, api: str) -> None:
        nobody = discord.AllowedMentions.none()
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=nobody)
        Route.BASE = api
        self.tree = app_commands.CommandTree(self)

        @self.tree.command(name="shelf", description="Echo")
        async def shelf(asked: discord.Interaction) -> None:
            await asked.response.defer()
            await asked.edit_original_response(content="The shelf is empty.")

    async def setup_hook(self) -> None:
        """Offer the command."""
        await self.tree.sync()


async def echo(server: DiscordServer) -> None:
    """Run the echo until cancelled."""
    async with Echo(server.api) as client:
        await client.start(server.token)


async def answered(server: DiscordServer, turns: int) -> list[float]:
    """Return how long answers to a quick command took, in milliseconds."""
    mara, (place,) = server.somebody("Mara"), rooms(server, 1)
    took = []
    for _ in range(turns):
        start = time.perf_counter()
        asked = await mara.slash(place, "shelf")
        while not asked.shown:  # noqa: ASYNC110  # waiting for an event would be timed, too
            await asyncio.sleep(0)
        took.append((time.perf_counter() - start) * 1000)
    return took[turns // 10 :]


async def own(_: int, __: float) -> Found:
    """Measure what the bot itself costs, against one that only echoes."""
    ours: list[float] = []
    echoed: list[float] = []
    for _round in range(3):
        async with DiscordServer() as server, bot(server, StandInNarrator()):
            ours += await answered(server, 150)
        async with DiscordServer() as server, running(server, echo(server)):
            echoed += await answered(server, 150)
    return {
        "answer median ms": round(median(ours), 2),
        "echo median ms": round(median(echoed), 2),
        "own time median ms": round(median(ours) - median(echoed), 2),
        "ratio": round(median(ours) / median(echoed), 2),
    }


FAULTS: dict[str, Callable[[DiscordServer], object]] = {
    "429": lambda server: server.limit("PATCH|POST /webhooks", seconds=0.5, times=100),
    "502": lambda server: server.fail("PATCH|POST /webhooks", times=100),
    "silence": lambda server: server.delay("PATCH|POST /webhooks", seconds=30, times=100),
    "dropped": lambda _: None,
}


async def faults(_: int, __: float) -> Found:
    """Count the final texts that arrive under each kind of fault."""
    found: Found = {}
    for name, break_something in FAULTS.items():
        async with DiscordServer() as server, bot(server, StandInNarrator()):
            mara, places = server.somebody("Mara"), rooms(server, 100)
            break_something(server)
            asked = []
            for place in places:
                if name == "dropped":
                    await server.gateway.drop()
                asked.append(await mara.slash(place, "new", premise="a lighthouse"))
            await all_of(server, asked, is_told)
            texts = [len(server.in_channel(place)) for place in places]
            found[name] = f"{sum(map(is_told, asked))} of 100 arrived, {texts.count(1)} once"
    return found


def memory() -> float:
    """Return the memory this process holds, in MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 2**20


async def soak(chats: int, minutes: float) -> Found:
    """Let many chats tell stories at once."""
    narrator = StandInNarrator(delay=0.05)
    async with DiscordServer() as server, bot(server, narrator):
        mara, places = server.somebody("Mara"), rooms(server, chats)
        end = time.monotonic() + minutes * 60
        turns, lost = 0, 0

        async def chat(place: Channel) -> None:
            nonlocal turns, lost
            command: tuple[str, dict[str, Any]] = ("new", {"premise": "a lighthouse"})
            while time.monotonic() < end:
                asked = await mara.slash(place, command[0], **command[1])
                await all_of(server, [asked], is_told)
                turns, lost = turns + 1, lost + (not is_told(asked))
                server.forget(asked)
                narrator.assigned.clear()
                command = ("continue", {})

        async with asyncio.TaskGroup() as tasks:
            for place in places:
                tasks.create_task(chat(place))
            await asyncio.sleep(minutes * 60 / 5)
            warm = memory()
    growth = (memory() - warm) / warm * 100
    return {"chats": chats, "turns": turns, "lost": lost, "growth %": round(growth, 1)}


MEASURES: dict[str, Callable[[int, float], Awaitable[Found]]] = {
    "acks": acks,
    "own": own,
    "faults": faults,
    "soak": soak,
}


def main() -> None:
    """Measure what was named, print it, write it down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], default=["acks", "own"])
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    asked = parser.parse_args()
    discord_specs.MISSING = "not checked while measuring"
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for name in asked.names:
        found = asyncio.run(_measured(MEASURES[name](asked.chats, asked.minutes)))
        results[name] = found
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in found.items()))
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


async def _measured(measure: Awaitable[Found]) -> Found:
    return await measure


if __name__ == "__main__":
    main()
