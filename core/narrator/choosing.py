"""Choosing: several takes of one assignment are written side by side, one of them is shown.

Nothing is shown before one is chosen, and the chosen one is never swapped: what somebody has read
is what is kept. Its seed alone writes it again. How long the choice may hold a passage back is
bounded: when the time is over, what there is of each take is judged, and the chosen one is shown
while the rest of it is written.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.narrator.narrator import Assignment, Narrator

# How much each text would be liked; the greatest is shown. None: nobody knows now.
Judges = Callable[[Sequence[str]], Awaitable[Sequence[float] | None]]
_STRIDE = 1_000_003  # between two takes' seeds: no neighbour's, as retries and votes have them
_SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Draft:
    """What there is of the chosen take, and the seed that writes it."""

    text: str
    seed: int
    best_of: int = 1  # takes it was chosen from


@dataclass(slots=True, eq=False)
class _Take:
    """A take that is being written."""

    assignment: Assignment
    writing: asyncio.Task[None]
    told: list[str]  # the text so far, longer each time

    @property
    def failed(self) -> BaseException | None:
        """What ended it before its end."""
        return self.writing.exception() if self.writing.done() else None


def takes_of(assignment: Assignment, most: int) -> list[Assignment]:
    """The takes to choose from: the assignment itself, and others with seeds far from its own."""
    others = [(assignment.seed + at * _STRIDE) % _SEEDS for at in range(1, most)]
    return [assignment, *(replace(assignment, seed=seed) for seed in others)]


async def best_of(
    narrator: Narrator, assignment: Assignment, most: int, judges: Judges, seconds: float
) -> AsyncGenerator[Draft]:
    """Write the take that is likely to be liked best: the text so far, longer each time.

    A take that the narrator cannot write is not chosen; raises NarratorError if all are such.
    """
    news = asyncio.Event()
    takes = [_begun(narrator, each, news) for each in takes_of(assignment, most)]
    writing = [take.writing for take in takes]
    try:
        await asyncio.wait(writing, timeout=seconds)
        chosen, among = await _chosen(takes, judges, news)
        for take in takes:
            if take is not chosen:
                take.writing.cancel()
        async with aclosing(_shown(chosen, among, news)) as drafts:
            async for draft in drafts:
                yield draft
    finally:
        for task in writing:
            task.cancel()
        await asyncio.gather(*writing, return_exceptions=True)


def _begun(narrator: Narrator, assignment: Assignment, news: asyncio.Event) -> _Take:
    told: list[str] = []

    async def write() -> None:
        try:
            async with aclosing(narrator.write(assignment)) as texts:
                async for text in texts:
                    told.append(text)
                    news.set()
        finally:
            news.set()

    return _Take(assignment, asyncio.create_task(write()), told)


async def _chosen(takes: Sequence[_Take], judges: Judges, news: asyncio.Event) -> tuple[_Take, int]:
    """The one to be liked best of those of which there is something, and how many there are."""
    while not (there := [take for take in takes if take.told and not take.failed]):
        news.clear()
        failed = [take.failed for take in takes if take.failed]
        if len(failed) == len(takes):
            raise failed[0]
        await news.wait()
    liked = await judges([take.told[-1] for take in there]) if len(there) > 1 else None
    if liked is None:
        return there[0], 1
    return there[max(range(len(there)), key=lambda at: (liked[at], -at))], len(there)


async def _shown(take: _Take, among: int, news: asyncio.Event) -> AsyncGenerator[Draft]:
    """What was written of a take already, then what is written further."""
    shown = 0
    while True:
        news.clear()
        ended = take.writing.done()
        while shown < len(take.told):
            shown += 1
            yield Draft(take.told[shown - 1], take.assignment.seed, among)
        if ended:
            await take.writing
            return
        await news.wait()
