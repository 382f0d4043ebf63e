"""Settings: config.toml and the environment, made into frozen, checked values.

What stands later wins: the defaults here, config.toml, TALETURN__SECTION__KEY, the command line.
Secrets come from the environment alone and are never printed.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.reading import settings_from
from core.errors import SettingsError
from core.session.wording import languages

FILE = Path("config.toml")  # looked for in the current folder


def _spoken(tag: str) -> str:
    if tag not in languages():
        raise ValueError(f"the bot speaks {', '.join(languages())}; write one of these")
    return tag


def _without_password(url: SecretStr) -> SecretStr:
    _, _, rest = url.get_secret_value().partition("://")
    if ":" in rest.rpartition("@")[0]:
        raise ValueError(
            "it holds a password; take it out of the file and put the whole address into the "
            "environment as TALETURN_DATABASE_URL"
        )
    return url


def _https(url: str) -> str:
    if url and not url.startswith("https://"):
        raise ValueError("Telegram calls https:// addresses only; write one")
    return url


def _holds_a_database(folder: Path) -> Path:
    if "?" in str(folder):
        raise ValueError("what follows a ? is lost in a database's address; name it without one")
    return folder


def _web(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("an address begins with https:// or http://; write it whole")
    return url.rstrip("/")


def _with_a_port(url: str) -> str:
    if urlsplit(url).port is None:
        raise ValueError("name the port too, as in http://127.0.0.1:8411")
    return url


def _five_fields(cron: str) -> str:
    if len(cron.split()) != 5:  # noqa: PLR2004  # minute, hour, day, month, day of the week
        raise ValueError('it has five fields, such as "0 4 * * *" for every day at four')
    return cron


_Path = Annotated[Path, Field(strict=False), AfterValidator(Path.expanduser)]
_Port = Annotated[int, Field(ge=1, le=65535)]
_Web = Annotated[str, AfterValidator(_web)]
_Seconds = Annotated[float, Field(gt=0, le=600)]
_Retries = Annotated[int, Field(ge=0, le=100)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BotSettings(_Section):
    """The program as a whole."""

    # None: this user's own data folder
    data: Annotated[_Path, AfterValidator(_holds_a_database)] | None = None
    language: Annotated[str, AfterValidator(_spoken)] = "en"
    screening: Literal["off", "mild", "strict"] = "mild"
    explaining: Literal["quick", "full"] = "full"


class LogSettings(_Section):
    """What is logged, and how."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class DatabaseSettings(_Section):
    """Where the stories are kept."""

    # None: SQLite in `data`. Secret, since from the environment it may hold a password.
    url: Annotated[SecretStr, AfterValidator(_without_password)] | None = None


class NarratorSettings(_Section):
    """The language model."""

    backend: Literal["local", "openai", "ray"] = "local"
    model: Annotated[str, Field(min_length=1)] = "starter"
    lora: _Path | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "fp32", "bf16", "int8"] = "auto"
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    slots: Annotated[int, Field(ge=1, le=1024)] = 32
    slot_megabytes: Annotated[int, Field(ge=1)] = 1024
    prefix_megabytes: Annotated[int, Field(ge=0)] = 64
    waiting: Annotated[int, Field(ge=1, le=10_000)] = 64
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 10.0


class OpenaiSettings(_Section):
    """A server elsewhere with OpenAI's completions."""

    url: _Web = "http://127.0.0.1:8000/v1"
    model: str = ""
    tokenizer: _Path | None = None  # None: its tokens are estimated
    window: Annotated[int, Field(ge=256)] = 1024
    timeout_seconds: _Seconds = 30.0
    retries: _Retries = 6


class RaySettings(_Section):
    """Replicas of the narrator, as `taleturn serve` runs them."""

    url: Annotated[_Web, AfterValidator(_with_a_port)] = "http://127.0.0.1:8411"
    replicas: Annotated[int, Field(ge=1, le=256)] = 1
    gpus: Annotated[float, Field(ge=0, le=16)] = 0.0
    timeout_seconds: _Seconds = 30.0
    retries: _Retries = 6


class TelegramSettings(_Section):
    """The Telegram side."""

    enabled: bool = False
    mode: Literal["polling", "webhook"] = "polling"
    api_base: _Web = "https://api.telegram.org"
    webhook_url: Annotated[str, AfterValidator(_https)] = ""
    webhook_listen: str = "127.0.0.1"
    webhook_port: _Port = 8443

    @model_validator(mode="after")
    def _webhook_has_a_url(self) -> Self:
        if self.mode == "webhook" and not self.webhook_url:
            raise ValueError('mode "webhook" needs webhook_url, the https:// address it is sent to')
        return self


