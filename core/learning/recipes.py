"""How a narrator is taught: recipes, the kinds of weights they change, and their settings."""

from dataclasses import dataclass
from enum import StrEnum

from core.errors import LearningError
from core.learning.augment import Augmentation
from core.learning.plan import LearningSettings
from core.narrator.loras import PARTS, USUAL


class Method(StrEnum):
    """Which weights are learnt. A plain LoRA comes out of each: the narrator reads no other."""

    LORA = "lora"
    ADALORA = "adalora"  # moves rank to where it helps most; written as the LoRA it amounts to
    PREFIX = "prefix"  # keys and values before the text; a LoRA then learns to write like them
    FULL = "full"  # the matrices of all blocks; their change is written as a LoRA


class Stage(StrEnum):
    """One trainer's part of a recipe."""

    SFT = "sft"  # write what was liked
    KTO = "kto"  # thumbs (Ethayarajh et al., 2024)
    DPO = "dpo"  # picks (Rafailov et al., 2023)
    GUIDED = "guided"  # lean, token by token, to what leads to what is liked; see guided.py
    RANKED = "ranked"  # DPO on fresh takes that the discriminator, taught by the ratings, ranks
    ADVERSARIAL = "adversarial"  # generator against discriminator, by policy gradient


class Recipe(StrEnum):
    """What a run does, stage after stage."""

    SFT = "sft"
    KTO = "kto"
    DPO = "dpo"
    GUIDED = "guided"
    RANKED = "ranked"
    GUIDED_RANKED = "guided+ranked"
    SFT_KTO = "sft+kto"
    SFT_DPO = "sft+dpo"
    ADVERSARIAL = "adversarial"

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in order."""
        return tuple(Stage(part) for part in self.value.split("+"))


DEFAULT = Recipe.GUIDED


@dataclass(frozen=True, slots=True)
class StageSettings:
    """What decides one stage."""

    epochs: float
    rate: float  # AdamW's, at its highest
    batch: int = 8  # rows at once
    accumulate: int = 1  # batches in a step


STAGES: dict[Stage, StageSettings] = {
    Stage.SFT: StageSettings(epochs=3, rate=1e-3),
    Stage.KTO: StageSettings(epochs=2, rate=1e-3),
    Stage.DPO: StageSettings(epochs=2, rate=1e-3),
    Stage.GUIDED: StageSettings(epochs=1, rate=2e-3),
    Stage.RANKED: StageSettings(epochs=2, rate=2e-3),
    Stage.ADVERSARIAL: StageSettings(epochs=1, rate=1e-3, batch=16),
}


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """Everything that decides what a run's training makes of its examples."""

    recipe: Recipe = DEFAULT
    method: Method = Method.LORA
    rank: int = 16
    matrices: tuple[str, ...] = PARTS  # of each block
    dropout: float = 0.05
    seed: int = 1963
    weight_decay: float = 0.01
    warm_up: float = 0.1  # share of a stage's steps
    clip: float = 1.0  # the gradient's norm at most
    patience: int = 3  # evaluations on the validation side without a gain that end a stage
    evaluations: int = 6  # in a stage
    epochs: float = 1.0  # factor on every stage's own
    rate: float = 1.0  # the same for its learning rate
    minutes: float = 7.0  # a stage's trainer stops after them
    tilt: float = 0.12  # GUIDED: nats a token that the guide stands away from the model
    fresh: int = 480  # GUIDED: passages written to see which tokens lead to what is liked
    beta: float = 0.1  # KTO, DPO, RANKED: how close the model is kept to where it began
    hold: float = 1.0  # ADVERSARIAL: nats a token cost as much as so much spread of the reward
    takes: int = 4  # RANKED: of each assignment; the best and the worst become a pair
    premises: int = 120  # RANKED: assignments
    rounds: int = 3  # ADVERSARIAL
    told: int = 96  # ADVERSARIAL: passages written in each round
    leash: float = 0.012  # share by which the loss on stories may rise; else the change is weakened
    augment: tuple[Augmentation, ...] = ()  # nothing, until it is measured to help
    threads: int = 1
    device: str = "auto"
    wandb: str = ""  # a project of Weights & Biases beside the TensorBoard files


def training_settings(asked: LearningSettings) -> TrainingSettings:
    """What a run was asked for, as settings of its training. Raises LearningError."""
    try:
        recipe = Recipe(asked.recipe) if asked.recipe else DEFAULT
        method = Method(asked.method)
        augment = tuple(Augmentation(part) for part in asked.augment.split("+") if part)
    except ValueError as error:
        raise LearningError(
            f"{error}. Recipes are {', '.join(Recipe)}; methods are {', '.join(Method)}; what may "
            f"be augmented is {', '.join(Augmentation)}."
        ) from error
    return TrainingSettings(
        recipe=recipe,
        method=method,
        rank=asked.rank or 16,
        matrices=USUAL if asked.own else PARTS,
        seed=asked.seed,
        minutes=0.6 * asked.minutes / len(recipe.stages),
        leash=0.8 * asked.loss_tolerance,
        augment=augment,
        threads=asked.threads or 1,
        device=asked.device,
        wandb=asked.wandb,
    )
