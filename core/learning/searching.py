"""A search for better hyperparameters: trials by Optuna, as many as a time allows.

A trial is a whole training; what it is worth is measured on the validation side alone: by how much
more likely liked passages became than others. Trials that fall behind the median of those before
are given up. Each is kept in SEARCH/trials.json once it has ended, and drawn from the seed and the
trials before it: a search that was killed goes on with the trial it was in, as if nothing had been.
"""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import optuna
from transformers import GPT2LMHeadModel

from core.errors import LearningError, TooLittle
from core.learning.callbacks import Watch
from core.learning.examples import Side
from core.learning.files import HEAD
from core.learning.likelihood import Texts, read_by, with_lora
from core.learning.plan import Tell, Trained
from core.learning.recipes import Method, Stage, TrainingSettings

TRIALS, _SEEN, _TRAINED = "trials.json", "seen.json", "trained.json"
_RANKS = (4, 8, 16, 32)
_AT_RANDOM = 4  # trials before the sampler draws on what it has seen
_WARM = 2  # checkpoints of a trial that say nothing yet
_WHOLE = 2  # trials that are not given up, so that there is a median


@dataclass(frozen=True, slots=True)
class Trial:
    """A training with some hyperparameters, and what it came to."""

    numbers: dict[str, Any]  # a setting's name and its number
    worth: float | None  # None: given up
    seconds: float
    seen: tuple[float, ...]  # its worth on the way
    why: str = ""  # it was given up


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched, and for how long."""

    settings: TrainingSettings
    side: Side  # validation
    model: Path
    work: Path
    trials: int
    minutes: float
    start: Path | None = None  # a LoRA that training begins with


Teach = Callable[[TrainingSettings, Path, Tell, Watch], Trained]


def best(search: Search, teach: Teach, tell: Tell) -> Trained:
    """What the best trial trained. Raises TooLittle where the validation side says nothing."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    worth = _worth(search)
    found = _read(search.work)
    while len(found) < search.trials and (not found or _time_for_one(found, search.minutes)):
        number = len(found)

        def told(progress: Any, number: int = number) -> None:
            tell(replace(progress, phase=f"trial {number + 1} of {search.trials}"))

        found.append(_tried(search, found, teach, told, worth))
        _write(search.work, found)
        _leave_the_best(search.work, found)
    chosen = _best(found)
    work = search.work / f"trial-{chosen}"
    facts = json.loads((work / _TRAINED).read_text("utf-8"))
    rows = json.dumps([asdict(trial) for trial in found])
    head = work / HEAD if (work / HEAD).exists() else None
    return Trained(work / "lora", facts | {"trial": chosen + 1, "trials": rows}, head)


def _time_for_one(found: Sequence[Trial], minutes: float) -> bool:
    """Whether another is likely to end in time."""
    spent = [trial.seconds for trial in found]
    return sum(spent) + median(spent) <= 60 * minutes


def _best(found: Sequence[Trial]) -> int:
    whole = {at: trial.worth for at, trial in enumerate(found) if trial.worth is not None}
    return max(whole, key=lambda at: whole[at])


# ---------------------------------------------------------------- one trial
def _tried(
    search: Search,
    found: Sequence[Trial],
    teach: Teach,
    tell: Tell,
    worth: Callable[[GPT2LMHeadModel], float],
) -> Trial:
    began = time.monotonic()
    study = _study(found, search.settings)
    asked = study.ask()
    numbers = _drawn(asked, search.settings)
    work = search.work / f"trial-{len(found)}"
    kept = work / _SEEN
    seen: list[float] = json.loads(kept.read_text("utf-8")) if kept.exists() else []
    for step, before in enumerate(seen):
        asked.report(before, step)

    def watch(model: GPT2LMHeadModel) -> None:
        seen.append(worth(model))
        _replace(kept, seen)
        asked.report(seen[-1], len(seen) - 1)
        if len(found) >= _WHOLE and asked.should_prune():
            raise optuna.TrialPruned

    settings = replace(search.settings, **numbers)
    value: float | None = None
    why = ""
    try:
        trained = teach(settings, work, tell, watch)
        value = worth(with_lora(search.model, trained.folder))
        _replace(work / _TRAINED, dict(trained.facts))
    except optuna.TrialPruned:
        why = "it fell behind the others"
    except LearningError as error:  # a rate too high, for one, ends in numbers that are none
        if not found:
            raise
        why = str(error)
    seconds = round(time.monotonic() - began, 1)
    return Trial(numbers, value, seconds, tuple(seen), why)


