"""Whether telling rows otherwise helps: the same run with and without each augmentation.

    python -m tests.benchmarks.learning_augment [--taste ANIMALS] [--seed 1] [--fresh 240]

The same group, ratings and premises each time. Prints how often the hidden taste prefers what the
new LoRA writes to what the model as it is writes, and what holds 95 % of the difference from the
run without augmentation, premise by premise. Writes
tests/benchmarks/results/augment.json as it goes.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import fmean

from core.learning import dataset as datasets
from core.learning import measures, training
from core.learning.augment import Augmentation
from core.learning.plan import LearningSettings
from core.learning.writing import write
from tests.benchmarks.bench_learning import Cell, rated, unrated
from tests.benchmarks.raters import Taste, liking

_RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Train without, then with each; print and keep each as it comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--taste", default="ANIMALS")
    parser.add_argument("--recipe", default="guided")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", type=int, default=240)
    options = parser.parse_args()
    cell = Cell(Taste[options.taste], options.recipe, options.seed, 0.0, 0.0)
    plain: list[float] = []
    file, found = _RESULTS / "augment.json", []
    for kind in ("", *Augmentation):
        won = _won(cell, kind, options.fresh)
        plain = plain or won
        apart = [one - other for one, other in zip(won, plain, strict=True)]
        low, high = measures.bootstrap(len(apart), partial(_mean, apart), cell.seed)
        found.append(
            {
                "taste": cell.taste.value,
                "recipe": cell.recipe,
                "seed": cell.seed,
                "augment": str(kind),
                "premises": len(won),
                "preferred": fmean(won),
                "against none": fmean(apart),
                "low": low,
                "high": high,
                "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
            }
        )
        print(found[-1], flush=True)
        file.write_text(json.dumps(found, indent=2) + "\n")


def _won(cell: Cell, kind: str, premises: int) -> list[float]:
    """For each premise 1 where the taste prefers the new passage, 0 where the old one."""
    asked, before = unrated(premises, cell.seed)
    with tempfile.TemporaryDirectory() as folder:
        dataset = datasets.write(rated(cell), Path(folder) / "dataset")
        settings = LearningSettings(recipe=cell.recipe, seed=cell.seed, threads=1, augment=kind)
        trained = training.train(settings, dataset, Path(folder) / "training", lambda _: None)
        after = write(asked, lora=trained.folder)
    pairs = zip(before, after, strict=True)
    likings = [(liking(cell.taste, old), liking(cell.taste, new)) for old, new in pairs]
    return [(new > old) + 0.5 * (new == old) for old, new in likings]


def _mean(of: Sequence[float], rows: Sequence[int]) -> float:
    return fmean(of[at] for at in rows)


if __name__ == "__main__":
    main()
