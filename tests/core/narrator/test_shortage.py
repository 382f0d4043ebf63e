"""When memory runs out: the batch gets smaller and goes on, and nobody loses a word."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from core.errors import NarratorError
from core.narrator import batches
from core.narrator.batches import Batch, BatchSettings
from core.narrator.compiled import Compiled
from core.narrator.graph import Precision
from core.narrator.lean import Lean
from core.narrator.paged import Paged
from core.narrator.shortage import MemoryShortageError, shortage_told
from core.narrator.stretch import Stretch
from core.narrator.tokens import Tokens
from core.narrator.weights import Weights, read_weights
from tests.core.narrator.test_batches import Asked, Desk

ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    MemoryError("std::bad_alloc"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes"),
]
PROMPTS = [f"{number} gulls. " + "Mara found a shell. " * number for number in range(6)]


class Narrow(Paged):
    """Has memory for so many rows of a step, and fails at what the test says."""

    room = 99  # rows
    fails: Callable[[str], None] = staticmethod(lambda _call: None)
    most = 0  # rows that there were at once

    def read(self, stretches: Sequence[Stretch]) -> None:
        self.fails("read")
        super().read(stretches)

    def begin(self, ids: list[int], places: list[int], loras: Any) -> None:
        self.fails("begin")
        if len(ids) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.most = max(self.most, len(ids))
        super().begin(ids, places, loras)

    def finish(self) -> Tensor:
        found = super().finish()
        self.fails("finish")
        return found

    def take_out(self, slot: int, length: int) -> Any:
        self.fails("take_out")
        return super().take_out(slot, length)


@pytest.fixture(scope="module")
def weights(random_model: Path) -> Weights:
    return read_weights(random_model, torch.device("cpu"))


@contextmanager
def narrow(weights: Weights, tokens: Tokens) -> Iterator[tuple[Desk, Narrow]]:
    runtime = Narrow(Compiled(weights, Precision.FP32, threads=1), 6)
    batch = Batch(runtime, tokens, BatchSettings())
    try:
        yield Desk(batch, tokens), runtime
    finally:
        batch.close()


def all_told(desk: Desk) -> list[str]:
    asked = [desk.ask(prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)]
    assert all(each.ended.wait(30) for each in asked)
    assert not [each.job.error for each in asked if each.job.error]
    assert all(map(grows, asked))
    return [each.job.pen.result for each in asked]


def grows(asked: Asked) -> bool:
    """Whether nothing that was heard was taken back."""
    pairs = zip(asked.texts, asked.texts[1:], strict=False)
    return all(longer.startswith(shorter) for shorter, longer in pairs)


@pytest.fixture(scope="module")
def usual(weights: Weights, tokens: Tokens) -> list[str]:
    """What is written where there is memory enough."""
    with narrow(weights, tokens) as (desk, _):
        return all_told(desk)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("call", ["read", "begin", "finish", "take_out"])
def test_a_shortage_costs_no_passage_a_word(
    weights: Weights, tokens: Tokens, usual: list[str], call: str, error: Exception
) -> None:
    calls: list[str] = []
    when = {1, 2} if call == "read" else {3, 5}  # prompts are read together

    def fails(which: str) -> None:
        if which == call:
            calls.append(which)
            if len(calls) in when:
                raise error

    with narrow(weights, tokens) as (desk, runtime):
        runtime.fails = fails
        assert all_told(desk) == usual
    assert len(calls) > max(when)


def test_no_more_are_written_at_once_than_there_is_memory_for(
    weights: Weights, tokens: Tokens, usual: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with narrow(weights, tokens) as (desk, runtime):
        runtime.room = 3
        assert all_told(desk) == usual
        assert runtime.most in {2, 3}, "half of those that were too many, whenever that was"
        seen = len(caplog.records)
        assert seen
        assert all_told(desk) == usual
    assert len(caplog.records) == seen, "it tries no more than fitted"
    assert "memory is short" in caplog.text


def test_more_are_tried_again_when_memory_has_sufficed_for_a_while(
    weights: Weights, tokens: Tokens, usual: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with narrow(weights, tokens) as (desk, runtime):
        runtime.room = 3
        assert all_told(desk) == usual
        runtime.room = 99
        monkeypatch.setattr(batches, "_RELIEF", 0.0)
        assert all_told(desk) == usual
        assert runtime.most > 3


def test_what_is_too_much_alone_fails_alone(
    weights: Weights, tokens: Tokens, usual: list[str]
) -> None:
    with narrow(weights, tokens) as (desk, runtime):
        runtime.room = 0
        asked = desk.ask()
        assert asked.ended.wait(30)
        with pytest.raises(NarratorError, match="not enough memory"):
            raise asked.job.error or AssertionError
        runtime.room = 99
        assert all_told(desk) == usual


def test_closing_waits_for_those_put_back(weights: Weights, tokens: Tokens) -> None:
    with narrow(weights, tokens) as (desk, runtime):
        runtime.room = 1
        asked = [desk.ask(prompt, seed=seed) for seed, prompt in enumerate(PROMPTS)]
        desk.batch.close()
        assert all(each.job.ended and not each.job.error for each in asked)


def test_torch_s_runtime_is_read_anew_like_openvino_s(
    weights: Weights, tokens: Tokens, usual: list[str]
) -> None:
    class NarrowLean(Lean):
        def begin(self, ids: Any, places: Any, loras: Any) -> None:
            if len(ids) > 3:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            super().begin(ids, places, loras)

    batch = Batch(NarrowLean(weights, 6), tokens, BatchSettings())
    try:
        assert all_told(Desk(batch, tokens)) == usual
    finally:
        batch.close()


def test_another_fault_is_no_shortage() -> None:
    with pytest.raises(RuntimeError, match="sizes of tensors"), shortage_told():
        raise RuntimeError("The sizes of tensors must match.")
    with pytest.raises(MemoryShortageError), shortage_told():
        raise RuntimeError("[GPU] out of memory")
