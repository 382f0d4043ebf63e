"""Many passages, one model: jobs join and leave a running batch between two tokens.

One thread owns the slots. Each of its rounds reads waiting prompts for a moment, several at once,
and writes one token of every passage, so that a long prompt never makes the others wait. When
memory runs out, fewer are written at once, and what the others have written is read again later.
"""

import atexit
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from core.errors import NarratorError, Overloaded
from core.narrator.jobs import Job, Row
from core.narrator.prefixes import KEPT_BYTES, Prefixes
from core.narrator.shortage import MemoryShortageError, shortage_told
from core.narrator.slots import Slots
from core.narrator.tokens import Tokens
from core.narrator.waiting import Waiting

if TYPE_CHECKING:
    from core.narrator.runtimes import Runtime

_log = logging.getLogger(__name__)
_PART = 1024  # tokens of prompts read at once, at most
_LEAST_PART = 32
_READING = 0.03  # seconds that a round reads while others write; a part is always finished
_BURST = 0.3  # the same where nobody writes yet: passages that begin together are written together
_RELIEF = 60.0  # seconds without a shortage of memory until one slot more is tried


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How much a batch may take."""

    slots: int = 32  # passages written at once
    waiting: int = 64  # jobs that may wait for a slot; more are refused
    prefix_bytes: int = KEPT_BYTES  # memory for texts read before, no more than the runtime's
    threads: int = 1  # of torch
    drain: float = 10.0  # seconds that jobs in hand may take after `close`


class Batch:
    """The running batch. `submit` and `close` may be called from any thread."""

    def __init__(
        self,
        runtime: "Runtime",
        tokens: Tokens,
        settings: BatchSettings,
        prefixes: Prefixes | None = None,
    ) -> None:
        """`prefixes`: texts read before, where other batches have theirs too."""
        self._runtime = runtime
        self._settings = settings
        prefixes = prefixes or Prefixes(settings.prefix_bytes, runtime.forget)
        self._slots = Slots(runtime, tokens, prefixes)
        self._waiting: Waiting[Job] = Waiting()
        self._put_back: deque[Row] = deque()  # lost their slots, and come before those who wait
        self._most = runtime.slots  # rows at once: fewer while memory is short
        self._short_at = 0.0  # when it was last found short, or less so
        self._changed = threading.Condition()
        self._closed_at: float | None = None
        self._retired = False
        self.broken = False  # something failed, and not for want of memory
        # Who has less to do, if somebody has.
        self.heir: Callable[[], Batch | None] = lambda: None
        self._thread = threading.Thread(target=self._run, name="narrator", daemon=True)
        self._thread.start()
        # A thread that is still inside torch when the interpreter goes aborts the process.
        atexit.register(self.close)

    def submit(self, job: Job) -> None:
        """Let a job wait for its slot. Raises Overloaded, or NarratorError for a hopeless job."""
        window = self._runtime.window
        if not job.prompt or len(job.prompt) + job.room > window:
            raise NarratorError(
                f"A prompt of {len(job.prompt)} tokens and {job.room} new ones: the model reads "
                f"1 to {window} together."
            )
        with self._changed:
            if self._retired or self._closed_at is not None:
                raise NarratorError("The narrator has been closed.")
            refuse_when_full(self.waiting, self._settings.waiting)
            self._waiting.put(job.place, job)
            self._changed.notify()

    def take_over(self, row: Row) -> bool:
        """Go on with another batch's row before those that wait; False when it is too late."""
        with self._changed:
            if self._over():
                return False
            self._put_back.append(row)
            self._changed.notify()
            return True

    def retire(self) -> None:
        """Take nothing more, and stop when all that was taken is written; does not wait for it."""
        with self._changed:
            self._retired = True
            self._changed.notify()

    def close(self) -> None:
        """Write to the end what is in hand, within the time set, and stop."""
        atexit.unregister(self.close)
        self.hurry()
        self._thread.join()

    def hurry(self) -> None:
        """Take nothing more, and stop within the time set; does not wait for it."""
        with self._changed:
            if self._closed_at is None:
                self._closed_at = time.monotonic()
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """Jobs that have no slot yet."""
        return len(self._waiting)

    @property
    def load(self) -> int:
        """Jobs in hand."""
        return len(self._slots) + len(self._put_back) + len(self._waiting)

    @property
    def done(self) -> bool:
        """Whether it has stopped."""
        return not self._thread.is_alive()

    @property
    def tokens_read(self) -> int:
        """Of prompts, for measurements: without those that were kept."""
        return self._slots.tokens_read

    # ------------------------------------------------------------ the batch's thread
    def _run(self) -> None:
        torch.set_num_threads(self._settings.threads)  # OpenMP keeps it for each thread
        with torch.inference_mode():
            while self._has_work():
                try:
                    if self._busy():
                        self._round()
                    else:
                        self._warm()
                except MemoryShortageError as short:
                    self._shrink(short)
                except Exception as error:  # noqa: BLE001 - the thread's boundary: others must still be served
                    _log.exception("a round of the narrator failed")
                    self.broken = True
                    self._fail_all(NarratorError(f"The model failed: {error}"))
        self._fail_all(NarratorError("The narrator was closed while it wrote."))

    def _has_work(self) -> bool:
        """Wait for something to write or to warm; False when the batch is closed and done."""
        with self._changed:
            while not self._busy() and not self._over() and not self._runtime.cold:
                self._changed.wait()
            closed = self._closed_at
            if self._busy():
                return closed is None or time.monotonic() - closed < self._settings.drain
            return not self._over()

    def _busy(self) -> bool:
        return bool(self.load)

    def _over(self) -> bool:
        return self._retired or self._closed_at is not None

    def _warm(self) -> None:
        """Spare somebody a wait, where there is memory for it."""
        try:
            with shortage_told():
                self._runtime.warm()
        except MemoryShortageError as short:
            _log.warning("memory is short for what comes seldom (%s)", short)

    def _round(self) -> None:
        writing = bool(self._slots.rows)
        self._slots.let_go_of_cancelled()
        self._share()
        part = self._part() if writing else _PART
        until = time.monotonic() + (_READING if writing else _BURST)
        while self._slots.read(part, self._admit_one) and (
            not self._slots.rows or time.monotonic() < until
        ):
            pass
        self._slots.write()

    def _share(self) -> None:
        """Hand over a row or more, where another batch would write them sooner."""
        while not self._over() and (heir := self.heir()) and (row := self._last_row()):
            if not heir.take_over(row):
                self._put_back.append(row)
                return

    def _last_row(self) -> Row | None:
        """Who would get on last here: who waits, then who writes."""
        if self._put_back:
            return self._put_back.pop()
        return self._next_row() or self._slots.give_up()

    def _part(self) -> int:
        """Tokens of prompts read at once while others write: fewer where so many take too long."""
        speed = self._slots.speed
        return max(_LEAST_PART, min(_PART, int(_READING / speed))) if speed else _PART

    def _admit_one(self) -> bool:
        """Give the next job a slot, where there is one."""
        row = self._next_row() if len(self._slots) < self._slots_now() else None
        if row is None:
            return False
        if not self._slots.admit(row):
            self._put_back.appendleft(row)
            return False
        return True

    def _next_row(self) -> Row | None:
        """Who lost a slot for want of memory comes first."""
        if self._put_back:
            return self._put_back.popleft()
        with self._changed:
            job = self._waiting.take()
        return Row(job, random.Random(job.seed)) if job else None

    def _slots_now(self) -> int:
        """How many rows there may be: one more each time that memory sufficed for a while."""
        if self._most < self._runtime.slots and time.monotonic() - self._short_at > _RELIEF:
            self._most, self._short_at = self._most + 1, time.monotonic()
        return self._most

    def _shrink(self, short: MemoryShortageError) -> None:
        """Go on with half the rows. The others begin anew when there is room, and lose no word.

        What is too much for the memory alone, and alone again when what was kept has gone, fails.
        """
        self._slots.prefixes.clear()
        rows = self._slots.clear()
        alone = len(rows) == 1
        self._most, self._short_at = max(1, len(rows) // 2), time.monotonic()
        _log.warning("memory is short: %d passages at once (%s)", self._most, short)
        for row in rows:
            row.put_back()
            if alone and row.hopeless:
                row.job.end(NarratorError(f"There is not enough memory for it: {short}"))
            elif not row.job.pen.ended and not row.job.cancelled:
                row.hopeless = alone
                self._put_back.append(row)

    def _fail_all(self, error: NarratorError) -> None:
        failed = [row.job for row in self._slots.clear()]
        with self._changed:
            while self._closed_at is not None and (row := self._next_row()):
                failed.append(row.job)
        for job in failed:
            job.end(error)


def refuse_when_full(waiting: int, most: int) -> None:
    """Raise Overloaded when so many jobs wait."""
    if waiting >= most:
        raise Overloaded(f"{waiting} passages are waiting; ask again soon.")
