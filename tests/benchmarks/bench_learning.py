"""Simulated groups rate, a run learns: `make bench-learning`, `ARGS="--full"` for every cell.

    python -m tests.benchmarks.bench_learning [--tastes A,B] [--recipes A,B] [--seeds 1,2] [--full]

A group with a hidden taste rates passages that the narrator writes; the run's own training learns
from the dataset; the run's own gate decides; then the taste itself compares passages of old and
new on premises nobody has rated. Prints a table and writes it to tests/benchmarks/results/.
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import fmean, median

from core.learning import dataset as datasets
from core.learning import evaluation, measures, training
from core.learning.discriminator import read_head, reader
from core.learning.examples import prompt_text
from core.learning.plan import LearningSettings, Progress, Trained
from core.learning.promotion import DISTINCT, LOSS, decide
from core.learning.writing import asked_for, write
from core.narrator.narrator import Assignment
from core.narrator.storyteller import model_folder
from core.narrator.tokens import read_tokens
from tests.benchmarks.raters import Taste, liking

_RESULTS = Path(__file__).parent / "results"
_RATINGS = 300
_TAKES = 4  # that reranking chooses from
_PICKING = ("dpo", "sft+dpo")  # recipes that learn from picks; the others from thumbs
_ALL = ("sft", "kto", "dpo", "sft+dpo", "sft+kto", "guided", "ranked", "adversarial")
_WINDOW = 512
_NAMES = ("taste", "recipe", "seed", "noise", "against", "augment")  # of a cell


@dataclass(frozen=True, slots=True)
class Cell:
    """One group and one way to learn from it."""

    taste: Taste
    recipe: str
    seed: int
    noise: float  # share of ratings that are thrown at random
    against: float  # share of raters who say the opposite
    augment: str = ""


def main() -> None:
    """Run the cells that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tastes", default="SHORT,ANIMALS")
    parser.add_argument("--recipes", default="guided")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--fresh", type=int, default=96)
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--against", type=float, default=0.0)
    parser.add_argument("--augment", default="", help="kinds with +; several settings with commas")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    tastes = list(Taste) if options.full else [Taste[name] for name in options.tastes.split(",")]
    recipes = _ALL if options.full else options.recipes.split(",")
    seeds = range(1, 6) if options.full else map(int, options.seeds.split(","))
    cells = [
        Cell(taste, recipe, seed, options.noise, options.against, augment)
        for seed in seeds
        for recipe in recipes
        for taste in tastes
        for augment in options.augment.split(",")
    ]
    found: list[dict[str, object]] = []
    for cell in cells:
        with tempfile.TemporaryDirectory() as folder:
            found = kept(measured(cell, Path(folder), options.fresh))
        (_RESULTS / "learning.md").write_text(table(found))
    print(table(found))


def kept(newest: dict[str, object]) -> list[dict[str, object]]:
    """Every cell that was measured so far; the newest takes the place of an older one of its."""
    file = _RESULTS / "learning.json"
    before: list[dict[str, object]] = json.loads(file.read_text()) if file.exists() else []

    def name(one: dict[str, object]) -> list[object]:
        return [one[key] for key in _NAMES]

    found = [one for one in before if name(one) != name(newest)] + [newest]
    found.sort(key=lambda one: json.dumps(name(one)))
    file.write_text(json.dumps(found, indent=2) + "\n")
    return found


def measured(cell: Cell, out: Path, fresh: int) -> dict[str, object]:
    """One group's ratings, one run, and what the taste says of it."""
    began = time.monotonic()
    dataset = datasets.write(rated(cell), out / "dataset")
    asked = LearningSettings(recipe=cell.recipe, seed=cell.seed, threads=1, augment=cell.augment)
    trained = training.train(asked, dataset, out / "training", lambda _: None)
    taught = time.monotonic()
    gate = evaluation.evaluate(asked, dataset, trained, None, out / "gate", _quiet)
    decision = decide(gate, asked)
    spent = time.monotonic() - began
    by_name = {one.name: one for one in gate.measures}
    loss, distinct = by_name[LOSS], by_name[DISTINCT]
    assert loss.old is not None
    assert distinct.old is not None
    return {
        "taste": cell.taste.value,
        "recipe": cell.recipe,
        "seed": cell.seed,
        "noise": cell.noise,
        "against": cell.against,
        "augment": cell.augment,
        **_preferred(cell, trained, fresh),
        "story loss": loss.new / loss.old - 1,
        "distinct-2": distinct.new / distinct.old - 1,
        "promoted": decision.promote,
        "reasons": decision.reasons,
        "training, s": taught - began,
        "run, s": spent,
        "memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "measured": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
    }


