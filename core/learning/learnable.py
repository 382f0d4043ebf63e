"""Which weights may be learnt, by the method of a run."""

import copy
from collections.abc import Sequence
from typing import Any, cast

from peft import (
    AdaLoraConfig,
    LoraConfig,
    PeftConfig,
    PeftModel,
    PrefixTuningConfig,
    get_peft_model,
)
from transformers import GPT2LMHeadModel

from core.learning.recipes import Method, TrainingSettings

VIRTUAL = 16  # tokens that a prefix takes of the window

Model = GPT2LMHeadModel | PeftModel


def learnable(plain: Model, settings: TrainingSettings, steps: int) -> Model:
    """The model with the weights that may be learnt; the same where it has them."""
    peft = peft_config(settings, steps)
    if peft is None:
        only_matrices(plain, settings.matrices)
    if peft is None or isinstance(plain, PeftModel):
        return plain
    return cast("PeftModel", get_peft_model(plain, peft))


def merged(model: Model) -> GPT2LMHeadModel:
    """A copy with what was learnt, as a plain model."""
    found: Any = copy.deepcopy(model)
    return cast(
        "GPT2LMHeadModel", found.merge_and_unload() if isinstance(found, PeftModel) else found
    )


def peft_config(settings: TrainingSettings, steps: int) -> PeftConfig | None:
    """None: the matrices themselves are trained."""
    shared: dict[str, Any] = {
        "target_modules": list(settings.matrices),
        "lora_alpha": 2 * settings.rank,
        "lora_dropout": settings.dropout,
        "fan_in_fan_out": True,  # GPT-2 keeps its matrices the other way round
        "task_type": "CAUSAL_LM",
    }
    match settings.method:
        case Method.LORA:
            return LoraConfig(r=settings.rank, **shared)
        case Method.ADALORA:
            return AdaLoraConfig(
                init_r=settings.rank + settings.rank // 2,
                target_r=settings.rank,
                tinit=steps // 10,
                tfinal=steps // 3,
                deltaT=1,
                total_step=steps,
                **shared,
            )
        case Method.PREFIX:
            return PrefixTuningConfig(num_virtual_tokens=VIRTUAL, task_type="CAUSAL_LM")
        case Method.FULL:
            return None


def only_matrices(plain: Model, wanted: Sequence[str]) -> None:
    """Nothing but these matrices is trained."""
    for name, weight in plain.named_parameters():
        weight.requires_grad_(any(f"{matrix}.weight" in name for matrix in wanted))
