"""How the bot keeps up on Telegram: the real library and adapter against a server of our own.

    python -m tests.benchmarks.bench_telegram [own] [faults] [soak] [--chats N] [--minutes M]

own     how long the answer to /shelf takes until it can be read, network and server included,
        against a bot of the same library that only echoes: both send a message. The pace that
        Telegram asks for is lifted for it.
faults  100 turns in 100 groups each under 429, 502, broken connections, 30 s of silence: final
        texts that arrived, and how often. The bot's own pace and patience hold.
soak    many groups at once for some minutes, at the bot's own pace, with flood control on: lost
        texts, unanswered turns, growth of memory, breaches of the Bot API.

Without names: own and faults. Prints what it found and writes it to results/telegram.json.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from telegram import Update
from telegram.ext import Application, CommandHandler, ContextTypes

from adapters.pacing import Pace
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.settings import TelegramSettings, Tempo
from core.storage.database import Database
from tests.benchmarks import platforms
from tests.benchmarks.platforms import Answers, Found, Soak, running
from tests.fakes import StandInNarrator
from tests.servers.telegram import Fault, TelegramServer
from tests.servers.telegram_rules import Flood
from tests.servers.telegram_world import Chat, buttons

Json = Any
TOO_MANY = 429
_LIFTED = Pace(10**6, 1.0)
UNPACED = Tempo(private=_LIFTED, group=_LIFTED, overall=_LIFTED)


@asynccontextmanager
async def bot(
    server: TelegramServer, narrator: StandInNarrator, tempo: Tempo | None = None
) -> AsyncIterator[Database]:
    """Let the bot into a Telegram, with a library of its own."""
    async with platforms.engine(narrator) as (engine, database):
        settings = TelegramSettings(server.token, api_base=server.url)
        adapter = TelegramAdapter(engine, settings, tempo)
        async with running(adapter.run(), server.updates.asked.wait()):
            yield database


async def echo(server: TelegramServer) -> None:
    """Run a bot of the same library that does nothing: it answers /shelf with a message."""

    async def shelf(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        chat = update.effective_chat
        if chat is not None:
            await context.bot.send_message(chat.id, "The shelf is empty.")

    application = (
        Application.builder()
        .token(server.token)
        .base_url(f"{server.url}/bot")
        .concurrent_updates(True)  # noqa: FBT003  # the library's own way
        .build()
    )
    application.add_handler(CommandHandler("shelf", shelf))
    async with application:
        await application.start()
        updater = application.updater
        if updater is not None:
            await updater.start_polling()
        try:
            await asyncio.Event().wait()
        finally:
            if updater is not None:
                await updater.stop()
            await application.stop()


async def ask(server: TelegramServer, answers: Answers) -> None:
    """Time the answers to /shelf."""
    mara = server.world.person("Mara")
    home = server.world.private(mara)

    async def shelf() -> None:
        server.people.send(home, mara, "/shelf")
        before = len(home.messages)
        async with asyncio.timeout(platforms.PATIENCE):  # fails where no message comes
            while len(home.messages) == before:
                await server.change()

    await answers.time(shelf)


async def own(_: argparse.Namespace) -> Found:
    """Measure what the bot itself costs, against one that only echoes."""
    ours, echoed = Answers(), Answers()
    for _round in range(platforms.ROUNDS):
        async with TelegramServer() as server, bot(server, StandInNarrator(), UNPACED):
            await ask(server, ours)
        async with (
            TelegramServer() as server,
            running(echo(server), server.updates.asked.wait()),
        ):
            await ask(server, echoed)
    return platforms.compared(ours, echoed)


FAULTS: dict[str, Iterable[Callable[[], Fault]]] = {
    "429": (lambda: Fault("sendMessage", 100, retry_after=1),),
    "502": (
        lambda: Fault("sendMessage", 100, code=502),
        lambda: Fault("editMessageText", 100, code=502),
    ),
    # A message whose answer is lost would be sent twice: Telegram knows no nonce. An edit may be.
    "broken": (
        lambda: Fault("sendMessage", 100, drop=True),
        lambda: Fault("editMessageText", 100, drop=True, done=True),
    ),
    "silence": (lambda: Fault("sendMessage", 100, seconds=30.0),),
}


async def faults(_: argparse.Namespace) -> Found:
    """Count the final texts that arrive under each kind of fault; the narrator lets edits be."""
    found: Found = {}
    breaches = 0
    for name, broken in FAULTS.items():
        async with TelegramServer() as server, bot(server, StandInNarrator(delay=0.2)):
            mara = server.world.person("Mara")
            groups = [server.world.group(f"room {number}", mara) for number in range(100)]
            injected = [make() for make in broken]
            server.faults.extend(injected)
            planned = sum(fault.times for fault in injected)
            for group in groups:
                server.people.send(group, mara, "/new a lighthouse")
            await all_told(server, groups)
            told = [finals(server, group) for group in groups]
            once = f"{100 - told.count(0)} of 100 arrived, {told.count(1)} once"
            found[name] = f"{once}, {planned - sum(f.times for f in server.faults)} faults met"
            breaches += len(server.breaches)
    return {**found, "spec violations": breaches}


def finals(server: TelegramServer, group: Chat) -> int:
    """Return how many final texts can be read in a group: they have buttons."""
    return sum(bool(buttons(message)) for message in server.said(group))


def final(server: TelegramServer, group: Chat, old: str) -> Json:
    """Return the message with the final text of a turn: it can be gone on from where none could."""
    told = [message for message in server.said(group) if going_on(message) not in ("", old)]
    return told[-1] if told else None


def going_on(message: Json) -> str:
    """Return the id of the button that goes on from a message; empty: it has none."""
    keys = [key["callback_data"] for row in buttons(message) for key in row]
    return next((key for key in keys if key.startswith("continue")), "")


async def all_told(server: TelegramServer, groups: list[Chat], old: str = "") -> None:
    """Wait until there is a new final text in every group; after a while it is as it is."""
    with suppress(AssertionError):
        await server.until(
            lambda: all(final(server, group, old) for group in groups), seconds=platforms.PATIENCE
        )


async def soak(options: argparse.Namespace) -> Found:
    """Let many groups tell stories at once."""
    narrator = StandInNarrator(delay=0.05)
    counts = Soak(options.chats, options.minutes)
    async with TelegramServer(flood=Flood()) as server, bot(server, narrator) as database:
        mara = server.world.person("Mara")
        groups = [server.world.group(f"room {n}", mara) for n in range(options.chats)]
        flooded = 0

        async def chat(number: int, end: float) -> None:
            nonlocal flooded
            group, old = groups[number], ""
            server.people.send(group, mara, "/new a lighthouse")
            while True:
                counts.asked += 1
                await all_told(server, [group], old)
                told = final(server, group, old)
                if told is None:
                    return  # it is counted as lost; there is no button to go on with
                counts.told += 1
                old = going_on(told)
                while len(group.messages) > 1:
                    group.messages.pop(min(group.messages))
                flooded += sum(call.code == TOO_MANY for call in server.calls)
                for kept in (server.calls, server.world.told, narrator.assigned):
                    kept.clear()
                if asyncio.get_running_loop().time() >= end:
                    return
                server.people.press_data(told, old, mara)

        held = await counts.endure(chat)
        breaches = len(server.breaches)
        return counts.found(held, database, **{"spec violations": breaches, "429s": flooded})


if __name__ == "__main__":
    measures = {"own": own, "faults": faults, "soak": soak}
    platforms.main(__doc__, "telegram", measures, ["own", "faults"])
