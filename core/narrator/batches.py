"""Many passages, one model: jobs join and leave a running batch between two tokens.

One thread owns the model. Each of its rounds reads waiting prompts for a moment, several at once,
and writes one token of every passage, so that a long prompt never makes the others wait. When
memory runs out, fewer are written at once, and what the others have written is read again later.
"""

import atexit
import logging
import random
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from core.errors import NarratorError, Overloaded
from core.narrator.draw import POISONED, Drawing
from core.narrator.jobs import Job, Row
from core.narrator.prefixes import KEPT_BYTES, LEAST_TOKENS, Prefix, Prefixes, common
from core.narrator.shortage import MemoryShortageError, shortage_told
from core.narrator.stretch import Stretch
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
    threads: int = 1  # of the processor
    drain: float = 10.0  # seconds that jobs in hand may take after `close`


class Batch:
    """The running batch. `submit` and `close` may be called from any thread."""

    def __init__(self, runtime: "Runtime", tokens: Tokens, settings: BatchSettings) -> None:
        self._runtime = runtime
        self._tokens = tokens
        self._settings = settings
        self._device, vocabulary = runtime.device, runtime.vocabulary
        self._mask = torch.zeros((runtime.slots, vocabulary), device=self._device)
        never = torch.zeros(vocabulary, device=self._device)
        never[tokens.size :] = -torch.inf
        never[list(tokens.unwritable)] = -torch.inf
        # The same memory: numpy changes a few numbers in a tenth of torch's time.
        here = self._device.type == "cpu"
        self._masks: Any = self._mask.numpy() if here else self._mask
        self._never: Any = never.numpy() if here else never
        self._numbers = np.array if here else partial(torch.tensor, device=self._device)
        self._rows: list[Row] = []  # those that write, in the first slots
        self._readers: list[Row] = []  # read their prompts, in the slots after these
        self._drawing: Drawing | None = None  # None: the rows have changed
        self._prefixes = Prefixes(settings.prefix_bytes, runtime.forget)
        self._waiting: Waiting[Job] = Waiting()
        self._put_back: deque[Row] = deque()  # lost their slots, and come before those who wait
        self._most = runtime.slots  # rows at once: fewer while memory is short
        self._short_at = 0.0  # when it was last found short, or less so
        self._changed = threading.Condition()
        self._closed_at: float | None = None
        self._retired = False
        self._part = _PART  # tokens while others write: fewer where so many take too long
        self.broken = False  # something failed, and not for want of memory
        self.tokens_read = 0  # of prompts, for measurements: without those that were kept
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
            if len(self._waiting) >= self._settings.waiting:
                raise Overloaded(f"{len(self._waiting)} passages are waiting; ask again soon.")
            self._waiting.put(job.place, job)
            self._changed.notify()

    def retire(self) -> None:
        """Take nothing more, and stop when all that was taken is written; does not wait for it."""
        with self._changed:
            self._retired = True
            self._changed.notify()

    def close(self) -> None:
        """Write to the end what is in hand, within the time set, and stop."""
        atexit.unregister(self.close)
        with self._changed:
            if self._closed_at is None:
                self._closed_at = time.monotonic()
            self._changed.notify()
        self._thread.join()

    @property
    def done(self) -> bool:
        """Whether it has stopped."""
        return not self._thread.is_alive()

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
        return bool(self._rows or self._readers or self._put_back or len(self._waiting))

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
        writing = bool(self._rows)
        until = time.monotonic() + (_READING if writing else _BURST)
        while self._read_on(self._part if writing else _PART) and (
            not self._rows or time.monotonic() < until
        ):
            pass
        for index in reversed(range(len(self._rows))):
            if self._rows[index].job.cancelled:
                self._leave(index)
        if self._rows:
            self._write_a_token()

    def _read_on(self, most: int) -> bool:
        """Read so many tokens of the prompts whose turn it is; False when there are none."""
        for index in reversed(range(len(self._readers))):
            if self._readers[index].job.cancelled:
                self._stop_reading(index)
        stretches: list[Stretch] = []
        readers = 0
        while most > 0 and (readers < len(self._readers) or self._next_reader()):
            row = self._readers[readers]
            part = row.unread[:most]
            if part:
                slot = len(self._rows) + readers
                stretches.append(Stretch(slot, part, row.read, row.job.lora))
            most -= len(part)
            readers += 1
        if stretches:
            self._read(stretches)
        done = [row for row in self._readers[:readers] if not row.unread]
        if done:  # the last one may go on next time
            self._rows += done
            self._readers = self._readers[len(done) :]
            self._drawing = None
        return readers > 0

    def _read(self, stretches: list[Stretch]) -> None:
        began, tokens = time.monotonic(), sum(len(stretch.ids) for stretch in stretches)
        with shortage_told():
            self._runtime.read(stretches)
        self.tokens_read += tokens
        for stretch in stretches:
            self._readers[stretch.slot - len(self._rows)].read = stretch.end
        took = (time.monotonic() - began) / tokens  # seconds a token
        self._part = max(_LEAST_PART, min(_PART, int(_READING / took)))

    def _stop_reading(self, index: int) -> None:
        """Take a reader away; the last one moves into its slot."""
        last = self._readers.pop()
        if index < len(self._readers):
            slot = len(self._rows) + index
            self._runtime.move(len(self._rows) + len(self._readers), slot, last.read)
            self._readers[index] = last

    def _next_reader(self) -> bool:
        """Give the next job a slot, and what was computed for the beginning of its prompt."""
        slot = len(self._rows) + len(self._readers)
        row = self._next_row() if slot < self._slots_now() else None
        if row is None:
            return False
        lora, unread = row.job.lora, row.unread
        length, kept = self._prefixes.longest(unread, lora)
        least = max(length, LEAST_TOKENS)
        if any(other.begins_like(row) > least for other in self._readers):
            self._put_back.appendleft(row)  # what they have in common shall be read once
            return False
        self._readers.append(row)
        beside = [
            common(other.text, unread) if other.job.lora is lora else 0 for other in self._rows
        ]
        nearest = max(beside, default=0)
        source = beside.index(nearest) if nearest else 0
        with shortage_told():
            if nearest > least and self._runtime.is_sound(source, nearest):
                self._runtime.copy(source, slot, nearest)
                row.read = nearest
            elif length:
                self._runtime.put_in(slot, kept, length)
                row.read = length
        return True

    def _next_row(self) -> Row | None:
        """Who lost a slot for want of memory comes first."""
        if self._put_back:
            return self._put_back.popleft()
        with self._changed:
            job = self._waiting.take()
        return Row(job, random.Random(job.seed)) if job else None

    def _write_a_token(self) -> None:
        """Read the tokens drawn last, and draw the next ones.

        Where the model computes while this thread goes on, the pens take meanwhile what was drawn.
        A row whose pen has ended, or has gone back, has computed in vain this once.
        """
        if not self._runtime.concurrent:
            self._take_all()
        rows = list(self._rows)
        if not rows:
            return
        places = [row.length - (row.drawn is None) for row in rows]
        with shortage_told():
            self._runtime.begin(
                [row.last if row.drawn is None else row.drawn for row in rows],
                places,
                [row.job.lora for row in rows],
            )
        goes_on = [row.drawn is None or self._take(index, row) for index, row in enumerate(rows)]
        for index, row in enumerate(rows):
            self._bar(index, row)
        with shortage_told():
            logits = self._runtime.finish()
        if self._drawing is None:
            how = [row.job.sampling for row in rows]
            self._drawing = Drawing(how, self._mask.shape[1], self._device)
        chances = [row.chance.random() if goes_on[at] else 0.0 for at, row in enumerate(rows)]
        drawn = self._drawing.draw(logits, self._mask[: len(rows)], chances)
        for index in reversed(range(len(rows))):
            row = rows[index]
            if row.job.pen.ended:
                self._leave(index)
            elif goes_on[index] and drawn[index] == POISONED:
                self._leave(index, poisoned=True)
                row.job.end(NarratorError("The model's numbers are none (NaN) for this story."))
            elif goes_on[index]:
                row.drawn, row.read = drawn[index], places[index] + 1

    def _take_all(self) -> None:
        """Write what was drawn; who has come to an end leaves."""
        for index in reversed(range(len(self._rows))):
            self._take(index, self._rows[index])
            if self._rows[index].job.pen.ended:
                self._leave(index)

    def _bar(self, index: int, row: Row) -> None:
        """Bring the row's mask up to date: what is barred, favoured, and written already."""
        barred, leaning = row.job.pen.barred, row.job.pen.leaning
        if barred is row.barred and leaning is row.leaning:
            return
        row.barred, row.leaning = barred, leaning
        mask = self._masks[index]
        mask[:] = self._never
        if leaning:
            mask[list(leaning)] += self._numbers(list(leaning.values()))
        written = {token for token in row.job.pen.ids if self._tokens.telling[token]}
        mask[list(written)] -= row.job.sampling.repetition
        mask[list(barred)] = -torch.inf

    def _take(self, index: int, row: Row) -> bool:
        """Write what was drawn for a row; False if its pen has ended or gone back."""
        job, pen, token = row.job, row.job.pen, row.drawn
        row.drawn = None
        if token is None:
            return True
        fresh = self._tokens.telling[token] and token not in pen.ids
        before = len(pen.ids)
        pen.take(token)
        row.read = min(row.read, row.length)
        if fresh:
            self._masks[index, token] -= job.sampling.repetition
        if pen.shown != job.text:
            job.text = pen.shown
            job.news()
        if pen.ended:
            job.end()
        return not pen.ended and len(pen.ids) == before + 1

    def _leave(self, index: int, *, poisoned: bool = False) -> None:
        """Free a row's slot: the last row moves into it, and the last reader to where that was."""
        row, last = self._rows[index], len(self._rows) - 1
        if poisoned:
            self._runtime.clear(index)
        else:
            self._keep(index, row)
        if index != last:
            self._runtime.move(last, index, self._rows[last].read)
            self._mask[index] = self._mask[last]
            self._rows[index] = self._rows[last]
        if self._readers:
            self._runtime.move(last + len(self._readers), last, self._readers[-1].read)
            self._readers.insert(0, self._readers.pop())
        self._rows.pop()
        self._drawing = None

    def _keep(self, index: int, row: Row) -> None:
        """Keep what was computed for a row's text, if there is memory for it."""
        try:
            with shortage_told():
                kept = self._runtime.take_out(index, row.read)
        except MemoryShortageError:
            self._prefixes.clear()
        else:
            self._prefixes.keep(row.job.place, Prefix(row.text, kept, row.job.lora))

    def _slots_now(self) -> int:
        """How many rows there may be: one more each time that memory sufficed for a while."""
        if self._most < self._runtime.slots and time.monotonic() - self._short_at > _RELIEF:
            self._most, self._short_at = self._most + 1, time.monotonic()
        return self._most

    def _shrink(self, short: MemoryShortageError) -> None:
        """Go on with half the rows. The others begin anew when there is room, and lose no word.

        What is too much for the memory alone, and alone again when what was kept has gone, fails.
        """
        self._prefixes.clear()
        rows = [*self._rows, *self._readers]
        alone = len(rows) == 1
        self._most, self._short_at = max(1, len(rows) // 2), time.monotonic()
        _log.warning("memory is short: %d passages at once (%s)", self._most, short)
        self._rows, self._readers, self._drawing = [], [], None
        for slot, row in enumerate(rows):
            self._runtime.clear(slot)
            row.put_back()
            if alone and row.hopeless:
                row.job.end(NarratorError(f"There is not enough memory for it: {short}"))
            elif not row.job.pen.ended and not row.job.cancelled:
                row.hopeless = alone
                self._put_back.append(row)

    def _fail_all(self, error: NarratorError) -> None:
        failed = [row.job for row in (*self._rows, *self._readers)]
        for slot in range(len(failed)):
            self._runtime.clear(slot)
        self._rows, self._readers, self._drawing = [], [], None
        with self._changed:
            while self._closed_at is not None and (row := self._next_row()):
                failed.append(row.job)
        for job in failed:
            job.end(error)
