"""The texts that stand in a model's slots: some are written, the ones behind them read.

A text is read first, several at once, and its first token drawn from what was read last. Then it is
written with the others, a token of each in a step.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from core.errors import NarratorError
from core.narrator.draw import POISONED, Drawing
from core.narrator.jobs import Row
from core.narrator.masks import Masks
from core.narrator.prefixes import LEAST_TOKENS, Prefix, Prefixes, common
from core.narrator.shortage import MemoryShortageError, shortage_told
from core.narrator.stretch import Stretch
from core.narrator.tokens import Tokens

if TYPE_CHECKING:
    from core.narrator.runtimes import Runtime


class Slots:
    """Rows that write, in the first slots, and rows that read, in those behind."""

    def __init__(self, runtime: "Runtime", tokens: Tokens, prefixes: Prefixes) -> None:
        """`prefixes`: the texts that have left their slots."""
        self.rows: list[Row] = []  # those that write
        self.readers: list[Row] = []
        self.prefixes = prefixes
        self.tokens_read = 0  # of prompts, for measurements: without those that were kept
        self.speed = 0.0  # seconds a token when prompts were read last
        self._runtime = runtime
        self._tokens = tokens
        self._masks = Masks(runtime.slots, runtime.vocabulary, tokens, runtime.device)
        self._drawing: Drawing | None = None  # None: the rows have changed

    def __len__(self) -> int:
        return len(self.rows) + len(self.readers)

    def let_go_of_cancelled(self) -> None:
        """Free the slots of those whom nobody waits for any more."""
        for index in reversed(range(len(self.readers))):
            if self.readers[index].job.cancelled:
                self._stop_reading(index)
        for index in reversed(range(len(self.rows))):
            if self.rows[index].job.cancelled:
                self._leave(index)

    def give_up(self) -> Row | None:
        """Free the slot of the row that came last, if any writes; it takes its numbers along."""
        if not self.rows:
            return None
        last = len(self.rows) - 1
        row = self.rows[last]
        with shortage_told():
            row.kept = self._runtime.take_out(last, row.read)
        row.barred = row.leaning = None
        self._free(last)
        return row

    def clear(self) -> list[Row]:
        """Free all slots; who stood in them comes back."""
        found = [*self.rows, *self.readers]
        for slot in range(len(found)):
            self._runtime.clear(slot)
        self.rows, self.readers, self._drawing = [], [], None
        return found

    def admit(self, row: Row) -> bool:
        """Give a row a slot, and what was computed for the beginning of its prompt.

        False where it shall wait for another one, so that what both have in common is read once.
        """
        if row.kept is not None:
            self.readers.append(row)
            with shortage_told():
                self._runtime.put_in(len(self) - 1, row.kept, row.read)
            self._runtime.forget(row.kept)
            row.kept = None
            return True
        with self.prefixes.lock:
            return self._admit(row, *self.prefixes.longest(row.unread, row.job.lora))

    def _admit(self, row: Row, length: int, kept: Any) -> bool:
        slot = len(self)
        lora, unread = row.job.lora, row.unread
        least = max(length, LEAST_TOKENS)
        if any(other.begins_like(row) > least for other in self.readers):
            return False
        self.readers.append(row)
        beside = [
            common(other.text, unread) if other.job.lora is lora else 0 for other in self.rows
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

    def read(self, most: int, admit_one: Callable[[], bool]) -> bool:
        """Read so many tokens of the prompts whose turn it is; False when there are none.

        `admit_one`: lets the next one in, if there is one and room for it.
        """
        stretches: list[Stretch] = []
        readers = 0
        while most > 0 and (readers < len(self.readers) or admit_one()):
            row = self.readers[readers]
            count = len(row.unread[:most])
            if count:
                stretches.append(row.stretch(len(self.rows) + readers, count))
            most -= count
            readers += 1
        logits = self._read(stretches) if stretches else None
        done = [row for row in self.readers[:readers] if not row.unread]
        if done:  # the last one may go on next time
            self.rows += done
            self.readers = self.readers[len(done) :]
            self._drawing = None
        if logits is not None:
            self._draw_first([stretch.slot for stretch in stretches if stretch.asks], logits)
        return readers > 0

    def write(self) -> None:
        """Read the tokens drawn last, and draw the next ones.

        Where the model computes while this thread goes on, the pens take meanwhile what was drawn.
        A row whose pen has ended, or has gone back, has computed in vain this once.
        """
        if not self._runtime.concurrent:
            for at, row in enumerate(self.rows):
                self._take(at, row)
            self._let_go_of_ended()
        rows = list(self.rows)
        if not rows:
            return
        places = [row.length - (row.drawn is None) for row in rows]
        with shortage_told():
            self._runtime.begin(
                [row.last if row.drawn is None else row.drawn for row in rows],
                places,
                [row.job.lora for row in rows],
            )
        goes_on = [row.drawn is None or self._take(at, row) for at, row in enumerate(rows)]
        for at, row in enumerate(rows):
            self._masks.follow(at, row)
        with shortage_told():
            logits = self._runtime.finish()
        if self._drawing is None:
            self._drawing = self._drawing_for(rows)
        chances = [row.chance.random() if goes_on[at] else 0.0 for at, row in enumerate(rows)]
        drawn = self._drawing.draw(
            logits, self._masks.of(slice(len(rows))), chances, [row.job.pen.worn for row in rows]
        )
        for at, row in enumerate(rows):
            if goes_on[at]:
                row.drawn, row.read = drawn[at], places[at] + 1
        self._let_go_of_ended()

    # ------------------------------------------------------------ reading
    def _read(self, stretches: list[Stretch]) -> Tensor | None:
        """The logits after those that ask for them, if any does."""
        began, tokens = time.monotonic(), sum(len(stretch.ids) for stretch in stretches)
        with shortage_told():
            logits = self._runtime.read(stretches)
        self.tokens_read += tokens
        for stretch in stretches:
            self.readers[stretch.slot - len(self.rows)].read = stretch.end
        self.speed = (time.monotonic() - began) / tokens
        return logits

    def _stop_reading(self, index: int) -> None:
        """Take a reader away; the last one moves into its slot."""
        last = self.readers.pop()
        if index < len(self.readers):
            slot = len(self.rows) + index
            self._runtime.move(len(self), slot, last.read)
            self.readers[index] = last

    # ------------------------------------------------------------ writing
    def _draw_first(self, slots: list[int], logits: Tensor) -> None:
        """Draw the first tokens of rows whose prompts have just been read."""
        rows = [self.rows[slot] for slot in slots]
        for slot, row in zip(slots, rows, strict=True):
            self._masks.follow(slot, row)
        masks = self._masks.of(slots)
        chances = [row.chance.random() for row in rows]
        worn = [row.job.pen.worn for row in rows]
        drawn = self._drawing_for(rows).draw(logits, masks, chances, worn)
        for row, token in zip(rows, drawn, strict=True):
            row.drawn = token
        self._let_go_of_ended()

    def _drawing_for(self, rows: Sequence[Row]) -> Drawing:
        how = [row.job.sampling for row in rows]
        return Drawing(how, self._runtime.vocabulary, self._runtime.device)

    def _take(self, at: int, row: Row) -> bool:
        """Write what was drawn for a row; False if its pen has ended or gone back."""
        job, pen, token = row.job, row.job.pen, row.drawn
        if token is None:
            return True
        row.drawn = None
        fresh = self._tokens.telling[token] and token not in pen.ids
        before = len(pen.ids)
        pen.take(token)
        row.read = min(row.read, row.length)
        if fresh:
            self._masks.written(at, token, job.sampling.repetition)
        if pen.shown != job.text:
            job.text = pen.shown
            job.news()
        if pen.ended:
            job.end()
        return not pen.ended and len(pen.ids) == before + 1

    # ------------------------------------------------------------ leaving
    def _let_go_of_ended(self) -> None:
        """Free the slots of those that are written to the end, and of those that cannot be."""
        for index in reversed(range(len(self.rows))):
            row = self.rows[index]
            if row.drawn == POISONED:
                self._leave(index, poisoned=True)
                row.job.end(NarratorError("The model's numbers are none (NaN) for this story."))
            elif row.job.pen.ended:
                self._leave(index)

    def _leave(self, index: int, *, poisoned: bool = False) -> None:
        """Free a row's slot: the last row moves into it, and the last reader to where that was."""
        if poisoned:
            self._runtime.clear(index)
        else:
            self._keep(index, self.rows[index])
        self._free(index)

    def _free(self, index: int) -> None:
        last = len(self.rows) - 1
        if index != last:
            self._runtime.move(last, index, self.rows[last].read)
            self._masks.move(last, index)
            self.rows[index] = self.rows[last]
        if self.readers:
            self._runtime.move(last + len(self.readers), last, self.readers[-1].read)
            self.readers.insert(0, self.readers.pop())
        self.rows.pop()
        self._drawing = None

    def _keep(self, index: int, row: Row) -> None:
        """Keep what was computed for a row's text, if there is memory for it."""
        try:
            with shortage_told():
                kept = self._runtime.take_out(index, row.read)
        except MemoryShortageError:
            self.prefixes.clear()
        else:
            self.prefixes.keep(row.job.place, Prefix(row.text, kept, row.job.lora))