def rated(cell: Cell) -> datasets.Dataset:
    """Stories of a group, two takes of each opening, with thumbs and picks on them."""
    rng = random.Random(f"{cell.taste} {cell.seed}")
    takes, texts = told(cell.seed)
    liked = [liking(cell.taste, text) for text in texts]
    usual = median(liked)
    tokens = read_tokens(model_folder("starter"))
    rows: dict[tuple[str, str], list[datasets.Row]] = {}
    for at in range(0, len(takes), 2):
        story = datasets.story_name(cell.seed * 10_000 + at)
        side = datasets.side_of(story)
        prompt = prompt_text(takes[at], tokens, _WINDOW)
        common = {"prompt": prompt, "story": story, "weight": 1.0, "basis": "narrator"}
        _thumbs(
            rows, side, common, list(zip(texts, liked, strict=True))[at : at + 2], usual, rng, cell
        )
        _pick(rows, side, common, list(zip(texts, liked, strict=True))[at : at + 2], rng, cell)
        rows.setdefault(("asked", side), []).append(
            {"assignment": datasets.spelled(takes[at]), "story": story, "weight": 1.0}
        )
    return datasets.Dataset({key: tuple(found) for key, found in rows.items()}, source="simulated")


@cache
def told(seed: int) -> tuple[list[Assignment], list[str]]:
    """What the model as it is tells a group, two takes of each; all tastes are told the same."""
    asked = asked_for([], _RATINGS // 2, seed)
    takes = [replace(item, seed=item.seed + take) for item in asked for take in (0, 1)]
    return takes, write(takes)


@cache
def unrated(number: int, seed: int) -> tuple[list[Assignment], list[str]]:
    """Premises that nobody has rated, and what the model as it is tells."""
    asked = asked_for([], number, 77_000 + seed)
    return asked, write(asked)


def table(found: Sequence[dict[str, object]]) -> str:
    """All cells beside the goals."""
    names = [name for name in found[0] if name != "reasons"]
    lines = [names, ["---"] * len(names)]
    lines += [[_shown(cell[name]) for name in names] for cell in found]
    goals = (
        "\nGoals: preferred >= 70 % (lower bound >= 62 %), reranked of 4 >= 80 %, story loss "
        "<= +1.5 %, distinct-2 within 5 %, a run <= 720 s and 4096 MB.\n"
    )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n" + goals


def _thumbs(
    rows: dict[tuple[str, str], list[datasets.Row]],
    side: str,
    common: datasets.Row,
    told: Sequence[tuple[str, float]],
    usual: float,
    rng: random.Random,
    cell: Cell,
) -> None:
    if cell.recipe in _PICKING:
        return
    for text, worth in told:
        up = _said(worth > usual, rng, cell)
        row = common | {"completion": text}
        rows.setdefault(("kto", side), []).append(row | {"label": up})
        if up:
            rows.setdefault(("sft", side), []).append(row)


def _pick(
    rows: dict[tuple[str, str], list[datasets.Row]],
    side: str,
    common: datasets.Row,
    told: Sequence[tuple[str, float]],
    rng: random.Random,
    cell: Cell,
) -> None:
    (first, worth), (second, other) = told
    if cell.recipe not in _PICKING or worth == other:
        return
    better = _said(worth > other, rng, cell)
    chosen, rejected = (first, second) if better else (second, first)
    rows.setdefault(("dpo", side), []).append(common | {"chosen": chosen, "rejected": rejected})
    rows.setdefault(("sft", side), []).append(common | {"completion": chosen})


def _said(truth: bool, rng: random.Random, cell: Cell) -> bool:  # noqa: FBT001 - the one thing said
    """What a rater says: at random, against the taste, or as it is."""
    drawn = rng.random()
    if drawn < cell.noise:
        return rng.random() < 0.5
    return truth != (drawn < cell.noise + cell.against)


def _preferred(cell: Cell, trained: Trained, fresh: int) -> dict[str, float]:
    """How often the taste itself prefers the new passage, alone and as the best of four takes."""
    asked, before = unrated(fresh, cell.seed)
    old = [liking(cell.taste, text) for text in before]
    takes = [replace(item, seed=item.seed + take) for item in asked for take in range(_TAKES)]
    texts = write(takes, lora=trained.folder)
    new = [liking(cell.taste, text) for text in texts[::_TAKES]]
    low, _ = measures.bootstrap(fresh, lambda rows: _wins(old, new, rows), cell.seed)
    best = _best(trained, takes, texts)
    chosen = [liking(cell.taste, texts[at]) for at in best]
    every = range(fresh)
    return {
        "preferred": _wins(old, new, every),
        "lower bound": low,
        "reranked": _wins(old, chosen, every),
    }


def _best(trained: Trained, takes: Sequence[Assignment], texts: Sequence[str]) -> list[int]:
    """The take of each assignment that the run's discriminator likes best."""
    if trained.discriminator is None:
        return list(range(0, len(texts), _TAKES))
    reading, head = reader(model_folder("starter")), read_head(trained.discriminator)
    prompts = [prompt_text(item, reading.tokens, reading.window) for item in takes]
    scores = head.score(reading.features(list(zip(prompts, texts, strict=True)))).tolist()
    return [
        max(range(at, at + _TAKES), key=lambda take: scores[take])
        for at in range(0, len(texts), _TAKES)
    ]


def _wins(old: Sequence[float], new: Sequence[float], rows: Sequence[int]) -> float:
    return fmean((new[at] > old[at]) + 0.5 * (new[at] == old[at]) for at in rows)


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _quiet(_: Progress) -> None:
    """Nobody watches a benchmark."""


if __name__ == "__main__":
    main()
