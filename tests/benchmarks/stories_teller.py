"""Stories as the bot tells them: the narrator's own prompts, batches and decoding."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.narrator import storyteller
from core.narrator.jobs import Job
from core.narrator.narrator import Assignment
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

    def __init__(self, folder: Path) -> None:
        start = time.perf_counter()
        settings = NarratorSettings(model=str(folder), waiting=_AT_ONCE)
        self._storyteller = storyteller.load(settings)
        self.seconds = time.perf_counter() - start
        self.megabytes = sum(file.stat().st_size for file in folder.iterdir()) / 1e6

    def tell(self, assignments: Sequence[Assignment]) -> list[Told]:
        """The passages, in order."""
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
