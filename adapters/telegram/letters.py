"""Letters: a reply as the messages it becomes, with every length counted as Telegram counts.

Texts go out without `parse_mode`: whatever stands in them shows as the letters it is. Headings
are made bold by entities instead, whose offsets are UTF-16 code units.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, User
from telegram.constants import ReplyLimit

from adapters.splitting import split, utf16
from core.session.messages import Reply
from core.session.spelling import to_button

Markup = InlineKeyboardMarkup | ForceReply
_NOTHING = "…"  # stands for a text that shows no letter: Telegram refuses an empty message


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: its text, what is bold or slanted in it, and what hangs below."""

    text: str
    entities: tuple[MessageEntity, ...] = ()
    markup: Markup | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody to be named at the head of a message, so that they alone are asked."""

    id: int
    name: str


def letters(
    reply: Reply, limit: int, *, selective: bool = False, mention: Mention | None = None
) -> list[Letter]:
    """Return the messages a reply becomes; buttons hang below the last one.

    A selective question is put to the mentioned person, or to the one whose message it answers.
    """
    paragraphs = list(_paragraphs(reply, mention))
    parts = split("\n\n".join(paragraphs), limit, utf16) or [_NOTHING]
    made = [Letter(text if _shows(text) else _NOTHING) for text in parts]
    heading, note = reply.heading.strip(), reply.note.strip()
    if mention is not None:
        made[0] = _marked(made[0], 0, mention.name, MessageEntity.TEXT_MENTION, mention)
    if heading:
        made[0] = _marked(made[0], made[0].text.find(heading), heading, MessageEntity.BOLD)
    if note:
        made[-1] = _marked(made[-1], made[-1].text.rfind(note), note, MessageEntity.ITALIC)
    made[-1] = replace(made[-1], markup=_markup(reply, selective=selective))
    return made


def _paragraphs(reply: Reply, mention: Mention | None) -> Iterator[str]:
    parts = (
        mention.name if mention else "",
        reply.heading,
        reply.text,
        "" if reply.asks in reply.text else reply.asks,
        reply.note,
    )
    return (part.strip() for part in parts if part.strip())


def _shows(text: str) -> bool:
    """Whether there is a letter to see; spaces, format and filler characters are none."""
    return any(unicodedata.category(char)[0] in "LNPS" for char in text)


def _marked(
    letter: Letter, start: int, words: str, kind: str, mention: Mention | None = None
) -> Letter:
    """Return the letter with these words marked, where it has them whole."""
    if not letter.text.startswith(words, max(start, 0)):
        return letter
    user = User(mention.id, mention.name, is_bot=False) if mention else None
    entity = MessageEntity(kind, utf16(letter.text[:start]), utf16(words), user=user)
    return replace(letter, entities=(*letter.entities, entity))


def _markup(reply: Reply, *, selective: bool) -> Markup | None:
    if reply.actions:
        return InlineKeyboardMarkup(
            [
                [
                    InlineKeyboardButton(action.label, callback_data=to_button(action.command))
                    for action in row
                ]
                for row in reply.actions
            ]
        )
    if reply.asks:
        placeholder = split(reply.asks, ReplyLimit.MAX_INPUT_FIELD_PLACEHOLDER, utf16)[0]
        return ForceReply(selective=selective, input_field_placeholder=placeholder)
    return None
