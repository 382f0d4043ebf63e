"""Batches side by side: while one of them draws words, another one computes.

Between two steps of a small model the processors wait for Python: a word is drawn for each
passage, and every pen takes its own. So the passages are parted among two batches, each with a
thread and half of the processors. What one has read the other may go on from, so that passages
are handed over without being read again when one has two more than the other.
"""

import threading
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from core.narrator.batches import Batch, BatchSettings, refuse_when_full
from core.narrator.jobs import Job
from core.narrator.prefixes import Prefixes
from core.narrator.tokens import Tokens

if TYPE_CHECKING:
    from core.narrator.runtimes import Runtime


class Lanes:
    """Some batches as one. Its methods may be called from any thread."""

    def __init__(
        self,
        runtimes: Sequence["Runtime"],
        tokens: Tokens,
        settings: BatchSettings,
        together: int = 0,
    ) -> None:
        """`runtimes`: one for each, with memory in common; `settings`: for all of them.

        `together`: so many passages are left to the first one.
        """
        prefixes = Prefixes(settings.prefix_bytes, runtimes[0].forget)
        self.batches = [Batch(runtime, tokens, settings, prefixes) for runtime in runtimes]
        for batch, runtime in zip(self.batches, runtimes, strict=True):
            batch.heir = partial(self._heir, batch)
            runtime.alone = partial(self._alone, batch)
        self._together = min(together, runtimes[0].slots)
        self._most_waiting = settings.waiting
        self._submitting = threading.Lock()

    def submit(self, job: Job) -> None:
        """Let the batch that has least to do write it. Raises as `Batch.submit` does."""
        with self._submitting:
            refuse_when_full(sum(batch.waiting for batch in self.batches), self._most_waiting)
            chosen = self.batches[0] if self._few(1) else self._idlest()
            chosen.submit(job)

    def retire(self) -> None:
        """Take nothing more, and stop when all that was taken is written; does not wait for it."""
        for batch in self.batches:
            batch.retire()

    def close(self) -> None:
        """Write to the end what is in hand, within the time set, and stop."""
        for batch in self.batches:
            batch.hurry()
        for batch in self.batches:
            batch.close()

    @property
    def broken(self) -> bool:
        """Whether something failed in any of them, and not for want of memory."""
        return any(batch.broken for batch in self.batches)

    @property
    def done(self) -> bool:
        """Whether all of them have stopped."""
        return all(batch.done for batch in self.batches)

    def _idlest(self) -> Batch:
        return min(self.batches, key=lambda batch: batch.load)

    def _few(self, more: int = 0) -> bool:
        """Whether so many more jobs are still few enough to be written by the first one alone."""
        return sum(batch.load for batch in self.batches) + more <= self._together

    def _heir(self, batch: Batch) -> Batch | None:
        """Who takes a row of a batch, because they are few, or if it then has no more to do."""
        if self._few():
            return self.batches[0] if batch is not self.batches[0] else None
        idlest = self._idlest()
        return idlest if batch.load - idlest.load > 1 else None

    def _alone(self, batch: Batch) -> bool:
        """Whether nobody else has anything to do."""
        return not any(other.load for other in self.batches if other is not batch)
