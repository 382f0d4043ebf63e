"""What computes GPT-2 with OpenVINO: a compiled graph, its requests, and the memory they share."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from torch import Tensor

from core.narrator.graph import KEPT, Precision, draw, parameters
from core.narrator.loras import Lora, Mix
from core.narrator.pages import PAGE, Pairs, Pool
from core.narrator.weights import Weights

_CORE = ov.Core()
# Numbers that share a scale where eight-bit weights are multiplied: of 32, which is the default, of
# 64, 128 and 256 the fastest to read with, and a ten-thousandth of the bits dearer.
_GROUP = "128"

Array = NDArray[Any]


class Compiled:
    """A model made ready for this processor. Several `Paged` may share it."""

    def __init__(
        self,
        weights: Weights,
        precision: Precision,
        threads: int,
        *,
        pinned: bool = False,
        streams: int = 1,
    ) -> None:
        """`pinned`: each thread stays on a processor of its own.

        `streams`: so many may compute at the same time, each with its part of the threads.
        """
        self.window, self.vocabulary = weights.window, weights.tokens.shape[0]
        self.layers, self.heads = len(weights.layers), weights.heads
        self.width = weights.tokens.shape[1]
        self.streams = streams
        self._weights, self._precision = weights, precision
        self._settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": streams,
            "ENABLE_CPU_PINNING": pinned,
            "INFERENCE_PRECISION_HINT": "f32",
            "KV_CACHE_PRECISION": "f32" if precision is Precision.FP32 else "f16",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP,
        }
        self._making = threading.Lock()
        self._mixed: dict[tuple[str, ...], Any] = {}
        self.plain: Any = self._compile()

    def mixed(self, parts: tuple[str, ...]) -> Any:
        """The same with LoRAs of these parts, one for each row; made when it is first needed."""
        with self._making:
            if parts not in self._mixed:
                self._mixed[parts] = self._compile(parts)
            return self._mixed[parts]

    def size(self, part: str) -> tuple[int, int]:
        """What a matrix of a block takes and gives."""
        weight: Tensor = self._weights.layers[0].part(part)[0]
        return weight.shape[0], weight.shape[1]

    def _compile(self, mixed: Sequence[str] = ()) -> Any:
        model = draw(self._weights, self._precision, mixed)
        return _CORE.compile_model(model, "CPU", self._settings)


class Memory:
    """Keys and values of texts, in pages that several `Paged` may have in common."""

    def __init__(self, compiled: Compiled, slots: int, kept_bytes: int) -> None:
        """`slots`: of all together; `kept_bytes`: for texts that have left theirs."""
        self.pages_each = -(-compiled.window // PAGE)  # of a text at most
        shapes = _page_shapes(compiled)
        self.page_bytes = sum(int(np.prod(shape)) * kind.itemsize for shape, kind in shapes)
        self.pool = Pool(slots * self.pages_each + kept_bytes // self.page_bytes)
        self.kept = [np.zeros((self.pool.count, *shape), kind) for shape, kind in shapes]

    def share(self, request: Any) -> None:
        """Let a request compute with what lies here."""
        names = [f"{name}_cache.{at}" for at in range(len(self.kept) // 2) for name in KEPT]
        for name, memory in zip(names, self.kept, strict=True):
            request.set_tensor(name, ov.Tensor(memory, shared_memory=True))

    def copy(self, pairs: Pairs) -> None:
        """Fill pages with what lies in others."""
        for source, target in pairs:
            for kept in self.kept:
                kept[target] = kept[source]


@dataclass(frozen=True, slots=True, eq=False)
class Both:
    """What reads and what steps."""

    reading: "Requests"
    stepping: "Requests"


class Requests:
    """What computes rows: plain ones, and those with LoRAs once there are any."""

    def __init__(self, compiled: Compiled, memory: Memory) -> None:
        self.plain = compiled.plain.create_infer_request()
        memory.share(self.plain)
        self._with_loras = _WithLoras(compiled, memory)

    def of(self, loras: Sequence[Lora | None]) -> Any:
        """The one for rows with these."""
        if not any(lora and lora.rank for lora in loras):
            return self.plain
        self._with_loras.take(loras)
        return self._with_loras.request


class _WithLoras:
    """What computes rows with LoRAs: those laid out beside each other, and which row takes which.

    A LoRA costs time whether a row takes it or not, so that no more are laid out than are in use,
    and no matrices that none of them changes.
    """

    def __init__(self, compiled: Compiled, memory: Memory) -> None:
        self.request: Any = None
        self._compiled, self._memory = compiled, memory
        self._requests: dict[tuple[str, ...], Any] = {}  # for LoRAs of these matrices
        self._mix = Mix(())
        self._taken: Sequence[Lora | None] = ()
        self._rows: Array = np.zeros(0)  # what the request computes with and does not own
        self._laid: dict[str, Array] = {}  # the same, by its inputs

    def take(self, loras: Sequence[Lora | None]) -> None:
        """Let each row take its own."""
        if loras == self._taken:
            return
        wanted = dict.fromkeys(lora for lora in loras if lora and lora.rank)
        if not wanted.keys() <= set(self._mix.loras):
            self._lay(Mix(list(wanted)))
        self._rows = self._mix.rows(loras).numpy()
        self.request.set_tensor("mixed", ov.Tensor(self._rows, shared_memory=True))
        self._taken = list(loras)

    def _lay(self, mix: Mix) -> None:
        laid = {}  # all of it first: memory may be short, and then what was laid out must stay
        for at in range(self._compiled.layers):
            for part in mix.kinds:
                stacked = mix.stacked(f"h.{at}.{part}", self._compiled.size(part))
                for name, tensor in zip(parameters(at, part), stacked, strict=True):
                    laid[name] = tensor.numpy()
        self.request = self._request(mix.kinds)
        for name, numbers in laid.items():
            self.request.set_tensor(name, ov.Tensor(numbers, shared_memory=True))
        self._mix, self._laid = mix, laid

    def _request(self, parts: tuple[str, ...]) -> Any:
        if parts not in self._requests:
            self._requests[parts] = self._compiled.mixed(parts).create_infer_request()
            self._memory.share(self._requests[parts])
        return self._requests[parts]


def _page_shapes(compiled: Compiled) -> list[tuple[list[int], Any]]:
    """What a page holds in each block, keys and values: (heads, PAGE, each), and its type."""
    shapes = []
    for at in range(compiled.layers):
        for name in KEPT:
            known = compiled.plain.input(f"{name}_cache.{at}")
            shape = [each.get_length() for each in list(known.get_partial_shape())[1:]]
            shapes.append((shape, known.get_element_type().to_dtype()))
    return shapes
