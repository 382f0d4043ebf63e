"""How updates reach the bot: asked for by long polling, or pushed to its webhook."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp

from tests.servers import telegram_rules as rules
from tests.servers import telegram_spec as spec
from tests.servers.telegram_rules import Refused

Json = Any
Fields = Mapping[str, Json]
_ON_DEMAND = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_MOST = 100  # updates at once
_PATIENCE = 0.05  # seconds until a push that failed is repeated


class Updates:
    """The updates that the bot has not confirmed yet."""

    def __init__(self) -> None:
        self.number = 700_000_000  # of the newest
        self.newest: dict[str, Json] = {}
        self.breaches: list[str] = []  # updates of ours that the Bot API would not send
        self.pushed: list[int] = []  # the statuses its webhook answered with
        self._waiting: deque[dict[str, Json]] = deque()
        self._again: deque[dict[str, Json]] = deque()
        self.wanted: list[str] = []  # kinds; none: all but those on demand
        self._hook: tuple[str, str] | None = None  # address, secret
        self._poll = 0  # the number of the newest poll: it ends the one before
        self._news = asyncio.Event()
        self.asked = asyncio.Event()  # the bot is there

    def deliver(self, **content: Json) -> dict[str, Json]:
        """Hand over an update, if the bot wants this kind."""
        self.number += 1
        self.newest = update = {"update_id": self.number, **content}
        self.breaches += spec.update_faults(update)
        (kind,) = content
        if kind in self.wanted or (not self.wanted and kind not in _ON_DEMAND):
            self._queue(update)
        return update

    def repeat(self, update: dict[str, Json]) -> None:
        """Hand over an update once more, though it was confirmed."""
        self._again.append(update)
        self._news.set()

    def _queue(self, update: dict[str, Json]) -> None:
        self._waiting.append(update)
        self._news.set()

    async def get_updates(self, given: Fields, waits: Callable[[], bool]) -> Json:
        """Wait until there are some. What comes before `offset` is confirmed, and forgotten.

        `waits` tells whether the one who asked is still there.
        """
        if self._hook is not None:
            raise Refused("can't use getUpdates method while webhook is active", code=409)
        self.wanted = given.get("allowed_updates", self.wanted)
        self.asked.set()
        self._poll += 1
        poll = self._poll
        self._news.set()  # an older poll looks up, and ends
        while self._waiting and self._waiting[0]["update_id"] < given.get("offset", 0):
            self._waiting.popleft()
        end = asyncio.get_running_loop().time() + given.get("timeout", 0)
        while not (self._waiting or self._again):
            self._news.clear()
            try:
                async with asyncio.timeout_at(end):
                    await self._news.wait()
            except TimeoutError:
                return []
            if poll != self._poll:
                raise Refused("terminated by other getUpdates request", code=409)
            if not waits():
                return []
        again = [self._again.popleft() for _ in range(len(self._again))]
        return [*again, *self._waiting][:_MOST]

    def set_webhook(self, given: Fields) -> Json:
        """Push updates from now on."""
        rules.check_webhook(given["url"], given.get("secret_token", ""))
        self.wanted = given.get("allowed_updates", self.wanted)
        self._hook = given["url"], given.get("secret_token", "")
        self.asked.set()
        self._news.set()
        return True

    def delete_webhook(self, _: Fields) -> Json:
        """Hand updates over by polling again."""
        self._hook = None
        return True

    def webhook_info(self) -> Json:
        """Tell where updates go, and how the last push went if it failed."""
        url = self._hook[0] if self._hook else ""
        waiting = len(self._waiting) + len(self._again)
        told = {"url": url, "has_custom_certificate": False, "pending_update_count": waiting}
        if self.pushed and self.pushed[-1] != HTTPStatus.OK:
            failed = f"Wrong response from the webhook: {self.pushed[-1]}"
            told |= {"last_error_date": 1_790_000_000, "last_error_message": failed}
        return told

    async def push(self) -> None:
        """Push updates to the webhook while there is one, until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                if self._hook is None or not (self._waiting or self._again):
                    self._news.clear()
                    await self._news.wait()
                    continue
                source = self._again or self._waiting
                status = await _pushed(session, *self._hook, source[0])
                self.pushed.append(status)
                if status == HTTPStatus.OK:
                    source.popleft()
                else:
                    await asyncio.sleep(_PATIENCE)


async def _pushed(
    session: aiohttp.ClientSession, url: str, secret: str, update: dict[str, Json]
) -> int:
    """Push one update; the status it was answered with, 0 for none."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret, "Content-Type": "application/json"}
    try:
        async with session.post(url, data=json.dumps(update), headers=headers) as answer:
            return answer.status
    except aiohttp.ClientError:
        return 0
