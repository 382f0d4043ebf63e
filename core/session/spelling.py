"""How a command is spelled: as a line somebody types, and as the id of a button.

A line is "/name words"; a button's id is "name" and its fields, at most 64 bytes, since Telegram
gives a button no more (`InlineKeyboardButton.callback_data`).
"""

import json
import re
from collections.abc import Callable
from dataclasses import MISSING, Field, asdict, fields, replace

from core.errors import Refusal
from core.session import commands as c
from core.session import group_commands as g

MOST_BUTTON_BYTES = 64
_NAME = re.compile(r"/?(\w+)(?:@\w+)?")
_SEPARATOR = "."

# The spelling is for people and stays when a class is renamed; old buttons are spelled with it too.
NAMES: dict[str, type[c.Command]] = {
    "new": c.New,
    "say": c.Say,
    "continue": c.Continue,
    "finish": c.Finish,
    "retry": c.Retry,
    "takes": c.Takes,
    "pick": c.Pick,
    "undo": c.Undo,
    "redo": c.Redo,
    "rewind": c.Rewind,
    "branch": c.Branch,
    "edit": c.Edit,
    "refine": c.Refine,
    "explain": c.Explain,
    "again": c.Again,
    "whatif": c.WhatIf,
    "rate": c.Rate,
    "title": c.Title,
    "recap": c.Recap,
    "inspire": c.Inspire,
    "lore": c.Lore,
    "forget": c.Forget,
    "genre": c.Genre,
    "mood": c.Mood,
    "length": c.Length,
    "style": c.Style,
    "ban": c.Ban,
    "seed": c.Seed,
    "language": c.Language,
    "screening": c.Screening,
    "order": g.Order,
    "seat": g.Seat,
    "skip": g.Skip,
    "pause": g.Pause,
    "vote": g.Vote,
    "decide": g.Decide,
    "role": g.Role,
    "join": g.Join,
    "leave": g.Leave,
    "comment": c.Comment,
    "report": c.Report,
    "privacy": c.Privacy,
    "mydata": c.MyData,
    "forgetme": c.ForgetMe,
    "shelf": c.Shelf,
    "open": c.Open,
    "archive": c.Archive,
    "delete": c.Delete,
    "export": c.Export,
    "import": c.Import,
    "show": c.Show,
    "help": c.Help,
}
SHORT = {
    "start": "help",
    "stories": "shelf",
    "search": "shelf",
    "rename": "title",
    "go": "continue",
}
_NAME_OF = {kind: name for name, kind in NAMES.items()}
_LETTERS = ("a", "b", "c")  # of the takes in a vote
_THUMBS = {"up": 1, "+": 1, "+1": 1, "👍": 1, "down": -1, "-": -1, "-1": -1, "👎": -1, "none": 0}


def name_of(command: c.Command) -> str:
    """Return the name a command is typed by."""
    return _NAME_OF[type(command)]


def from_line(line: str) -> c.Command:
    """Read what somebody typed: "/name words" asks, anything else is said into the story."""
    line = line.strip()
    if not line.startswith("/"):
        return c.Say(text=line)
    match = _NAME.match(line)
    name = match[1].lower() if match else ""
    kind = NAMES.get(SHORT.get(name, name))
    if match is None or kind is None:
        raise Refusal("refusal.unknown_command", name=name[:30])
    return _filled(kind, line[match.end() :].strip())


def _filled(kind: type[c.Command], words: str) -> c.Command:
    """Return the command with what was typed after its name."""
    make: Callable[..., c.Command] = kind
    lower = words.lower()
    if kind is c.Lore and lower.startswith("always "):
        return c.Lore(text=words[len("always ") :].strip(), always=True)
    if kind is c.Language and lower.endswith(" here"):
        return c.Language(text=words[: -len(" here")].strip(), place=True)
    if kind is c.Shelf and lower == "archived":
        return c.Shelf(archived=True)
    if kind is c.Delete or kind is c.ForgetMe:
        return kind(sure=lower in {"yes", "sure"})
    if kind is c.Rate:
        if lower not in _THUMBS:
            raise Refusal("refusal.thumb")
        return c.Rate(_THUMBS[lower])
    if kind is g.Vote and lower in _LETTERS:
        return g.Vote(number=_LETTERS.index(lower) + 1)
    names = {field.name for field in fields(kind)}
    if "text" in names:
        return make(text=words)
    if "number" in names and (words or kind is c.Forget):
        return make(number=_number(words))
    return make()


def _number(words: str) -> int:
    if not words.isascii() or not words.isdigit() or len(words) > 9:  # noqa: PLR2004  # a path has no more
        raise Refusal("refusal.number", given=words[:30])
    return int(words)


def to_button(command: c.Command) -> str:
    """Spell a command as a button's id. Texts in it must be short words of ours, never people's."""
    values = [_cell(getattr(command, field.name)) for field in fields(command)]
    spelled = _SEPARATOR.join([name_of(command), *values]).rstrip(_SEPARATOR)
    if len(spelled.encode()) > MOST_BUTTON_BYTES:
        raise ValueError(f"a button's id is at most {MOST_BUTTON_BYTES} bytes: {spelled}")
    return spelled


def _cell(value: object) -> str:
    if value is None or value is False:
        return ""
    cell = "1" if value is True else str(value)
    if _SEPARATOR in cell:
        raise ValueError(f"not for a button: {value!r}")
    return cell


def from_button(spelled: str) -> c.Command:
    """Read a button's id; a forged or outgrown one is refused."""
    name, *cells = spelled.split(_SEPARATOR)
    kind = NAMES.get(name)
    if kind is None or len(cells) > len(fields(kind)):
        raise Refusal("refusal.stale")
    given = {
        field.name: _value(field, cell)
        for field, cell in zip(fields(kind), cells, strict=False)
        if cell
    }
    given |= {f.name: 0 for f in fields(kind) if f.default is MISSING and f.name not in given}
    make: Callable[..., c.Command] = kind
    return make(**given)


def _value(field: Field[object], cell: str) -> str | int:
    if field.type is str:
        return cell
    if field.type is bool:
        return cell == "1"
    if not re.fullmatch(r"-?\d{1,18}", cell):
        raise Refusal("refusal.stale")
    return int(cell)


def with_text(command: c.Command, text: str) -> c.Command | None:
    """Return the command with its text filled in; None for one that takes no text."""
    if not any(field.name == "text" for field in fields(command)):
        return None
    make: Callable[..., c.Command] = replace
    return make(command, text=text)


def to_json(command: c.Command) -> str:
    """Spell a command whole, texts and all, to be kept with its turn."""
    return json.dumps({"name": name_of(command), **asdict(command)}, ensure_ascii=False)


def from_json(spelled: str) -> c.Command:
    """Read what `to_json` wrote."""
    given = json.loads(spelled)
    make: Callable[..., c.Command] = NAMES[given.pop("name")]
    return make(**given)
