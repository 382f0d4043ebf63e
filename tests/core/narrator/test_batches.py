"""Jobs in a running batch."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import NarratorError, Overloaded
from core.narrator import batches
from core.narrator.batches import Batch, BatchSettings
from core.narrator.compiled import Compiled
from core.narrator.graph import Precision
from core.narrator.guard import Guard
from core.narrator.jobs import Job
from core.narrator.loras import Lora
from core.narrator.paged import Paged
from core.narrator.pen import Pen
from core.narrator.sampling import Measure, Sampling
from core.narrator.tokens import Tokens
from core.narrator.weights import Weights, read_weights

HOW = Sampling(temperature=1.0, top_k=50, top_p=0.95, min_p=0.0, repetition=0.3)
SLOTS = 6


@dataclass(slots=True, eq=False)
class Asked:
    """A job and when it got somewhere."""

    job: Job
    texts: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def heard(self) -> None:
        self.texts.append(self.job.text)
        if self.job.ended:
            self.ended.set()


class Desk:
    """A batch and the jobs given to it."""

    def __init__(self, batch: Batch, tokens: Tokens) -> None:
        self.batch = batch
        self.tokens = tokens

    def ask(
        self,
        prompt: str = "Mara slept.",
        *,
        seed: int = 1,
        place: str = "",
        most: int = 60,
        lora: Lora | None = None,
    ) -> Asked:
        pen = Pen(self.tokens, Measure(4, most // 2, most), Guard((), ()))
        ids = (self.tokens.end, *self.tokens.encode(f"{prompt}\n\n")) if prompt else ()
        asked = Asked(Job(ids, most, pen, HOW, str(seed), place, lambda: None, lora))
        asked.job.news = asked.heard
        self.submit(asked.job)
        return asked

    def submit(self, job: Job) -> None:
        self.batch.submit(job)

    def told(self, prompt: str = "Mara slept.", *, seed: int = 1, place: str = "") -> str:
        asked = self.ask(prompt, seed=seed, place=place)
        assert asked.ended.wait(30)
        assert asked.job.error is None
        return asked.job.pen.result


def runtime(weights: Weights, slots: int) -> Paged:
    return Paged(Compiled(weights, Precision.FP32, threads=1), slots)


@contextmanager
def running(
    weights: Weights, tokens: Tokens, slots: int = SLOTS, **settings: Any
) -> Iterator[Desk]:
    batch = Batch(runtime(weights, slots), tokens, replace(BatchSettings(), **settings))
    try:
        yield Desk(batch, tokens)
    finally:
        batch.close()


@pytest.fixture(scope="module")
def weights(speaking: Path) -> Weights:
    return read_weights(speaking, torch.device("cpu"))


@pytest.fixture(scope="module")
def scrambled(random_model: Path) -> Weights:
    """Weights that look at everything that was read."""
    return read_weights(random_model, torch.device("cpu"))


@pytest.fixture
def desk(weights: Weights, tokens: Tokens) -> Iterator[Desk]:
    with running(weights, tokens) as desk:
        yield desk


def test_a_job_is_written_and_heard_of_word_by_word(desk: Desk) -> None:
    asked = desk.ask()
    assert asked.ended.wait(30)
    assert asked.job.pen.result
    assert len(set(asked.texts)) > 3


def test_the_same_job_is_written_alike_in_any_company(scrambled: Weights, tokens: Tokens) -> None:
    with running(scrambled, tokens, prefix_bytes=0) as desk:
        alone = {seed: desk.told(f"Text {seed} of the sea", seed=seed) for seed in range(12)}
        assert len(set(alone.values()) - {""}) > 8
        chance = random.Random(3)
        order = [*alone] * 2
        chance.shuffle(order)
        together = [desk.ask(f"Text {seed} of the sea", seed=seed) for seed in order]
        for seed, asked in zip(order, together, strict=True):
            assert asked.ended.wait(30)
            assert asked.job.pen.result == alone[seed]


def test_pens_that_write_while_the_model_computes_write_alike(
    scrambled: Weights, tokens: Tokens
) -> None:
    told = []
    for concurrent in (False, True):
        there = runtime(scrambled, SLOTS)
        there.concurrent = concurrent
        batch = Batch(there, tokens, BatchSettings())
        desk = Desk(batch, tokens)
        asked = [desk.ask(f"Text {seed} of the sea", seed=seed) for seed in range(12)]
        assert all(each.ended.wait(30) for each in asked)
        batch.close()
        told.append([each.job.pen.result for each in asked])
    assert told[0] == told[1]
    assert len(set(told[0])) > 8


def test_a_kept_prefix_changes_nothing_but_the_work(scrambled: Weights, tokens: Tokens) -> None:
    prompt = "Mara found a small red shell on the sand. " * 8
    with running(scrambled, tokens) as desk:
        fresh = desk.told(prompt, place="a")
        assert fresh
        read = desk.batch.tokens_read
        assert desk.told(prompt, place="a") == fresh
        assert desk.batch.tokens_read == read
        desk.told(f"{prompt}{fresh} Old Tom", place="a")
        assert desk.batch.tokens_read - read < read / 3


def test_takes_of_one_prompt_share_its_reading(scrambled: Weights, tokens: Tokens) -> None:
    prompt = "Mara found a small red shell on the sand. " * 8
    with running(scrambled, tokens, prefix_bytes=0) as desk:
        takes = [desk.ask(prompt, seed=seed) for seed in range(3)]
        assert all(take.ended.wait(30) for take in takes)
        assert desk.batch.tokens_read < 1.2 * len(tokens.encode(prompt))
    with running(scrambled, tokens, prefix_bytes=0) as desk:
        told = [desk.told(prompt, seed=seed) for seed in range(3)]
    assert [take.job.pen.result for take in takes] == told
    assert len(set(told)) == 3


def test_more_jobs_than_slots_are_all_written(desk: Desk) -> None:
    asked = [desk.ask(seed=seed) for seed in range(4 * SLOTS)]
    assert all(each.ended.wait(30) and each.job.pen.result for each in asked)


def test_a_prompt_read_while_others_come_and_go_stays_whole(
    scrambled: Weights, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = [f"{number} gulls. " + "Mara found a shell. " * number for number in range(9)]
    with running(scrambled, tokens, prefix_bytes=0) as desk:
        alone = [desk.told(prompt, seed=seed) for seed, prompt in enumerate(prompts)]
    monkeypatch.setattr(batches, "_READING", 0.0)
    monkeypatch.setattr(batches, "_PART", 5)
    with running(scrambled, tokens, prefix_bytes=0) as desk:
        asked = [desk.ask(prompt, seed=seed) for seed, prompt in enumerate(prompts)]
        assert all(each.ended.wait(30) for each in asked)
    assert [each.job.pen.result for each in asked] == alone


def test_prompts_read_together_are_read_as_alone(scrambled: Weights, tokens: Tokens) -> None:
    """Several at once, of which some begin alike and one is given up meanwhile."""
    prompts = ["The sea was grey. " * 5 + f"{number} gulls came." for number in range(4)]
    prompts += [f"{number} boats lay in the harbour. " * 4 for number in range(8)]
    with running(scrambled, tokens, prefix_bytes=0) as desk:
        alone = [desk.told(prompt, seed=seed) for seed, prompt in enumerate(prompts)]
        read = desk.batch.tokens_read
    with running(scrambled, tokens, prefix_bytes=0) as desk:
        given_up = desk.ask("Nobody waits for this.")
        asked = [desk.ask(prompt, seed=seed) for seed, prompt in enumerate(prompts)]
        given_up.job.cancelled = True
        assert all(each.ended.wait(30) for each in asked)
        assert desk.batch.tokens_read < read
    assert [each.job.pen.result for each in asked] == alone


def test_one_slot_will_do(weights: Weights, tokens: Tokens) -> None:
    with running(weights, tokens, slots=1) as desk:
        asked = [desk.ask(seed=seed, place=str(seed)) for seed in range(4)]
        assert all(each.ended.wait(30) for each in asked)


def test_a_full_queue_refuses_politely(weights: Weights, tokens: Tokens) -> None:
    with running(weights, tokens, slots=1, waiting=2) as desk:
        asked: list[Asked] = []
        with pytest.raises(Overloaded, match="2 passages are waiting"):
            asked.extend(desk.ask(seed=seed) for seed in range(9))
        assert len(asked) >= 2
        assert all(each.ended.wait(30) for each in asked)


def test_a_cancelled_job_frees_its_slot(weights: Weights, tokens: Tokens) -> None:
    with running(weights, tokens, slots=1) as desk:
        first, waiting, last = (desk.ask("Old Tom. " * 20, seed=seed) for seed in range(3))
        first.job.cancelled = waiting.job.cancelled = True
        assert last.ended.wait(30)
        assert not first.ended.is_set()
        assert not waiting.ended.is_set()


@pytest.mark.parametrize(("prompt", "most"), [("", 10), ("The sea. " * 200, 10), ("The sea.", 256)])
def test_a_hopeless_job_is_refused_alone(desk: Desk, prompt: str, most: int) -> None:
    with pytest.raises(NarratorError, match="the model reads 1 to 256"):
        desk.ask(prompt, most=most)
    assert desk.told()


def test_a_poisoned_job_fails_alone(scrambled: Weights, tokens: Tokens) -> None:
    """A text with a poisoned token has no numbers; its neighbours, and who comes after, do."""
    poison = tokens.encode("@")[0]
    words = scrambled.tokens.clone()
    words[poison] = torch.nan
    head = scrambled.head.clone()
    with running(replace(scrambled, tokens=words, head=head), tokens, slots=3) as desk:
        alone = [desk.told(seed=seed) for seed in range(6)]
        for _ in range(3):
            asked = [desk.ask("The @ " * 30) for _ in range(2)]
            good = [desk.ask(seed=seed) for seed in range(6)]
            assert all(each.ended.wait(30) for each in (*asked, *good))
            assert all("NaN" in str(each.job.error) for each in asked)
            assert [each.job.pen.result for each in good] == alone


def test_what_breaks_a_round_fails_those_in_it_and_no_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = desk.ask()
    broken = desk.ask(seed=2)

    def fail(_token: int) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Pen, "take", lambda _pen, token: fail(token))
    assert asked.ended.wait(30)
    assert broken.ended.wait(30)
    monkeypatch.undo()
    assert "out of memory" in str(broken.job.error)
    assert "out of memory" in caplog.text
    assert desk.told()


@pytest.mark.parametrize(
    ("error", "broken"), [(RuntimeError("a node failed"), True), (MemoryError("too much"), False)]
)
def test_what_fails_while_nobody_asks_harms_nobody(
    weights: Weights, tokens: Tokens, *, error: Exception, broken: bool
) -> None:
    computes = runtime(weights, SLOTS)
    warm, tried = computes.warm, threading.Event()

    def fail() -> None:
        warm()
        if not computes.cold:
            tried.set()
        raise error

    computes.warm = fail  # type: ignore[method-assign] # of this one
    batch = Batch(computes, tokens, BatchSettings())
    try:
        assert tried.wait(60)
        assert Desk(batch, tokens).told()
        assert batch.broken is broken
    finally:
        batch.close()


def test_closing_writes_to_the_end_what_is_in_hand(weights: Weights, tokens: Tokens) -> None:
    with running(weights, tokens, slots=2) as desk:
        asked = [desk.ask(seed=seed) for seed in range(5)]
        desk.batch.close()
        assert all(each.job.ended and each.job.pen.result for each in asked)
        with pytest.raises(NarratorError, match="closed"):
            desk.ask()


def test_closing_does_not_wait_for_ever(weights: Weights, tokens: Tokens) -> None:
    with running(weights, tokens, slots=2, drain=0.0) as desk:
        asked = [desk.ask(seed=seed) for seed in range(30)]
        desk.batch.close()
        assert all(each.job.ended for each in asked)
        failed = [each for each in asked if each.job.error]
        assert failed
        assert all("closed" in str(each.job.error) for each in failed)


def test_memory_stays_flat_over_many_jobs(weights: Weights, tokens: Tokens) -> None:
    with running(weights, tokens, prefix_bytes=2**20) as desk:
        for _ in range(4):
            asked = [desk.ask("The sea", seed=seed, place=str(seed), most=20) for seed in range(25)]
            assert all(each.ended.wait(30) for each in asked)
        assert desk.batch._slots.prefixes.size <= 2**20
