"""What people do on a Telegram of our own, and what of it the bot gets to know."""

from collections.abc import Mapping
from typing import Any

from tests.servers.telegram_methods import Methods, Sent
from tests.servers.telegram_updates import Updates
from tests.servers.telegram_world import (
    Chat,
    Person,
    World,
    as_seen,
    buttons,
    command_entities,
)

Json = Any


class People:
    """Acts as the people of a world."""

    def __init__(self, world: World, methods: Methods, updates: Updates, *, privacy: bool) -> None:
        self.world = world
        self.privacy = privacy  # groups show the bot commands and replies only
        self._methods = methods
        self._updates = updates

    def send(
        self,
        chat: Chat,
        person: Person,
        text: str,
        *,
        answers: Mapping[str, Json] | None = None,
        topic: int | None = None,
        **content: Json,
    ) -> dict[str, Json]:
        """Somebody writes a message, perhaps as a reply to another."""
        if answers is not None:
            topic = answers.get("message_thread_id")
            content["reply_to_message"] = as_seen(dict(answers), answers=False)
        elif topic is not None:
            content["reply_to_message"] = as_seen(chat.messages[topic], answers=False)
        message = self.world.add(
            chat, person, topic=topic, text=text, entities=command_entities(text), **content
        )
        self._deliver_message(chat, message)
        return message

    def upload(
        self, chat: Chat, person: Person, name: str, content: bytes, caption: str = "", **more: Json
    ) -> dict[str, Json]:
        """Somebody sends a file."""
        kept = self._methods.keep(Sent(name, "application/json", content))
        document = {"file_name": name, "mime_type": "application/json", **kept}
        marked: dict[str, Json] = {
            "caption": caption or None,
            "caption_entities": command_entities(caption),
        }
        message = self.world.add(chat, person, document=document, **marked, **more)
        self._deliver_message(chat, message)
        return message

    def edit(self, message: dict[str, Json], text: str) -> None:
        """Somebody rewrites a message of theirs."""
        message |= {"text": text, "edit_date": message["date"] + 9}
        self._updates.deliver(edited_message=as_seen(message))

    def press(self, message: Mapping[str, Json], label: str, person: Person) -> str:
        """Somebody presses the button with this label, or one that begins with it."""
        keys = [key for row in buttons(dict(message)) for key in row]
        key = next(key for key in keys if key["text"].startswith(label))
        self.world.told.append(f"({person.name} presses [{key['text']}])")
        return self.press_data(message, key["callback_data"], person)

    def press_data(
        self, message: Mapping[str, Json], data: str, person: Person, *, lost: bool = False
    ) -> str:
        """Somebody sends a button's id, one that was forged perhaps; of a lost message, at that."""
        query = f"query{len(self._methods.pressed)}-{self._updates.number}"
        self._methods.pressed[query] = person.name
        seen = as_seen(dict(message))
        if lost:
            seen = {"chat": seen["chat"], "message_id": seen["message_id"], "date": 0}
        self._updates.deliver(
            callback_query={
                "id": query,
                "from": person.json,
                "message": seen,
                "chat_instance": "1",
                "data": data,
            }
        )
        return query

    def react(
        self,
        chat: Chat,
        message: Mapping[str, Json],
        person: Person | None,
        new: str,
        old: str = "",
    ) -> None:
        """Somebody reacts to a message, anonymously perhaps; bots learn of it as admins only."""
        reaction = {
            "chat": chat.json,
            "message_id": message["message_id"],
            "date": self.world.now,
            "old_reaction": [{"type": "emoji", "emoji": emoji} for emoji in old.split()],
            "new_reaction": [{"type": "emoji", "emoji": emoji} for emoji in new.split()],
            **({"actor_chat": chat.json} if person is None else {"user": person.json}),
        }
        if chat.bot == "administrator":
            self._updates.deliver(message_reaction=reaction)

    def type_inline(self, person: Person, typed: str = "") -> str:
        """Somebody types the bot's name in a chat with anybody."""
        query = f"inline{self._updates.number}"
        self._methods.asked.add(query)
        asked = {"id": query, "from": person.json, "query": typed, "offset": ""}
        self._updates.deliver(inline_query=asked)
        return query

    def migrate(self, chat: Chat) -> Chat:
        """A group becomes a supergroup, under another id."""
        owner, *others = chat.people.values()
        new = self.world.group(chat.title, owner, *others, bot=chat.bot)
        chat.became = new.id
        for where, change in (
            (chat, {"migrate_to_chat_id": new.id}),
            (new, {"migrate_from_chat_id": chat.id}),
        ):
            self._deliver_message(where, self.world.add(where, owner, **change))
        return new

    def invite(self, chat: Chat, person: Person, *new: Person) -> None:
        """Somebody adds people, or the bot, to a group."""
        joined: dict[str, Json] = {"new_chat_members": [one.json for one in new]}
        self._deliver_message(chat, self.world.add(chat, person, **joined))

    def _deliver_message(self, chat: Chat, message: dict[str, Json]) -> None:
        hidden = self.privacy and chat.kind != "private" and chat.bot != "administrator"
        if not hidden or self._is_for_bots(message):
            self._updates.deliver(message=as_seen(message))

    def _is_for_bots(self, message: Mapping[str, Json]) -> bool:
        """Whether privacy mode lets it through: commands, replies, what happens to a chat."""
        answered = message.get("reply_to_message", {}).get("from", {}).get("id")
        written = "text" in message or "document" in message
        command = message.get("entities") or message.get("caption_entities")
        return bool(command) or answered == self.world.bot.id or not written
