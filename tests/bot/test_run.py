"""`taleturn run` as an operator starts it: a process of its own, its settings in a file."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.servers.discord_server import DiscordServer
from tests.servers.telegram import TelegramServer

ROOT = Path(__file__).parents[2]


async def started(folder: Path, config: str, **secrets: str) -> asyncio.subprocess.Process:
    """Start the program with these settings and secrets."""
    file = folder / "config.toml"
    file.write_text(f'[bot]\ndata = "{folder}"\n{config}')
    tokens = {f"TALETURN_{name.upper()}": secret for name, secret in secrets.items()}
    known = {name: text for name, text in os.environ.items() if not name.startswith("TALETURN")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run", "--config", str(file)),
        env={**known, **tokens, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Return how it ended, and what it said on standard error."""
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert out == b""
    return process.returncode, err.decode()


@pytest.mark.parametrize("platform", ["telegram", "discord"])
async def test_a_wrong_token_ends_the_program_with_the_remedy(
    platform: str, tmp_path: Path
) -> None:
    async with TelegramServer() as telegram, DiscordServer() as discord:
        base = telegram.url if platform == "telegram" else discord.api
        config = f'[{platform}]\nenabled = true\napi_base = "{base}"\n'
        process = await started(tmp_path, config, **{f"{platform}_token": "4200:another"})
        code, err = await ended(process)
    last = err.splitlines()[-1]
    assert code == 1
    assert last.startswith("taleturn: ")
    assert f"TALETURN_{platform.upper()}_TOKEN" in last
    assert "Traceback" not in err
    assert "4200:another" not in err


async def test_a_story_on_discord_gets_a_thread_where_the_settings_say_so(tmp_path: Path) -> None:
    async with DiscordServer() as discord:
        channel, tom = discord.text_channel("tales"), discord.somebody("Tom")
        config = f'[discord]\nenabled = true\napi_base = "{discord.api}"\nthread_per_story = true\n'
        process = await started(tmp_path, config, discord_token=discord.token)
        await discord.until(lambda: bool(discord.channel_api.commands), seconds=60)
        await discord.ready()
        asked = await tom.slash(channel, "new", premise="a cat who paints")
        await discord.until(lambda: len(discord.channels) > 1, seconds=30)
        (thread,) = (one for one in discord.channels.values() if one.parent is channel)
        told = lambda: any(m.buttons for m in discord.in_channel(thread))  # noqa: E731  # a moment's question
        await discord.until(told, seconds=60)
        process.send_signal(signal.SIGTERM)
        code, _ = await ended(process)
        assert (code, thread.name, discord.violations) == (0, "a cat who paints", [])
        assert thread.id in asked.shown[0].content
