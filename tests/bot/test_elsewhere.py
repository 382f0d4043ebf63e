"""A narrator elsewhere is chosen by settings, looked at by the doctor, and not needed to start."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import doctor, service, wiring
from bot.settings import (
    NarratorSettings,
    OpenaiSettings,
    RaySettings,
    Secrets,
    Settings,
    TelegramSettings,
    inside,
    load,
    secrets,
)
from core.errors import SettingsError
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.remote import RemoteNarrator
from core.narrator.served import ServedNarrator
from tests.bot.conftest import Shell
from tests.bot.test_doctor import examined
from tests.fakes import StandInNarrator
from tests.servers.replicas import Replicas
from tests.servers.telegram import TelegramServer


def elsewhere(**sections: object) -> Settings:
    return Settings.model_validate(sections)


async def test_the_backend_decides_what_is_built() -> None:
    openai = elsewhere(
        narrator=NarratorSettings(backend="openai"), openai=OpenaiSettings(model="tales")
    )
    ray = elsewhere(narrator=NarratorSettings(backend="ray"))
    for settings, kind, model in (
        (Settings(), Gpt2Narrator, "starter"),
        (openai, RemoteNarrator, "tales"),
        (ray, ServedNarrator, "starter"),
    ):
        narrator = wiring.build_narrator(settings, Secrets())
        assert isinstance(narrator, kind)
        assert narrator.model == model
        await narrator.close()


def test_a_server_without_a_model_is_refused() -> None:
    settings = elsewhere(narrator=NarratorSettings(backend="openai"))
    with pytest.raises(SettingsError, match=r"needs openai\.model"):
        wiring.build_narrator(settings, Secrets())


def test_the_address_of_the_replicas_has_a_port(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    file.write_text('[ray]\nurl = "http://localhost"\n')
    with pytest.raises(SettingsError, match="name the port too"):
        load(file, {})
    file.write_text("[openai]\ntimeout_seconds = 0.0\n")
    with pytest.raises(SettingsError, match="write more than 0"):
        load(file, {})


async def test_the_key_comes_from_the_environment_alone() -> None:
    known = secrets({"TALETURN_OPENAI_KEY": "sk-hush"})
    assert "hush" not in repr(known)
    settings = elsewhere(
        narrator=NarratorSettings(backend="openai"), openai=OpenaiSettings(model="tales")
    )
    narrator = wiring.build_narrator(settings, known)
    assert isinstance(narrator, RemoteNarrator)
    assert narrator._settings.key == "sk-hush"
    await narrator.close()


@pytest.mark.parametrize("backend", ["openai", "ray"])
def test_the_doctor_says_that_a_server_is_away(shell: Shell, backend: str) -> None:
    Path("config.toml").write_text(
        f'[narrator]\nbackend = "{backend}"\n[openai]\nmodel = "x"\nurl = "http://127.0.0.1:9/v1"\n'
        '[ray]\nurl = "http://127.0.0.1:9"\n'
    )
    code, said = examined(shell)
    assert code == 1
    assert said["model"][0] == "fail"
    assert "127.0.0.1:9" in said["model"][1]
    assert "cannot be reached" in said["model"][1]


@pytest.fixture
async def replicas() -> AsyncIterator[Replicas]:
    async with Replicas([StandInNarrator(model="twin")]) as replicas:
        yield replicas


async def test_the_doctor_finds_replicas_well(replicas: Replicas) -> None:
    settings = elsewhere(
        narrator=NarratorSettings(backend="ray"), ray=RaySettings(url=replicas.url)
    )
    found = await asyncio.to_thread(doctor._model, settings)
    assert (found.level, found.said) == ("ok", f"served by Ray at {replicas.url}")


async def test_the_bot_starts_without_its_narrator_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with TelegramServer() as telegram:
        ann = telegram.world.person("Ann")
        chat = telegram.world.private(ann)
        settings = elsewhere(
            narrator=NarratorSettings(backend="ray"),
            ray=RaySettings(url="http://127.0.0.1:9", retries=0),
            telegram=TelegramSettings(enabled=True, api_base=telegram.url),
        )

        async def ask() -> None:
            await telegram.updates.asked.wait()
            telegram.people.send(chat, ann, "/new a lighthouse keeper finds a shell")
            await telegram.until(lambda: "is away" in str(telegram.said(chat)), seconds=30)
            os.kill(os.getpid(), signal.SIGTERM)

        with caplog.at_level(logging.WARNING):
            async with asyncio.TaskGroup() as group:
                group.create_task(ask())
                known = secrets({"TALETURN_TELEGRAM_TOKEN": telegram.token})
                group.create_task(service.run(inside(settings, tmp_path), known))
    assert "starting without the narrator" in caplog.text
