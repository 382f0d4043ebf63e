"""Rows of the narrator's table besides plain speed: arrivals, retries, LoRAs, memory."""

import itertools
import resource
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from core.narrator import storyteller
from core.narrator.loras import PARTS, USUAL, Lora
from core.narrator.settings import NarratorSettings
from core.narrator.tokens import read_tokens
from core.narrator.weights import read_weights
from tests.benchmarks.narrator_engines import Ours, Written, prompts

_ARRIVALS = 16
_TARGET = 700  # tokens of the story that is retried
_FIRST_ROUNDS = 3  # that do not count: a number of ranks and rows is slow when it first comes


@dataclass(frozen=True, slots=True)
class Row:
    """A goal and what was measured."""

    name: str
    goal: float
    measured: float
    kind: Literal["least", "most"]

    @property
    def said_goal(self) -> str:
        """The goal with its direction."""
        return f"{'>=' if self.kind == 'least' else '<='} {self.goal:g}"

    @property
    def verdict(self) -> str:
        """Whether it was reached."""
        reached = self.measured >= self.goal if self.kind == "least" else self.measured <= self.goal
        return "" if reached else "not reached"

    def as_json(self) -> dict[str, object]:
        """For the file."""
        return {"name": self.name, "goal": self.said_goal, "measured": self.measured}


def arrivals(folder: Path) -> list[Row]:
    """First words when sixteen chats arrive, four a second, on a model of 12 M."""
    ours = Ours(folder)
    asked = prompts(ours.tokens, _ARRIVALS)
    ours.first_texts(asked[:4])
    found = [1000 * seconds for seconds in ours.first_texts(asked)]
    ours.close()
    return [
        Row(
            "12 M, 16 arrivals at 4/s: first text, median ms", 40, statistics.median(found), "most"
        ),
        Row("12 M, 16 arrivals at 4/s: first text, worst ms", 120, max(found), "most"),
    ]


def retried(folder: Path) -> list[Row]:
    """First text of a long story that was read before, over that of one that was not."""
    without, with_kept = Ours(folder), Ours(folder, prefix_bytes=2**28)
    told = prompts(without.tokens, 12, _TARGET)
    fresh, again = [], []
    for number, prompt in enumerate(told):
        fresh.append(without.first_text(prompt, number))
        with_kept.first_text(prompt, number)
        again.append(with_kept.first_text(prompt, number + 1000))
    without.close()
    with_kept.close()
    ratio = statistics.median(again[2:]) / statistics.median(fresh[2:])
    return [Row(f"retry of {_TARGET} tokens over the first time", 0.2, ratio, "most")]


def some_loras(folder: Path, count: int, matrices: Sequence[str], rank: int = 8) -> list[Lora]:
    """LoRAs of random numbers for these matrices of all blocks."""
    weights = read_weights(folder, torch.device("cpu"))
    found = []
    for seed in range(count):
        chance = torch.Generator().manual_seed(seed)
        parts = {}
        for at, layer in enumerate(weights.layers):
            for part in matrices:
                width, out = layer.part(part)[0].shape
                down = torch.randn(width, rank, generator=chance) * 0.02
                up = torch.randn(rank, out, generator=chance) * 0.02
                parts[f"h.{at}.{part}"] = (down, up)
        found.append(Lora(str(seed), parts))
    return found


def mixed_loras(folder: Path, rounds: int) -> list[Row]:
    """A batch of eight with eight LoRAs, over one with none but what is merged.

    Of the matrix that PEFT's LoRAs change in a GPT-2 where nobody says which, and of all.
    """
    ours = Ours(folder)
    usual, whole = (some_loras(folder, 8, matrices) for matrices in (USUAL, PARTS))
    asked = prompts(ours.tokens, 8)
    plain, with_usual, with_whole = [], [], []
    ours.settle()
    for _ in range(_FIRST_ROUNDS + rounds):
        plain.append(ours.speed(asked))
        with_usual.append(ours.speed(asked, usual))
        with_whole.append(ours.speed(asked, whole))
    ours.close()
    plain, with_usual, with_whole = (
        speeds[_FIRST_ROUNDS:] for speeds in (plain, with_usual, with_whole)
    )
    merged = statistics.median(plain)
    return [
        Row(f"8 LoRAs of {of}, batch of 8, time over one merged", 1.25, merged / mixed, "most")
        for of, mixed in (
            ("c_attn", statistics.median(with_usual)),
            ("all matrices", statistics.median(with_whole)),
        )
    ]


def swapped(folder: Path) -> list[Row]:
    """The longest silence of a passage while the LoRA changes, and how many are lost."""
    teller = storyteller.load(NarratorSettings(model=str(folder)))
    tokens = read_tokens(folder)
    asked = prompts(tokens, 8)
    new = 200

    def silence(*, swap: bool) -> tuple[float, int]:
        written = [
            Written(teller.submit, tokens, prompt, seed, new) for seed, prompt in enumerate(asked)
        ]
        time.sleep(0.15)
        swapping = threading.Thread(target=teller.use, args=(None,))
        if swap:
            swapping.start()
        for each in written:
            each.done.wait()
        if swap:
            swapping.join()
        gaps = [
            after - before for each in written for before, after in itertools.pairwise(each.heard)
        ]
        return max(gaps), sum(each.job.error is not None for each in written)

    silence(swap=False)
    usual, _ = silence(swap=False)
    found, lost = silence(swap=True)
    teller.close()
    print(f"  longest silence of a passage without a swap: {1000 * usual:.0f} ms")
    return [
        Row("swap under load: longest silence, ms", 100, 1000 * found, "most"),
        Row("swap under load: passages lost", 0, lost, "most"),
    ]


def memory(folder: Path, count: int) -> list[Row]:
    """How much more memory the second half of many short requests takes than the first."""
    ours = Ours(folder, prefix_bytes=2**26)
    texts = prompts(ours.tokens, 64, 40)
    taken = []
    for start in range(0, count, 500):
        written = [ours.write(texts[at % 64], at, new=4) for at in range(start, start + 500)]
        for each in written:
            each.done.wait()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        taken.append(pages * resource.getpagesize() / 2**20)
    ours.close()
    print(f"  memory after each 500 requests, MB: {', '.join(f'{each:.0f}' for each in taken)}")
    grown = taken[-1] - taken[len(taken) // 2]
    return [Row(f"memory grown in the second half of {count} requests, MB", 10, grown, "most")]


def alike(folder: Path, precision: str) -> float:
    """The share of takes that are the same alone and among 32, word for word."""
    ours = Ours(folder, precision=precision)
    asked = prompts(ours.tokens, 32)

    def told(number: int) -> Written:
        return ours.write(asked[number], number)

    alone = []
    for number in range(len(asked)):
        written = told(number)
        written.done.wait()
        alone.append(written.job.pen.ids)
    together = [told(number) for number in range(len(asked))]
    for each in together:
        each.done.wait()
    ours.close()
    same = [each.job.pen.ids == ids for each, ids in zip(together, alone, strict=True)]
    return sum(same) / len(same)
