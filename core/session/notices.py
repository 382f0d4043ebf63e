"""Notices: what a place should see though nobody there asked."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator

from core.session.messages import Notice


class Board:
    """Hands each platform's adapter the notices for its places, in order."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, asyncio.Queue[Notice]] = defaultdict(asyncio.Queue)

    def post(self, notice: Notice) -> None:
        """Hand a notice over."""
        self._queues[notice.place.platform].put_nowait(notice)

    def waiting(self, platform: str) -> list[Notice]:
        """Return, and hand over, the notices of one platform that have come by now."""
        queue = self._queues[platform]
        return [queue.get_nowait() for _ in range(queue.qsize())]

    async def notices(self, platform: str) -> AsyncGenerator[Notice]:
        """Yield the notices of one platform as they come, without end."""
        while True:
            yield await self._queues[platform].get()
