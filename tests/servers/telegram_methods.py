"""The methods of the Bot API that a bot of ours may call, as Telegram answers them."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.servers import telegram_rules as rules
from tests.servers.telegram_rules import Flood, Refused
from tests.servers.telegram_spec import Upload
from tests.servers.telegram_world import Chat, World, as_seen

Json = Any
Fields = Mapping[str, Json]
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


@dataclass(frozen=True)
class Sent(Upload):
    """A file that came with a call."""

    name: str
    mime: str
    content: bytes


@dataclass
class Methods:
    """What the bot does to the world."""

    world: World
    flood: Flood | None = None
    files: dict[str, Sent] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)  # by language
    pressed: dict[str, str] = field(default_factory=dict)  # open callback queries: who pressed
    alerts: list[tuple[str, str]] = field(default_factory=list)  # whom, what
    asked: set[str] = field(default_factory=set)  # open inline queries
    shared: dict[str, list[Json]] = field(default_factory=dict)  # answered ones
    abilities: dict[str, bool] = field(
        default_factory=lambda: {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": True,
        }
    )
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def table(self) -> dict[str, Callable[[Fields], Json]]:
        """Every method by its name."""
        return {
            "getMe": self.get_me,
            "sendMessage": self.send_message,
            "editMessageText": self.edit_message_text,
            "sendMessageDraft": self.send_message_draft,
            "deleteMessage": self.delete_message,
            "sendDocument": self.send_document,
            "sendPhoto": self.send_photo,
            "sendChatAction": self.send_chat_action,
            "answerCallbackQuery": self.answer_callback_query,
            "answerInlineQuery": self.answer_inline_query,
            "getChatAdministrators": self.get_chat_administrators,
            "setMyCommands": self.set_my_commands,
            "getFile": self.get_file,
        }

    def get_me(self, _: Fields) -> Json:
        return {
            **self.world.bot.json,
            **self.abilities,
        }

    # ------------------------------------------------------------ messages
    def send_message(self, given: Fields) -> Json:
        rules.check_text(given["text"], given.get("entities"))
        rules.check_markup(given.get("reply_markup"))
        chat = self._open_chat(given)
        return self._add(chat, given, text=given["text"], entities=given.get("entities"))

    def edit_message_text(self, given: Fields) -> Json:
        rules.check_text(given["text"], given.get("entities"))
        rules.check_markup(given.get("reply_markup"), edit=True)
        chat = self._open_chat(given)
        message = self._ours(chat, given["message_id"], "edit")
        if "text" not in message:
            raise Refused("there is no text in the message to edit")
        if "force_reply" in message.get("reply_markup", {}):
            raise Refused("message can't be edited")
        names = ("text", "entities", "reply_markup")
        new = {name: given[name] for name in names if given.get(name)}
        if new == {name: message[name] for name in names if message.get(name)}:
            raise Refused(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        for name in names:
            message.pop(name, None)
        message |= {**new, "edit_date": message["date"] + 1}
        return as_seen(message)

    def send_message_draft(self, given: Fields) -> Json:
        chat = self._open_chat(given)
        if chat.kind != "private" or not given["draft_id"]:
            raise Refused("drafts are for private chats, and have a number", breach=True)
        if given["text"]:
            rules.check_text(given["text"], given.get("entities"))
        chat.drafts.append(given["text"])
        return True

    def delete_message(self, given: Fields) -> Json:
        chat = self._open_chat(given)
        self._ours(chat, given["message_id"], "delete")
        del chat.messages[given["message_id"]]
        return True

    def send_document(self, given: Fields) -> Json:
        sent: Sent = given["document"]
        document = {"file_name": sent.name, "mime_type": sent.mime, **self.keep(sent)}
        return self._add_file(given, document=document)

    def send_photo(self, given: Fields) -> Json:
        sent: Sent = given["photo"]
        if not sent.content.startswith(_PICTURES):
            raise Refused("IMAGE_PROCESS_FAILED", breach=True)
        return self._add_file(given, photo=[{"width": 800, "height": 600, **self.keep(sent)}])

    def keep(self, sent: Sent) -> dict[str, Json]:
        """Keep a file, and describe it."""
        name = f"file{next(self._numbers)}"
        self.files[name] = sent
        size = len(sent.content)
        return {"file_id": name, "file_unique_id": f"unique-{name}", "file_size": size}

    def _add_file(self, given: Fields, **content: Json) -> Json:
        if given.get("caption"):
            rules.check_text(given["caption"], given.get("caption_entities"), rules.CAPTION)
        rules.check_markup(given.get("reply_markup"))
        chat = self._open_chat(given)
        marked = given.get("caption_entities") or None
        caption = given.get("caption") or None
        return self._add(chat, given, caption=caption, caption_entities=marked, **content)

    def _add(self, chat: Chat, given: Fields, **content: Json) -> Json:
        topic = given.get("message_thread_id")
        answered = None
        if reply := given.get("reply_parameters"):
            answered = chat.messages.get(reply["message_id"])
            if answered is None and not reply.get("allow_sending_without_reply"):
                raise Refused("message to be replied not found")
        message = self.world.add(
            chat,
            self.world.bot,
            topic=topic,
            reply_to_message=as_seen(answered, answers=False) if answered else None,
            reply_markup=given.get("reply_markup"),
            **{key: value or None for key, value in content.items()},
        )
        return as_seen(message)

    def _open_chat(self, given: Fields) -> Chat:
        """The chat a call is about, if the bot may write there and does not too often."""
        chat = self.world.chats.get(given["chat_id"])
        if chat is None:
            raise Refused("chat not found")
        rules.check_may_write(chat, given.get("message_thread_id"))
        if self.flood is not None:
            self.flood.check(chat)
        return chat

    def _ours(self, chat: Chat, number: int, verb: str) -> dict[str, Json]:
        message = chat.messages.get(number)
        if message is None:
            raise Refused(f"message to {verb} not found")
        if message["from"]["id"] != self.world.bot.id:
            raise Refused(f"message can't be {verb}ed".replace("eed", "ed"), breach=True)
        return message

    # ------------------------------------------------------------ the rest
    def send_chat_action(self, given: Fields) -> Json:
        rules.check_action(given["action"])
        chat = self.world.chats[given["chat_id"]]
        rules.check_may_write(chat, given.get("message_thread_id"))
        chat.actions += 1
        return True

    def answer_callback_query(self, given: Fields) -> Json:
        text = given.get("text", "")
        if rules.utf16(text) > rules.ALERT:
            raise Refused("MESSAGE_TOO_LONG", breach=True)
        who = self.pressed.pop(given["callback_query_id"], None)
        if who is None:
            raise Refused("query is too old and response timeout expired or query ID is invalid")
        if text:
            self.alerts.append((who, text))
            self.world.told.append(f"(to {who} alone: {text})")
        return True

    def answer_inline_query(self, given: Fields) -> Json:
        rules.check_results(given["results"])
        query = given["inline_query_id"]
        if query not in self.asked:
            raise Refused("query is too old and response timeout expired or query ID is invalid")
        self.asked.remove(query)
        self.shared[query] = given["results"]
        return True

    def get_chat_administrators(self, given: Fields) -> Json:
        chat = self.world.chats[given["chat_id"]]
        if chat.kind == "private":
            raise Refused("there are no administrators in the private chat", breach=True)
        return list(chat.members())

    def set_my_commands(self, given: Fields) -> Json:
        language = given.get("language_code", "")
        rules.check_commands(given["commands"], language)
        self.commands[language] = given["commands"]
        return True

    def get_file(self, given: Fields) -> Json:
        name = given["file_id"]
        sent = self.files[name]
        kept = {"file_id": name, "file_unique_id": f"unique-{name}"}
        return {**kept, "file_size": len(sent.content), "file_path": f"documents/{name}"}
