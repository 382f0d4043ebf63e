"""Batches side by side: balanced, bounded together, and going on from what any of them has read."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import NarratorError, Overloaded
from core.narrator.batches import BatchSettings
from core.narrator.compiled import Compiled
from core.narrator.graph import Precision
from core.narrator.jobs import Job, Row
from core.narrator.lanes import Lanes
from core.narrator.loras import Lora
from core.narrator.paged import side_by_side
from core.narrator.tokens import Tokens
from core.narrator.weights import Weights, read_weights
from tests.core.narrator.test_batches import Asked, Desk


class Company(Desk):
    """Several batches, and the jobs given to them."""

    def __init__(self, lanes: Lanes, tokens: Tokens) -> None:
        super().__init__(lanes.batches[0], tokens)
        self.lanes = lanes

    def submit(self, job: Job) -> None:
        self.lanes.submit(job)


@pytest.fixture(scope="module")
def weights(random_model: Path) -> Weights:
    """Weights that look at everything that was read."""
    return read_weights(random_model, torch.device("cpu"))


Ready = tuple[Compiled, list[Compiled]]


@pytest.fixture(scope="module", params=["by itself", "in common"])
def compiled(request: pytest.FixtureRequest, weights: Weights) -> Ready:
    """What computes for one alone, and for two side by side."""
    alone = Compiled(weights, Precision.FP32, 2)
    if request.param == "in common":
        return alone, [Compiled(weights, Precision.FP32, 2, streams=2)] * 2
    return alone, [Compiled(weights, Precision.FP32, 1) for _ in range(2)]


@contextmanager
def running(
    compiled: Ready,
    tokens: Tokens,
    slots: int = 4,
    together: int = 0,
    **settings: Any,
) -> Iterator[Company]:
    how = BatchSettings(**settings)
    runtimes = side_by_side(*compiled, slots, how.prefix_bytes)
    lanes = Lanes(runtimes, tokens, how, together)
    try:
        yield Company(lanes, tokens)
    finally:
        lanes.close()


def _written(asked: list[Asked]) -> list[str]:
    assert all(each.ended.wait(30) for each in asked)
    assert not [each.job.error for each in asked if each.job.error]
    return [each.job.pen.result for each in asked]


def test_jobs_go_to_whoever_has_least_to_do(compiled: Ready, tokens: Tokens) -> None:
    with running(compiled, tokens, slots=16) as desk:
        asked = [desk.ask(f"Text {seed} of the sea", seed=seed) for seed in range(8)]
        loads = [batch.load for batch in desk.lanes.batches]
        _written(asked)
        assert all(batch.tokens_read for batch in desk.lanes.batches)
    assert max(loads) <= 4


def test_a_take_is_the_same_in_any_lane_and_company(compiled: Ready, tokens: Tokens) -> None:
    prompts = [f"Once there was a lamp {number} that shone on the sea" for number in range(8)]
    loras = [None, Lora("own", _random_parts(compiled[0])), None, None]
    with running(compiled, tokens, prefix_bytes=0) as desk:
        alone = {
            (at, lora): _written([_ask(desk, prompts[at], at, loras[lora])])[0]
            for at in range(len(prompts))
            for lora in (0, 1)
        }
    assert len(set(alone.values())) > 12
    chance = random.Random(5)
    # A pool that is nearly always full, and texts that go while others begin with theirs.
    with running(compiled, tokens, prefix_bytes=2**17) as desk:
        for _ in range(6):
            wanted = [(chance.randrange(8), chance.randrange(2)) for _ in range(12)]
            asked = [
                _ask(desk, prompts[at], at, loras[lora], str(chance.randrange(4)))
                for at, lora in wanted
            ]
            gone = asked[chance.randrange(12)]
            gone.job.cancelled = True
            for (at, lora), each in zip(wanted, asked, strict=True):
                if each is not gone:
                    assert _written([each]) == [alone[at, lora]]


def _ask(desk: Company, prompt: str, seed: int, lora: Lora | None, place: str = "") -> Asked:
    return desk.ask(prompt, seed=seed, place=place, most=24, lora=lora)


def _random_parts(compiled: Compiled) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    size = compiled.size("attn.c_attn")
    made = torch.Generator().manual_seed(3)
    return {
        f"h.{at}.attn.c_attn": (
            torch.randn(size[0], 2, generator=made) / 4,
            torch.randn(2, size[1], generator=made) / 4,
        )
        for at in range(compiled.layers)
    }


def test_what_one_has_read_the_other_goes_on_from(compiled: Ready, tokens: Tokens) -> None:
    prompt = "Once there was a keeper who lived in a lighthouse by the sea, far away. " * 3
    with running(compiled, tokens) as desk:
        first, second = desk.lanes.batches
        _written([desk.ask(prompt, place="a")])
        assert (first.tokens_read > 40, second.tokens_read) == (True, 0)
        _wait_for(lambda: not first.load)
        busy = desk.ask("Text of the sea", seed=4, place="b", most=200)
        _written([desk.ask(f"{prompt}Nobody knew.", seed=2, place="a"), busy])
        assert 0 < second.tokens_read < 10


def test_few_are_written_by_the_first_one_alone(compiled: Ready, tokens: Tokens) -> None:
    with running(compiled, tokens, slots=16, together=3) as desk:
        first, second = desk.lanes.batches
        few = [desk.ask(f"Text {seed}", seed=seed, most=100) for seed in range(3)]
        assert (first.load, second.load) == (3, 0)
        more = [
            desk.ask(f"Text {seed}", seed=seed, most=200 - 180 * (seed < 6)) for seed in range(3, 8)
        ]
        assert second.load
        _written(more[:3])
        _written(few)
        _wait_for(lambda: not second.load)
        _written(more)


@pytest.mark.parametrize("slots", [2, 8])
def test_who_is_done_takes_over_from_the_other_what_waits_or_is_written(
    slots: int, compiled: Ready, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [f"Once there was a lamp {number} that shone on the sea" for number in range(8)]
    with running(compiled, tokens) as desk:
        alone = [
            _written([desk.ask(prompt, seed=seed, most=150 - 140 * (seed % 2))])[0]
            for seed, prompt in enumerate(prompts)
        ]
    with running(compiled, tokens, slots=slots) as desk:
        first, second = desk.lanes.batches
        given: list[Row] = []
        take_over = second.take_over

        def noted(row: Row) -> bool:
            given.append(row)
            return take_over(row)

        monkeypatch.setattr(second, "take_over", noted)
        asked = [
            desk.ask(prompt, seed=seed, place=str(seed), most=150 - 140 * (seed % 2))
            for seed, prompt in enumerate(prompts)
        ]
        assert _written(asked) == alone
        assert given
        assert second.tokens_read <= sum(len(each.job.prompt) for each in asked)
        _wait_for(lambda: not first.load)


def test_who_retires_hands_nothing_over(
    compiled: Ready, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(compiled, tokens) as desk:
        first, second = desk.lanes.batches
        desk.lanes.retire()
        monkeypatch.setattr(first, "heir", lambda: second)
        monkeypatch.setattr(first, "_last_row", None)
        first._share()


def test_nothing_is_handed_to_who_has_closed(compiled: Ready, tokens: Tokens) -> None:
    with running(compiled, tokens) as desk:
        first, second = desk.lanes.batches
        second.retire()
        first.heir = lambda: second
        assert all(_written([desk.ask()]))
        _wait_for(lambda: second.done)


def test_all_that_wait_are_counted_together(compiled: Ready, tokens: Tokens) -> None:
    with running(compiled, tokens, slots=2, waiting=3) as desk:
        asked = [desk.ask(seed=seed, most=200) for seed in range(2)]
        _wait_for(lambda: not any(batch.waiting for batch in desk.lanes.batches))
        asked += [desk.ask(seed=seed, most=200) for seed in range(3)]
        with pytest.raises(Overloaded, match="3 passages are waiting"):
            desk.ask()
        _written(asked)


def test_what_fails_in_one_does_not_fail_in_the_other(
    compiled: Ready, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(compiled, tokens) as desk:

        def fail(*_: object) -> None:
            raise RuntimeError("a node failed")

        monkeypatch.setattr(desk.lanes.batches[0]._runtime, "finish", fail)
        asked = [desk.ask(f"Text {seed}", seed=seed) for seed in range(2)]
        assert all(each.ended.wait(30) for each in asked)
        assert [bool(each.job.error) for each in asked] == [True, False]
        assert desk.lanes.broken


def test_they_are_closed_at_the_same_time(compiled: Ready, tokens: Tokens) -> None:
    with running(compiled, tokens, drain=0.0) as desk:
        asked = [desk.ask(seed=seed, most=200) for seed in range(4)]
        desk.lanes.close()
        assert desk.lanes.done
        assert all(each.ended.wait(30) for each in asked)
        with pytest.raises(NarratorError, match="has been closed"):
            desk.ask()


def test_those_that_retire_finish_what_they_have(compiled: Ready, tokens: Tokens) -> None:
    with running(compiled, tokens) as desk:
        asked = [desk.ask(seed=seed) for seed in range(4)]
        desk.lanes.retire()
        assert all(_written(asked))
        _wait_for(lambda: desk.lanes.done)


def _wait_for(there: Any) -> None:
    until = time.monotonic() + 30
    while not there():
        assert time.monotonic() < until
        threading.Event().wait(0.005)
