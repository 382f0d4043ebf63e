"""What is measured against each other: the running batch, and transformers' `generate`."""

import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GPT2LMHeadModel
from transformers.generation.streamers import BaseStreamer

from core.narrator import runtimes
from core.narrator.batches import BatchSettings
from core.narrator.guard import Guard
from core.narrator.jobs import Job
from core.narrator.lanes import Lanes
from core.narrator.loras import Lora
from core.narrator.pen import Pen
from core.narrator.sampling import PRESETS, Measure
from core.narrator.settings import NarratorSettings
from core.narrator.stretch import Stretch
from core.narrator.tokens import Tokens, read_tokens
from core.narrator.weights import read_weights
from core.narrator.worn import worn
from core.story.model import Preset

PROMPT, NEW = 200, 80  # tokens
APART = 0.25  # seconds between arrivals
HOW = PRESETS[Preset.LIVELY]
_TEXT = (
    "Once there was a keeper who lived in a lighthouse by the sea. Every night she lit the lamp, "
    "and every morning she wrote down the ships that had gone by. One day she found a shell on "
    "the sand. It was as blue as the evening, and when she held it to her ear it began to sing. "
)


def prompts(tokens: Tokens, count: int, length: int = PROMPT) -> list[tuple[int, ...]]:
    """Prompts that do not begin alike, so that none can use another's keys and values."""
    ids = tokens.encode(_TEXT * 20)
    return [(tokens.end, *ids[7 * at % 80 + 1 :][: length - 2], at + 10) for at in range(count)]


class Written:
    """A passage of the batch: when its first words came, and when it was done."""

    def __init__(
        self,
        submit: Callable[[Job], None],
        tokens: Tokens,
        prompt: tuple[int, ...],
        seed: int,
        new: int = NEW,
    ) -> None:
        self.began = time.perf_counter()
        self.first = 0.0  # seconds
        self.heard: list[float] = []  # when there was news
        self.done = threading.Event()
        measure = Measure(least=new, target=new, most=new, open_end=True)
        pen = Pen(tokens, measure, Guard((), ()), barred=tokens.unwritable, worn=worn(tokens))
        # As in a chat, a job does not hold who waits for it: both would outlive their use.
        heard = weakref.WeakMethod(self._heard)

        def news() -> None:
            if found := heard():
                found()

        self.job = Job(prompt, new, pen, HOW, str(seed), str(seed), news)
        submit(self.job)

    def _heard(self) -> None:
        now = time.perf_counter()
        self.first = self.first or now - self.began
        self.heard.append(now)
        if self.job.ended:
            self.done.set()


class Ours:
    """The running batch."""

    def __init__(self, folder: Path, *, slots: int = 32, prefix_bytes: int = 0, **how: Any) -> None:
        self.tokens = read_tokens(folder)
        self._weights = read_weights(folder, torch.device("cpu"))
        settings = NarratorSettings(model=str(folder), **how)
        ready = runtimes.ready(self._weights, self.tokens, settings)
        self._scorer = ready.alone()
        self._runtimes = ready.lanes(slots, prefix_bytes)
        self.lanes = Lanes(
            self._runtimes,
            self.tokens,
            BatchSettings(prefix_bytes=prefix_bytes, waiting=20_000),
            ready.together,
        )

    def settle(self) -> None:
        """Wait until what comes seldom has been made ready, as in a bot's first idle seconds."""
        while any(runtime.cold for runtime in self._runtimes):
            time.sleep(0.05)

    def speed(self, prompts: Sequence[tuple[int, ...]], loras: Sequence[Lora | None] = ()) -> float:
        """New tokens a second."""
        start = time.perf_counter()
        written = []
        for seed, prompt in enumerate(prompts):
            lora = loras[seed] if loras else None
            written.append(self.write(prompt, seed, lora=lora))
        for each in written:
            each.done.wait()
        seconds = time.perf_counter() - start
        return sum(len(each.job.pen.ids) for each in written) / seconds

    def first_texts(self, prompts: Sequence[tuple[int, ...]]) -> list[float]:
        """Seconds to the first words, when the prompts arrive one after the other."""
        written = []
        start = time.perf_counter()
        for number, prompt in enumerate(prompts):
            time.sleep(max(0.0, start + number * APART - time.perf_counter()))
            written.append(self.write(prompt, number))
        for each in written:
            each.done.wait()
        return [each.first for each in written]

    def first_text(self, prompt: tuple[int, ...], seed: int) -> float:
        """Seconds to the first words, when nobody else writes."""
        written = self.write(prompt, seed)
        written.done.wait()
        return written.first

    def write(
        self, prompt: tuple[int, ...], seed: int, *, new: int = NEW, lora: Lora | None = None
    ) -> Written:
        """Let it be written."""

        def submit(job: Job) -> None:
            job.lora = lora
            self.lanes.submit(job)

        return Written(submit, self.tokens, prompt, seed, new)

    def nats(self, ids: tuple[int, ...]) -> float:
        """What the tokens of a text take, without the first."""
        return _nats(self._scorer.likely(Stretch(0, ids, 0)), ids)

    def close(self) -> None:
        """Let the batch go."""
        self.lanes.close()


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
        """New tokens a second."""
        start = time.perf_counter()
        self._generate(prompts)
        return len(prompts) * NEW / (time.perf_counter() - start)

    def first_texts(self, prompts: Sequence[tuple[int, ...]]) -> list[float]:
        """One call after the other, each when its turn comes."""
        start = time.perf_counter()
        found = []
        for number, prompt in enumerate(prompts):
            arrival = start + number * APART
            time.sleep(max(0.0, arrival - time.perf_counter()))
            first = _First()
            self._generate([prompt], streamer=first)
            found.append(first.puts[1] - arrival)
        return found

    def nats(self, ids: tuple[int, ...]) -> float:
        """What the tokens of a text take, without the first."""
        with torch.inference_mode():
            return _nats(self._model(torch.tensor([ids])).logits[0], ids)

    def _generate(self, prompts: Sequence[tuple[int, ...]], **more: object) -> None:
        ids = torch.tensor(prompts)
        with torch.inference_mode():
            self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=NEW,
                min_new_tokens=NEW,
                do_sample=True,
                temperature=HOW.temperature,
                top_k=HOW.top_k,
                top_p=HOW.top_p,
                pad_token_id=0,
                **more,
            )


def _nats(logits: torch.Tensor, ids: tuple[int, ...]) -> float:
    told = torch.tensor(ids[1:])[:, None]
    return float(-logits[:-1].log_softmax(-1).gather(1, told).sum())
