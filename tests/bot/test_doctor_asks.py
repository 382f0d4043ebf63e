"""The doctor asks the platforms what a start would ask, and says the remedy."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.conftest import Shell
from tests.servers.discord_server import DiscordServer
from tests.servers.telegram import Fault, TelegramServer


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server
        assert server.breaches == []


@pytest.fixture
async def discord() -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as server:
        yield server
        assert server.violations == []


def on_telegram(server: TelegramServer, token: str, shell: Shell, more: str = "") -> None:
    config = f'[telegram]\nenabled = true\napi_base = "{server.url}"\n{more}'
    Path("config.toml").write_text(config)
    shell.monkeypatch.setenv("TALETURN_TELEGRAM_TOKEN", token)


def on_discord(server: DiscordServer, token: str, shell: Shell) -> None:
    config = f'[discord]\nenabled = true\napi_base = "{server.api}"\n'
    Path("config.toml").write_text(config)
    shell.monkeypatch.setenv("TALETURN_DISCORD_TOKEN", token)


async def asked(shell: Shell, section: str) -> tuple[object, list[tuple[str, str]]]:
    """Return how the doctor ends, and what it says of a platform, each with its level."""
    shell.monkeypatch.setenv("COLUMNS", "600")
    code, out, err = await asyncio.to_thread(shell.ended, "doctor")
    assert err == ""
    found = re.findall(rf"^(ok|warn|fail) +{section}  +(.*?) *$", out, re.MULTILINE)
    return code, found


async def test_a_telegram_that_lets_the_bot_in_is_well(
    telegram: TelegramServer, shell: Shell
) -> None:
    on_telegram(telegram, telegram.token, shell)
    code, ((level, said),) = await asked(shell, "telegram")
    assert (code, level) == (0, "ok")
    assert said.startswith("@taleturn_bot may come in; in groups it sees commands and replies")
    telegram.methods.abilities |= {"can_read_all_group_messages": True}
    telegram.methods.abilities |= {"supports_inline_queries": False}
    _, ((_, said),) = await asked(shell, "telegram")
    assert "sees every message (privacy mode is off); @BotFather, /setinline" in said


async def test_a_token_that_telegram_refuses_fails_with_the_remedy(
    telegram: TelegramServer, shell: Shell
) -> None:
    on_telegram(telegram, "4200:another", shell)
    code, ((level, said),) = await asked(shell, "telegram")
    assert (code, level) == (1, "fail")
    assert "Copy it again from @BotFather" in said
    assert "look at api_base below [telegram]" in said
    assert "another" not in said


async def test_what_keeps_groups_or_updates_away_is_told_with_the_remedy(
    telegram: TelegramServer, shell: Shell
) -> None:
    telegram.methods.abilities |= {"can_join_groups": False}
    telegram.updates.set_webhook({"url": "https://tales.example/secret-path"})
    on_telegram(telegram, telegram.token, shell)
    code, (_, (first, groups), (second, hook)) = await asked(shell, "telegram")
    assert (code, first, second) == (0, "warn", "warn")
    assert "/setjoingroups" in groups
    assert "go to tales.example now" in hook
    assert "secret-path" not in hook


async def test_a_webhook_that_telegram_cannot_reach_is_told_of(
    telegram: TelegramServer, shell: Shell
) -> None:
    url = "https://tales.example/hear"
    telegram.updates.set_webhook({"url": url})
    telegram.updates.pushed.append(502)
    on_telegram(telegram, telegram.token, shell, f'mode = "webhook"\nwebhook_url = "{url}"\n')
    code, (_, (level, said)) = await asked(shell, "telegram")
    assert (code, level) == (0, "warn")
    assert re.search("to tales.example: .*502.*telegram.webhook_url", said)


async def test_a_discord_that_lets_the_bot_in_is_well(discord: DiscordServer, shell: Shell) -> None:
    on_discord(discord, discord.token, shell)
    code, found = await asked(shell, "discord")
    assert (code, found[0][0], len(found)) == (0, "ok", 1)
    assert re.match(
        "taleturn may come in and hears what it asks for; servers it is in: 1", found[0][1]
    )
    await discord.until(lambda: not discord.gateway.live)


@pytest.mark.parametrize("refused", ["token", "endpoint", "intents"])
async def test_what_discord_refuses_fails_with_the_remedy(
    discord: DiscordServer, shell: Shell, refused: str
) -> None:
    token, remedy = discord.token, "Reset Token"
    match refused:
        case "token":
            token += "x"
        case "endpoint":
            discord.channel_api.endpoint, remedy = "https://x.example", "Interactions Endpoint URL"
        case _:
            discord.gateway.refuses, remedy = 4014, "good standing"
    on_discord(discord, token, shell)
    code, ((level, said),) = await asked(shell, "discord")
    assert (code, level) == (1, "fail")
    assert remedy in said
    assert discord.token not in said


async def test_a_bot_in_no_server_is_told_how_to_be_let_in(
    discord: DiscordServer, shell: Shell
) -> None:
    discord.guild_count = 0
    on_discord(discord, discord.token, shell)
    code, (_, (level, said)) = await asked(shell, "discord")
    assert (code, level) == (0, "warn")
    assert f"client_id={discord.bot.id}&scope=bot+applications.commands&permissions=" in said


async def test_a_platform_that_is_away_is_a_warning(shell: Shell) -> None:
    async with TelegramServer() as telegram:
        on_telegram(telegram, telegram.token, shell)
    code, (_, (level, said)) = await asked(shell, "telegram")
    assert (code, level) == (0, "warn")
    assert "`taleturn run` goes on trying" in said
    async with DiscordServer() as discord:
        on_discord(discord, discord.token, shell)
    code, (_, (level, said)) = await asked(shell, "discord")
    assert (code, level) == (0, "warn")
    assert "discordstatus.com; `taleturn run` goes on trying" in said


async def test_a_platform_that_says_nothing_is_given_up_on(
    telegram: TelegramServer, discord: DiscordServer, shell: Shell
) -> None:
    shell.monkeypatch.setattr("adapters.telegram.checking._LONGEST", 0.05)
    shell.monkeypatch.setattr("adapters.discord.checking._LONGEST", 0.05)
    telegram.faults.append(Fault("getMe", seconds=1.0))
    on_telegram(telegram, telegram.token, shell)
    _, (_, (level, said)) = await asked(shell, "telegram")
    assert (level, "no answer in time" in said) == ("warn", True)
    discord.delay("GET /users/@me", seconds=1.0)
    on_discord(discord, discord.token, shell)
    _, (_, (level, said)) = await asked(shell, "discord")
    assert (level, "no answer in time" in said) == ("warn", True)
