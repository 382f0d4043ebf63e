"""Playing: stories in this terminal, or lines through a pipe."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from rich.console import Console

from adapters.terminal import lines
from adapters.terminal.adapter import PLATFORM, TerminalAdapter
from adapters.terminal.screens import LiveScreen, PlainScreen
from bot import logs, wiring
from bot import settings as configuration
from bot.following import Following, begun_with
from bot.settings import Settings, data_folder
from core.errors import NarratorAway
from core.narrator.narrator import Narrator
from core.session.engine import Engine
from core.session.messages import Author
from core.session.wording import Voice, menu
from core.storage.library import Library
from core.storage.loras import Lora

_GLANCE = 0.01  # seconds to look whether loading has failed by now


def play(settings: Settings, *, seed: int | None) -> None:
    """Tell stories until the input ends. Raises SettingsError, StorageError, ModelUnavailable."""
    folder = wiring.made_data_folder(settings)
    logs.to_file(folder / "taleturn.log")
    with wiring.opened_library(settings) as library, asyncio.Runner() as runner:
        settings, live_lora = with_live_lora(settings, library, folder)
        narrator = wiring.build_narrator(settings, configuration.secrets())
        try:
            engine = _engine(settings, library, narrator, live_lora, seed=seed)
            live = sys.stdin.isatty() and sys.stdout.isatty()
            TerminalAdapter(
                engine,
                _live_screen(folder) if live else _plain_screen(folder),
                _reader(narrator, runner, settings.bot.language, live=live),
                person(),
                default_language=settings.bot.language,
            ).run(runner)
        finally:
            runner.run(narrator.close())


def with_live_lora(
    settings: Settings, library: Library, data: Path
) -> tuple[Settings, Lora | None]:
    """Return the settings with what was learned here; the operator's own LoRA comes first."""
    if settings.narrator.lora is not None or settings.narrator.backend != "local":
        return settings, None
    live = begun_with(library, data)
    if live is None:
        return settings, None
    narrator = settings.narrator.model_copy(update={"lora": data / live.folder})
    return settings.model_copy(update={"narrator": narrator}), live


def _engine(
    settings: Settings,
    library: Library,
    narrator: Narrator,
    live: Lora | None,
    *,
    seed: int | None,
) -> Engine:
    """Return the engine; where something was learned, it chooses and asks by that."""
    if live is None:
        return wiring.build_engine(settings, library, narrator, seed=seed)
    from bot.criticism import build_critic  # noqa: PLC0415  # slow, and not for all

    following = Following(library, data_folder(settings), narrator, live)
    critic = build_critic(settings, following)
    return wiring.build_engine(settings, library, narrator, seed=seed, critic=critic)


def person(environment: Mapping[str, str] = os.environ) -> Author:
    """Return who sits at this terminal, and the language their system speaks."""
    locale = next(
        (environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)),
        "",
    )
    language = locale.partition(".")[0].replace("_", "-").lower()
    return Author(
        PLATFORM,
        id="me",
        name=environment.get("USER") or "you",
        language="" if language in {"c", "posix"} else language,
        admin=True,
    )


def _live_screen(folder: Path) -> LiveScreen:
    return LiveScreen(Console(), folder / "exports")


def _plain_screen(folder: Path) -> PlainScreen:
    # What cannot be written in a pipe's alphabet is replaced, in a word rather than with a crash.
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    return PlainScreen(sys.stdout, folder / "exports")


def _reader(
    narrator: wiring.AnyNarrator, runner: asyncio.Runner, language: str, *, live: bool
) -> Callable[[str], str]:
    """Return what reads the next line, and stops where the model turns out to be unusable.

    A person reads on while the model loads; a script's lines wait for it.
    """
    read = lines.typed if live else lines.piped(sys.stdin)
    if live:
        lines.complete_with([name for name, _ in menu(Voice.of(language, "").language)])

    def checked(prompt: str) -> str:
        runner.run(_loaded(narrator, most=_GLANCE if live else None))
        return read(prompt)

    return checked


async def _loaded(narrator: wiring.AnyNarrator, *, most: float | None) -> None:
    # One that is away may come back; until then every command says so.
    with suppress(TimeoutError, NarratorAway):
        async with asyncio.timeout(most):
            await narrator.ready()
