"""The world a Telegram server of our own serves: people, chats, topics and messages."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Json = Any
Standing = Literal["member", "administrator", "muted", "kicked", "blocked"]

_COMMAND = re.compile(r"/[A-Za-z0-9_]+(@\w+)?")
_RIGHTS = (
    "can_be_edited is_anonymous can_manage_chat can_delete_messages can_manage_video_chats "
    "can_restrict_members can_promote_members can_change_info can_invite_users can_post_stories "
    "can_edit_stories can_delete_stories"
).split()


@dataclass(frozen=True)
class Person:
    """A person, or a bot, with a Telegram account."""

    id: int
    name: str
    language: str = "en"
    is_bot: bool = False
    username: str = ""

    @property
    def json(self) -> dict[str, Json]:
        given = {"language_code": self.language, "username": self.username}
        known = {key: value for key, value in given.items() if value}
        return {"id": self.id, "is_bot": self.is_bot, "first_name": self.name, **known}


@dataclass
class Chat:
    """A chat and everything in it."""

    id: int
    kind: Literal["private", "group", "supergroup"]
    title: str
    people: dict[int, Person] = field(default_factory=dict)
    admins: set[int] = field(default_factory=set)
    forum: bool = False
    bot: Standing = "member"
    topics: dict[int, str] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)  # topics
    messages: dict[int, dict[str, Json]] = field(default_factory=dict)
    became: int | None = None  # the supergroup it was upgraded to
    drafts: list[str] = field(default_factory=list)
    actions: int = 0  # typing signs

    @property
    def json(self) -> dict[str, Json]:
        known = {"id": self.id, "type": self.kind}
        if self.kind == "private":
            return {**known, "first_name": self.title}
        return {**known, "title": self.title, **({"is_forum": True} if self.forum else {})}

    def members(self) -> Iterator[dict[str, Json]]:
        """The administrators, the first of them the owner."""
        for index, person in enumerate(sorted(self.admins)):
            user = self.people[person].json
            if index == 0:
                yield {"status": "creator", "user": user, "is_anonymous": False}
            else:
                rights = dict.fromkeys(_RIGHTS, False)
                yield {"status": "administrator", "user": user, **rights}


@dataclass
class World:
    """All people and chats, and what happened among them, in order."""

    bot: Person
    people: dict[int, Person] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    told: list[tuple[Chat, int] | str] = field(default_factory=list)  # messages, and other events
    now: int = 1_790_000_000  # in Unix time; every message takes a second
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1001))
    _messages: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def person(self, name: str, *, language: str = "en", is_bot: bool = False) -> Person:
        """A new person."""
        person = Person(next(self._numbers), name, language, is_bot)
        self.people[person.id] = person
        return person

    def private(self, person: Person) -> Chat:
        """The chat of a person with the bot."""
        if person.id not in self.chats:
            self.chats[person.id] = Chat(person.id, "private", person.name, {person.id: person})
        return self.chats[person.id]

    def group(
        self,
        title: str,
        *people: Person,
        forum: bool = False,
        bot: Standing = "member",
        basic: bool = False,
    ) -> Chat:
        """A new group; the first person owns it."""
        number = next(self._numbers)
        chat = Chat(
            -number if basic else -1_000_000_000_000 - number,
            "group" if basic else "supergroup",
            title,
            {person.id: person for person in people},
            {person.id for person in people[:1]},
            forum=forum,
            bot=bot,
        )
        self.chats[chat.id] = chat
        return chat

    def topic(self, chat: Chat, name: str) -> int:
        """A new topic in a forum."""
        created = {"name": name, "icon_color": 0x6FB9F0}
        message = self.add(chat, next(iter(chat.people.values())), forum_topic_created=created)
        thread: int = message["message_id"]
        message |= {"message_thread_id": thread, "is_topic_message": True}
        chat.topics[thread] = name
        return thread

    def add(
        self, chat: Chat, by: Person, *, topic: int | None = None, **content: Json
    ) -> dict[str, Json]:
        """A new message."""
        self.now += 1
        message: dict[str, Json] = {
            "message_id": next(self._messages),
            "date": self.now,
            "chat": chat.json,
            "from": by.json,
        }
        if topic is not None:
            message |= {"message_thread_id": topic, "is_topic_message": True}
        message |= {key: value for key, value in content.items() if value is not None}
        chat.messages[message["message_id"]] = message
        self.told.append((chat, message["message_id"]))
        return message

    def transcript(self) -> str:
        """The whole conversation, as somebody scrolling back would read it."""
        return "\n".join(line for event in self.told for line in self._lines(event))

    def _lines(self, event: tuple[Chat, int] | str) -> Iterator[str]:
        if isinstance(event, str):
            yield event
            return
        chat, number = event
        message = chat.messages.get(number)
        if message is None:
            return
        topic = chat.topics.get(message.get("message_thread_id", 0), "")
        where = f"{chat.title} / {topic}" if topic else chat.title
        yield f"[{where}] {message['from']['first_name']}: {text_of(message)}"
        for row in buttons(message):
            yield "    " + "  ".join(f"[{button['text']}]" for button in row)


def text_of(message: dict[str, Json]) -> str:
    """What can be read in a message."""
    said: str = message.get("text") or message.get("caption", "")
    if "document" in message:
        said = f"<{message['document']['file_name']}> {said}"
    return f"<picture> {said}" if "photo" in message else said


def buttons(message: dict[str, Json]) -> list[list[dict[str, Json]]]:
    """The rows of buttons below a message."""
    rows: list[list[dict[str, Json]]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return rows


def command_entities(text: str) -> list[dict[str, Json]] | None:
    """What a client marks in a line that begins with a command."""
    found = _COMMAND.match(text)
    return [{"type": "bot_command", "offset": 0, "length": found.end()}] if found else None


def as_seen(message: dict[str, Json], *, answers: bool = True) -> dict[str, Json]:
    """A message as it is handed out: of what hangs below it, only inline keyboards.

    One that is answered comes without what it answers itself.
    """
    copy: dict[str, Json] = json.loads(json.dumps(message))
    if not buttons(copy):
        copy.pop("reply_markup", None)
    if not answers:
        copy.pop("reply_to_message", None)
    return copy
