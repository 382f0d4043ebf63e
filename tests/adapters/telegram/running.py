"""A Telegram of our own with the bot running in it, at a hundredth of the real pace."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from adapters.pacing import Pace
from adapters.telegram.adapter import TelegramAdapter
from adapters.telegram.settings import TelegramSettings, Tempo
from core.storage.library import ShownTurn, Tally
from tests.servers.telegram import TelegramServer
from tests.servers.telegram_world import Chat, Person, buttons, text_of
from tests.stage import Stage

Json = Any
FAST = Tempo(
    private=Pace(1, 0.01),
    group=Pace(20, 0.6, gap=0.01),
    overall=Pace(30, 0.01),
    private_edit=0.01,
    group_edit=0.03,
    first_sign=0.05,
    sign=0.1,
    press=0.15,
    silence=5.0,
    send_silence=5.0,
    retry=0.01,
    most_retry=0.1,
    patience=5.0,
    poll=5,
    grace=0.2,
)


@dataclass
class Running:
    """A Telegram and the bot in it; Ann and Ben share a group."""

    telegram: TelegramServer
    stage: Stage
    settings: TelegramSettings
    tempo: Tempo
    ann: Person = field(init=False)
    ben: Person = field(init=False)
    group: Chat = field(init=False)

    def __post_init__(self) -> None:
        world = self.telegram.world
        self.ann, self.ben = world.person("Ann"), world.person("Ben")
        self.group = world.group("Lamps", self.ann, self.ben)

    @property
    def home(self) -> Chat:
        """Ann's private chat with the bot."""
        return self.telegram.world.private(self.ann)

    def say(
        self, text: str, *, chat: Chat | None = None, by: Person | None = None, **more: Json
    ) -> Json:
        """Somebody says something; Ann in the group where nothing else is said."""
        return self.telegram.people.send(chat or self.group, by or self.ann, text, **more)

    def press(self, label: str, *, message: Json = None, by: Person | None = None) -> str:
        """Somebody presses a button; of the newest message in the group where none is given."""
        return self.telegram.people.press(message or self.last(), label, by or self.ann)

    def last(self, chat: Chat | None = None) -> Json:
        """The bot's newest message."""
        return self.telegram.said(chat or self.group)[-1]

    def texts(self, chat: Chat | None = None) -> list[str]:
        """What the bot's messages read."""
        return [text_of(message) for message in self.telegram.said(chat or self.group)]

    async def shows(
        self,
        words: str,
        chat: Chat | None = None,
        *,
        button: str = "",
        topic: int | None = None,
    ) -> Json:
        """Wait for a message of the bot with these words, and a button that begins like this."""

        def found() -> Json:
            for message in reversed(self.telegram.said(chat or self.group, topic)):
                labels = [key["text"] for row in buttons(message) for key in row]
                pressable = not button or any(label.startswith(button) for label in labels)
                if words in text_of(message) and pressable:
                    return message
            return None

        await self.telegram.until(found)
        return found()

    async def alerts(self, words: str) -> None:
        """Wait for something said to the one who pressed a button alone."""
        said = self.telegram.methods.alerts
        await self.telegram.until(lambda: any(words in text for _, text in said))

    async def noted(self, message: Json) -> Json:
        """Wait until the bot has noted what it showed there: people are slower than that."""
        await until(lambda: self._shown(message) is not None)
        return message

    async def rated(self, message: Json, *, up: int, down: int) -> None:
        """Wait until the passage shown there has so many thumbs."""
        shown = self._shown(message)
        assert shown is not None
        passage = shown.passage or 0

        def tally() -> Tally:
            with self.stage.library.begin() as tx:
                return tx.tally(passage)

        await until(lambda: (tally().up, tally().down) == (up, down))

    def _shown(self, message: Json) -> ShownTurn | None:
        with self.stage.library.begin() as tx:
            return tx.turn_shown(
                platform="telegram",
                chat=str(message["chat"]["id"]),
                topic=str(message.get("message_thread_id", "")),
                screen=str(message["message_id"]),
            )

    async def story(
        self, chat: Chat | None = None, *, topic: int | None = None, by: Person | None = None
    ) -> Json:
        """Begin a story, and wait for its opening with all buttons."""
        self.say("/new a lighthouse keeper finds a shell", chat=chat, topic=topic, by=by)
        return await self.noted(await self.shows("", chat, button="Continue", topic=topic))

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[asyncio.Task[None]]:
        """The bot, running until the end of the block."""
        adapter = TelegramAdapter(self.stage.engine, self.settings, self.tempo)
        task = asyncio.create_task(adapter.run())
        try:
            asked = asyncio.create_task(self.telegram.updates.asked.wait())
            await asyncio.wait([task, asked], timeout=10, return_when=asyncio.FIRST_COMPLETED)
            asked.cancel()
            yield task
        finally:
            task.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def running(
    stage: Stage, *, tempo: Tempo = FAST, start: bool = True, **options: Json
) -> AsyncIterator[Running]:
    """A Telegram with a bot, which is held to the specification to the end of the block."""
    async with TelegramServer(**options) as telegram:
        settings = TelegramSettings(telegram.token, api_base=telegram.url)
        here = Running(telegram, stage, settings, tempo)
        if start:
            async with here.bot():
                yield here
        else:
            yield here
        assert telegram.breaches == []


async def until(seen: Callable[[], bool]) -> None:
    """Wait until something is so that Telegram knows nothing of."""
    for _ in range(1000):
        if seen():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("not seen in time")
