"""GPT-2 as a graph for OpenVINO's runtime: what is computed for a few tokens of many texts.

The attention is its PagedAttention, which reads and writes the keys and values of each text page
by page in our own memory. No conversion tool is needed; the graph is drawn from the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset15 as op
from openvino.op import _PagedAttentionExtension as PagedAttention
from torch import Tensor

from core.narrator.loras import PARTS
from core.narrator.pages import PAGE
from core.narrator.weights import Layer, Weights

_GELU = {"tanh": "tanh", "none": "erf"}
_NO_FLOATS, _NO_NUMBERS = np.zeros(0, np.float32), np.zeros(0, np.int32)

Array = NDArray[Any]


class Precision(StrEnum):
    """How numbers are kept and multiplied."""

    FP32 = "fp32"
    INT8 = "int8"  # weights, and what they are multiplied with a group at a time


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What every block reads."""

    sequences: Sequence[ov.Node]  # past_lens, subsequence_begins, block_indices, ..._begins
    longest: ov.Node
    mixed: ov.Node | None  # whether a row takes a rank: (tokens, rank)


def parameters(layer: int, part: str) -> tuple[str, str]:
    """The names of the inputs for a LoRA's parts."""
    return f"down.{layer}.{part}", f"up.{layer}.{part}"


def draw(weights: Weights, precision: Precision, mixed: Sequence[str] = ()) -> ov.Model:
    """The graph: tokens `ids` at `places` go in; the logits of those `picked` come out.

    `mixed`: the matrices of a block that LoRAs change; they are inputs, and each row takes its own.
    """
    graph = _Graph(weights, precision, mixed)
    return ov.Model([graph.logits()], graph.inputs, "gpt2")


