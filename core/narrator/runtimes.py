"""What computes the model here: OpenVINO on a PC's processor, torch on a GPU and anything else."""

import logging
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from core.errors import ModelUnavailable
from core.narrator.lean import Lean
from core.narrator.loras import PARTS
from core.narrator.settings import NarratorSettings
from core.narrator.stretch import Stretch
from core.narrator.tokens import Tokens
from core.narrator.weights import Weights

if TYPE_CHECKING:
    from core.narrator.compiled import Compiled
    from core.narrator.paged import Paged

    Runtime = Lean | Paged

_log = logging.getLogger(__name__)
_MOST_THREADS = 8
_MEGABYTE = 2**20
_LANES = 2  # batches side by side
# Parameters of a model that fits into a processor's cache, more or less. A larger one is read from
# memory at every step, and by each batch: so many passages are therefore written together.
_SMALL, _TOGETHER = 50_000_000, 12
_MOST_LOST = 0.005  # of the bits a text takes, for eight-bit weights
_SAMPLE = (
    "Once there was a keeper who lived in a lighthouse by the sea. Every night she lit the lamp, "
    "and every morning she wrote down the ships that had gone by. One day she found a shell on "
    'the sand. "Who are you?" she asked. It was as blue as the evening, and when she held it to '
    "her ear it began to sing. The song told of a boy who had lost his way in the snow, and of "
    "the old man who carried him home. She listened until the moon rose, and then she laughed."
)


def device(wanted: str) -> torch.device:
    """Where to compute. Raises ModelUnavailable."""
    found = [
        name
        for name, there in (
            ("cuda", torch.cuda.is_available()),
            ("mps", torch.backends.mps.is_available()),
            ("cpu", True),
        )
        if there
    ]
    if wanted != "auto" and wanted not in found:
        raise ModelUnavailable(
            f"narrator.device = {wanted!r}, but this machine has {' and '.join(found)}. "
            'Set it to "auto".'
        )
    return torch.device(found[0] if wanted == "auto" else wanted)


def on_openvino(where: torch.device) -> bool:
    """Whether OpenVINO computes there: its paged attention is made for the processors of PCs."""
    return where.type == "cpu" and platform.machine().lower() in {"x86_64", "amd64"}


def torch_precision(where: torch.device, wanted: str) -> torch.dtype:
    """How torch keeps the numbers. Raises ModelUnavailable."""
    if wanted == ("bf16" if on_openvino(where) else "int8"):
        raise ModelUnavailable(
            f"narrator.precision = {wanted!r} does not go with {where.type}: int8 is for the "
            'processors of PCs, bf16 for GPUs. Set it to "auto".'
        )
    if on_openvino(where) or wanted == "fp32":
        return torch.float32
    fast = where.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if wanted == "bf16" or fast else torch.float32


def threads(wanted: int) -> int:
    """How many threads compute, where a processor does."""
    return wanted or min(_processors(), _MOST_THREADS)


def _processors() -> int:
    """Those that this process may use: a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Ready:
    """A model made ready; what computes is made of it."""

    alone: Callable[[], "Runtime"]  # of one slot, to read with
    # Told how many slots, and how many bytes for texts that have left theirs: one for each thread
    # that shall write.
    lanes: Callable[[int, int], Sequence["Runtime"]]
    together: int = 0  # passages that one of them writes sooner than all would


def ready(weights: Weights, tokens: Tokens, settings: NarratorSettings) -> Ready:
    """Make the model ready."""
    if not on_openvino(weights.tokens.device):
        return Ready(lambda: Lean(weights, 1), lambda slots, _kept_bytes: [Lean(weights, slots)])
    # OpenVINO is not on every platform.
    from core.narrator import graph, paged  # noqa: PLC0415 - see above
    from core.narrator.compiled import Compiled  # noqa: PLC0415 - the same

    count = threads(settings.threads)
    # Where a processor is left over, whatever else needs one shall find it.
    pinned = count >= _processors()
    wanted = graph.Precision.INT8 if settings.precision == "auto" else settings.precision
    compiled = Compiled(weights, graph.Precision(wanted), count, pinned=pinned)
    if settings.precision == "auto" and not (
        (lost := loss(weights, tokens, compiled)) <= _MOST_LOST  # a NaN is not, either
    ):
        _log.warning("int8 would lose %.2f %% of a text's bits: computing in fp32", 100 * lost)
        wanted = graph.Precision.FP32
        compiled = Compiled(weights, wanted, count, pinned=pinned)

    def alone() -> "Runtime":
        return paged.Paged(compiled, 1, 0)

    if count == 1:
        return Ready(alone, lambda slots, kept_bytes: [paged.Paged(compiled, slots, kept_bytes)])
    small, kind = _size(weights) <= _SMALL, graph.Precision(wanted)
    if small:  # each by itself is a little faster
        beside = [Compiled(weights, kind, part) for part in (count - count // 2, count // 2)]
    else:  # and in common takes half of the memory
        beside = [Compiled(weights, kind, count, streams=_LANES)] * _LANES

    def lanes(slots: int, kept_bytes: int) -> Sequence["Runtime"]:
        if slots < _LANES:
            return [paged.Paged(compiled, slots, kept_bytes)]
        return paged.side_by_side(compiled, beside, slots, kept_bytes)

    return Ready(alone, lanes, 0 if small else _TOGETHER)


def loss(weights: Weights, tokens: Tokens, compiled: "Compiled") -> float:
    """What share of the bits of its own texts a model loses by its precision.

    That is the divergence of what it finds likely from what it should, over its entropy: as a
    mean over a text it is far less noisy than the difference of two bits per character.
    """
    from core.narrator import paged  # noqa: PLC0415 - OpenVINO is not on every platform

    ids = (tokens.end, *tokens.encode(_SAMPLE))[: weights.window]
    with torch.inference_mode():
        should = Lean(weights, 1).likely(Stretch(0, ids, 0)).log_softmax(-1)  # (tokens, vocabulary)
        does = paged.Paged(compiled, 1).likely(Stretch(0, ids, 0)).log_softmax(-1)
    odds = should.exp()
    return float((odds * (should - does)).sum() / -(odds * should).sum())


def _size(weights: Weights) -> int:
    """Parameters, more or less."""
    each = sum(matrix.numel() for part in PARTS for matrix in weights.layers[0].part(part))
    return weights.tokens.numel() + len(weights.layers) * each


def slots(weights: Weights, settings: NarratorSettings) -> int:
    """How many texts fit into the memory that they may take."""
    width = weights.tokens.shape[1]
    each = 2 * len(weights.layers) * width * weights.window * weights.tokens.element_size()
    return max(1, min(settings.slots, settings.slot_megabytes * _MEGABYTE // each))
