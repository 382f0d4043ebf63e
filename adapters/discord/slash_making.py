"""How a slash command is made of a function: the catalogues tell of it and of its options."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeAlias

from discord import app_commands
from discord.app_commands import Choice, locale_str

from adapters.discord.client import Asked
from adapters.discord.places import author_of, place_of
from core.errors import StorageError
from core.session import commands as c
from core.session.spelling import to_button
from core.session.wording import FIRST, keys, say

Slash: TypeAlias = app_commands.Command[Any, ..., None]
_Answers: TypeAlias = Callable[..., Coroutine[Any, Any, None]]
_Kind: TypeAlias = Literal["story", "lore", "wish", "branch"]


def slash(
    choices: dict[str, tuple[str, ...]] | None = None, completions: dict[str, _Kind] | None = None
) -> Callable[[_Answers], Slash]:
    """Make a slash command of a function: the catalogue tells of it and its options."""

    def made(function: _Answers) -> Slash:
        name = function.__name__.removeprefix("_")
        options = list(inspect.signature(function).parameters)[1:]
        function = app_commands.describe(**{o: _told(f"discord.option.{o}") for o in options})(
            function
        )
        offered = {o: [_choice(value) for value in values] for o, values in (choices or {}).items()}
        function = app_commands.choices(**offered)(function)
        completing = {option: _completing(kind) for option, kind in (completions or {}).items()}
        function = app_commands.autocomplete(**completing)(function)
        return app_commands.command(name=name, description=_told(f"command.{name}"))(function)

    return made


def _told(key: str) -> locale_str:
    return locale_str(say(FIRST, key), key=key)


def _choice(value: str) -> Choice[str]:
    key = f"discord.choice.{value}"
    return Choice(name=_told(key) if key in keys(FIRST) else value, value=value)


def _completing(kind: _Kind) -> Callable[[Asked, str], Coroutine[Any, Any, list[Choice[Any]]]]:
    """Return what completes an option by what the engine knows here."""

    async def complete(asked: Asked, typed: str) -> list[Choice[Any]]:
        place, author = place_of(asked), author_of(asked)
        try:
            known = await asked.client.engine.suggestions(place, author, kind, typed)
        except StorageError:
            return []  # the command itself will say what is wrong
        return [Choice(name=label, value=_value(kind, value)) for label, value in known]

    return complete


def _value(kind: _Kind, value: str) -> str | int:
    """Return what Discord sends back: a story is spelled, so as to be no number on a shelf."""
    match kind:
        case "story":
            return to_button(c.Open(int(value)))
        case "lore":
            return int(value)
        case "wish" | "branch":
            return value


def ask(asked: Asked, command: c.Command) -> None:
    """Hand the command to the adapter."""
    asked.client.dispatch("asked", asked, command)
