"""Actions as buttons and menus. What they do stands in their ids, so they outlive a restart."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Self

import discord
from discord import ButtonStyle, ui

from adapters.discord.letters import units
from core.session import commands as c
from core.session.messages import Action, Reply
from core.session.spelling import name_of, to_button
from core.session.wording import Voice

# https://discord.com/developers/docs/components/reference
MOST_ROWS = 5
MOST_BUTTONS = 5
MOST_OPTIONS = 25
MOST_LABEL = 80

Row = tuple[Action, ...]


class Button(ui.DynamicItem[ui.Button[ui.View]], template=r"[a-z]+(?:\.[^.]*)*"):
    """A button whose id spells the command it stands for."""

    def __init__(
        self, label: str, spelled: str, style: ButtonStyle = ButtonStyle.secondary
    ) -> None:
        super().__init__(ui.Button(label=label, custom_id=spelled, style=style))

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed, whoever drew it and when."""
        return cls(getattr(item, "label", None) or "…", match.string)

    async def callback(self, asked: discord.Interaction[Any]) -> None:
        """Tell the adapter."""
        asked.client.dispatch("pressed", asked, self.custom_id)


class Menu(ui.DynamicItem[ui.Select[ui.View]], template=r"\?\d"):
    """A menu in place of many buttons; what is chosen is spelled as a button would be."""

    def __init__(self, number: str, placeholder: str, actions: Sequence[Action] = ()) -> None:
        options = [
            discord.SelectOption(label=_cut(action.label), value=to_button(action.command))
            for action in actions[:MOST_OPTIONS]
        ]
        super().__init__(ui.Select(custom_id=number, placeholder=placeholder, options=options))

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], __: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the menu that was used."""
        return cls(match.string, "")

    async def callback(self, asked: discord.Interaction[Any]) -> None:
        """Tell the adapter what was chosen."""
        asked.client.dispatch("pressed", asked, self.item.values[0])


def view_of(reply: Reply, say: Voice) -> ui.View | None:
    """Return the buttons of a reply; None if it has none."""
    rows = list(_fitting(_once(_asking(reply, say))))
    if not rows:
        return None
    view = ui.View(timeout=None)
    for number, (as_menu, row) in enumerate(rows[:MOST_ROWS]):
        if as_menu:
            menu = Menu(f"?{number}", say("discord.choose"), row)
            menu.row = number
            view.add_item(menu)
            continue
        for action in row:
            button = Button(_cut(action.label), to_button(action.command), _style(action))
            button.row = number
            view.add_item(button)
    return view


def shows_passage(message: discord.Message) -> bool:
    """Whether a message of ours shows a passage: those can be rated."""
    return any(
        isinstance(item, discord.Button) and (item.custom_id or "").startswith("rate.")
        for row in message.components
        if isinstance(row, discord.ActionRow)
        for item in row.children
    )


def _asking(reply: Reply, say: Voice) -> tuple[Row, ...]:
    """Return the actions of a reply; where it wants words, one more that asks for them."""
    if not reply.asks or reply.answer is None:
        return reply.actions
    return (*reply.actions, (Action(say("discord.write"), reply.answer),))


def _once(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows, each command once: Discord refuses two buttons with one id."""
    seen = set()
    for row in rows:
        new = []
        for action in row:
            spelled = to_button(action.command)
            if spelled not in seen:
                seen.add(spelled)
                new.append(action)
        if new:
            yield tuple(new)


def _fitting(rows: Iterator[Row]) -> Iterator[tuple[bool, Row]]:
    """Yield rows that fit, and whether each is a menu: a list one a row becomes one where long."""
    every = list(rows)
    long = len(every) > MOST_ROWS
    for kind, group in groupby(
        every, key=lambda row: name_of(row[0].command) if len(row) == 1 else ""
    ):
        listed = list(group)
        if long and kind and len(listed) > 1:
            yield True, tuple(row[0] for row in listed)
            continue
        for row in listed:
            for start in range(0, len(row), MOST_BUTTONS):
                yield False, row[start : start + MOST_BUTTONS]


def _style(action: Action) -> ButtonStyle:
    match action.command:
        case c.Continue():
            return ButtonStyle.primary
        case c.Delete():
            return ButtonStyle.danger
        case _:
            return ButtonStyle.secondary


def _cut(label: str) -> str:
    return label if units(label) <= MOST_LABEL else label[: MOST_LABEL // 2 - 1] + "…"