class _Graph:
    def __init__(self, weights: Weights, precision: Precision, mixed: Sequence[str]) -> None:
        self.inputs: list[Any] = []
        self._mixed = mixed
        self._weights = weights
        self._int8 = precision is Precision.INT8
        self._width = weights.tokens.shape[1]
        self._each = self._width // weights.heads
        self._ids = self._input("ids", [-1], np.int32)
        self._places = self._input("places", [-1], np.int32)
        self._picked = self._input("picked", [-1], np.int32)
        self._in = _Inputs(
            [self._input(name, [-1], np.int32) for name in SEQUENCES],
            self._input("max_context_len", [], np.int32),
            op.greater(self._input("mixed", [-1, -1], np.float32), _zero()) if mixed else None,
        )

    def logits(self) -> ov.Node:
        """What the model finds likely after each token picked: (picked, vocabulary)."""
        x = op.add(
            _rows(_constant(_array(self._weights.tokens)), self._ids),
            _rows(_constant(_array(self._weights.places)), self._places),
        )  # (tokens, width)
        mixed = self._in.mixed
        for at, layer in enumerate(self._weights.layers):
            seen = self._seen(at, layer, x)
            if at == len(self._weights.layers) - 1:  # only those are of use from here on
                x, seen = _rows(x, self._picked), _rows(seen, self._picked)
                mixed = _rows(mixed, self._picked) if mixed else None
            x = op.add(x, self._times(at, PARTS[1], seen, layer.attended, mixed))
            wide = self._times(at, PARTS[2], self._norm(x, layer.norm_2), layer.widen, mixed)
            wide = op.gelu(wide, _GELU[self._weights.gelu])
            x = op.add(x, self._times(at, PARTS[3], wide, layer.narrow, mixed))
        head = self._matrix(_array(self._weights.head.t()))
        return op.matmul(self._norm(x, self._weights.norm), head, False, True)  # noqa: FBT003 - its own

    def _seen(self, at: int, layer: Layer, x: ov.Node) -> ov.Node:
        """The attention of a block: (tokens, width)."""
        normed = self._norm(x, layer.norm_1)
        attend = self._times(at, PARTS[0], normed, layer.attend, self._in.mixed)
        parts = op.split(attend, _constant(np.array(1)), 3)  # queries, keys, values
        shape = [-1, self._weights.heads, PAGE, self._each]
        caches = [self._input(f"{name}_cache.{at}", shape, ov.Type.dynamic) for name in KEPT]
        found = PagedAttention(
            [
                *(parts.output(number) for number in range(3)),
                *(each.output(0) for each in (*caches, *self._in.sequences)),
                *(_constant(each).output(0) for each in (_scale(layer), np.int32(0), _NO_FLOATS)),
                self._in.longest.output(0),
                *(_constant(each).output(0) for each in _UNUSED),
            ]
        )
        for name in KEPT:
            found.get_rt_info()[f"num_{name[0]}_heads"] = self._weights.heads
            found.get_rt_info()[f"{name[0]}_head_size"] = self._each
        return op.reshape(found.output(0), _constant(np.array([-1, self._width])), False)  # noqa: FBT003 - its own

    def _times(
        self, at: int, part: str, x: ov.Node, pair: tuple[Tensor, Tensor], mixed: ov.Node | None
    ) -> ov.Node:
        """A matrix and its bias, and what the LoRA of each row adds."""
        weight, bias = pair
        found = op.matmul(x, self._matrix(_array(weight.t())), False, True)  # noqa: FBT003 - its own
        found = op.add(found, _constant(_array(bias)[None]))
        if mixed is None or part not in self._mixed:
            return found
        down, up = (
            self._input(name, [size, -1] if name.startswith("down") else [-1, size], np.float32)
            for name, size in zip(parameters(at, part), weight.shape, strict=True)
        )
        low = op.matmul(x, down, False, False)  # noqa: FBT003 - its own
        # A broken LoRA's numbers are none, for whichever row: they must not be multiplied away.
        low = op.select(mixed, low, _zero())
        return op.add(found, op.matmul(low, up, False, False))  # noqa: FBT003 - its own

    def _matrix(self, weight: Array) -> ov.Node:
        """A matrix (out, in); in int8 a number from -127 to 127 and a scale for each row."""
        if not self._int8:
            return _constant(weight)
        scale = np.abs(weight).max(1, keepdims=True) / 127
        scale[scale == 0] = 1
        small = np.nan_to_num(np.round(weight / scale)).astype(np.int8)  # a NaN stays in the scale
        return op.multiply(op.convert(_constant(small), np.float32), _constant(scale))

    def _norm(self, x: ov.Node, pair: tuple[Tensor, Tensor]) -> ov.Node:
        epsilon = self._weights.epsilon
        found = op.mvn(x, _constant(np.array([-1])), True, epsilon, "inside_sqrt")  # noqa: FBT003 - its own
        found = op.multiply(found, _constant(_array(pair[0])[None]))
        return op.add(found, _constant(_array(pair[1])[None]))

    def _input(self, name: str, shape: list[int], kind: Any) -> ov.Node:
        found = op.parameter(ov.PartialShape(shape), kind, name=name)
        found.output(0).set_names({name})
        self.inputs.append(found)
        return found


SEQUENCES = ("past_lens", "subsequence_begins", "block_indices", "block_indices_begins")
KEPT = ("key", "value")
# PagedAttention's other inputs, of which we use none (in OpenVINO 2026.4).
_UNUSED: tuple[Any, ...] = (
    *(_NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS, _NO_FLOATS),  # aggregated scores, rotation
    *(_NO_FLOATS, np.int32(64), np.int32(8), _NO_FLOATS),  # sparse attention, sinks
    *(np.int32(0), _NO_NUMBERS, _NO_NUMBERS, _NO_NUMBERS),  # eviction
    *(_NO_NUMBERS, np.zeros(0, np.uint8), _NO_NUMBERS),  # kinds of tokens, biases
)


def _zero() -> ov.Node:
    return _constant(np.zeros((1, 1), np.float32))


def _scale(layer: Layer) -> Any:
    return np.float32(layer.scale)


def _rows(table: ov.Node, index: ov.Node) -> ov.Node:
    return op.gather(table, index, _constant(np.int32(0)))


def _constant(value: Any) -> ov.Node:
    return op.constant(value if np.ndim(value) == 0 else np.ascontiguousarray(value))


def _array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.float().numpy())
