"""How fast the narrator writes, beside transformers' `generate`: the same model, the same machine.

    python -m tests.benchmarks.bench_narrator [--model DIR] [--rounds N] [--threads N]

Each round measures both, one after the other; medians and ratios are printed and written to
tests/benchmarks/results/narrator.json. Prompts of 200 tokens, 80 new ones, no end in between.
"""

import argparse
import json
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2LMHeadModel
from transformers.generation.streamers import BaseStreamer

from core.narrator.batches import Batch, BatchSettings, Job
from core.narrator.guard import Guard
from core.narrator.lean import Lean
from core.narrator.pen import Pen
from core.narrator.sampling import PRESETS, Measure
from core.narrator.tokens import Tokens, read_tokens
from core.narrator.weights import read_weights
from core.story.model import Preset

_STARTER = Path(__file__).parents[2] / "core" / "narrator" / "starter"
_RESULTS = Path(__file__).parent / "results"
_PROMPT, _NEW = 200, 80  # tokens
_LONG = 400  # tokens of the story that is retried
_CHATS = (1, 8, 32)
_ARRIVALS, _APART = 16, 0.25  # chats, seconds
_TEXT = (
    "Once there was a keeper who lived in a lighthouse by the sea. Every night she lit the lamp, "
    "and every morning she wrote down the ships that had gone by. One day she found a shell on "
    "the sand. It was as blue as the evening, and when she held it to her ear it began to sing. "
)
_HOW = PRESETS[Preset.LIVELY]


class Written:
    """A passage of the batch: when its first words came, and when it was done."""

    def __init__(self, batch: Batch, tokens: Tokens, prompt: tuple[int, ...], seed: int) -> None:
        self.began = time.perf_counter()
        self.first = 0.0  # seconds
        self.done = threading.Event()
        measure = Measure(least=_NEW, target=_NEW, most=_NEW, open_end=True)
        pen = Pen(tokens, measure, Guard((), ()), barred=tokens.unwritable)
        self.job = Job(prompt, _NEW, pen, _HOW, str(seed), str(seed), self._heard)
        batch.submit(self.job)

    def _heard(self) -> None:
        self.first = self.first or time.perf_counter() - self.began
        if self.job.ended:
            self.done.set()


class Ours:
    """The running batch."""

    def __init__(self, folder: Path, threads: int, prefix_bytes: int = 0) -> None:
        self._tokens = read_tokens(folder)
        lean = Lean(read_weights(folder, torch.device("cpu")), max(_CHATS))
        settings = BatchSettings(prefix_bytes=prefix_bytes, threads=threads)
        self._batch = Batch(lean, self._tokens, settings)

    def speed(self, prompts: Sequence[tuple[int, ...]]) -> float:
        """New tokens a second."""
        start = time.perf_counter()
        written = [self._write(prompt, seed) for seed, prompt in enumerate(prompts)]
        for each in written:
            each.done.wait()
        seconds = time.perf_counter() - start
        return sum(len(each.job.pen.ids) for each in written) / seconds

    def first_texts(self, prompts: Sequence[tuple[int, ...]]) -> list[float]:
        """Seconds to the first words, when the prompts arrive one after the other."""
        written = []
        start = time.perf_counter()
        for number, prompt in enumerate(prompts):
            time.sleep(max(0.0, start + number * _APART - time.perf_counter()))
            written.append(self._write(prompt, number))
        for each in written:
            each.done.wait()
        return [each.first for each in written]

    def first_text(self, prompt: tuple[int, ...], seed: int) -> float:
        """Seconds to the first words, when nobody else writes."""
        written = self._write(prompt, seed)
        written.done.wait()
        return written.first

    def close(self) -> None:
        self._batch.close()

    def _write(self, prompt: tuple[int, ...], seed: int) -> Written:
        return Written(self._batch, self._tokens, prompt, seed)


class _First(BaseStreamer):
    """Notes when the first new token comes; what comes before it is the prompt."""

    def __init__(self) -> None:
        self.puts: list[float] = []

    def put(self, value: object) -> None:
        del value
        self.puts.append(time.perf_counter())

    def end(self) -> None:
        pass


