"""The Telegram of our own refuses what the real one would; and the bot gives it no cause to."""

import asyncio
import json
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import pytest

from adapters.pacing import Pace
from core.session.wording import menu
from tests.adapters.telegram.running import FAST, Running, running
from tests.servers import telegram_spec as spec
from tests.servers.telegram import Fault, TelegramServer
from tests.servers.telegram_rules import Flood
from tests.servers.telegram_world import Chat, buttons
from tests.stage import Stage

needs_spec = pytest.mark.skipif(bool(spec.MISSING), reason=spec.MISSING)

LINES = {
    "new": ("/new a lighthouse", "/new"),
    "say": ("/say It rained.", "/say"),
    "pick": ("/pick 1", "/pick 99"),
    "rewind": ("/rewind 1", "/rewind", "/rewind x"),
    "branch": ("/branch night", "/branch", "/branch main"),
    "edit": ("/edit It snowed.", "/edit"),
    "refine": ("/refine happier", "/refine", "/refine as a letter"),
    "title": ("/title 🦊 Night", "/title"),
    "lore": ("/lore Mara: afraid of birds", "/lore always It is winter.", "/lore"),
    "forget": ("/forget 1", "/forget 99", "/forget"),
    "genre": ("/genre fairy tale", "/genre", "/genre none"),
    "mood": ("/mood happy", "/mood", "/mood none"),
    "length": ("/length short", "/length endless", "/length"),
    "style": ("/style wild", "/style", "/style odd"),
    "ban": ("/ban blood, gun", "/ban", "/ban none"),
    "seed": ("/seed 7", "/seed", "/seed none"),
    "rate": ("/rate up", "/rate none", "/rate sideways"),
    "shelf": ("/shelf", "/shelf lamp", "/shelf archived"),
    "open": ("/open 1", "/open 99"),
    "archive": ("/archive", "/archive"),
    "export": ("/export", "/export txt", "/export md", "/export epub", "/export json", "/export x"),
    "import": ("/import", "/import {}"),
    "language": ("/language zh-hans", "/language en", "/language", "/language en here"),
}
LAST = ("finish", "delete")


@pytest.mark.parametrize("where", ["topic", "private chat"])
async def test_no_command_and_no_button_breaks_the_specification(stage: Stage, where: str) -> None:
    free = Pace(1000, 1.0)
    tempo = replace(FAST, private=free, group=free, overall=free)
    async with running(stage, tempo=tempo) as here:
        forum = here.telegram.world.group("Forum", here.ann, forum=True)
        topic = here.telegram.world.topic(forum, "One") if where == "topic" else None
        chat = forum if where == "topic" else here.home
        names = [name for name, _ in menu("en")]
        names.sort(key=lambda name: LAST.index(name) if name in LAST else -1)
        await here.story(chat, topic=topic)
        for name in names:
            for line in LINES.get(name, (f"/{name}",)):
                before = len(here.telegram.said(chat))
                here.say(line, chat=chat, topic=topic)
                await here.telegram.until(partial(_more, here, chat, before))
        pressed: set[str] = set()
        for message in here.telegram.said(chat):
            keys = [key["callback_data"] for row in buttons(message) for key in row]
            for key in sorted({*keys} - pressed):
                here.telegram.people.press_data(message, key, here.ann)
            pressed |= {*keys}
        await here.telegram.until(lambda: not here.telegram.methods.pressed, seconds=30)
        here.say("/open 1", chat=chat, topic=topic)
        await asyncio.sleep(0.3)
        assert len(pressed) > 50
        assert here.telegram.breaches == []
        assert [text for text in here.telegram.refusals if "not modified" in text] == []


def _more(here: Running, chat: Chat, before: int) -> bool:
    return len(here.telegram.said(chat)) > before


async def test_the_conversation_can_be_printed(stage: Stage) -> None:
    stage.narrator.upcoming.extend(["A lamp went out.", "Night"])
    async with running(stage) as here:
        await here.story()
        here.press("👍")
        await here.alerts("1 up")
        here.say("/export txt", by=here.ben)
        await here.shows(".txt")
        assert here.telegram.world.transcript().splitlines() == [
            "[Lamps] Ann: /new a lighthouse keeper finds a shell",
            "[Lamps] Taleturn: Night",
            "",
            "A lamp went out.",
            "    [Continue]  [Another take]",
            "    [👍]  [👎]",
            "    [Refine]  [Explain]  [Finish]",
            "(Ann presses [👍])",
            "(to Ann alone: 👍 noted (1 up, 0 down))",
            "[Lamps] Ben: /export txt".replace("Ann", "Ben"),
            "[Lamps] Taleturn: <Night.txt> Night",
            "",
            "Here is Night.txt.",
        ]


async def call(telegram: TelegramServer, method: str, **given: Any) -> dict[str, Any]:
    """Call a method as a bot of another make would."""
    form = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in given.items()
    }
    async with aiohttp.ClientSession() as bot:
        url = f"{telegram.url}/bot{telegram.token}/{method}"
        async with bot.post(url, data=form) as answer:
            result: dict[str, Any] = await answer.json()
            return result


