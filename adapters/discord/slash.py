"""Slash commands: everything the session can be asked, told of in every language."""

import discord
from discord import app_commands
from discord.app_commands import Range, locale_str

from adapters.discord.client import Asked, TaleClient
from adapters.discord.slash_making import ask, slash
from adapters.discord.slash_privacy import PRIVACY
from adapters.discord.slash_together import TOGETHER
from core.errors import Refusal
from core.session import commands as c
from core.session.spelling import from_button
from core.session.texts import MOST_LORE, MOST_NAME, MOST_PREMISE, MOST_TITLE, MOST_WISH
from core.session.wording import FIRST, closest, keys, languages, say

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


def _story(typed: str) -> int | None:
    """Return the id of a story that was completed; None where somebody just typed."""
    try:
        command = from_button(typed)
    except Refusal:
        return None
    return command.story if isinstance(command, c.Open) else None


# ---------------------------------------------------------------- writing
@slash()
async def _new(
    asked: Asked,
    premise: Range[str, 1, MOST_PREMISE] = "",
    genre: Range[str, 1, MOST_NAME] = "",
    mood: Range[str, 1, MOST_NAME] = "",
) -> None:
    ask(asked, c.New(premise, genre, mood))


@slash()
async def _say(asked: Asked, passage: str = "") -> None:
    ask(asked, c.Say(passage))


@slash()
async def _continue(asked: Asked) -> None:
    ask(asked, c.Continue())


@slash()
async def _retry(asked: Asked) -> None:
    ask(asked, c.Retry())


@slash()
async def _takes(asked: Asked, take: Range[int, 1, MOST_NUMBER] = 0) -> None:
    ask(asked, c.Takes(number=take))


@slash()
async def _pick(asked: Asked, take: Range[int, 1, MOST_NUMBER]) -> None:
    ask(asked, c.Pick(number=take))


@slash()
async def _undo(asked: Asked) -> None:
    ask(asked, c.Undo())


@slash()
async def _redo(asked: Asked) -> None:
    ask(asked, c.Redo())


@slash()
async def _rewind(asked: Asked, number: Range[int, 1, MOST_NUMBER] = 0) -> None:
    ask(asked, c.Rewind(number))


@slash(completions={"branch": "branch"})
async def _branch(asked: Asked, branch: Range[str, 1, MOST_NAME] = "") -> None:
    ask(asked, c.Branch(branch))


@slash()
async def _edit(asked: Asked, passage: str = "") -> None:
    ask(asked, c.Edit(passage))


@slash(completions={"wish": "wish"})
async def _refine(asked: Asked, wish: Range[str, 1, MOST_WISH] = "") -> None:
    ask(asked, c.Refine(wish))


@slash(choices={"about": ("passage", "story", "quick", "full")})
async def _explain(asked: Asked, about: str = "") -> None:
    ask(asked, c.Explain(text=about))


@slash()
async def _again(asked: Asked) -> None:
    ask(asked, c.Again())


@slash()
async def _whatif(asked: Asked, change: Range[str, 1, MOST_PREMISE] = "") -> None:
    ask(asked, c.WhatIf(change))


@slash()
async def _finish(asked: Asked) -> None:
    ask(asked, c.Finish())


@slash(choices={"thumb": tuple(_THUMBS)})
async def _rate(asked: Asked, thumb: str) -> None:
    ask(asked, c.Rate(_THUMBS[thumb]))


@slash()
async def _title(asked: Asked, title: Range[str, 1, MOST_TITLE] = "") -> None:
    ask(asked, c.Title(title))


@slash()
async def _recap(asked: Asked) -> None:
    ask(asked, c.Recap())


@slash()
async def _inspire(asked: Asked) -> None:
    ask(asked, c.Inspire())


# ---------------------------------------------------------------- controls
@slash()
async def _lore(
    asked: Asked, keywords: str = "", fact: Range[str, 1, MOST_LORE] = "", *, always: bool = False
) -> None:
    ask(asked, c.Lore(f"{keywords}: {fact}" if keywords or fact else "", always))


@slash(completions={"number": "lore"})
async def _forget(asked: Asked, number: Range[int, 1, MOST_NUMBER]) -> None:
    ask(asked, c.Forget(number))


@slash()
async def _genre(asked: Asked, genre: Range[str, 1, MOST_NAME] = "") -> None:
    ask(asked, c.Genre(genre))


@slash()
async def _mood(asked: Asked, mood: Range[str, 1, MOST_NAME] = "") -> None:
    ask(asked, c.Mood(mood))


@slash(choices={"length": ("short", "medium", "long")})
async def _length(asked: Asked, length: str = "") -> None:
    ask(asked, c.Length(length))


@slash(choices={"style": ("calm", "lively", "wild")})
async def _style(asked: Asked, style: str = "") -> None:
    ask(asked, c.Style(style))


@slash()
async def _ban(asked: Asked, words: str = "") -> None:
    ask(asked, c.Ban(words))


@slash()
async def _seed(asked: Asked, seed: str = "") -> None:
    ask(asked, c.Seed(seed))


@slash(choices={"language": languages()})
async def _language(asked: Asked, language: str = "", *, everybody: bool = False) -> None:
    ask(asked, c.Language(language, everybody))


@slash(choices={"level": ("off", "mild", "strict")})
async def _screening(asked: Asked, level: str = "") -> None:
    ask(asked, c.Screening(level))


# ---------------------------------------------------------------- shelf
@slash()
async def _shelf(
    asked: Asked,
    search: str = "",
    page: Range[int, 1, MOST_NUMBER] = 1,
    *,
    archived: bool = False,
) -> None:
    ask(asked, c.Shelf(search, page, archived))


@slash(completions={"story": "story"})
async def _open(asked: Asked, story: str) -> None:
    known = _story(story)
    if known is None and story.isascii() and story.isdigit():
        ask(asked, c.Open(number=int(story[:9])))
    else:
        ask(asked, c.Shelf(story) if known is None else c.Open(known))


@slash(completions={"story": "story"})
async def _archive(asked: Asked, story: str = "") -> None:
    known = _story(story)
    ask(asked, c.Shelf(story) if story and known is None else c.Archive(known))


@slash(completions={"story": "story"})
async def _delete(asked: Asked, story: str = "") -> None:
    known = _story(story)
    ask(asked, c.Shelf(story) if story and known is None else c.Delete(known))


@slash(choices={"kind": ("txt", "md", "epub", "pdf", "json")})
async def _export(asked: Asked, kind: str = "") -> None:
    ask(asked, c.Export(kind))


@slash()
async def _import(asked: Asked, file: discord.Attachment) -> None:
    asked.client.dispatch("file", asked, file)


@slash()
async def _show(asked: Asked) -> None:
    ask(asked, c.Show())


@slash()
async def _help(asked: Asked) -> None:
    ask(asked, c.Help())


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
    _again,
    _whatif,
    _finish,
    _rate,
    _title,
    _recap,
    _inspire,
    _lore,
    _forget,
    _genre,
    _mood,
    _length,
    _style,
    _ban,
    _seed,
    _language,
    _screening,
    *TOGETHER,
    *PRIVACY,
    _shelf,
    _open,
    _archive,
    _delete,
    _export,
    _import,
    _show,
    _help,
)
