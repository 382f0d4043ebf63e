"""What happens between a trainer's steps: progress, the end of its time, whole checkpoints."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import (
    GPT2LMHeadModel,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from core.learning.plan import Progress, Tell

WHOLE = "whole"  # a file in every checkpoint that was written to its end

Watch = Callable[[GPT2LMHeadModel], None]  # looks at the model at each checkpoint


class Telling(TrainerCallback):
    """Says how far the stage is, ends it in time, and marks checkpoints that are whole."""

    def __init__(self, minutes: float, tell: Tell) -> None:
        self._minutes = minutes
        self._tell = tell
        self._began = time.monotonic()
        self._from = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The time left is reckoned from here."""
        del args, control
        self._began, self._from = time.monotonic(), state.global_step

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """A stage has its share of the run's minutes."""
        del args, state
        if time.monotonic() - self._began > 60 * self._minutes:
            control.should_training_stop = True
        return control

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Tell the newest loss."""
        del args, control
        loss = (given.get("logs") or {}).get("loss")
        done = state.global_step - self._from
        if loss is None or not done:
            return
        each = (time.monotonic() - self._began) / done
        left = each * (state.max_steps - state.global_step)
        self._tell(Progress("training", state.global_step, state.max_steps, float(loss), left / 60))

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The checkpoint is whole now."""
        del control
        (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / WHOLE).touch()


class Watching(TrainerCallback):
    """Shows the model at each checkpoint to whoever may want to give it up."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """After the checkpoint was marked as whole."""
        del args, state, control
        self._watch(given["model"])


class Allocating(TrainerCallback):
    """AdaLoRA moves its rank while gradients are still there."""

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Between the optimizer's step and the gradients' end."""
        del args, control
        given["model"].base_model.update_and_allocate(state.global_step + 1)