KEY = {"text": "Go on", "callback_data": "continue"}
BREACHES = [
    ("sendMessage", {"text": ""}, "empty"),
    ("sendMessage", {"text": "\u200b"}, "empty"),
    ("sendMessage", {"text": "🌊" * 2049}, "too long"),
    ("sendMessage", {"text": " It rained."}, "trimmed"),
    (
        "sendMessage",
        {"text": "It", "entities": [{"type": "bold", "offset": 0, "length": 3}]},
        "out",
    ),
    (
        "sendMessage",
        {"text": "🌊", "entities": [{"type": "bold", "offset": 1, "length": 1}]},
        "cuts",
    ),
    (
        "sendMessage",
        {"text": "a", "reply_markup": {"inline_keyboard": [[{**KEY, "callback_data": "x" * 65}]]}},
        "DATA",
    ),
    (
        "sendMessage",
        {"text": "a", "reply_markup": {"inline_keyboard": [[{**KEY, "text": " "}]]}},
        "text is empty",
    ),
    ("sendMessage", {"text": "a", "reply_markup": {"inline_keyboard": [[]]}}, "empty row"),
    (
        "sendMessage",
        {"text": "a", "reply_markup": {"force_reply": True, "input_field_placeholder": "x" * 65}},
        "placeholder",
    ),
    ("editMessageText", {"text": "a", "message_id": 1, "reply_markup": {"force_reply": True}}, ""),
    ("editMessageText", {"text": "a", "message_id": 1}, "can't be edited"),
    ("sendMessageDraft", {"text": "a", "draft_id": 1}, "private"),
    ("sendChatAction", {"action": "dancing"}, "action"),
    ("setWebhook", {"url": "https://example.org", "secret_token": "no spaces"}, "secret"),
]
UNKNOWN = [
    ("sendMessage", {"text": "a", "colour": "red"}, "colour: unknown"),
    ("sendMessage", {}, "text: missing"),
    ("sendMessage", {"text": "a", "message_thread_id": "one"}, "no Integer"),
    ("sendMessage", {"text": "a", "entities": {}}, "no array"),
    (
        "sendMessage",
        {"text": "a", "entities": [{"type": "loud", "offset": 0, "length": 1}]},
        "none of",
    ),
    ("setMyCommands", {"commands": [], "scope": {"type": "moon"}}, "is not"),
]


@pytest.mark.parametrize(("method", "given", "why"), BREACHES)
async def test_a_call_no_bot_should_make_is_a_breach(
    method: str, given: dict[str, Any], why: str
) -> None:
    async with TelegramServer() as telegram:
        ann = telegram.world.person("Ann")
        group = telegram.world.group("Lamps", ann)
        telegram.people.send(group, ann, "Hello")
        chat = {} if method == "setWebhook" else {"chat_id": group.id}
        answer = await call(telegram, method, **chat, **given)
        assert not answer["ok"]
        assert len(telegram.breaches) == 1
        assert why in telegram.breaches[0]


@needs_spec
@pytest.mark.parametrize(("method", "given", "why"), UNKNOWN)
async def test_what_the_specification_does_not_know_is_a_breach(
    method: str, given: dict[str, Any], why: str
) -> None:
    async with TelegramServer() as telegram:
        group = telegram.world.group("Lamps", telegram.world.person("Ann"))
        chat = {"chat_id": group.id} if method == "sendMessage" else {}
        answer = await call(telegram, method, **chat, **json.loads(json.dumps(given)))
        assert answer["error_code"] == 400
        assert why in telegram.breaches[0]


@needs_spec
async def test_an_update_that_telegram_would_not_send_is_a_breach() -> None:
    async with TelegramServer() as telegram:
        telegram.updates.deliver(message={"message_id": 1})
        telegram.updates.deliver(inline_query={"id": "1", "query": "", "offset": ""})
        assert "server: Update.message.date: missing" in telegram.breaches
        assert "server: Update.inline_query.from: missing" in telegram.breaches


async def test_flood_control_says_how_long_to_wait() -> None:
    async with TelegramServer(flood=Flood(private=(2, 5.0))) as telegram:
        home = telegram.world.private(telegram.world.person("Ann"))
        answers = [
            await call(telegram, "sendMessage", chat_id=home.id, text="It rained.")
            for _ in range(3)
        ]
        assert [answer["ok"] for answer in answers] == [True, True, False]
        assert answers[2]["error_code"] == 429
        assert 4 <= answers[2]["parameters"]["retry_after"] <= 5


async def test_a_call_can_be_carried_out_and_its_answer_lost() -> None:
    async with TelegramServer() as telegram:
        home = telegram.world.private(telegram.world.person("Ann"))
        telegram.faults.append(Fault("sendMessage", drop=True, done=True))
        with pytest.raises(aiohttp.ClientError):
            await call(telegram, "sendMessage", chat_id=home.id, text="It rained.")
        assert len(telegram.said(home)) == 1


async def test_privacy_mode_shows_bots_commands_replies_and_events_only(stage: Stage) -> None:
    async with running(stage) as here:
        for text in ("Hello", "/help", "Well"):
            here.say(text)
        usage = await here.shows("/undo")
        here.say("It rained.", answers=usage)
        await here.shows("It rained.")
        assert here.telegram.updates.number - 700_000_000 == 2
