"""Updates, read: who asks, where, and what a line, a press or a reaction stands for."""

import re
from collections.abc import Sequence

from telegram import Chat, Message, MessageReactionUpdated, ReactionType, User
from telegram import ReactionTypeEmoji as Emoji

from core.session import commands as c
from core.session.messages import Author, Place

PLATFORM = "telegram"
_ADDRESSED = re.compile(r"/\w+@(\w+)")
# Those that leave no doubt. Tears and horror are none: a sad story may be a good one.
_LIKES = frozenset("👍 ❤ 🔥 🥰 👏 🎉 🤩 😍 ❤‍🔥 💯 ⚡ 🏆 💘 😘 🆒 🫡".split())
_DISLIKES = frozenset("👎 🤮 💩 🥱 🖕 🤬 😡".split())


def place_of(message: Message) -> Place:
    """Return the place of a message: its chat, or its topic."""
    thread = message.message_thread_id if message.is_topic_message else None
    return place_in(message.chat, "" if thread is None else str(thread))


def place_in(chat: Chat, topic: str = "") -> Place:
    """Return a place in a chat."""
    return Place(PLATFORM, str(chat.id), topic, private=chat.type == Chat.PRIVATE)


def author_of(user: User, *, admin: bool) -> Author:
    """Return a person as an author."""
    return Author(PLATFORM, str(user.id), user.full_name, user.language_code or "", admin)


def writer_of(message: Message) -> User | None:
    """Return who wrote a message to us; None: nobody we listen to.

    Other bots are not listened to, nor what was shared through a bot. An anonymous admin writes as
    the chat itself.
    """
    user, chat = message.from_user, message.sender_chat
    if user is None or message.via_bot is not None:
        return None
    if chat is not None:
        return User(chat.id, chat.title or chat.full_name or "", is_bot=False)
    return None if user.is_bot else user


def is_to_us(line: str, username: str) -> bool:
    """Whether a line that begins with a slash is for this bot, not for another in the group."""
    match = _ADDRESSED.match(line)
    return match is None or match[1].lower() == username.lower()


def names_us(line: str) -> bool:
    """Whether a command says which bot it is for."""
    return _ADDRESSED.match(line) is not None


def answers_us(message: Message, bot: int) -> bool:
    """Whether a message is a written reply to one of ours."""
    answered = message.reply_to_message
    if answered is None or answered.from_user is None or answered.forum_topic_created:
        return False
    return answered.from_user.id == bot


def turns_in_place(command: c.Command) -> bool:
    """Whether a button turns the pages of its own message."""
    return isinstance(command, c.Takes | c.Shelf)


def thumb_of(reaction: MessageReactionUpdated) -> int | None:
    """Return the rating a change of reactions stands for; None: it is about something else."""
    new, old = _thumb(reaction.new_reaction), _thumb(reaction.old_reaction)
    return None if new == old else new


def _thumb(reactions: Sequence[ReactionType]) -> int:
    emoji = {r.emoji.removesuffix("\ufe0f") for r in reactions if isinstance(r, Emoji)}
    return bool(emoji & _LIKES) - bool(emoji & _DISLIKES)
