"""Pacing: how often a platform lets a bot speak, in one chat and in all of them together.

What must arrive waits for its turn, in order. What may be dropped goes only where there is room
to spare, so that it never delays what must arrive.
"""

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field

_MOST_IDLE = 256  # chats remembered before those that have been quiet are forgotten


@dataclass(frozen=True, slots=True)
class Pace:
    """At most so many messages within so many seconds, with a gap between two."""

    most: int
    within: float  # seconds
    gap: float = 0.0  # seconds

    @property
    def spare(self) -> int:
        """How many of them what may be dropped can take; the rest is for what must arrive."""
        return max(1, self.most * 3 // 4)


@dataclass(slots=True, eq=False)
class _Lane:
    """One chat's messages of late."""

    pace: Pace
    sent: deque[float] = field(default_factory=deque)  # loop times, oldest first
    held: float = -math.inf  # the platform asked to wait until this loop time
    queue: asyncio.Lock = field(default_factory=asyncio.Lock)

    def free_at(self, now: float) -> float:
        """Return the loop time from which one more may be sent."""
        while self.sent and self.sent[0] <= now - self.pace.within:
            self.sent.popleft()
        full = len(self.sent) >= self.pace.most
        return max(
            self.held,
            self.sent[-1] + self.pace.gap if self.sent else -math.inf,
            self.sent[0] + self.pace.within if full else -math.inf,
        )

    def has_room(self, now: float) -> bool:
        """Whether something that may be dropped can go now."""
        free = self.free_at(now) <= now and len(self.sent) < self.pace.spare
        return free and not self.queue.locked()

    def is_idle(self, now: float) -> bool:
        """Whether it can be forgotten."""
        return self.free_at(now) <= now and not self.sent and not self.queue.locked()

    async def free(self) -> None:
        """Wait until one more may be sent. Called with `queue` held."""
        loop = asyncio.get_running_loop()
        while True:
            delay = self.free_at(loop.time()) - loop.time()
            if delay <= 0:
                return
            await asyncio.sleep(delay)


class Pacer:
    """Keeps a bot's messages within the paces of its platform."""

    def __init__(self, overall: Pace) -> None:
        self._overall = _Lane(overall)
        self._lanes: dict[str, _Lane] = {}
        self._most = _MOST_IDLE

    async def wait(self, chat: str, pace: Pace) -> None:
        """Wait for this chat's next turn, and take it. Those who wait are served in order."""
        lane = self._lane(chat, pace)
        async with lane.queue:
            await lane.free()
            async with self._overall.queue:
                await self._overall.free()
            self._note(lane)

    def take(self, chat: str, pace: Pace) -> bool:
        """Take a turn if there is one to spare at this moment."""
        lane = self._lane(chat, pace)
        now = asyncio.get_running_loop().time()
        if not (lane.has_room(now) and self._overall.has_room(now)):
            return False
        self._note(lane)
        return True

    def take_overall(self, chat: str, pace: Pace) -> bool:
        """Take a turn that does not count in the chat itself, such as a typing sign."""
        now = asyncio.get_running_loop().time()
        if self._lane(chat, pace).held > now or not self._overall.has_room(now):
            return False
        self._overall.sent.append(now)
        return True

    def hold(self, chat: str, pace: Pace, seconds: float) -> None:
        """Send nothing to this chat for so long: the platform asked for it."""
        lane = self._lane(chat, pace)
        lane.held = max(lane.held, asyncio.get_running_loop().time() + seconds)

    def _note(self, lane: _Lane) -> None:
        now = asyncio.get_running_loop().time()
        lane.sent.append(now)
        self._overall.sent.append(now)

    def _lane(self, chat: str, pace: Pace) -> _Lane:
        lane = self._lanes.get(chat)
        if lane is None:
            self._forget_idle()
            lane = self._lanes[chat] = _Lane(pace)
        return lane

    def _forget_idle(self) -> None:
        if len(self._lanes) < self._most:
            return
        now = asyncio.get_running_loop().time()
        self._lanes = {chat: lane for chat, lane in self._lanes.items() if not lane.is_idle(now)}
        self._most = max(_MOST_IDLE, 2 * len(self._lanes))
