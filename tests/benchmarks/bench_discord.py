"""How the bot keeps up on Discord: the real library and adapter against a Discord on the loopback.

    python -m tests.benchmarks.bench_discord [acks] [own] [faults] [soak] [--chats N] [--minutes M]

acks    200 interactions in 10 s while the narrator writes for 8 chats at once, the others wait for
        it, and a core computes without pause: how long the acknowledgements took.
own     how long the answer to /shelf takes until it can be read, network and server included,
        against a bot of the same library that only echoes: both defer, then edit the answer.
faults  100 turns each under 429, 502, broken connections, dropped gateways, 30 s of silence: final
        texts that arrived, and how often.
soak    many chats at once for some minutes: lost texts, unanswered turns, growth of memory.

Without names: acks and own. Prints what it found and writes it to results/discord.json.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from statistics import median, quantiles
from typing import Any

import discord
from discord import app_commands
from discord.http import Route

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.settings import DiscordSettings
from core.storage.database import Database
from tests.benchmarks import platforms
from tests.benchmarks.platforms import Answers, Found, Soak, running
from tests.fakes import StandInNarrator
from tests.servers import discord_specs
from tests.servers.discord_interactions import Interaction
from tests.servers.discord_server import DiscordServer
from tests.servers.discord_world import Channel


@asynccontextmanager
async def bot(server: DiscordServer, narrator: StandInNarrator) -> AsyncIterator[Database]:
    """Let the bot into a Discord, with a library of its own."""
    async with platforms.engine(narrator) as (engine, database):
        adapter = DiscordAdapter(engine, DiscordSettings(server.token, server.api))
        async with running(adapter.run(), server.ready()):
            yield database


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
    """Wait until something has happened to all; after a while they are counted as it is."""
    with suppress(TimeoutError):
        await server.until(lambda: all(map(happened, asked)), seconds=platforms.PATIENCE)


async def acks(options: argparse.Namespace) -> Found:
    """Measure acknowledgements under load."""
    narrator, chats = platforms.Saturated(), options.chats
    _unchecked()
    async with DiscordServer() as server, bot(server, narrator):
        mara, places = server.somebody("Mara"), rooms(server, chats)
        begun = [await mara.slash(place, "new", premise="a lighthouse") for place in places]
        await all_of(server, begun, lambda one: bool(one.answered))
        asked = []
        with platforms.computing():
            for number in range(200):
                command = ("shelf", "explain", "continue", "rate")[number % 4]
                chosen = {"thumb": "up"} if command == "rate" else {}
                asked.append(await mara.slash(places[number % chats], command, **chosen))
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


def _unchecked() -> None:
    """Check nothing against Discord's descriptions: that takes longer than the answers."""
    discord_specs.MISSING = "not checked while measuring"


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


async def ask(server: DiscordServer, answers: Answers) -> None:
    """Time the answers to a quick command."""
    mara, (place,) = server.somebody("Mara"), rooms(server, 1)

    async def shelf() -> None:
        asked = await mara.slash(place, "shelf")
        while not asked.shown:
            await server.change()

    await answers.time(shelf)


async def own(_: argparse.Namespace) -> Found:
    """Measure what the bot itself costs, against one that only echoes."""
    ours, echoed = Answers(), Answers()
    _unchecked()
    for _round in range(platforms.ROUNDS):
        async with DiscordServer() as server, bot(server, StandInNarrator()):
            await ask(server, ours)
        async with DiscordServer() as server, running(echo(server), server.ready()):
            await ask(server, echoed)
    return platforms.compared(ours, echoed)


_CALLS = "PATCH|POST /webhooks"
FAULTS: dict[str, Callable[[DiscordServer], object]] = {
    "429": lambda server: server.limit(_CALLS, seconds=0.5, times=100),
    "502": lambda server: server.fail(_CALLS, times=100),
    "broken": lambda server: server.cut(_CALLS, times=100),
    "silence": lambda server: server.delay(_CALLS, seconds=30, times=100),
    "dropped": lambda _: None,
}


async def faults(_: argparse.Namespace) -> Found:
    """Count the final texts that arrive under each kind of fault."""
    found: Found = {}
    violations = 0
    for name, break_something in FAULTS.items():
        async with DiscordServer() as server, bot(server, StandInNarrator()):
            mara, places = server.somebody("Mara"), rooms(server, 100)
            break_something(server)
            asked = []
            for place in places:
                resumed = server.gateway.resumed
                if name == "dropped":
                    await server.gateway.drop()
                asked.append(await mara.slash(place, "new", premise="a lighthouse"))
                if name == "dropped":
                    await _resumed(server, resumed)
            await all_of(server, asked, is_told)
            texts = [len(server.in_channel(place)) for place in places]
            met = sum(fault.met for fault in server.rest.faults) or server.gateway.resumed
            once = f"{sum(map(is_told, asked))} of 100 arrived, {texts.count(1)} once"
            found[name] = f"{once}, {met} faults met"
            violations += len(server.violations)
    return {**found, "spec violations": violations}


async def _resumed(server: DiscordServer, before: int) -> None:
    """Wait until the bot is back: what was asked meanwhile reaches it only then."""
    with suppress(TimeoutError):
        await server.until(lambda: server.gateway.resumed > before, seconds=platforms.PATIENCE)


async def soak(options: argparse.Namespace) -> Found:
    """Let many chats tell stories at once."""
    narrator = StandInNarrator(delay=0.05)
    counts = Soak(options.chats, options.minutes)
    _unchecked()
    async with DiscordServer() as server, bot(server, narrator) as database:
        mara, places = server.somebody("Mara"), rooms(server, options.chats)
        unanswered = 0  # within Discord's three seconds, as happens where the machine stands still

        def there(asked: Interaction) -> bool:
            """Whether the final text is there: where the token is lost, the bot just sends it."""
            said = [] if asked.answered else server.in_channel(asked.where)
            asked.sent += [message for message in said if message not in asked.sent]
            return is_told(asked)

        async def chat(number: int, end: float) -> None:
            nonlocal unanswered
            command: tuple[str, dict[str, Any]] = ("new", {"premise": "a lighthouse"})
            while asyncio.get_running_loop().time() < end:
                asked = await mara.slash(places[number], command[0], **command[1])
                counts.asked += 1
                await all_of(server, [asked], there)
                counts.told += there(asked)
                unanswered += not asked.answered
                server.forget(asked)
                narrator.assigned.clear()
                command = ("continue", {})

        held = await counts.endure(chat)
        return counts.found(held, database, **{"late acknowledgements": unanswered})


if __name__ == "__main__":
    measures = {"acks": acks, "own": own, "faults": faults, "soak": soak}
    platforms.main(__doc__, "discord", measures, ["acks", "own"])
