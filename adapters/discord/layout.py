"""Layout: a reply as the messages it takes, each within Discord's limits."""

import io
from dataclasses import dataclass

import discord
from discord.utils import DEFAULT_FILE_SIZE_LIMIT_BYTES

from adapters.discord.letters import letters, units
from adapters.splitting import split
from core.session.messages import Media, Reply
from core.session.wording import Voice

# https://discord.com/developers/docs/resources/message#create-message
MOST_CONTENT = 2000
_NOTHING = "…"  # stands for no words at all, which Discord refuses


def pages(reply: Reply) -> list[str]:
    """Return a reply's text as the contents of messages: heading first, small print last."""
    head = f"**{letters(reply.heading)}**\n" if reply.heading else ""
    foot = "".join(f"\n-# {letters(line)}" for line in reply.note.splitlines())
    room = MOST_CONTENT - units(head) - units(foot)
    text = _words(reply).strip()
    whole = letters(text)
    parts = [whole] if units(whole) <= room else [*map(letters, split(text, room, _room))]
    parts[0] = head + parts[0]
    parts[-1] += foot
    return parts if any(parts) else [_NOTHING]


def _words(reply: Reply) -> str:
    if not reply.asks or reply.asks in reply.text:
        return reply.text
    return f"{reply.text}\n\n{reply.asks}".strip()


def _room(text: str) -> int:
    return units(letters(text))


@dataclass(frozen=True, slots=True)
class Files:
    """What is handed over with a reply, and what is too big to be."""

    sent: tuple[Media, ...]
    left_out: tuple[str, ...]

    def fresh(self) -> list[discord.File]:
        """Return the files, to be sent once."""
        return [
            discord.File(io.BytesIO(m.content), m.name, description=m.alt or None)
            for m in self.sent
        ]


def files_of(reply: Reply, most: int = DEFAULT_FILE_SIZE_LIMIT_BYTES) -> Files:
    """Return what of a reply's media can be sent to a channel that takes `most` bytes a file."""
    fitting = tuple(media for media in reply.media if len(media.content) <= most)
    return Files(fitting, tuple(m.name for m in reply.media if m not in fitting))


def with_apology(reply: Reply, files: Files, say: Voice) -> Reply:
    """Return the reply, telling what is too big to be sent."""
    if not files.left_out:
        return reply
    told = [say("discord.too_big", name=name) for name in files.left_out]
    return Reply(
        text="\n\n".join(told),
        heading=reply.heading,
        actions=reply.actions,
        passage=reply.passage,
        private=reply.private,
    )
