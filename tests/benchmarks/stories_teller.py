"""Stories as the bot tells them: the narrator's own prompts, batches and decoding."""

import asyncio
import itertools
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.narrator import storyteller
from core.narrator.choosing import takes_of
from core.narrator.jobs import Job
from core.narrator.narrator import Assignment, Mode
from core.narrator.relevance import relevance
from core.narrator.settings import NarratorSettings

_AT_ONCE = 24  # jobs in the batch
_PATIENCE = 600  # seconds for one batch, on a busy machine


@dataclass(frozen=True, slots=True)
class Told:
    """A passage, and whether it came to its own end before its room was used up."""

    text: str
    ended: bool


class Teller:
    """A model that writes many assignments at a time."""

    def __init__(self, folder: Path, best_of: int = 1) -> None:
        """`best_of`: takes of a passage, of which the one is told that follows best."""
        self._best_of = best_of
        start = time.perf_counter()
        settings = NarratorSettings(model=str(folder), waiting=_AT_ONCE)
        self._storyteller = storyteller.load(settings)
        self.seconds = time.perf_counter() - start
        self.megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6

    def tell(self, assignments: Sequence[Assignment]) -> list[Told]:
        """The passages, in order."""
        takes = [takes_of(each, self._takes(each)) for each in assignments]
        told = iter(self._written([take for each in takes for take in each]))
        return [
            self._chosen(assignment, list(itertools.islice(told, len(each))))
            for assignment, each in zip(assignments, takes, strict=True)
        ]

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """The likelihoods by which a take is chosen."""
        return self._storyteller.score(assignment, texts)

    def _takes(self, assignment: Assignment) -> int:
        return 1 if assignment.mode is Mode.TITLE else self._best_of  # as in a chat

    def _chosen(self, assignment: Assignment, takes: Sequence[Told]) -> Told:
        if len(takes) == 1:
            return takes[0]
        follow = asyncio.run(relevance(self, assignment, [take.text for take in takes]))
        return takes[follow.index(max(follow))]

    def _written(self, assignments: Sequence[Assignment]) -> list[Told]:
        told: list[Told] = []
        for start in range(0, len(assignments), _AT_ONCE):
            told += self._batch(assignments[start : start + _AT_ONCE])
        return told

    def close(self) -> None:
        self._storyteller.close()

    def _batch(self, assignments: Sequence[Assignment]) -> list[Told]:
        jobs: list[Job] = []
        news = threading.Event()
        for assignment in assignments:
            job = self._storyteller.job(assignment, 0, news.set)
            self._storyteller.submit(job)
            jobs.append(job)
        until = time.monotonic() + _PATIENCE
        while not all(job.ended for job in jobs):
            if not news.wait(until - time.monotonic()):
                raise TimeoutError("the narrator told nothing more")
            news.clear()
        return [Told(job.pen.result, len(job.pen.ids) < job.room) for job in jobs]
