"""Wiring: builds every object from the settings. The only file that names concrete classes."""

import asyncio
import random
import secrets
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pydantic import SecretStr

from adapters.checking import Checked
from bot.settings import Secrets, Settings, data_folder, database_url
from core.errors import SettingsError
from core.insight.causes import Depth
from core.narrator.faults import Patience
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Narrator
from core.narrator.screening import Level
from core.narrator.settings import NarratorSettings
from core.session.critic import UNTAUGHT, Critic
from core.session.engine import Engine
from core.storage.database import open_database
from core.storage.library import Library

if TYPE_CHECKING:
    from adapters.discord.settings import DiscordSettings
    from adapters.telegram.settings import TelegramSettings
    from core.narrator.remote import RemoteNarrator
    from core.narrator.served import ServedNarrator

AnyNarrator: TypeAlias = "Gpt2Narrator | RemoteNarrator | ServedNarrator"
Job = Callable[[], Coroutine[None, None, None]]  # runs until it is cancelled
Check = Callable[[], Coroutine[None, None, Checked]]  # raises SettingsError for what cannot work
TELEGRAM_TOKEN = "TALETURN_TELEGRAM_TOKEN"  # noqa: S105  # the variable's name, not a token
DISCORD_TOKEN = "TALETURN_DISCORD_TOKEN"  # noqa: S105  # the same
_MOST_SEED = 2**31
_SHARE = 4  # the part of the narrator's slots that takes to choose from may have: a fourth
_UNHURRIED = 60.0  # seconds; what is chosen then does not hang on how fast a machine is


def narrator_settings(settings: Settings) -> NarratorSettings:
    """Return what the operator decided about the narrator."""
    return NarratorSettings(**settings.narrator.model_dump(exclude={"backend"}))


def build_narrator(settings: Settings, known: Secrets) -> AnyNarrator:
    """Return the narrator; what takes time is done in the background. Raises SettingsError."""
    match settings.narrator.backend:
        case "local":
            return Gpt2Narrator(narrator_settings(settings))
        case "openai":
            return _remote(settings, known)
        case "ray":
            return _served(settings)


def _remote(settings: Settings, known: Secrets) -> "RemoteNarrator":
    from core.narrator.remote import RemoteNarrator, RemoteSettings  # noqa: PLC0415  # not for all

    asked = settings.openai
    if not asked.model:
        raise SettingsError(
            'narrator.backend = "openai" needs openai.model: the name under which the server at '
            f"{asked.url} serves the model."
        )
    return RemoteNarrator(
        RemoteSettings(
            url=asked.url,
            model=asked.model,
            key=known.openai_key.get_secret_value() if known.openai_key else "",
            tokenizer=asked.tokenizer,
            window=asked.window,
            patience=Patience(timeout=asked.timeout_seconds, retries=asked.retries),
            drain_seconds=settings.narrator.drain_seconds,
        )
    )


def _served(settings: Settings) -> "ServedNarrator":
    from core.narrator.served import ServedNarrator, ServedSettings  # noqa: PLC0415  # the same

    asked = settings.ray
    return ServedNarrator(
        ServedSettings(
            url=asked.url,
            model=settings.narrator.model,
            patience=Patience(timeout=asked.timeout_seconds, retries=asked.retries),
            drain_seconds=settings.narrator.drain_seconds,
        )
    )


