"""What the Bot API refuses though its description does not say so in a form to check against."""

import math
import re
import time
import unicodedata
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.servers.telegram_world import Chat

Json = Any
_ACTIONS = frozenset(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note".split()
)
TEXT, CAPTION, ALERT, BUTTON_BYTES, PLACEHOLDER = 4096, 1024, 200, 64, 64
MOST_BUTTONS, MOST_RESULTS, MOST_COMMANDS = 100, 50, 100


class Refused(Exception):
    """The server refuses a call.

    A breach is a call that no bot should ever make; the others depend on what people do.
    """

    def __init__(
        self, text: str, *, code: int = 400, breach: bool = False, **parameters: int
    ) -> None:
        super().__init__(text)
        self.code = code
        self.breach = breach
        self.parameters = parameters

    @property
    def answer(self) -> dict[str, Json]:
        kinds = {400: "Bad Request", 403: "Forbidden", 409: "Conflict", 429: "Too Many Requests"}
        kind = kinds.get(self.code)
        text = f"{kind}: {self}" if kind else str(self)
        known = {"parameters": self.parameters} if self.parameters else {}
        return {"ok": False, "error_code": self.code, "description": text, **known}


def utf16(text: str) -> int:
    """The length Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def check_text(text: str, entities: list[Json] | None, most: int = TEXT) -> None:
    """A message's text and what is marked in it."""
    if not any(unicodedata.category(char)[0] in "LNPS" for char in text):
        raise Refused("message text is empty", breach=True)
    if text != text.strip():
        raise Refused("the text would be trimmed, and its entities moved", breach=True)
    if utf16(text) > most:
        raise Refused(
            "message is too long" if most == TEXT else "message caption is too long", breach=True
        )
    units = text.encode("utf-16-le")
    for entity in entities or []:
        start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
        if not 0 <= start < end <= len(units):
            raise Refused("entity out of the text", breach=True)
        try:
            units[start:end].decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise Refused("entity cuts a character", breach=True) from error


def check_markup(markup: Mapping[str, Json] | None, *, edit: bool = False) -> None:
    """What hangs below a message."""
    if markup is None:
        return
    if "force_reply" in markup:
        if edit:
            raise Refused("an edited message takes an inline keyboard only", breach=True)
        if not 1 <= utf16(markup.get("input_field_placeholder", "?")) <= PLACEHOLDER:
            raise Refused("placeholder of a wrong length", breach=True)
        return
    keys = [key for row in markup["inline_keyboard"] for key in row]
    if len(keys) > MOST_BUTTONS or not all(markup["inline_keyboard"]):
        raise Refused("reply markup is too long or has an empty row", breach=True)
    for key in keys:
        if not key["text"].strip():
            raise Refused("button text is empty", breach=True)
        if not 1 <= len(key.get("callback_data", "").encode()) <= BUTTON_BYTES:
            raise Refused("BUTTON_DATA_INVALID", breach=True)


def check_commands(commands: list[Json], language: str) -> None:
    """The list of a bot's commands."""
    if len(commands) > MOST_COMMANDS or (language and not re.fullmatch("[a-z]{2}", language)):
        raise Refused("too many commands, or no two-letter language", breach=True)
    for command in commands:
        if not re.fullmatch("[a-z0-9_]{1,32}", command["command"]):
            raise Refused("BOT_COMMAND_INVALID", breach=True)
        if not 1 <= utf16(command["description"]) <= 256:
            raise Refused("BOT_COMMAND_DESCRIPTION_INVALID", breach=True)


def check_results(results: list[Json]) -> None:
    """The results of an inline query."""
    names = [result["id"] for result in results]
    if len(results) > MOST_RESULTS or len(set(names)) != len(names):
        raise Refused("too many results, or two of one name", breach=True)
    for result in results:
        if not 1 <= len(result["id"].encode()) <= BUTTON_BYTES or not result["title"].strip():
            raise Refused("RESULT_ID_INVALID", breach=True)
        content = result["input_message_content"]
        check_text(content["message_text"], content.get("entities"))


def check_action(action: str) -> None:
    """What a chat shows the bot to be doing."""
    if action not in _ACTIONS:
        raise Refused("wrong parameter action in request", breach=True)


def check_webhook(url: str, secret: str) -> None:
    """Where updates are to be pushed. Plain http is taken on this machine, unlike by Telegram."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise Refused("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise Refused("secret token contains unallowed characters", breach=True)


def check_may_write(chat: Chat, topic: int | None) -> None:
    """Whether the bot may write there at all."""
    if chat.became is not None:
        raise Refused(
            "group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.became
        )
    if chat.bot == "kicked":
        raise Refused("bot was kicked from the supergroup chat", code=403)
    if chat.bot == "blocked":
        raise Refused("bot was blocked by the user", code=403)
    if chat.bot == "muted":
        raise Refused("not enough rights to send text messages to the chat")
    if topic is not None and topic not in chat.topics:
        raise Refused("message thread not found")
    if topic in chat.closed:
        raise Refused("TOPIC_CLOSED")


@dataclass
class Flood:
    """Flood control: so many messages and edits in so many seconds."""

    private: tuple[int, float] = (1, 1.0)
    group: tuple[int, float] = (20, 60.0)
    overall: tuple[int, float] = (30, 1.0)
    _sent: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def check(self, chat: Chat) -> None:
        """Count one more; refuse it where there were too many of late."""
        now = time.monotonic()
        limits = {0: self.overall, chat.id: self.private if chat.id > 0 else self.group}
        for number, (most, within) in limits.items():
            sent = self._sent[number]
            while sent and sent[0] <= now - within:
                sent.popleft()
            if len(sent) >= most:
                pause = math.ceil(sent[0] + within - now)
                raise Refused(f"retry after {pause}", code=429, retry_after=pause)
        for number in limits:
            self._sent[number].append(now)