class DiscordSettings(_Section):
    """The Discord side."""

    enabled: bool = False
    api_base: _Web = "https://discord.com/api/v10"
    thread_per_story: bool = False


class LearningSettings(_Section):
    """Training from the groups' feedback."""

    enabled: bool = False
    schedule: Annotated[str, AfterValidator(_five_fields)] = "0 4 * * *"
    minimum: Annotated[float, Field(ge=1)] = 100.0
    minimum_new: Annotated[float, Field(ge=0)] = 50.0
    group_minimum: Annotated[float, Field(ge=0)] = 0.0
    newcomer_hours: Annotated[float, Field(ge=0)] = 24.0
    rerank: Annotated[int, Field(ge=1, le=16)] = 4
    ask_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    own_text_telegram: bool = True
    own_text_discord: bool = False
    own_text_terminal: bool = True
    recipe: str = ""
    method: Literal["lora", "adalora", "prefix", "full"] = "lora"
    rank: Annotated[int, Field(ge=0, le=512)] = 0
    augment: str = ""
    search: Annotated[int, Field(ge=0, le=1000)] = 0
    search_minutes: Annotated[float, Field(gt=0)] = 30.0
    minutes: Annotated[float, Field(gt=0)] = 12.0
    passages: Annotated[int, Field(ge=8, le=10_000)] = 240
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.5
    loss_tolerance: Annotated[float, Field(ge=0)] = 0.015
    diversity_tolerance: Annotated[float, Field(ge=0)] = 0.05
    copied_tolerance: Annotated[float, Field(ge=0)] = 0.01
    wandb: str = ""


class Settings(_Section):
    """Everything an operator decides."""

    bot: BotSettings = BotSettings()
    log: LogSettings = LogSettings()
    database: DatabaseSettings = DatabaseSettings()
    narrator: NarratorSettings = NarratorSettings()
    openai: OpenaiSettings = OpenaiSettings()
    ray: RaySettings = RaySettings()
    telegram: TelegramSettings = TelegramSettings()
    discord: DiscordSettings = DiscordSettings()
    learning: LearningSettings = LearningSettings()


class Secrets(BaseModel):
    """What only the environment may know. Printing one shows stars."""

    model_config = ConfigDict(frozen=True)

    telegram_token: SecretStr | None = None
    telegram_webhook_secret: SecretStr | None = None
    discord_token: SecretStr | None = None
    openai_key: SecretStr | None = None


def load(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a file, or of config.toml here if there is one. SettingsError."""
    found = settings_from(Settings, file or (FILE if FILE.exists() else None), environment)
    url = environment.get("TALETURN_DATABASE_URL", "").strip()
    return _with_database(found, url) if url else found


def secrets(environment: Mapping[str, str] = os.environ) -> Secrets:
    """Return the secrets: TALETURN_TELEGRAM_TOKEN and so on."""
    given = {name: environment.get(f"TALETURN_{name.upper()}", "") for name in Secrets.model_fields}
    return Secrets(
        **{name: SecretStr(text.strip()) for name, text in given.items() if text.strip()}
    )


def inside(settings: Settings, data: Path) -> Settings:
    """Return the settings with everything kept in one folder, the database too."""
    try:
        bot = settings.bot.model_copy(update={"data": _holds_a_database(data)})
    except ValueError as error:
        raise SettingsError(f"--data {data}: {error}.") from error
    moved = settings.model_copy(update={"bot": bot})
    return _with_database(moved, f"sqlite:///{data / 'taleturn.db'}")


def _with_database(settings: Settings, url: str) -> Settings:
    return settings.model_copy(
        update={"database": DatabaseSettings.model_construct(url=SecretStr(url))}
    )


def data_folder(settings: Settings) -> Path:
    """Return the folder for everything the program keeps."""
    return settings.bot.data or user_data_path("taleturn")


def database_url(settings: Settings) -> str:
    """Return the database's address; it may hold a password."""
    url = settings.database.url
    return url.get_secret_value() if url else f"sqlite:///{data_folder(settings) / 'taleturn.db'}"


def hidden(settings: Settings, known: Secrets) -> list[str]:
    """Return every secret text there is, for whoever must keep them out of a log."""
    url = database_url(settings)
    tokens = [secret.get_secret_value() for _, secret in known if secret is not None]
    return tokens + ([url, password] if (password := urlsplit(url).password) else [])
