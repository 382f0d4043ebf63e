"""A group session on two platforms, without a token: `python -m tests.demo`, or `make demo`.

Starts a Telegram and a Discord of our own on the loopback and the bot between them, as `taleturn
run` would, with the bundled model. Prints what people do there and what the bot answers. Ends with
0 only if every step was seen on the servers, and neither side broke the platforms' rules.
"""

import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from bot import service
from bot.settings import DiscordSettings, Settings, TelegramSettings, inside, secrets
from tests.demo.session import NotSeen, Party, play
from tests.demo.watching import Watcher
from tests.servers.discord_server import DiscordServer
from tests.servers.telegram import TelegramServer


async def demonstrate(console: Console, data: Path) -> None:
    """Play the session on servers of its own. Raises NotSeen."""
    async with TelegramServer() as telegram, DiscordServer() as discord:
        settings = Settings(
            telegram=TelegramSettings(enabled=True, api_base=telegram.url),
            discord=DiscordSettings(enabled=True, api_base=discord.api),
        )
        known = secrets(
            {
                "TALETURN_TELEGRAM_TOKEN": telegram.token,
                "TALETURN_DISCORD_TOKEN": discord.token,
            }
        )
        watcher = Watcher(telegram, discord, console)
        party = Party(telegram, discord, watcher)
        bot = asyncio.create_task(service.run(inside(settings, data), known))
        ready = asyncio.create_task(_ready(telegram, discord))
        await asyncio.wait({bot, ready}, return_when=asyncio.FIRST_COMPLETED)
        watching = asyncio.create_task(watcher.watch())
        playing = asyncio.create_task(play(party))
        try:
            await asyncio.wait({bot, playing}, return_when=asyncio.FIRST_COMPLETED)
            if bot.done():
                await bot
            await playing
        finally:
            watcher.told()
            for task in (playing, watching, bot):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if faults := [*telegram.breaches, *discord.violations]:
            raise NotSeen("; ".join(faults))


async def _ready(telegram: TelegramServer, discord: DiscordServer) -> None:
    await telegram.updates.asked.wait()
    await discord.ready()


def main() -> int:
    """Play it in this terminal."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as data:
        try:
            asyncio.run(demonstrate(console, Path(data)))
        except NotSeen as missing:
            console.print(f"\n✗ {missing}", style="bold red")
            return 1
    console.print("\n✓ Every step was seen on both servers.", style="bold green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
