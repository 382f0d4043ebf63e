"""GPT-2 on a processor with OpenVINO: texts side by side, their keys and values in pages.

The same slots as `lean.Lean`, and several times its speed: fused operations, eight-bit weights,
attention that reads no more than each text has.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.narrator.graph import KEPT, PAGE, SEQUENCES, Precision, draw, parameters
from core.narrator.loras import PARTS, Lora, Mix
from core.narrator.weights import Weights

_CORE = ov.Core()
_MOST_MIXED = 16  # LoRAs laid side by side before those out of use are let go

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """What is read of a text in one go."""

    slot: int
    start: int  # tokens it has
    count: int  # tokens that are new


class Compiled:
    """A model made ready for this processor. Several `Paged` may share it."""

    def __init__(self, weights: Weights, precision: Precision, threads: int) -> None:
        self.window, self.vocabulary = weights.window, weights.tokens.shape[0]
        self.layers, self.heads = len(weights.layers), weights.heads
        self.width = weights.tokens.shape[1]
        self._weights, self._precision = weights, precision
        self._settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32" if precision is Precision.FP32 else "f16",
        }
        self._making = threading.Lock()
        self._mixed: Any = None
        self.plain: Any = self._compile(mixed=False)

    def mixed(self) -> Any:
        """The same with LoRAs, one for each row; made when it is first needed."""
        with self._making:
            if self._mixed is None:
                self._mixed = self._compile(mixed=True)
            return self._mixed

    def size(self, part: str) -> tuple[int, int]:
        """What a matrix of a block takes and gives."""
        weight: Tensor = self._weights.layers[0].part(part)[0]
        return weight.shape[0], weight.shape[1]

    def _compile(self, *, mixed: bool) -> Any:
        model = draw(self._weights, self._precision, mixed=mixed)
        return _CORE.compile_model(model, "CPU", self._settings)


class Paged:
    """A model and its slots. Not for two threads at once."""

    def __init__(self, compiled: Compiled, slots: int) -> None:
        self.slots = slots
        self.window, self.vocabulary = compiled.window, compiled.vocabulary
        self.device = torch.device("cpu")
        self._compiled = compiled
        self._places = list(range(slots))  # where each slot's pages lie
        self._pages = -(-compiled.window // PAGE)  # of one slot
        # Each keeps its shapes: a request is slower at another one than at the last.
        self._reading = compiled.plain.create_infer_request()
        self._stepping = compiled.plain.create_infer_request()
        self._with_loras: Any = None
        self._mix = Mix(())
        self._kept = self._memory()
        self._laid_out: tuple[Any, list[int]] | None = None  # of the rows of the last step
        self._inputs: dict[str, Array] = {}
        self._ids = self._at = self._longest = np.zeros(0, np.int32)

    def read(self, slot: int, ids: Sequence[int], start: int, lora: Lora | None = None) -> None:
        """Read the next tokens of a slot's text, which has `start` of them already."""
        self._run(ids, _Text(slot, start, len(ids)), [], lora)

    def likely(self, slot: int, ids: Sequence[int], start: int, lora: Lora | None = None) -> Tensor:
        """The same, with what the model finds likely after each: (tokens, vocabulary)."""
        text = _Text(slot, start, len(ids))
        return self._run(ids, text, range(len(ids)), lora).clone()

    def step(
        self, ids: Sequence[int], places: Sequence[int], loras: Sequence[Lora | None]
    ) -> Tensor:
        """Read one token more in each of the first slots, at these places of their texts.

        The logits after it, (rows, vocabulary), good until the next call.
        """
        request, more = self._request(self._stepping, loras)
        self._lay_out(request, places)
        self._ids[:], self._at[:], self._longest[...] = ids, places, max(places) + 1
        for name, value in more.items():
            request.set_tensor(name, ov.Tensor(value, shared_memory=True))
        return _computed(request)

    def move(self, source: int, target: int, length: int) -> None:
        """Give a slot another's text, which is needed there no more."""
        del length  # its pages change their owner
        places = self._places
        places[source], places[target] = places[target], places[source]

    def copy(self, source: int, target: int, length: int) -> None:
        """Give a slot the first tokens of another's text."""
        for kept in self._kept:
            kept[self._own(target, length)] = kept[self._own(source, length)]

    def is_sound(self, slot: int, length: int) -> bool:
        """Whether the first tokens of a slot's text left numbers, and no NaN."""
        return all(bool(np.isfinite(kept[self._own(slot, length)]).all()) for kept in self._kept)

    def take_out(self, slot: int, length: int) -> Any:
        """Copies of the keys and values of a slot's first tokens."""
        return np.stack([kept[self._own(slot, length)] for kept in self._kept])

    def put_in(self, slot: int, kept: Any, length: int) -> None:
        """Give a slot the first tokens of what was taken out."""
        own = self._own(slot, length)
        for mine, other in zip(self._kept, kept, strict=True):
            mine[own] = other[: own.stop - own.start]

    def clear(self, slot: int) -> None:
        """Forget a slot's text, and NaN with it."""
        for kept in self._kept:
            kept[self._own(slot, self.window)] = 0

    def _own(self, slot: int, length: int) -> slice:
        """The pages of a slot's first tokens."""
        first = self._places[slot] * self._pages
        return slice(first, first + -(-length // PAGE))

    def _memory(self) -> list[Array]:
        """Keys and values of every block: (pages, heads, PAGE, each); taken as it is used."""
        kept = []
        for at in range(self._compiled.layers):
            for name in KEPT:
                known = self._compiled.plain.input(f"{name}_cache.{at}")
                shape = [each.get_length() for each in list(known.get_partial_shape())[1:]]
                kept.append(
                    np.zeros(
                        (self.slots * self._pages, *shape), known.get_element_type().to_dtype()
                    )
                )
        for request in (self._reading, self._stepping):
            self._share(request, kept)
        return kept

    def _share(self, request: Any, kept: Sequence[Array]) -> None:
        names = [f"{name}_cache.{at}" for at in range(self._compiled.layers) for name in KEPT]
        for name, memory in zip(names, kept, strict=True):
            request.set_tensor(name, ov.Tensor(memory, shared_memory=True))

    def _run(
        self,
        ids: Sequence[int],
        text: _Text,
        picked: Sequence[int],
        lora: Lora | None,
    ) -> Tensor:
        """Read on in one text."""
        request, more = self._request(self._reading, [lora] * len(ids))
        own = self._own(text.slot, text.start + text.count)
        inputs = {
            "ids": _numbers(ids),
            "places": np.arange(text.start, text.start + text.count, dtype=np.int32),
            "picked": _numbers(picked),
            SEQUENCES[0]: _numbers([text.start]),
            SEQUENCES[1]: _numbers([0, text.count]),
            SEQUENCES[2]: np.arange(own.start, own.stop, dtype=np.int32),
            SEQUENCES[3]: _numbers([0, own.stop - own.start]),
            "max_context_len": np.array(text.start + text.count, np.int32),
            **more,
        }
        for name, value in inputs.items():
            request.set_tensor(name, ov.Tensor(value, shared_memory=True))
        return _computed(request)

    def _lay_out(self, request: Any, places: Sequence[int]) -> None:
        """Hand a step's rows to the graph: anew when rows or their pages change, else in place."""
        rows = len(places)
        pages = [
            page
            for slot, place in enumerate(places)
            for page in range(self._own(slot, 0).start, self._own(slot, place + 1).stop)
        ]
        if self._laid_out == (request, pages):
            return
        self._laid_out = (request, pages)
        self._ids, self._at = np.zeros(rows, np.int32), np.zeros(rows, np.int32)
        self._longest = np.zeros((), np.int32)
        counts = [place // PAGE + 1 for place in places]
        inputs = {
            "ids": self._ids,
            "places": self._at,
            "picked": np.arange(rows, dtype=np.int32),
            SEQUENCES[0]: self._at,
            SEQUENCES[1]: np.arange(rows + 1, dtype=np.int32),
            SEQUENCES[2]: _numbers(pages),
            SEQUENCES[3]: np.concatenate(([0], np.cumsum(counts))).astype(np.int32),
            "max_context_len": self._longest,
        }
        self._inputs = inputs  # the graph does not own them
        for name, value in inputs.items():
            request.set_tensor(name, ov.Tensor(value, shared_memory=True))

    def _request(self, plain: Any, loras: Sequence[Lora | None]) -> tuple[Any, dict[str, Array]]:
        """What computes these rows, and what it is to know of their LoRAs."""
        wanted = dict.fromkeys(lora for lora in loras if lora and lora.rank)
        if not wanted:
            return plain, {}
        if self._with_loras is None:
            self._with_loras = self._compiled.mixed().create_infer_request()
            self._share(self._with_loras, self._kept)
        if not wanted.keys() <= set(self._mix.loras):
            together = dict.fromkeys((*self._mix.loras, *wanted))
            self._lay(Mix(list(together if len(together) <= _MOST_MIXED else wanted)))
        rows = self._mix.rows([lora if lora in wanted else None for lora in loras])
        self._laid_out = None  # its inputs may be another text's
        return self._with_loras, {"mixed": rows.numpy()}

    def _lay(self, mix: Mix) -> None:
        """Hand a mix of LoRAs to the graph."""
        for at in range(self._compiled.layers):
            for part in PARTS:
                stacked = mix.stacked(f"h.{at}.{part}", self._compiled.size(part))
                for name, tensor in zip(parameters(at, part), stacked, strict=True):
                    self._with_loras.set_tensor(name, ov.Tensor(tensor.numpy().copy()))
        self._mix = mix


def _numbers(values: Sequence[int]) -> Array:
    return np.asarray(values, np.int32)


def _computed(request: Any) -> Tensor:
    # `infer` keeps silent when a node fails, and leaves the numbers of the last time.
    request.start_async()
    request.wait()
    found: Array = request.get_output_tensor(0).data
    return torch.from_numpy(found)
