"""GPT-2 on a processor with OpenVINO: texts side by side, their keys and values in pages.

The same slots as `lean.Lean`, and several times its speed: fused operations, eight-bit weights,
attention that reads no more than each text has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino as ov
import torch
from torch import Tensor

from core.narrator.compiled import Array, Both, Compiled, Memory, Requests
from core.narrator.graph import SEQUENCES
from core.narrator.loras import Lora
from core.narrator.pages import PAGE, Pages
from core.narrator.prefixes import KEPT_BYTES
from core.narrator.stretch import Stretch

# Tokens: what is read is filled up to a multiple of it. A number of tokens is slow when it first
# comes, so there are few of them.
_ROUND, _ROUND_OF_MANY, _MANY = 16, 64, 256
_LONGEST_WARM = 256  # tokens read at once


@dataclass(frozen=True, slots=True)
class Held:
    """Pages that are held for a text that has left its slot."""

    pages: tuple[int, ...]
    nbytes: int  # as if no other text held them too


def side_by_side(
    alone: Compiled, together: Sequence[Compiled], slots: int, kept_bytes: int
) -> list["Paged"]:
    """A `Paged` for each that computes beside others: so many slots in all.

    `alone`: what computes while the others have nothing to do.
    """
    count = len(together)
    memory = Memory(alone, slots + count, kept_bytes)
    return [
        Paged(each, (slots + count - 1 - at) // count, memory=memory, alone=alone)
        for at, each in enumerate(together)
    ]


class Paged:
    """A model and its slots. Not for two threads at once."""

    def __init__(
        self,
        compiled: Compiled,
        slots: int,
        kept_bytes: int = KEPT_BYTES,
        *,
        memory: Memory | None = None,
        alone: Compiled | None = None,
    ) -> None:
        """`kept_bytes`: memory for texts that have left their slots, where it is not in common.

        `alone`: the same model with more threads, while nobody else computes.
        """
        self.slots = slots
        self.window, self.vocabulary = compiled.window, compiled.vocabulary
        self.device = torch.device("cpu")
        self.concurrent = False  # computes in the thread that asks
        self.alone: Callable[[], bool] = lambda: True  # whether nobody else computes
        self._beside = slots  # one more slot, for a text of one token beside a row alone
        self._memory = memory or Memory(compiled, slots + 1, kept_bytes)
        self._lock = self._memory.pool.lock
        self._longest_text = self._memory.pages_each * PAGE
        self._pages = Pages(self._memory.pool, slots + 1, self._memory.pages_each)
        # Each keeps its shapes: a request is slower at another one than at the last.
        self._beside_others = self._by_itself = Both(
            Requests(compiled, self._memory), Requests(compiled, self._memory)
        )
        if alone:
            # What others have no part of steps as soon with its own threads, and needs no others.
            own = self._beside_others.stepping if compiled.streams == 1 else None
            self._by_itself = Both(
                Requests(alone, self._memory), own or Requests(alone, self._memory)
            )
        self._laid_out: tuple[Any, list[int]] | None = None  # the last step's request, and pages
        self._inputs: dict[str, Array] = {}
        self._alone = False  # the last step had one row
        self._begun: Any = None
        self._cold = self._all_cold()
        self._warming: Both | None = None
        self._ids = self._at = self._longest = np.zeros(0, np.int32)

    def read(self, stretches: Sequence[Stretch]) -> Tensor | None:
        """Read the next tokens of some slots' texts, all at once.

        The logits after those that ask for them come back, (asking, vocabulary), if any does; they
        are good until the next call.
        """
        parted = _by_loras(stretches)
        if len(parted) == 1:
            return self._read_alike(stretches)
        asking = [stretch for stretch in stretches if stretch.asks]
        found: dict[int, Tensor] = {}  # by slots
        for alike in parted:
            logits = self._read_alike(alike)
            slots = [stretch.slot for stretch in alike if stretch.asks]
            found.update(zip(slots, () if logits is None else logits.clone(), strict=True))
        return torch.stack([found[stretch.slot] for stretch in asking]) if asking else None

    def likely(self, stretch: Stretch) -> Tensor:
        """The same of one, with what the model finds likely after each: (tokens, vocabulary)."""
        return self._read([stretch], None)[: len(stretch.ids)].clone()

    def begin(self, ids: list[int], places: list[int], loras: list[Lora | None]) -> None:
        """Read one token more in each of the first slots, at these places of their texts.

        It is computed when the logits are asked for.
        """
        alone, self._alone = self._alone, len(ids) == 1
        if alone != self._alone:
            self._laid_out = None
        if self._alone:
            # One row alone is computed by other means, and the last bit that they differ in grows
            # when numbers are rounded to eight bits: so there is a row of one token beside it.
            ids, places, loras = [*ids, 0], [*places, 0], loras * 2
        request = self._both().stepping.of(loras)
        self._lay_out(request, places)
        self._ids[:], self._at[:], self._longest[...] = ids, places, max(places) + 1
        self._begun = request

    def finish(self) -> Tensor:
        """The logits after what was begun, (rows, vocabulary), good until the next call."""
        return _computed(self._begun)[: 1 if self._alone else None]

    @property
    def cold(self) -> bool:
        """Whether a number of rows or tokens is left that is slow when it first comes."""
        return bool(self._cold)

    def warm(self) -> None:
        """Compute one of them, so that nobody has to wait for it. No text may be in the slots."""
        count, rows, self._warming = self._cold.pop()
        try:
            if rows:
                self.begin([0] * count, [0] * count, [None] * count)
                self.finish()
            else:
                self.read([Stretch(0, [0] * count, 0)])
        finally:
            self._warming = None

    def move(self, source: int, target: int, length: int) -> None:
        """Give a slot another's text, which is needed there no more."""
        del length  # its pages change their owner
        self._pages.swap(source, target)
        self._laid_out = None

    def copy(self, source: int, target: int, length: int) -> None:
        """Give a slot the first tokens of another's text."""
        self._begin_with(target, self._pages.of(source, length), length)

    def is_sound(self, slot: int, length: int) -> bool:
        """Whether the first tokens of a slot's text left numbers, and no NaN."""
        pages = self._pages.of(slot, length)
        return all(bool(np.isfinite(kept[pages]).all()) for kept in self._memory.kept)

    def take_out(self, slot: int, length: int) -> Held:
        """The keys and values of a slot's first tokens, held until they are forgotten."""
        pages = self._pages.keep(slot, length)
        return Held(pages, len(pages) * self._memory.page_bytes)

    def put_in(self, slot: int, kept: Held, length: int) -> None:
        """Give a slot the first tokens of what was taken out."""
        self._begin_with(slot, kept.pages, length)

    def forget(self, kept: Held) -> None:
        """Let go of what was taken out."""
        self._memory.pool.forget(kept.pages)

    def clear(self, slot: int) -> None:
        """Forget a slot's text, and NaN with it."""
        with self._lock:  # or another one may have written there already
            freed = self._pages.drop(slot)
            for kept in self._memory.kept:
                kept[freed] = 0
        self._laid_out = None

    def _all_cold(self) -> list[tuple[int, bool, Both]]:
        """Numbers of tokens or, if so said, of rows, and what computes them: the last one first."""
        longest = min(_LONGEST_WARM, self._longest_text)
        return [
            (count, rows, which)
            for count, rows in (
                *((count, True) for count in range(self.slots, 1, -1)),
                *((count, False) for count in range(longest, 0, -_ROUND)),
                (1, True),
            )
            for which in {
                each.stepping if rows else each.reading: each
                for each in (self._beside_others, self._by_itself)
            }.values()
        ]

    def _begin_with(self, slot: int, pages: Sequence[int] | Array, length: int) -> None:
        with self._lock:  # or what is to be copied may be another's
            self._memory.copy(self._pages.begin_with(slot, pages, length))
        self._laid_out = None

    def _both(self) -> Both:
        """What is to compute now."""
        return self._warming or (self._by_itself if self.alone() else self._beside_others)

    def _see_to(self, slot: int, start: int, end: int) -> None:
        """Have pages for these tokens of a slot that nobody else holds."""
        with self._lock:
            self._memory.copy(self._pages.write(slot, start, end))
        self._laid_out = None

    def _read_alike(self, stretches: Sequence[Stretch]) -> Tensor | None:
        """The same, of texts with one LoRA."""
        ends = np.cumsum([len(stretch.ids) for stretch in stretches], dtype=np.int32) - 1
        picked = ends[[stretch.asks for stretch in stretches]]
        # Two at least: one row alone is computed by other means. Their numbers also tell whether
        # anything was computed.
        filled = [*picked, *ends[-1:].repeat(max(0, 2 - len(picked)))]
        found = self._read(stretches, _numbers(filled))
        return found[: len(picked)] if len(picked) else None

    def _read(self, stretches: Sequence[Stretch], picked: Array | None) -> Tensor:
        """The logits after the tokens picked, by their numbers; None: after all, filled up."""
        counts = [len(stretch.ids) for stretch in stretches]
        step = _ROUND if sum(counts) <= _MANY else _ROUND_OF_MANY
        # What the last text gets too much is written over by what follows in it.
        over = min(-sum(counts) % step, self._longest_text - stretches[-1].end)
        counts[-1] += over
        loras: list[Lora | None] = []
        own, places = [], []
        for stretch, count in zip(stretches, counts, strict=True):
            end = stretch.start + count
            loras += [stretch.lora] * count
            self._see_to(stretch.slot, stretch.start, end)
            own.append(self._pages.of(stretch.slot, end))
            places.append(np.arange(stretch.start, end, dtype=np.int32))
        inputs = {
            "ids": _numbers([token for each in stretches for token in each.ids] + [0] * over),
            "places": np.minimum(np.concatenate(places), self.window - 1, dtype=np.int32),
            "picked": np.arange(sum(counts), dtype=np.int32) if picked is None else picked,
            SEQUENCES[0]: _numbers([stretch.start for stretch in stretches]),
            SEQUENCES[1]: np.cumsum([0, *counts], dtype=np.int32),
            SEQUENCES[2]: np.concatenate(own),
            SEQUENCES[3]: np.cumsum([0, *map(len, own)], dtype=np.int32),
            "max_context_len": np.array(max(at[-1] + 1 for at in places), np.int32),
        }
        request = self._both().reading.of(loras)
        self._hand(request, inputs)
        return _computed(request)

    def _hand(self, request: Any, inputs: dict[str, Array]) -> None:
        """Give a graph its inputs; it does not own them."""
        for name, value in inputs.items():
            request.set_tensor(name, ov.Tensor(value, shared_memory=True))

    def _lay_out(self, request: Any, places: Sequence[int]) -> None:
        """Hand a step's rows to the graph: anew when rows or their pages change, else in place."""
        rows, counts = len(places), [place // PAGE + 1 for place in places]
        if self._laid_out == (request, counts):
            return
        slots = [0, self._beside] if self._alone else range(rows)
        for slot, place in zip(slots, places, strict=True):
            self._see_to(slot, place, place + 1)
        self._laid_out = (request, counts)
        own = [self._pages.of(slot, place + 1) for slot, place in zip(slots, places, strict=True)]
        self._ids, self._at = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
        self._longest = np.zeros((), np.int32)
        inputs = {
            "ids": self._ids,
            "places": self._at,
            "picked": np.arange(rows, dtype=np.int32),
            SEQUENCES[0]: self._at,
            SEQUENCES[1]: np.arange(rows + 1, dtype=np.int32),
            SEQUENCES[2]: np.concatenate(own),
            SEQUENCES[3]: np.cumsum([0, *counts], dtype=np.int32),
            "max_context_len": self._longest,
        }
        self._inputs = inputs  # the graph does not own them
        self._hand(request, inputs)


def _by_loras(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """Those of each LoRA: every row pays for all LoRAs that are read with, and a prompt is long."""
    found: dict[Lora | None, list[Stretch]] = {}
    for stretch in stretches:
        lora = stretch.lora if stretch.lora and stretch.lora.rank else None
        found.setdefault(lora, []).append(stretch)
    return list(found.values())


def _numbers(values: Sequence[int]) -> Array:
    return np.asarray(values, np.int32)


def _computed(request: Any) -> Tensor:
    """Compute in this thread: to wake another one up takes half as long as a step of one row.

    `infer` keeps silent when a node fails, and leaves the numbers of the last time; here those of
    a NaN. Then it is computed once more in the way that raises.
    """
    before: Array = request.get_output_tensor(0).data
    before[:1, :1] = np.nan
    request.infer(share_outputs=True)
    found: Array = request.get_output_tensor(0).data
    if not found.size or np.isnan(found[0, 0]):
        request.start_async()  # says what failed
        request.wait()
        found = request.get_output_tensor(0).data
    return torch.from_numpy(found)