def untaught(settings: Settings) -> Critic:
    """Return the critic of a narrator from which nothing has been learned.

    A server elsewhere is asked for one take of a passage: there, each may have to be paid for.
    """
    if settings.narrator.backend == "openai":
        return UNTAUGHT
    most = min(settings.learning.rerank, settings.narrator.slots)  # side by side, not in turn
    room = max(1, settings.narrator.slots // (_SHARE * most))
    return Critic(best_of=most, room=asyncio.Semaphore(room))


def build_engine(
    settings: Settings,
    library: Library,
    narrator: Narrator,
    *,
    seed: int | None = None,
    loras: Callable[[int], str] = lambda _place: "",
    critic: Critic | None = None,
) -> Engine:
    """Return the engine; a seed lets a whole session be played again."""
    critic = critic or untaught(settings)
    return Engine(
        library,
        narrator,
        seeds=_seeds(seed),
        default_language=settings.bot.language,
        screening=Level(settings.bot.screening),
        explaining=Depth(settings.bot.explaining),
        loras=loras,
        critic=critic if seed is None else replace(critic, seconds=_UNHURRIED),
    )


def _seeds(seed: int | None) -> Callable[[], int]:
    chance = secrets.SystemRandom() if seed is None else random.Random(seed)
    return lambda: chance.randrange(_MOST_SEED)


@contextmanager
def opened_library(settings: Settings) -> Iterator[Library]:
    """Open the library inside, with its folder and tables where they are not there yet.

    Raises SettingsError, DatabaseUnavailable or DatabaseMismatch.
    """
    made_data_folder(settings)
    database = open_database(database_url(settings))
    try:
        yield Library(database)
    finally:
        database.close()


def made_data_folder(settings: Settings) -> Path:
    """Return the folder for everything the program keeps, made where it is not there yet."""
    folder = data_folder(settings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} cannot be made ({error.strerror}); "
            "name another one with bot.data or --data."
        ) from error
    return folder


def platforms(settings: Settings, known: Secrets, engine: Engine) -> dict[str, Job]:
    """Return what has to run for the platforms that are switched on. Raises SettingsError."""
    jobs: dict[str, Job] = {}
    if settings.telegram.enabled:
        jobs["telegram"] = _telegram(settings, known, engine)
    if settings.discord.enabled:
        jobs["discord"] = _discord(settings, known, engine)
    if not jobs:
        raise SettingsError(
            "No platform is switched on: write enabled = true below [telegram] or [discord] in "
            "config.toml. To try the bot without one, use `taleturn play`."
        )
    return jobs


def checks(settings: Settings, known: Secrets) -> dict[str, Check]:
    """Return what asks the platforms that are switched on whether they would let the bot in."""
    found: dict[str, Check] = {}
    if settings.telegram.enabled:
        found["telegram"] = lambda: _telegram_checked(settings, known)
    if settings.discord.enabled:
        found["discord"] = lambda: _discord_checked(settings, known)
    return found


def _telegram(settings: Settings, known: Secrets, engine: Engine) -> Job:
    decided = _telegram_settings(settings, known)
    from adapters.telegram.adapter import TelegramAdapter  # noqa: PLC0415  # slow, and not for all

    return TelegramAdapter(engine, decided).run


async def _telegram_checked(settings: Settings, known: Secrets) -> Checked:
    decided = _telegram_settings(settings, known)
    from adapters.telegram.checking import check  # noqa: PLC0415  # slow, and not for all

    return await check(decided)


def _telegram_settings(settings: Settings, known: Secrets) -> "TelegramSettings":
    token = needed(known.telegram_token, TELEGRAM_TOKEN, "telegram")
    from adapters.telegram.settings import TelegramSettings  # noqa: PLC0415  # slow, not for all

    secret = known.telegram_webhook_secret
    return TelegramSettings(
        token=token,
        webhook_secret=secret.get_secret_value() if secret else "",
        language=settings.bot.language,
        **settings.telegram.model_dump(exclude={"enabled"}),
    )


def _discord(settings: Settings, known: Secrets, engine: Engine) -> Job:
    decided = _discord_settings(settings, known)
    from adapters.discord.adapter import DiscordAdapter  # noqa: PLC0415  # slow, and not for all

    return DiscordAdapter(engine, decided).run


async def _discord_checked(settings: Settings, known: Secrets) -> Checked:
    decided = _discord_settings(settings, known)
    from adapters.discord.checking import check  # noqa: PLC0415  # slow, and not for all

    return await check(decided)


def _discord_settings(settings: Settings, known: Secrets) -> "DiscordSettings":
    token = needed(known.discord_token, DISCORD_TOKEN, "discord")
    from adapters.discord.settings import DiscordSettings  # noqa: PLC0415  # slow, not for all

    return DiscordSettings(
        token=token,
        language=settings.bot.language,
        **settings.discord.model_dump(exclude={"enabled"}),
    )


def needed(token: SecretStr | None, variable: str, section: str) -> str:
    """Return a platform's token. Raises SettingsError where there is none."""
    if token is None:
        raise SettingsError(
            f"{variable} is not set, and [{section}] is enabled: put the bot's token there, "
            f"or write enabled = false below [{section}]."
        )
    return token.get_secret_value()
