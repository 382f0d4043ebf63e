"""Slash commands: everything the session can be asked, told of in every language."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Literal, TypeAlias

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str

from adapters.discord.client import Asked, TaleClient
from adapters.discord.places import author_of, place_of
from core.errors import Refusal, StorageError
from core.session import commands as c
from core.session.spelling import from_button, to_button
from core.session.texts import MOST_LORE, MOST_NAME, MOST_PREMISE, MOST_TITLE, MOST_WISH
from core.session.wording import FIRST, closest, keys, languages, say

Slash: TypeAlias = app_commands.Command[Any, ..., None]
_Answers: TypeAlias = Callable[..., Coroutine[Any, Any, None]]
_Kind: TypeAlias = Literal["story", "lore", "wish", "branch"]
MOST_NUMBER = 10**9 - 1  # as long as a number may be that is typed
_THUMBS = {"up": 1, "down": -1, "none": 0}


def tree_of(client: TaleClient) -> app_commands.CommandTree[TaleClient]:
    """Return all commands: in guilds, direct messages and group messages, installed either way."""
    tree = app_commands.CommandTree(
        client,
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=True
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    )
    for command in COMMANDS:
        tree.add_command(command)
    return tree


class Catalogue(app_commands.Translator):
    """Gives Discord what it shows of a command, in the languages of the catalogues."""

    async def translate(
        self,
        string: locale_str,
        locale: discord.Locale,
        _: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return a text in a language; None where it is not spoken, or the text is the same."""
        language = closest(locale.value)
        key = string.extras.get("key", "")
        if language is None or language == FIRST or key not in keys(language):
            return None
        return say(language, key)


