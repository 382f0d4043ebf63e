"""The service speaks on its platforms until it is told to stop, and ends everything in order."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bot import service
from bot.settings import (
    DiscordSettings,
    NarratorSettings,
    Secrets,
    Settings,
    TelegramSettings,
    inside,
    secrets,
)
from core.errors import ModelUnavailable, SettingsError
from tests.servers.discord_server import DiscordServer
from tests.servers.telegram import TelegramServer


def kill(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_every_job_and_waits_for_it(number: int) -> None:
    ended: list[str] = []

    async def talk(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.01)
            ended.append(name)

    asyncio.get_running_loop().call_later(0.02, kill, number)
    await service.serve({"one": lambda: talk("one"), "two": lambda: talk("two")})
    assert sorted(ended) == ["one", "two"]


async def test_a_job_that_breaks_ends_the_others_and_is_told_of() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("waiting")

    async def refuse() -> None:
        await asyncio.sleep(0.01)
        raise SettingsError("The token is refused.")

    with pytest.raises(SettingsError, match="The token is refused"):
        await service.serve({"good": wait, "bad": refuse})
    assert ended == ["waiting"]


async def test_signals_mean_again_what_they_meant_before() -> None:
    async def done() -> None:
        kill(signal.SIGTERM)

    await service.serve({"short": done})
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def told_on(
    telegram: TelegramServer, discord: DiscordServer, data: Path
) -> tuple[Settings, Secrets]:
    """Return what an operator would write to have both platforms."""
    settings = Settings(
        telegram=TelegramSettings(enabled=True, api_base=telegram.url),
        discord=DiscordSettings(enabled=True, api_base=discord.api),
    )
    tokens = {"TALETURN_TELEGRAM_TOKEN": telegram.token, "TALETURN_DISCORD_TOKEN": discord.token}
    return inside(settings, data), secrets(tokens)


async def test_the_model_tells_stories_on_both_platforms_until_the_end(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, DiscordServer() as discord:
        chat = telegram.world.private(ann := telegram.world.person("Ann"))
        channel, tom = discord.text_channel(), discord.somebody("Tom")

        async def ask() -> None:
            await telegram.updates.asked.wait()
            await discord.ready()
            telegram.people.send(chat, ann, "/new a lighthouse keeper finds a shell")
            asked = await tom.slash(channel, "new", premise="a cat who paints")
            await telegram.until(lambda: "Continue" in str(telegram.said(chat)), seconds=30)
            await discord.until(lambda: bool(asked.shown and asked.shown[-1].buttons), seconds=30)
            os.kill(os.getpid(), signal.SIGTERM)

        async with asyncio.TaskGroup() as group:
            group.create_task(ask())
            group.create_task(service.run(*told_on(telegram, discord, tmp_path)))
        assert (telegram.breaches, discord.violations) == ([], [])


async def test_a_model_that_cannot_be_loaded_stops_the_start(tmp_path: Path) -> None:
    settings = Settings(
        narrator=NarratorSettings(model="./nowhere"), telegram=TelegramSettings(enabled=True)
    )
    known = secrets({"TALETURN_TELEGRAM_TOKEN": "1:a", "TALETURN_TELEGRAM_WEBHOOK_SECRET": "b"})
    with pytest.raises(ModelUnavailable, match=r"narrator\.model names a folder"):
        await service.run(inside(settings, tmp_path), known)


async def test_a_token_that_telegram_refuses_stops_it(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        settings = Settings(telegram=TelegramSettings(enabled=True, api_base=telegram.url))
        known = secrets({"TALETURN_TELEGRAM_TOKEN": "4200:another"})
        with pytest.raises(SettingsError, match="TALETURN_TELEGRAM_TOKEN"):
            await service.run(inside(settings, tmp_path), known)
