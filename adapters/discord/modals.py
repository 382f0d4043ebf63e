"""Modals: the window in which somebody writes what a command lacks.

A modal's id spells its command, and what is sent is read from the event itself: nothing has to be
remembered, so a window that was open during a restart still works.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord
from discord import TextStyle, ui

from core.session import commands as c
from core.session.menus import WISHES
from core.session.spelling import from_button, to_button
from core.session.texts import MOST_NAME, MOST_PREMISE, MOST_WISH
from core.session.wording import Voice

# https://discord.com/developers/docs/components/reference#text-input
MOST_TEXT = 4000
_CHOICE = "choice"  # the menu of usual wishes; the other fields are called as the command's are

Writable = c.New | c.Say | c.Edit | c.Refine


def wants_words(command: c.Command) -> bool:
    """Whether a command has to be written into a modal before it can be asked."""
    return isinstance(command, Writable) and not command.text


def modal_for(command: Writable, say: Voice, draft: str = "") -> ui.Modal:
    """Return the window that asks for what a command lacks; `draft` stands in it to be changed."""
    match command:
        case c.New():
            fields = [
                (say("discord.field.new"), _long("text", MOST_PREMISE)),
                (say("control.genre", value="…"), _short("genre", command.genre)),
                (say("control.mood", value="…"), _short("mood", command.mood)),
            ]
            return _window("new", c.New(), say, fields)
        case c.Say():
            return _window(
                "say", command, say, [(say("discord.field.say"), _long("text", MOST_TEXT))]
            )
        case c.Edit():
            kept = draft if len(draft) <= MOST_TEXT else ""
            field = say("discord.field.edit"), _long("text", MOST_TEXT, kept)
            return _window("edit", command, say, [field])
        case c.Refine():
            words = _long("text", MOST_WISH, required=False)
            wishes = [
                (say("discord.field.wish"), _usual_wishes(say)),
                (say("discord.field.words"), words),
            ]
            return _window("refine", command, say, wishes)


def _usual_wishes(say: Voice) -> ui.Select[ui.LayoutView]:
    options = [discord.SelectOption(label=say(f"wish.{wish}"), value=wish) for wish in WISHES]
    return ui.Select(custom_id=_CHOICE, options=options, required=False, min_values=0)


def _window(
    name: str, command: Writable, say: Voice, fields: Sequence[tuple[str, ui.Item[Any]]]
) -> ui.Modal:
    window = ui.Modal(title=say(f"discord.modal.{name}"), custom_id=to_button(command))
    for label, field in fields:
        window.add_item(ui.Label(text=label, component=field))
    window.stop()  # the library need not keep it: its answer is read by `written`
    return window


def _long(
    name: str, most: int, default: str = "", *, required: bool = True
) -> ui.TextInput[ui.LayoutView]:
    return ui.TextInput(
        custom_id=name,
        style=TextStyle.paragraph,
        max_length=most,
        default=default or None,
        required=required,
    )


def _short(name: str, default: str) -> ui.TextInput[ui.LayoutView]:
    return ui.TextInput(
        custom_id=name, max_length=MOST_NAME, default=default[:MOST_NAME] or None, required=False
    )


def written(data: Mapping[str, Any]) -> c.Command:
    """Return the command that was written in a modal. Raises Refusal for one that is not ours."""
    command = from_button(data["custom_id"])
    fields = dict(_fields(data["components"]))
    match command:
        case c.New():
            genre, mood = fields.get("genre", ""), fields.get("mood", "")
            return c.New(fields.get("text", ""), genre, mood)
        case c.Say() | c.Edit():
            return replace(command, text=fields.get("text", ""))
        case c.Refine():
            return replace(command, text=fields.get("text") or fields.get(_CHOICE, ""))
        case _:
            return command


def _fields(components: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what was filled in, by the names of the fields."""
    for component in components:
        inside = component.get("component", component)
        value = inside.get("value") or next(iter(inside.get("values", ())), "")
        yield inside["custom_id"], value
