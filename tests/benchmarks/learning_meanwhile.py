"""What chats feel of a run: `python -m tests.benchmarks.learning_meanwhile`.

Some chats ask for passages, one after another, while nothing else happens; then while a real run
of the default recipe trains in a process of its own, as the timetable starts it, with the same
priority. Prints seconds to the first text and writes tests/benchmarks/results/meanwhile.json.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from statistics import median

from bot.timetable import NICE
from core.learning import dataset as datasets
from core.learning import evaluation, training
from core.learning.plan import LearningSettings, Progress
from core.learning.writing import asked_for
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Assignment
from core.narrator.settings import NarratorSettings
from tests.benchmarks.bench_learning import Cell, rated
from tests.benchmarks.raters import Taste

_RESULTS = Path(__file__).parent / "results" / "meanwhile.json"
_CHATS = 4
_PAUSE = 1.0  # seconds between a chat's passages, at most
_SEED = 93_000


def main() -> None:
    """Measure it; with `--run FOLDER`, be the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="a folder with a dataset to train on")
    parser.add_argument("--passages", type=int, default=30, help="of each chat, idle")
    options = parser.parse_args()
    if options.run:
        run(options.run)
        return
    with tempfile.TemporaryDirectory() as folder:
        datasets.write(rated(Cell(Taste.SHORT, "guided", 1, 0.0, 0.0)), Path(folder) / "dataset")
        found = asyncio.run(measured(Path(folder), options.passages))
    _RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


def run(folder: Path) -> None:
    """A whole run: training, and the gate's measurements."""
    asked = LearningSettings(seed=1)

    def tell(progress: Progress) -> None:
        del progress

    trained = training.train(asked, folder / "dataset", folder / "training", tell)
    evaluation.evaluate(asked, folder / "dataset", trained, None, folder / "gate", tell)


async def measured(folder: Path, passages: int) -> dict[str, object]:
    """First texts without a run, and with one from its start to its end."""
    narrator = Gpt2Narrator(NarratorSettings())
    try:
        asked = asked_for([], _CHATS * passages, _SEED)
        await first_text(narrator, asked[0])  # loads what there is to load
        idle = await chats(narrator, asked, lambda done: done >= passages)
        line = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.learning_meanwhile"]
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(*line, "--run", str(folder))
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        busy = await chats(narrator, asked, lambda _: process.returncode is not None)
        code, seconds = await process.wait(), time.monotonic() - began
    finally:
        await narrator.close()
    return {
        "chats": _CHATS,
        "idle": {"passages": len(idle), "median, s": median(idle), "worst, s": max(idle)},
        "while a run trains": {
            "passages": len(busy),
            "median, s": median(busy),
            "worst, s": max(busy),
        },
        "times the idle median": median(busy) / median(idle),
        "run, s": round(seconds, 1),
        "run's exit code": code,
    }


async def chats(
    narrator: Gpt2Narrator, asked: Sequence[Assignment], over: Callable[[int], bool]
) -> list[float]:
    """All chats ask, pause, and ask again until it is over: seconds to each first text."""
    found: list[float] = []

    async def chat(number: int) -> None:
        rng, done = random.Random(number), 0
        while not over(done):
            found.append(await first_text(narrator, rng.choice(asked)))
            done += 1
            await asyncio.sleep(rng.random() * _PAUSE)

    await asyncio.gather(*(chat(number) for number in range(_CHATS)))
    return found


async def first_text(narrator: Gpt2Narrator, asked: Assignment) -> float:
    """Seconds until something can be read; the passage is heard to its end."""
    began, first = time.monotonic(), 0.0
    async with aclosing(narrator.write(asked)) as texts:
        async for text in texts:
            if text and not first:
                first = time.monotonic() - began
    return first or time.monotonic() - began


if __name__ == "__main__":
    main()
