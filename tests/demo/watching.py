"""Watching: what can be read on both platforms, printed as it happens."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text

from tests.servers.discord_reading import seen
from tests.servers.discord_server import DiscordServer
from tests.servers.discord_world import Message
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_world import buttons, text_of

_LOOK = 0.1  # seconds between two looks
_TAIL = 64  # characters of a text being written
_INDENT = {"Telegram": 0, "Discord": 8}
_COLOUR = {"Telegram": "cyan", "Discord": "magenta"}
# What the client makes bold or small: our headings and notes. Passages have their marks escaped.
_MARKS = re.compile(r"\A\*\*|(?<=\S)\*\*$|^-# ", re.MULTILINE)
Key = tuple[str, str, str]  # platform, channel, message


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of the bot's as it reads now."""

    platform: str
    where: str
    text: str
    rows: tuple[tuple[str, ...], ...] = ()
    files: tuple[str, ...] = ()
    alone: str = ""  # who alone sees it

    @property
    def labels(self) -> tuple[str, ...]:
        """What its buttons say."""
        return tuple(label for row in self.rows for label in row)


class Watcher:
    """Looks at both servers, and prints what is new in them."""

    def __init__(self, telegram: TelegramServer, discord: DiscordServer, console: Console) -> None:
        self._telegram = telegram
        self._discord = discord
        self._console = console
        self._seen: dict[Key, Shown] = {}  # at the last look
        self._grown: dict[Key, Shown] = {}
        self._printed: dict[Key, Shown] = {}
        self._alerts = 0

    def now(self) -> dict[Key, Shown]:
        """Return every message of the bot's that can be read now, oldest first on each side."""
        return {**dict(self._on_telegram()), **dict(self._on_discord())}

    def _on_telegram(self) -> Iterator[tuple[Key, Shown]]:
        for chat in self._telegram.world.chats.values():
            for message in self._telegram.said(chat):
                rows = tuple(tuple(key["text"] for key in row) for row in buttons(message))
                key = "Telegram", str(chat.id), str(message["message_id"])
                yield key, Shown("Telegram", chat.title, text_of(message), rows)

    def _on_discord(self) -> Iterator[tuple[Key, Shown]]:
        for message in self._discord.messages.values():
            if not (message.deleted or message.loading):
                yield ("Discord", message.channel.id, message.id), _read(message)

    async def watch(self) -> None:
        """Print what is being written, until cancelled."""
        while True:
            for key, shown in self.now().items():
                if self._seen.get(key) != shown:
                    self._seen[key] = shown  # a whole answer is told before the next look
                elif shown not in (self._printed.get(key), self._grown.get(key)):
                    self._grown[key] = shown
                    if not shown.rows and not shown.files:
                        self._growing(shown)
            await asyncio.sleep(_LOOK)

    def _growing(self, shown: Shown) -> None:
        words = " ".join(shown.text.split())
        tail = words if len(words) <= _TAIL else "…" + words[-_TAIL:]
        self._line(shown.platform, Text(f"✎ {tail}", style="dim", overflow="ellipsis"))

    def told(self) -> None:
        """Print what came since the last time, as it stands."""
        for key, shown in self.now().items():
            if self._printed.get(key) != shown:
                edited = key in self._printed
                self._printed[key] = self._seen[key] = shown
                self._message(shown, edited=edited)
        alerts = self._telegram.methods.alerts
        for who, text in alerts[self._alerts :]:
            self._message(Shown("Telegram", "", text, alone=who), edited=False)
        self._alerts = len(alerts)

    def _message(self, shown: Shown, *, edited: bool) -> None:
        words = [Text(shown.text)]
        words += [Text(f"📎 {name}", style="bold") for name in shown.files]
        words += [
            Text("  ".join(f"[{label}]" for label in row), style="bold") for row in shown.rows
        ]
        title = f"Taleturn · {shown.platform}, {shown.where}".rstrip(", ")
        title += f" · only {shown.alone} sees it" if shown.alone else ""
        title += " · edited" if edited else ""
        colour = _COLOUR[shown.platform]
        panel = Panel(Group(*words), title=Text(title), title_align="left", border_style=colour)
        self._line(shown.platform, panel)

    def person(self, platform: str, who: str, what: str) -> None:
        """Print what somebody does."""
        words = Text.assemble((who, f"bold {_COLOUR[platform]}"), f" ({platform}): {what}")
        self._line(platform, words)

    def step(self, about: str) -> None:
        """Print what comes now."""
        self._console.print()
        self._console.rule(Text(about), align="left", style="dim")

    def _line(self, platform: str, what: Text | Panel) -> None:
        self._console.print(Padding(what, (0, 0, 0, _INDENT[platform])))


def _read(message: Message) -> Shown:
    rows = tuple(
        tuple(item.get("label") or f"{item.get('placeholder')} ▾" for item in row["components"])
        for row in message.components
    )
    return Shown(
        "Discord",
        f"#{message.channel.name}",
        _MARKS.sub("", seen(message.content).letters),
        rows,
        tuple(attachment["filename"] for attachment in message.attachments),
        message.only_for.name if message.only_for else "",
    )
