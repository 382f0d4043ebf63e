"""Simulated groups rate, a run learns: `make bench-learning`, `ARGS="--full"` for every cell.

    python -m tests.benchmarks.bench_learning [--tastes A,B] [--recipes A,B] [--seeds 1,2] [--full]

A group with a hidden taste rates passages that the narrator writes; the run's own training learns
from the dataset; the run's own gate decides; then the taste itself compares passages of old and
new on premises nobody has rated. Prints a table and writes it to tests/benchmarks/results/. Each
run computes with one thread; `--jobs 2` does two of them at a time, each on a processor of its own.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import fmean, median
from typing import Any

from core.learning import dataset as datasets
from core.learning import evaluation, measures, training
from core.learning.discriminator import read_head, reader
from core.learning.examples import prompt_text
from core.learning.plan import LearningSettings, Progress, Trained
from core.learning.promotion import COPIED, DISTINCT, LOSS, decide
from core.learning.writing import asked_for, write
from core.narrator.narrator import Assignment
from core.narrator.storyteller import model_folder
from core.narrator.tokens import read_tokens
from tests.benchmarks.raters import Taste, liking

_RESULTS = Path(__file__).parent / "results"
_RATINGS = 300
_TAKES = 4  # that reranking chooses from
_COUNTED = 32  # takes in which repetition is counted: of a hundred words not even one is said again
_PICKING = ("dpo", "sft+dpo")  # recipes that learn from picks; the others from thumbs
_ALL = ("sft", "kto", "dpo", "sft+dpo", "sft+kto", "guided", "ranked", "adversarial")
_WINDOW = 512
_SUMMED = (
    *("preferred", "lower bound", "reranked", "story loss", "distinct-2", "repetition"),
    *("copied 8-grams", "run, s", "memory, MB", "promoted"),
)
_GOALS = (
    *("goal", "", "", "", "", "", "5", ">= 0.70", ">= 0.62", ">= 0.80"),
    *("<= 0.015", "-0.05 to 0.05", "-0.05 to 0.05", "<= 0.01", "<= 720", "<= 4096", ""),
)
_LEVELLED = ("repeated before", "repeated at first", "repeated then", "share of then")
_NAMES = ("taste", "recipe", "seed", "noise", "against", "augment", "own")  # of a cell


@dataclass(frozen=True, slots=True)
class Cell:
    """One group and one way to learn from it."""

    taste: Taste
    recipe: str
    seed: int
    noise: float  # share of ratings that are thrown at random
    against: float  # share of raters who say the opposite
    augment: str = ""
    own: bool = False  # as a group's own LoRA is learnt, the attention alone


def main() -> None:
    """Run the cells that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tastes", default="SHORT,ANIMALS")
    parser.add_argument("--recipes", default="guided")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--fresh", type=int, default=96)
    parser.add_argument(
        "--counted", type=int, default=_COUNTED, help="takes to count repetition in"
    )
    parser.add_argument("--noise", type=float, default=0.0)
    parser.add_argument("--against", type=float, default=0.0)
    parser.add_argument("--augment", default="", help="kinds with +; several settings with commas")
    parser.add_argument("--own", action="store_true", help="learn as for a group's own LoRA")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    options = parser.parse_args()
    tastes = list(Taste) if options.full else [Taste[name] for name in options.tastes.split(",")]
    recipes = _ALL if options.full else options.recipes.split(",")
    seeds = range(1, 6) if options.full else map(int, options.seeds.split(","))
    cells = [
        Cell(taste, recipe, seed, options.noise, options.against, augment, options.own)
        for seed in seeds
        for recipe in recipes
        for taste in tastes
        for augment in options.augment.split(",")
    ]
    found: list[dict[str, object]] = []
    context = multiprocessing.get_context("spawn")
    processors = context.Queue()
    for processor in sorted(os.sched_getaffinity(0))[: options.jobs]:
        processors.put(processor)
    with ProcessPoolExecutor(options.jobs, context, _settle, (processors, options.jobs)) as pool:
        for done in as_completed(
            pool.submit(measured, cell, options.fresh, max(_TAKES, options.counted))
            for cell in cells
        ):
            found = kept(done.result())
            (_RESULTS / "learning.md").write_text(f"{summary(found)}\n{table(found)}")
            print(table([done.result()]).splitlines()[-1], flush=True)
    print(summary(found))


def _settle(processors: "multiprocessing.Queue[int]", jobs: int) -> None:
    """Runs beside each other have a processor each."""
    if jobs > 1:
        os.sched_setaffinity(0, {processors.get()})


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


def measured(cell: Cell, fresh: int, counted: int = _COUNTED) -> dict[str, object]:
    """One group's ratings, one run, and what the taste says of it."""
    with tempfile.TemporaryDirectory() as folder:
        return _measured(cell, Path(folder), fresh, counted)


