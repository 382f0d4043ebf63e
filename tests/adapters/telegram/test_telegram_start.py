"""The bot starts, or says why it cannot and what to do; updates come by polling or webhook."""

import asyncio
import json
import logging
import secrets
import socket
from dataclasses import replace

import aiohttp
import pytest

from adapters.telegram.adapter import TelegramAdapter
from core.errors import SettingsError
from core.session.wording import menu
from tests.adapters.telegram.running import FAST, Json, Running, running, until
from tests.servers.telegram import Fault
from tests.stage import Stage


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def with_webhook(here: Running, **changes: Json) -> None:
    port = free_port()
    here.settings = replace(
        here.settings,
        mode="webhook",
        webhook_url=f"http://127.0.0.1:{port}/tale",
        webhook_port=port,
        **changes,
    )


async def test_the_commands_are_listed_in_every_language(stage: Stage) -> None:
    async with running(stage) as here:
        commands = here.telegram.methods.commands
        await here.telegram.until(lambda: len(commands) == 3)
        listed = {
            language: [(entry["command"], entry["description"]) for entry in entries]
            for language, entries in commands.items()
        }
        assert listed == {"": menu("en"), "en": menu("en"), "zh": menu("zh-hans")}


async def test_commands_that_cannot_be_listed_stop_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(stage, start=False) as here:
        here.telegram.faults.append(Fault("setMyCommands", code=400))
        async with here.bot():
            here.say("/help")
            await here.shows("/undo")
    assert "telegram does not list the commands" in caplog.text


@pytest.mark.parametrize("token", ["4200:wrong", "nonsense"])
async def test_a_wrong_token_stops_the_start_with_the_remedy(stage: Stage, token: str) -> None:
    async with running(stage, start=False) as here:
        adapter = TelegramAdapter(stage.engine, replace(here.settings, token=token), FAST)
        with pytest.raises(SettingsError, match=r"TALETURN_TELEGRAM_TOKEN.*@BotFather") as stopped:
            await adapter.run()
        assert token not in str(stopped.value)


async def test_a_token_that_is_revoked_stops_the_bot_with_the_remedy(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        adapter = TelegramAdapter(stage.engine, here.settings, FAST)
        task = asyncio.create_task(adapter.run())
        await here.telegram.updates.asked.wait()
        here.telegram.token = "4200:another"  # noqa: S105  # of a bot that is nowhere
        here.say("/help")
        with pytest.raises(SettingsError, match="@BotFather"):
            await asyncio.wait_for(task, 10)


async def test_the_token_is_nowhere_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(stage) as here:
        here.telegram.faults.append(Fault("sendMessage", drop=True, times=2))
        await here.story()
        assert "4200" not in repr(here.settings)
    assert here.telegram.token not in caplog.text


async def test_a_telegram_that_is_away_at_the_start_is_waited_for(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        here.telegram.faults.append(Fault("getMe", code=502, times=2))
        here.telegram.faults.append(Fault("getMe", drop=True))
        here.telegram.faults.append(Fault("deleteWebhook", code=502))
        here.telegram.faults.append(Fault("getUpdates", code=502, times=2))
        async with here.bot():
            here.say("/help")
            await here.shows("/undo")


async def test_another_program_with_the_token_is_logged_and_outwaited(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(stage) as here:
        url = f"{here.telegram.url}/bot{here.telegram.token}/getUpdates"
        async with aiohttp.ClientSession() as other, other.post(url) as answer:
            assert (await answer.json())["ok"]
        await until(lambda: "Stop the other program" in caplog.text)
        here.say("/help")
        await here.shows("/undo")


async def test_a_webhook_is_told_and_pushed_to(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        with_webhook(here)
        async with here.bot():
            await here.story()
        async with here.bot():
            here.press("Continue")
            await here.shows("", button="Undo")
        (first, second) = here.telegram.made("setWebhook")
        assert first.given["secret_token"] != second.given["secret_token"]


async def test_what_does_not_know_the_webhooks_secret_is_not_heard(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        secret = secrets.token_urlsafe()
        with_webhook(here, webhook_secret=secret)
        async with here.bot():
            here.say("/help")
            await here.shows("/undo")
            forged = json.dumps({**here.telegram.updates.newest, "update_id": 1})
            kind = {"Content-Type": "application/json"}
            for headers in (kind, {**kind, "X-Telegram-Bot-Api-Secret-Token": "guessed"}):
                async with (
                    aiohttp.ClientSession() as stranger,
                    stranger.post(
                        here.settings.webhook_url, data=forged, headers=headers
                    ) as answer,
                ):
                    assert answer.status == 403
            here.say("/show")
            await here.shows("No story is told here yet")
            assert len(here.texts()) == 2
            assert here.telegram.made("setWebhook")[0].given["secret_token"] == secret


async def test_polling_takes_over_from_a_webhook_that_was_left(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        polling = here.settings
        with_webhook(here)
        async with here.bot():
            pass
        here.settings = polling
        async with here.bot():
            here.say("/help")
            await here.shows("/undo")


async def test_a_webhook_that_telegram_refuses_stops_the_start(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        with_webhook(here)
        settings = replace(here.settings, webhook_url="http://example.org/tale")
        with pytest.raises(SettingsError, match=r"(?i)telegram\.webhook_url: .*https"):
            await TelegramAdapter(stage.engine, settings, FAST).run()


async def test_a_port_that_is_taken_stops_the_start(stage: Stage) -> None:
    async with running(stage, start=False) as here:
        with_webhook(here)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", here.settings.webhook_port))
            taken.listen()
            with pytest.raises(SettingsError, match=r"telegram\.webhook_port"):
                await TelegramAdapter(stage.engine, here.settings, FAST).run()
