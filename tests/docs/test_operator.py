"""What the README tells an operator brings a bot up: its settings, its commands, word for word."""

import asyncio
import os
import re
import signal
import sys
import tomllib
from pathlib import Path

import pytest
from discord.utils import oauth_url

from adapters.discord import checking
from bot.settings import Secrets, Settings
from tests.servers.discord_server import DiscordServer
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_world import text_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def part(platform: str) -> str:
    """Return what the README says about one platform."""
    _, found, rest = README.partition(f"\n**{platform}**\n")
    assert found
    return re.split(r"\n\*\*\w+\*\*\n|\nBoth may", rest)[0]


def block(platform: str, kind: str) -> str:
    """Return the one block of a kind in it."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", part(platform), re.DOTALL)
    return "".join(line.strip() + "\n" for line in found.splitlines() if line.strip())


async def shell(folder: Path, command: str, **environment: str) -> asyncio.subprocess.Process:
    """Start a command of the README in a folder, with what was exported before."""
    assert command.startswith("$ .venv/bin/taleturn ")
    known = {name: text for name, text in os.environ.items() if not name.startswith("TALETURN")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *command.split()[2:]),
        cwd=folder,
        env={**known, **environment, "PYTHONPATH": str(ROOT), "COLUMNS": "600"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@pytest.mark.parametrize("platform", ["Telegram", "Discord"])
def test_the_settings_and_the_secret_of_the_readme_are_known(platform: str) -> None:
    settings = Settings(**tomllib.loads(block(platform, "toml")))
    assert getattr(settings, platform.lower()).enabled
    export, *commands = block(platform, "console").splitlines()
    name = re.fullmatch(r"\$ export TALETURN_(\w+)=the-token", export)
    assert name is not None
    assert name[1].lower() in Secrets.model_fields
    assert commands == ["$ .venv/bin/taleturn doctor", "$ .venv/bin/taleturn run"]


def test_the_address_that_the_readme_names_is_the_one_the_doctor_prints() -> None:
    assert "`https://discord.com/oauth2/authorize`" in part("Discord")
    assert "https://discord.com/oauth2/authorize" in checking.ALONE.format(url=oauth_url(1))


@pytest.mark.timeout(240)  # three programs start; some ten seconds, on a machine that may be busy
@pytest.mark.parametrize("platform", ["Telegram", "Discord"])
async def test_the_steps_of_the_readme_bring_a_bot_up(platform: str, tmp_path: Path) -> None:
    async with TelegramServer() as telegram, DiscordServer() as discord:
        (tmp_path / "config.toml").write_text(block(platform, "toml"))
        export, doctor, run = block(platform, "console").splitlines()
        name = export.removeprefix("$ export ").partition("=")[0]
        known = {
            name: telegram.token if platform == "Telegram" else discord.token,
            "TALETURN__TELEGRAM__API_BASE": telegram.url,
            "TALETURN__DISCORD__API_BASE": discord.api,
            "TALETURN__BOT__DATA": str(tmp_path),
        }
        examined = await shell(tmp_path, doctor, **known)
        said, _ = await examined.communicate()
        assert examined.returncode == 0, said.decode()
        assert re.search(rf"ok +{platform.lower()} ", said.decode())
        running = await shell(tmp_path, run, **known)
        await told(platform, telegram, discord)
        running.send_signal(signal.SIGTERM)
        said, _ = await running.communicate()
        assert running.returncode == 0, said.decode()
        assert (telegram.breaches, discord.violations) == ([], [])


async def told(platform: str, telegram: TelegramServer, discord: DiscordServer) -> None:
    """Begin a story as the README's last step says, and wait for its opening."""
    premise = re.search(r"`/new (A lighthouse[^`]*)`", part("Telegram"))
    assert premise is not None
    if platform == "Telegram":
        await telegram.updates.asked.wait()
        ann = telegram.world.person("Ann")
        group = telegram.world.group("Lamps", ann)
        telegram.people.send(group, ann, f"/new {premise[1]}")
        opened = lambda: any("reply_markup" in m and text_of(m) for m in telegram.said(group))  # noqa: E731  # a moment's question
        await telegram.until(opened, seconds=60)
    else:
        channel, tom = discord.text_channel("tales"), discord.somebody("Tom")
        await discord.until(lambda: bool(discord.channel_api.commands), seconds=60)
        await discord.ready()
        await tom.slash(channel, "new", premise=premise[1])
        await discord.until(lambda: any(m.buttons for m in discord.messages.values()), seconds=60)
