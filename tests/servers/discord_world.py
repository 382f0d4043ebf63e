"""What stands in a Discord of our own: people, guilds, channels, messages."""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = Any

_EPOCH = 1420070400000  # milliseconds; where Discord's ids begin to count
_BUTTON, _SELECT = 2, 3
TEXT, DM, GROUP_DM, THREAD = 0, 1, 3, 11
EPHEMERAL, LOADING = 1 << 6, 1 << 7


@dataclass(eq=False)
class User:
    """Somebody, or the bot."""

    id: str
    name: str
    locale: str = "en-US"
    bot: bool = False
    admin: bool = False  # may run every guild they are in
    refuses_dms: bool = False


@dataclass(eq=False)
class Guild:
    """A server; the bot need not be in it for people who installed it for themselves."""

    id: str
    name: str
    has_bot: bool = True


@dataclass(eq=False)
class Channel:
    """A channel, thread, direct message or group message, and what the bot may do there."""

    id: str
    type: int
    name: str
    guild: Guild | None = None
    parent: "Channel | None" = None
    people: list[User] = field(default_factory=list)
    bot_may_see: bool = True
    bot_may_write: bool = True
    bot_may_thread: bool = True

    @property
    def bot_is_there(self) -> bool:
        """Whether the bot reaches it without an interaction's token."""
        inside = self.guild.has_bot if self.guild else self.type == DM
        return inside and self.bot_may_see


@dataclass(eq=False)
class Message:
    """A message and all that it has said since it was sent."""

    id: str
    channel: Channel
    author: User
    sent: float
    content: str = ""
    components: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    flags: int = 0
    nonce: str = ""
    asked: str = ""  # the interaction it answers
    only_for: User | None = None
    edited: float | None = None
    deleted: bool = False
    history: list[str] = field(default_factory=list)

    @property
    def loading(self) -> bool:
        """Whether people see only that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def buttons(self) -> list[Json]:
        """The buttons under it, in reading order."""
        return [
            item for row in self.components for item in row["components"] if item["type"] == 2
        ]  # a button

    @property
    def selects(self) -> list[Json]:
        """The select menus under it."""
        return [
            item for row in self.components for item in row["components"] if item["type"] == 3
        ]  # a select

    @property
    def labels(self) -> list[str]:
        """What its buttons say."""
        return [button["label"] for button in self.buttons]


class World:
    """All of it, with a clock that tests can turn and a way to wait for a change."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.channels: dict[str, Channel] = {}
        self.guilds: dict[str, Guild] = {}
        self.users: dict[str, User] = {}
        self.files: dict[str, bytes] = {}  # by the path they are fetched from
        self.guild_count = 1  # what the application's page says
        self._ahead = 0.0
        self._count = itertools.count()
        self._changed = asyncio.Event()
        self.bot = self.person("Taleturn", bot=True)

    def now(self) -> float:
        """Return the time here, in seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, *, minutes: float) -> None:
        """Let time pass, for tokens."""
        self._ahead += minutes * 60

    def new_id(self) -> str:
        """Return a snowflake: the time in it is true, as the library reads it."""
        return str(((int(time.time() * 1000) - _EPOCH) << 22) + next(self._count) % (1 << 22))

    def person(self, name: str, **traits: Any) -> User:
        """Let somebody be there."""
        user = User(self.new_id(), name, **traits)
        self.users[user.id] = user
        return user

    def guild(self, name: str, *, has_bot: bool = True) -> Guild:
        """Found a server."""
        guild = Guild(self.new_id(), name, has_bot)
        self.guilds[guild.id] = guild
        return guild

    def channel(self, name: str, guild: Guild | None = None, **traits: Any) -> Channel:
        """Open a channel of any kind."""
        channel = Channel(self.new_id(), traits.pop("type", TEXT), name, guild, **traits)
        self.channels[channel.id] = channel
        return channel

    def direct(self, user: User) -> Channel:
        """Return the channel between somebody and the bot."""
        for channel in self.channels.values():
            if channel.type == DM and channel.people == [user]:
                return channel
        return self.channel(user.name, type=DM, people=[user])

    def in_channel(self, channel: Channel) -> list[Message]:
        """Return what can be read in a channel, oldest first."""
        return [m for m in self.messages.values() if m.channel is channel and not m.deleted]

    def changed(self) -> None:
        """Wake those who wait for something to happen."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Wait until something happens."""
        await self._changed.wait()

    async def until(self, happened: Callable[[], bool], *, seconds: float = 10.0) -> None:
        """Wait until something has happened. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not happened():
                with suppress(TimeoutError):  # some things happen without the server
                    await asyncio.wait_for(self._changed.wait(), 0.05)


def stamp(seconds: float) -> str:
    """Return a time as Discord writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
