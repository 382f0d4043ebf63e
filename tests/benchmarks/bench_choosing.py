"""What choosing among takes costs and brings: `python -m tests.benchmarks.bench_choosing`.

A group with a hidden taste has rated 300 passages; a discriminator is fitted to them. Then one chat
asks for passages on premises nobody has rated, each the best of so many takes, as a service would
write it: seconds to the first text and to the whole passage, and how often the taste itself prefers
the chosen take to the one that would have been written alone. Prints a table and writes it to
tests/benchmarks/results/.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from core.learning import dataset as datasets
from core.learning.discriminator import fit, reader, verdicts
from core.learning.scoring import Scorer
from core.learning.writing import asked_for
from core.narrator.choosing import Draft, best_of
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Assignment, Narrator
from core.narrator.settings import NarratorSettings
from core.narrator.storyteller import model_folder
from core.session.critic import Critic
from tests.benchmarks.bench_learning import Cell, rated
from tests.benchmarks.raters import Taste, liking

_RESULTS = Path(__file__).parent / "results" / "choosing.json"
_TAKES = (1, 2, 4, 8)
_SEED = 91_000


@dataclass(frozen=True, slots=True)
class Written:
    """One passage, as its reader met it."""

    first: float  # seconds to the first text
    whole: float  # seconds to the last one
    text: str


def main() -> None:
    """Measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taste", default="SHORT", choices=[taste.name for taste in Taste])
    parser.add_argument("--premises", type=int, default=64)
    options = parser.parse_args()
    taste = Taste[options.taste]
    with tempfile.TemporaryDirectory() as folder:
        head = taught(taste, Path(folder))
        found = asyncio.run(measured(taste, head, options.premises))
    _RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


def taught(taste: Taste, folder: Path) -> Path:
    """The discriminator of a group's ratings, as a file."""
    cell = Cell(taste, recipe="kto", seed=1, noise=0.0, against=0.0)
    examples = datasets.read(datasets.write(rated(cell), folder / "dataset"))
    head = folder / "discriminator.safetensors"
    fit(verdicts(reader(model_folder("starter")), examples.train.judged)).save(head)
    return head


async def measured(taste: Taste, head: Path, premises: int) -> list[dict[str, object]]:
    """A row for each number of takes."""
    narrator, scorer = Gpt2Narrator(NarratorSettings()), Scorer(model_folder("starter"))
    asked = asked_for([], premises, _SEED)
    await written(narrator, scorer, head, asked[0], 2)  # loads what there is to load
    told = {
        most: [await written(narrator, scorer, head, each, most) for each in asked]
        for most in _TAKES
    }
    await narrator.close()
    alone = [liking(taste, one.text) for one in told[1]]
    return [row(taste, most, told[most], alone) for most in _TAKES]


def row(
    taste: Taste, most: int, told: Sequence[Written], alone: Sequence[float]
) -> dict[str, object]:
    """What came of one number of takes."""
    liked = [liking(taste, one.text) for one in told]
    return {
        "takes": most,
        "first text, s": round(median(one.first for one in told), 3),
        "whole, s": round(median(one.whole for one in told), 3),
        "slowest first text, s": round(max(one.first for one in told), 3),
        "preferred to one take": round(
            fmean((new > old) + 0.5 * (new == old) for new, old in zip(liked, alone, strict=True)),
            3,
        ),
    }


async def written(
    narrator: Narrator, scorer: Scorer, head: Path, asked: Assignment, most: int
) -> Written:
    """Write one passage as a service would."""

    async def judges(texts: Sequence[str]) -> Sequence[float] | None:
        return await asyncio.to_thread(scorer.odds, head, asked, texts)

    began = time.monotonic()
    first, draft = 0.0, Draft("", 0)
    if most == 1:
        async with aclosing(narrator.write(asked)) as texts:
            async for text in texts:
                first, draft = first or time.monotonic() - began, Draft(text, asked.seed)
    else:
        chosen = best_of(narrator, asked, most, judges, Critic().seconds)
        async with aclosing(chosen) as drafts:
            async for draft in drafts:  # noqa: B007  # the last one counts
                first = first or time.monotonic() - began
    return Written(first, time.monotonic() - began, draft.text)


if __name__ == "__main__":
    main()