def _measured(cell: Cell, out: Path, fresh: int, counted: int) -> dict[str, object]:
    began = time.monotonic()
    dataset = datasets.write(rated(cell), out / "dataset")
    asked = LearningSettings(
        recipe=cell.recipe, seed=cell.seed, threads=1, augment=cell.augment, own=cell.own
    )
    trained = training.train(asked, dataset, out / "training", lambda _: None)
    taught = time.monotonic()
    gate = evaluation.evaluate(asked, dataset, trained, None, out / "gate", _quiet)
    decision = decide(gate, asked)
    spent = time.monotonic() - began
    before, after = (
        {one.name: float(getattr(one, side) or 0) for one in gate.measures}
        for side in ("old", "new")
    )
    return {
        "taste": cell.taste.value,
        "recipe": cell.recipe,
        "seed": cell.seed,
        "noise": cell.noise,
        "against": cell.against,
        "augment": cell.augment,
        "own": cell.own,
        **_preferred(cell, trained, fresh, counted),
        "story loss": after[LOSS] / before[LOSS] - 1,
        "distinct-2": after[DISTINCT] / before[DISTINCT] - 1,
        "copied 8-grams": after[COPIED] - before[COPIED],
        **_fooled(trained),
        **{name: fact for name, fact in trained.facts.items() if name in _LEVELLED},
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
def unrated(number: int, seed: int, each: int = 1) -> tuple[list[Assignment], list[str]]:
    """So many takes of each premise that nobody has rated, and what the model as it is tells."""
    asked = asked_for([], number, 77_000 + seed)
    takes = [replace(item, seed=item.seed + take) for item in asked for take in range(each)]
    return takes, write(takes)


def table(found: Sequence[dict[str, object]]) -> str:
    """All cells beside the goals."""
    names = [name for name in max(found, key=len) if name != "reasons"]
    lines = [names, ["---"] * len(names)]
    lines += [[_shown(cell.get(name)) for name in names] for cell in found]
    return _drawn(lines)


def summary(found: Sequence[dict[str, object]]) -> str:
    """Each taste and recipe over its seeds, beside the goals."""
    groups: dict[tuple[object, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in found:
        groups[tuple(one[name] for name in _NAMES if name != "seed")].append(one)
    lines = [
        [*(name for name in _NAMES if name != "seed"), "runs", *_SUMMED],
        list(_GOALS),
    ]
    lines.insert(1, ["---"] * len(lines[0]))
    for key, group in groups.items():
        preferred = fmean(one["preferred"] for one in group)
        # The bounds of single runs, as deviations, give that of their mean.
        apart = math.hypot(*(one["preferred"] - one["lower bound"] for one in group)) / len(group)
        promoted = sum(one["promoted"] for one in group)
        lines.append(
            [
                *map(_shown, key),
                str(len(group)),
                *map(_shown, (preferred, preferred - apart)),
                *(_shown(_mean(group, name)) for name in ("reranked", "story loss", "distinct-2")),
                _shown(_repeating(group)),
                _shown(_mean(group, "copied 8-grams")),
                *(_shown(max(one[name] for one in group)) for name in ("run, s", "memory, MB")),
                f"{promoted} of {len(group)}",
            ]
        )
    return _drawn(lines)


def _mean(group: Sequence[dict[str, Any]], name: str) -> float | None:
    """Of all; None where one of them was measured before this was kept."""
    return fmean(one[name] for one in group) if all(name in one for one in group) else None


def _repeating(group: Sequence[dict[str, Any]]) -> float | None:
    """How much more is repeated by all runs together: single ones repeat next to nothing."""
    before, after = _mean(group, "repetition before"), _mean(group, "repetition after")
    return after / before - 1 if before and after is not None else None


def _drawn(lines: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _fooled(trained: Trained) -> dict[str, float | None]:
    """How well a fresh head tells the narrator's passages from people's: first and last round."""
    curves = json.loads(str(trained.facts["curves"]))
    rounds = [one["auc"] for stage in curves.values() for one in stage if "auc" in one]
    return {
        "AUC before": rounds[0] if rounds else None,
        "AUC after": rounds[-1] if rounds else None,
    }


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


def _preferred(cell: Cell, trained: Trained, fresh: int, counted: int) -> dict[str, float]:
    """How often the taste itself prefers the new passage, alone and as the best of four takes.

    And how much is repeated. Each take of a premise is compared with what that seed told before,
    and the best one with all of these; what a bound draws from is the premises.
    """
    takes, before = unrated(fresh, cell.seed, counted)
    after = write(takes, lora=trained.folder)
    old, new = ([liking(cell.taste, text) for text in texts] for texts in (before, after))
    starts = range(0, len(takes), counted)
    won = [_wins(new[at : at + counted], old[at : at + counted]) for at in starts]
    low, _ = measures.bootstrap(fresh, lambda rows: fmean(won[at] for at in rows), cell.seed)
    best = [new[at] for at in _best(trained, takes, after, counted)]
    of_four = [
        _wins([one] * counted, old[at : at + counted]) for one, at in zip(best, starts, strict=True)
    ]
    return {
        "preferred": fmean(won),
        "lower bound": low,
        "reranked": fmean(of_four),
        "repetition before": fmean(map(measures.repetition, before)),
        "repetition after": fmean(map(measures.repetition, after)),
    }


def _best(
    trained: Trained, takes: Sequence[Assignment], texts: Sequence[str], each: int
) -> list[int]:
    """The take of each premise that the run's discriminator likes best, of its first four."""
    choices = [range(at, at + _TAKES) for at in range(0, len(takes), each)]
    if trained.discriminator is None:
        return [choice.start for choice in choices]
    reading, head = reader(model_folder("starter")), read_head(trained.discriminator)
    shown = [at for choice in choices for at in choice]
    prompts = [prompt_text(takes[at], reading.tokens, reading.window) for at in shown]
    rows = [(prompt, texts[at]) for prompt, at in zip(prompts, shown, strict=True)]
    scores = head.score(reading.features(rows)).tolist()
    score = dict(zip(shown, scores, strict=True))
    return [max(choice, key=score.__getitem__) for choice in choices]


def _wins(new: Sequence[float], old: Sequence[float]) -> float:
    """The share of pairs in which the new one is liked more; half a pair where neither is."""
    return fmean((one > other) + 0.5 * (one == other) for one, other in zip(new, old, strict=True))


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _quiet(_: Progress) -> None:
    """Nobody watches a benchmark."""


if __name__ == "__main__":
    main()