def _study(found: Sequence[Trial], settings: TrainingSettings) -> optuna.Study:
    """Optuna's own, with the trials so far; its chance is of the seed and their number."""
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(
            seed=settings.seed + len(found), n_startup_trials=_AT_RANDOM
        ),
        pruner=optuna.pruners.MedianPruner(_WHOLE, n_warmup_steps=_WARM),
    )
    for trial in found:
        ended = optuna.trial.TrialState.PRUNED
        if trial.worth is not None:
            ended = optuna.trial.TrialState.COMPLETE
        study.add_trial(
            optuna.trial.create_trial(
                state=ended,
                value=trial.worth,
                params=trial.numbers,
                distributions=_space(settings),
                intermediate_values=dict(enumerate(trial.seen)),
            )
        )
    if not found:
        study.enqueue_trial({name: getattr(settings, name) for name in _space(settings)})
    return study


def _space(settings: TrainingSettings) -> dict[str, optuna.distributions.BaseDistribution]:
    """What may be drawn: what the method and the recipe's stages listen to."""
    floats, stages = optuna.distributions.FloatDistribution, settings.recipe.stages
    found: dict[str, optuna.distributions.BaseDistribution] = {
        "rate": floats(0.3, 3.0, log=True),
        "epochs": floats(0.5, 2.0, log=True),
    }
    if settings.method in {Method.LORA, Method.ADALORA}:
        ranks = tuple(sorted({*_RANKS, settings.rank}))
        found["rank"] = optuna.distributions.CategoricalDistribution(ranks)
        found["dropout"] = floats(0.0, 0.2)
    if Stage.GUIDED in stages:
        found["tilt"] = floats(0.02, 0.12, log=True)
    if {Stage.KTO, Stage.DPO, Stage.RANKED} & {*stages}:
        found["beta"] = floats(0.03, 0.5, log=True)
    if Stage.ADVERSARIAL in stages:
        found["hold"] = floats(0.3, 3.0, log=True)
    return found


def _drawn(asked: optuna.Trial, settings: TrainingSettings) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, span in _space(settings).items():
        match span:
            case optuna.distributions.FloatDistribution(low=low, high=high, log=log):
                found[name] = asked.suggest_float(name, low, high, log=log)
            case optuna.distributions.CategoricalDistribution(choices=choices):
                found[name] = int(asked.suggest_categorical(name, choices))  # type: ignore[arg-type] # ranks
            case _:
                raise TypeError(f"{name} is drawn from {span}")
    return found


# ---------------------------------------------------------------- what a model is worth
def _worth(search: Search) -> Callable[[GPT2LMHeadModel], float]:
    """By how many nats a token liked passages gained over others; over nothing, if all are."""
    rows = [(row.prompt, row.text, row.weight, row.liked) for row in search.side.judged] or [
        (row.prompt, row.text, row.weight, True) for row in search.side.liked
    ]
    if not any(liked for *_, liked in rows):
        raise TooLittle(
            "A search needs liked passages on the side for validation, and there are none yet; "
            "rate some more stories, or learn without --search."
        )
    texts = Texts((), tuple((prompt, text) for prompt, text, *_ in rows))
    before = read_by(with_lora(search.model, search.start), search.model, texts)

    def worth(model: GPT2LMHeadModel) -> float:
        model.eval()  # type: ignore[no-untyped-call] # transformers' own
        gains = [
            old - new for old, new in zip(before, read_by(model, search.model, texts), strict=True)
        ]
        kinds: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for gain, (_, _, weight, liked) in zip(gains, rows, strict=True):
            kinds[liked].append((gain, weight))
        return _mean(kinds[True]) - _mean(kinds[False])

    return worth


def _mean(gains: Sequence[tuple[float, float]]) -> float:
    total = sum(weight for _, weight in gains)
    return sum(gain * weight for gain, weight in gains) / total if total else 0.0


# ---------------------------------------------------------------- what is kept
def _read(work: Path) -> list[Trial]:
    kept = work / TRIALS
    if not kept.exists():
        return []
    rows = json.loads(kept.read_text("utf-8"))
    return [Trial(**row | {"seen": tuple(row["seen"])}) for row in rows]


def _write(work: Path, found: Sequence[Trial]) -> None:
    work.mkdir(parents=True, exist_ok=True)
    _replace(work / TRIALS, [asdict(trial) for trial in found])


def _replace(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".writing")
    unfinished.write_text(json.dumps(value), encoding="utf-8")
    unfinished.replace(path)


def _leave_the_best(work: Path, found: Sequence[Trial]) -> None:
    """Of all others, only the curves for TensorBoard stay."""
    for at in range(len(found)):
        folder = work / f"trial-{at}"
        if at == _best(found) or not folder.exists():
            continue
        for path in folder.iterdir():
            if path.name == "tensorboard":
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