# ---------------------------------------------------------------- how commands are made
def _slash(
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


def _ask(asked: Asked, command: c.Command) -> None:
    """Hand the command to the adapter."""
    asked.client.dispatch("asked", asked, command)


def _story(typed: str) -> int | None:
    """Return the id of a story that was completed; None where somebody just typed."""
    try:
        command = from_button(typed)
    except Refusal:
        return None
    return command.story if isinstance(command, c.Open) else None


# ---------------------------------------------------------------- writing
@_slash()
async def _new(
    asked: Asked,
    premise: Range[str, 1, MOST_PREMISE] = "",
    genre: Range[str, 1, MOST_NAME] = "",
    mood: Range[str, 1, MOST_NAME] = "",
) -> None:
    _ask(asked, c.New(premise, genre, mood))


@_slash()
async def _say(asked: Asked, passage: str = "") -> None:
    _ask(asked, c.Say(passage))


@_slash()
async def _continue(asked: Asked) -> None:
    _ask(asked, c.Continue())


@_slash()
async def _retry(asked: Asked) -> None:
    _ask(asked, c.Retry())


@_slash()
async def _takes(asked: Asked, take: Range[int, 1, MOST_NUMBER] = 0) -> None:
    _ask(asked, c.Takes(number=take))


@_slash()
async def _pick(asked: Asked, take: Range[int, 1, MOST_NUMBER]) -> None:
    _ask(asked, c.Pick(number=take))


@_slash()
async def _undo(asked: Asked) -> None:
    _ask(asked, c.Undo())


@_slash()
async def _redo(asked: Asked) -> None:
    _ask(asked, c.Redo())


@_slash()
async def _rewind(asked: Asked, number: Range[int, 1, MOST_NUMBER] = 0) -> None:
    _ask(asked, c.Rewind(number))


@_slash(completions={"branch": "branch"})
async def _branch(asked: Asked, branch: Range[str, 1, MOST_NAME] = "") -> None:
    _ask(asked, c.Branch(branch))


@_slash()
async def _edit(asked: Asked, passage: str = "") -> None:
    _ask(asked, c.Edit(passage))


@_slash(completions={"wish": "wish"})
async def _refine(asked: Asked, wish: Range[str, 1, MOST_WISH] = "") -> None:
    _ask(asked, c.Refine(wish))


@_slash()
async def _explain(asked: Asked) -> None:
    _ask(asked, c.Explain())


@_slash()
async def _finish(asked: Asked) -> None:
    _ask(asked, c.Finish())


@_slash(choices={"thumb": tuple(_THUMBS)})
async def _rate(asked: Asked, thumb: str) -> None:
    _ask(asked, c.Rate(_THUMBS[thumb]))


@_slash()
async def _title(asked: Asked, title: Range[str, 1, MOST_TITLE] = "") -> None:
    _ask(asked, c.Title(title))


@_slash()
async def _recap(asked: Asked) -> None:
    _ask(asked, c.Recap())


# ---------------------------------------------------------------- controls
@_slash()
async def _lore(
    asked: Asked, keywords: str = "", fact: Range[str, 1, MOST_LORE] = "", *, always: bool = False
) -> None:
    _ask(asked, c.Lore(f"{keywords}: {fact}" if keywords or fact else "", always))


@_slash(completions={"number": "lore"})
async def _forget(asked: Asked, number: Range[int, 1, MOST_NUMBER]) -> None:
    _ask(asked, c.Forget(number))


@_slash()
async def _genre(asked: Asked, genre: Range[str, 1, MOST_NAME] = "") -> None:
    _ask(asked, c.Genre(genre))


@_slash()
async def _mood(asked: Asked, mood: Range[str, 1, MOST_NAME] = "") -> None:
    _ask(asked, c.Mood(mood))


@_slash(choices={"length": ("short", "medium", "long")})
async def _length(asked: Asked, length: str = "") -> None:
    _ask(asked, c.Length(length))


@_slash(choices={"style": ("calm", "lively", "wild")})
async def _style(asked: Asked, style: str = "") -> None:
    _ask(asked, c.Style(style))


@_slash()
async def _ban(asked: Asked, words: str = "") -> None:
    _ask(asked, c.Ban(words))


@_slash()
async def _seed(asked: Asked, seed: str = "") -> None:
    _ask(asked, c.Seed(seed))


@_slash(choices={"language": languages()})
async def _language(asked: Asked, language: str = "", *, everybody: bool = False) -> None:
    _ask(asked, c.Language(language, everybody))


# ---------------------------------------------------------------- shelf
@_slash()
async def _shelf(
    asked: Asked,
    search: str = "",
    page: Range[int, 1, MOST_NUMBER] = 1,
    *,
    archived: bool = False,
) -> None:
    _ask(asked, c.Shelf(search, page, archived))


@_slash(completions={"story": "story"})
async def _open(asked: Asked, story: str) -> None:
    known = _story(story)
    if known is None and story.isascii() and story.isdigit():
        _ask(asked, c.Open(number=int(story[:9])))
    else:
        _ask(asked, c.Shelf(story) if known is None else c.Open(known))


@_slash(completions={"story": "story"})
async def _archive(asked: Asked, story: str = "") -> None:
    known = _story(story)
    _ask(asked, c.Shelf(story) if story and known is None else c.Archive(known))


@_slash(completions={"story": "story"})
async def _delete(asked: Asked, story: str = "") -> None:
    known = _story(story)
    _ask(asked, c.Shelf(story) if story and known is None else c.Delete(known))


@_slash(choices={"kind": ("txt", "md", "epub", "pdf", "json")})
async def _export(asked: Asked, kind: str = "") -> None:
    _ask(asked, c.Export(kind))


@_slash()
async def _import(asked: Asked, file: discord.Attachment) -> None:
    asked.client.dispatch("file", asked, file)


@_slash()
async def _show(asked: Asked) -> None:
    _ask(asked, c.Show())


@_slash()
async def _help(asked: Asked) -> None:
    _ask(asked, c.Help())


COMMANDS = (
    _new,
    _say,
    _continue,
    _retry,
    _takes,
    _pick,
    _undo,
    _redo,
    _rewind,
    _branch,
    _edit,
    _refine,
    _explain,
    _finish,
    _rate,
    _title,
    _recap,
    _lore,
    _forget,
    _genre,
    _mood,
    _length,
    _style,
    _ban,
    _seed,
    _language,
    _shelf,
    _open,
    _archive,
    _delete,
    _export,
    _import,
    _show,
    _help,
)