class Generate:
    """transformers, as bots call it."""

    def __init__(self, folder: Path) -> None:
        self._model: Any = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).eval()

    def speed(self, prompts: Sequence[tuple[int, ...]]) -> float:
        start = time.perf_counter()
        self._generate(prompts)
        return len(prompts) * _NEW / (time.perf_counter() - start)

    def first_texts(self, prompts: Sequence[tuple[int, ...]]) -> list[float]:
        """One call after the other, each when its turn comes."""
        start = time.perf_counter()
        found = []
        for number, prompt in enumerate(prompts):
            arrival = start + number * _APART
            time.sleep(max(0.0, arrival - time.perf_counter()))
            first = _First()
            self._generate([prompt], streamer=first)
            found.append(first.puts[1] - arrival)
        return found

    def logits(self, prompt: tuple[int, ...]) -> torch.Tensor:
        with torch.inference_mode():
            found: torch.Tensor = self._model(torch.tensor([prompt])).logits[0]
        return found

    def _generate(self, prompts: Sequence[tuple[int, ...]], **more: object) -> None:
        ids = torch.tensor(prompts)
        with torch.inference_mode():
            self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=_NEW,
                min_new_tokens=_NEW,
                do_sample=True,
                temperature=_HOW.temperature,
                top_k=_HOW.top_k,
                top_p=_HOW.top_p,
                pad_token_id=0,
                **more,
            )


def prompts(tokens: Tokens, count: int, length: int = _PROMPT) -> list[tuple[int, ...]]:
    """Prompts that do not begin alike, so that none can use another's keys and values."""
    ids = tokens.encode(_TEXT * 20)
    return [(tokens.end, *ids[7 * at + 1 :][: length - 1]) for at in range(count)]


def measured(folder: Path, rounds: int, threads: int) -> dict[str, float]:
    """Medians over the rounds; ratios are to `generate` with one chat."""
    torch.set_num_threads(threads)
    tokens = read_tokens(folder)
    ours, generate = Ours(folder, threads), Generate(folder)
    asked = {count: prompts(tokens, count) for count in _CHATS}
    speeds: dict[str, list[float]] = {}
    for each in (ours, generate):  # warm
        each.speed(asked[1])
    for _ in range(rounds):
        for count in _CHATS:
            for name, each in (("ours", ours), ("generate", generate)):
                speeds.setdefault(f"{name} {count}", []).append(each.speed(asked[count]))
    found = {f"tokens/s, {name}": statistics.median(all_) for name, all_ in speeds.items()}
    one = found["tokens/s, generate 1"]
    found |= {f"ratio, {name}": statistics.median(all_) / one for name, all_ in speeds.items()}
    arrivals = prompts(tokens, _ARRIVALS)
    for name, times in (
        ("ours", ours.first_texts(arrivals)),
        ("generate", generate.first_texts(arrivals)),
    ):
        found[f"first text at 4/s, median s, {name}"] = statistics.median(times)
        found[f"first text at 4/s, worst s, {name}"] = max(times)
    ours.close()
    found["largest difference of logits"] = _difference(folder, generate, asked[1][0])
    return found | _retried(folder, tokens, rounds, threads)


def _difference(folder: Path, generate: Generate, prompt: tuple[int, ...]) -> float:
    lean = Lean(read_weights(folder, torch.device("cpu")), 1)
    with torch.inference_mode():
        logits = lean.logits(lean.read(0, torch.tensor(prompt), 0))
    return float((logits - generate.logits(prompt)).abs().max())


def _retried(folder: Path, tokens: Tokens, rounds: int, threads: int) -> dict[str, float]:
    """First text of a long story that was read before, and of one that was not."""
    told = prompts(tokens, 2 * rounds, _LONG)
    without, with_kept = Ours(folder, threads), Ours(folder, threads, prefix_bytes=2**28)
    fresh, again = [], []
    for number, prompt in enumerate(told):
        fresh.append(without.first_text(prompt, number))
        with_kept.first_text(prompt, number)
        again.append(with_kept.first_text(prompt, number + 1000))
    without.close()
    with_kept.close()
    return {
        "retry of 400 tokens, s": statistics.median(fresh),
        "retry with the prefix kept, s": statistics.median(again),
        "retry, ratio": statistics.median(again) / statistics.median(fresh),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=_STARTER)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    found = measured(options.model, options.rounds, options.threads)
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "narrator.json").write_text(json.dumps(found, indent=2) + "\n")
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value:10.4g}")


if __name__ == "__main__":
    main()
