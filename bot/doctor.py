"""The doctor: looks at everything a start needs, and says what is wrong with the remedy."""

import asyncio
import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot import settings as configuration
from bot import wiring
from bot.settings import Settings
from core.errors import SettingsError, TaleturnError
from core.storage import database

_FILE = "sqlite:///"
_MEGABYTE = 2**20
_TIGHT = 1000  # megabytes: below it a year of stories and logs may not fit
_FULL = 50  # megabytes: below it not even SQLite's journal is sure to fit


class Level(StrEnum):
    """How well something is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What the doctor saw, and what to do about it."""

    about: str
    level: Level
    said: str


def examine(config: Path | None, data: Path | None, console: Console) -> bool:
    """Print one line for each thing a start needs; return whether nothing failed."""
    table = Table(box=None, pad_edge=False, show_header=False)
    well = True
    for finding in _findings(config, data):
        well = well and finding.level is not Level.FAIL
        level = Text(finding.level, style=_COLOURS[finding.level])
        table.add_row(level, Text(finding.about), Text(finding.said))
    console.print(table)
    return well


def _findings(config: Path | None, data: Path | None) -> Iterator[Finding]:
    said = f"Taleturn {version('taleturn')}, Python {platform.python_version()}"
    yield Finding("program", Level.OK, said)
    try:
        settings = configuration.load(config)
    except SettingsError as error:
        yield Finding("settings", Level.FAIL, str(error))
        return
    file = config or (configuration.FILE if configuration.FILE.exists() else None)
    yield Finding("settings", Level.OK, str(file) if file else "no config.toml here: the defaults")
    settings = configuration.inside(settings, data.absolute()) if data else settings
    yield _folder(settings)
    yield _database(settings)
    yield _torch()
    yield _model(settings)
    yield from _platforms(settings)


def _folder(settings: Settings) -> Finding:
    folder = configuration.data_folder(settings)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Finding(
            "data folder",
            Level.FAIL,
            f"{folder}: this user cannot write there; name another one with bot.data.",
        )
    free = shutil.disk_usage(there).free // _MEGABYTE
    level = Level.OK if free >= _TIGHT else Level.WARN if free >= _FULL else Level.FAIL
    remedy = "" if level is Level.OK else "; free some, or name another disk's folder with bot.data"
    return Finding("data folder", level, f"{folder}, {free:,} MB free{remedy}")


def _database(settings: Settings) -> Finding:
    url = configuration.database_url(settings)
    if url.startswith(_FILE) and not (file := Path(url.removeprefix(_FILE))).exists():
        return Finding("database", Level.OK, f"{file}: will be made at the first start")
    try:
        opened = database.Database(url)
        try:
            database.check(opened.engine)
        finally:
            opened.close()
    except TaleturnError as error:
        return Finding("database", Level.FAIL, str(error))
    return Finding("database", Level.OK, f"{opened.name}, revision {database.HEAD}")


def _torch() -> Finding:
    """Whether the GPU that there is can be used, without the seconds that importing torch takes."""
    build = version("torch")
    gpu = shutil.which("nvidia-smi") is not None
    if gpu and build.endswith("+cpu"):
        return Finding(
            "torch",
            Level.WARN,
            f"{build} cannot use the GPU of this machine; install torch without +cpu.",
        )
    return Finding("torch", Level.OK, f"{build}, {'with' if gpu else 'without'} an NVIDIA GPU")


def _model(settings: Settings) -> Finding:
    async def load() -> None:
        narrator = wiring.build_narrator(settings, configuration.secrets())
        try:
            await narrator.ready()
        finally:
            await narrator.close()

    begun = time.monotonic()
    try:
        asyncio.run(load())
    except TaleturnError as error:
        return Finding("model", Level.FAIL, str(error))
    seconds = time.monotonic() - begun
    match settings.narrator.backend:
        case "local":
            return Finding(
                "model", Level.OK, f"{settings.narrator.model}, loaded in {seconds:.1f} s"
            )
        case "openai":
            at = f"{settings.openai.model}, served at {settings.openai.url}"
            return Finding("model", Level.OK, at)
        case "ray":
            return Finding("model", Level.OK, f"served by Ray at {settings.ray.url}")


def _platforms(settings: Settings) -> Iterator[Finding]:
    known = configuration.secrets()
    if not (settings.telegram.enabled or settings.discord.enabled):
        said = "none is switched on: `taleturn play` works, `taleturn run` has nothing to do"
        yield Finding("platforms", Level.WARN, said)
    for section, check in wiring.checks(settings, known).items():
        yield from _asked(section, check)


def _asked(section: str, check: wiring.Check) -> Iterator[Finding]:
    """Say what a platform answers to a start that is only tried; each worry is a line."""
    try:
        checked = asyncio.run(check())
    except SettingsError as error:
        yield Finding(section, Level.FAIL, str(error))
        return
    yield Finding(section, Level.WARN if checked.worries else Level.OK, checked.said)
    yield from (Finding(section, Level.WARN, worry) for worry in checked.worries)
