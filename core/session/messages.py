"""Request in; Reply, Action and Media out: the words adapters and engine share.

Every text here is plain: it carries no markup, and an adapter shows it as the letters it is.
"""

from dataclasses import dataclass

from core.session.commands import Command


@dataclass(frozen=True, slots=True)
class Place:
    """Where a story is told: a chat on a platform, or one topic or thread in it."""

    platform: str  # "telegram", "discord", "terminal"
    chat: str
    topic: str = ""
    private: bool = False  # one person alone with the bot


@dataclass(frozen=True, slots=True)
class Author:
    """A person who asks, as the platform names them."""

    platform: str
    id: str
    name: str
    language: str = ""  # IETF tag of their client, e.g. "zh-hans"; empty: unknown
    admin: bool = False  # the platform lets them run this chat


@dataclass(frozen=True, slots=True)
class Request:
    """One thing an author asks in one place."""

    id: str  # the platform's own id: a repeated delivery is answered once
    place: Place
    author: Author
    command: Command


@dataclass(frozen=True, slots=True)
class Action:
    """A button: its label, and the command it stands for (`commands.to_button`)."""

    label: str
    command: Command


@dataclass(frozen=True, slots=True)
class Media:
    """A file to hand over: an export or a picture."""

    name: str
    mime: str
    content: bytes
    alt: str = ""  # what a picture shows, for those who do not see it

    @property
    def is_picture(self) -> bool:
        """Whether a chat shows it rather than offers it for download."""
        return self.mime.startswith("image/")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the author should see now. A later reply to the same request replaces an earlier one.

    Replies are snapshots, not deltas: any but the final one may be dropped.
    """

    text: str
    heading: str = ""
    note: str = ""  # small print under the text
    actions: tuple[tuple[Action, ...], ...] = ()  # rows of buttons
    media: tuple[Media, ...] = ()
    asks: str = ""  # wants a written answer; the sentence to ask with
    answer: Command | None = None  # what the written answer is for: its `text` is filled in
    passage: int | None = None  # the passage it shows
    private: bool = False  # for the asker only, where the platform can
    final: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a place should see though nobody there asked: a reminder, the other side's turn."""

    place: Place
    reply: Reply


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A turn that a crash or restart left open, and the screen it was shown on, if any."""

    request: Request
    screen: str
