"""What the parts of a training run hand one another: settings, progress, LoRAs, verdicts.

    training.train(settings, dataset, out, tell)               -> Trained
    evaluation.evaluate(settings, dataset, trained, live, out, tell) -> Evaluation
    promotion.decide(evaluation, settings)                     -> Decision

`dataset` is a folder that `dataset.read` reads. `out` is the run's own folder: what is in it
survives a kill, so a part that is called again with the same `out` may go on from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Facts = Mapping[str, str | int | float | bool | None]  # what JSON can keep


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """What one training run is to do; the operator's [learning] and the command line decide."""

    model: str = "starter"  # the base: the bundled one, a folder or a hub's name
    device: str = "auto"
    threads: int = 0  # 0: as many as suit the model
    recipe: str = ""  # of `core.learning.recipes`; empty: the one that measured best
    method: str = "lora"
    rank: int = 0  # 0: the recipe's own
    augment: str = ""  # of `core.learning.augment`, several with "+"; empty: nothing
    minutes: float = 12.0  # for the whole run; training takes at most 60 % of them
    search: int = 0  # trials of other hyperparameters at most; 0: none
    search_minutes: float = 30.0  # for all of them together, beside `minutes`
    passages: int = 240  # that live and candidate write each for the gate
    seed: int = 0
    start: Path | None = None  # a LoRA whose weights training begins with: a group's own does
    own: bool = False  # a group's own, of which a batch has many: it changes the attention alone
    margin: float = 0.5  # the lower bound of the win rate must be above it
    loss_tolerance: float = 0.015  # share by which the held-out loss may rise
    diversity_tolerance: float = 0.05  # share by which distinct-2 and repetition may change
    copied_tolerance: float = 0.01  # points by which the share of copied 8-grams may rise
    wandb: str = ""  # a project of Weights & Biases; empty: TensorBoard files alone


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    phase: str  # collecting, writing, training, evaluating
    step: int = 0
    steps: int = 0
    loss: float | None = None
    minutes_left: float | None = None


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A LoRA on disk: adapter_config.json and adapter_model.safetensors in their own folder."""

    folder: Path
    facts: Facts  # the hyperparameters it was trained with, and what training measured
    discriminator: Path | None = None  # the head that was trained beside it, safetensors


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing measured before and after; `low` and `high` hold 95 % of its bootstrap."""

    name: str
    old: float | None  # None: of the new one alone, such as a win rate
    new: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured of a candidate, and the page that shows it."""

    measures: tuple[Measure, ...]
    report: Path | None = None  # an HTML file with its pictures inside


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a candidate goes live, and why, in words."""

    promote: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class School:
    """The three parts of a run that compute, as functions."""

    train: Callable[[LearningSettings, Path, Path, Tell], Trained]
    evaluate: Callable[[LearningSettings, Path, Trained, Path | None, Path, Tell], Evaluation]
    decide: Callable[[Evaluation, LearningSettings], Decision]
