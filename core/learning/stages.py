"""One stage of a recipe: rows for its trainer, the weights it may change, and its checkpoints."""

import copy
import json
import math
import shutil
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from peft import PeftModel
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    EarlyStoppingCallback,
    GPT2LMHeadModel,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.integrations.integration_utils import TensorBoardCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.kto_config import KTOConfig

from core.errors import TooLittle
from core.learning import adversarial, guided, levelling, ranked, trainers
from core.learning.augment import augmented
from core.learning.callbacks import WHOLE, Allocating, Telling, Watch, Watching
from core.learning.echoes import echoes_of
from core.learning.examples import Encoded, Examples, Side, encode, weighed
from core.learning.learnable import VIRTUAL, Model, learnable, only_matrices, peft_config
from core.learning.plan import Tell
from core.learning.recipes import STAGES, Method, Stage, StageSettings, TrainingSettings
from core.narrator.tokens import Tokens, read_tokens

CURVES, LOST = "curves.json", "lost.json"
_PREFIX_RATE = 10.0  # times the rate of a LoRA: so few numbers are learnt that they must go far
_DISTILLED = 3.0  # times that the examples are read to learn what the prefix says of them
_LEVELLED = (Method.LORA, Method.FULL)  # AdaLoRA has settled its ranks, a prefix has none
_LEAST_CHECKED = 8  # validation rows; fewer say nothing about when to stop


@dataclass(frozen=True, slots=True)
class Task:
    """What a stage works on."""

    stage: Stage
    examples: Examples
    settings: TrainingSettings
    folder: Path  # of the base
    work: Path
    guide: trainers.Guide | None = None  # of a GUIDED one; None: the ratings' own

    @property
    def how(self) -> StageSettings:
        """The stage's own settings."""
        return STAGES[self.stage]


def run(
    task: Task, plain: GPT2LMHeadModel, lora: Path | None, tell: Tell, watch: Watch
) -> GPT2LMHeadModel:
    """Train; the plain model comes back changed. `lora`: what it holds already, as a folder."""
    task.work.mkdir(parents=True, exist_ok=True)
    set_seed(task.settings.seed)  # new weights are drawn before a trainer would do it
    if task.stage is Stage.ADVERSARIAL:
        given = (task.examples, task.settings, task.how, task.folder)
        return adversarial.compete(*given, plain, task.work, tell)
    tokens, window = read_tokens(task.folder), int(plain.config.n_positions)
    prefix = task.settings.method is Method.PREFIX
    window -= prefix * VIRTUAL
    learnt, checked = _rows(task, lora, tokens, window)
    lesson: guided.Lesson | None = None
    if task.stage is Stage.GUIDED and task.guide is None:
        pupil = guided.Pupil(plain, task.folder, lora, window)
        lesson = guided.lesson(task.examples, task.settings, pupil, task.work, tell)
        task, learnt = replace(task, guide=lesson.guide), trainers.led(lesson.led, lesson.kept)
    if not len(learnt):
        raise TooLittle(f"Nothing was said yet that the recipe's part {task.stage} learns from.")
    if prefix:
        return _by_prefix(task, plain, (learnt, checked), tell, watch)
    trained: Model
    if lesson and task.settings.method in _LEVELLED:
        trained = _levelled(task, plain, (learnt, checked), lesson, lora, tell, watch)
    else:
        trained = _trained(task, plain, (learnt, checked), tell, watch)
    if isinstance(trained, PeftModel):
        trained.merge_and_unload()  # into the plain model, which stands below
    _no_checkpoints(task.work)
    return plain


def _levelled(
    task: Task,
    plain: GPT2LMHeadModel,
    rows: tuple[Dataset, Dataset | None],
    lesson: guided.Lesson,
    lora: Path | None,
    tell: Tell,
    watch: Watch,
) -> Model:
    """Learn, then learn on until as much is said again as before."""
    model = learnable(plain, task.settings, 1)
    levelling.level(
        model,
        levelling.Before(plain, lesson.known, lora, task.work, tell),
        lambda: _trained(task, model, rows, tell, watch),
        lambda nats: _trained(
            _again(task, lesson.guide, nats), model, (rows[0], None), tell, lambda _: None
        ),
    )
    _no_checkpoints(task.work / levelling.MORE)
    return model


def _again(task: Task, guide: trainers.Guide, nats: float) -> Task:
    """The same for a while more, with a guide that moves echoes."""
    work = task.work / levelling.MORE
    work.mkdir(exist_ok=True)
    settings = replace(
        task.settings,
        epochs=levelling.AGAIN * task.settings.epochs,
        minutes=levelling.AGAIN * task.settings.minutes,
        seed=task.settings.seed + 1,
    )
    echoes = replace(echoes_of(read_tokens(task.folder)), nats=nats)
    return replace(task, settings=settings, work=work, guide=replace(guide, echoes=echoes))


def _trained(
    task: Task,
    plain: Model,
    rows: tuple[Dataset, Dataset | None],
    tell: Tell,
    watch: Watch,
) -> Model:
    with warnings.catch_warnings():
        # TRL 1.16 names settings that transformers 5.23 has renamed.
        warnings.simplefilter("ignore", FutureWarning)
        trainer = _trainer(task, plain, *rows, tell)
        trainer.add_callback(Watching(watch))
        model = cast("Model", trainer.model)  # there is one from the start
        if task.settings.method is Method.PREFIX:
            _begin_prefix(model, plain, rows[0])
        trainer.remove_callback(PrinterCallback)  # `tell` says it
        trainer.train(resume_from_checkpoint=_last_whole(task.work))
    # What a killed part of the run logged is in the checkpoint's state as well.
    curves = [entry for entry in trainer.state.log_history if "train_runtime" not in entry]
    (task.work / CURVES).write_text(json.dumps(curves), encoding="utf-8")
    return model


@torch.no_grad()
def _begin_prefix(prefixed: Model, plain: Model, rows: Dataset) -> None:
    """The prefix begins as what the model sees in real words (Li and Liang, 2021)."""
    ids = torch.tensor([rows[0]["prompt_ids"] + rows[0].get("completion_ids", [])])[:, :VIRTUAL]
    ids = ids.repeat(1, -(-VIRTUAL // ids.shape[1]))[:, :VIRTUAL]
    seen = plain(input_ids=ids.to(plain.device), use_cache=True).past_key_values
    parts = [part for layer in seen.layers for part in (layer.keys, layer.values)]
    by_token = torch.stack(parts, 1)[0].permute(2, 0, 1, 3)  # (virtual, 2 layers, heads, width)
    weight = prefixed.get_parameter("prompt_encoder.default.embedding.weight")
    weight.copy_(by_token.reshape(VIRTUAL, -1))


def clear(work: Path) -> None:
    """Away with what only an unfinished stage goes on from."""
    for path in work.glob("*.safetensors"):
        path.unlink()


def _no_checkpoints(work: Path) -> None:
    for path in work.glob("checkpoint-*"):
        shutil.rmtree(path)


def _by_prefix(
    task: Task,
    plain: GPT2LMHeadModel,
    rows: tuple[Dataset, Dataset | None],
    tell: Tell,
    watch: Watch,
) -> GPT2LMHeadModel:
    """Learn a prefix; then a LoRA learns its odds, since the narrator reads no prefixes."""
    half = replace(task.settings, minutes=task.settings.minutes / 2)
    kept, student = task.work / "prefix", copy.deepcopy(plain)
    if not kept.exists():
        prefixed: Any = _trained(replace(task, settings=half), plain, rows, tell, lambda _: None)
        unfinished = kept.with_suffix(".writing")
        prefixed.save_pretrained(str(unfinished))
        unfinished.rename(kept)
        _no_checkpoints(task.work)
        plain = copy.deepcopy(student)
    teacher = PeftModel.from_pretrained(plain, str(kept)).eval()
    plain_settings = replace(half, method=Method.LORA, rate=1.0, epochs=_DISTILLED)
    lesson = replace(
        task,
        stage=Stage.GUIDED,
        settings=plain_settings,
        work=task.work / "distilled",
        guide=trainers.Guide(teacher),
    )
    before = copy.deepcopy(student)
    student = run(lesson, student, None, tell, watch)
    read = _rows(lesson, None, read_tokens(task.folder), int(plain.config.n_positions) - VIRTUAL)
    told = [trainers.apart(teacher, each, read[1] or read[0]) for each in (before, student)]
    (task.work / LOST).write_text(json.dumps(told), encoding="utf-8")
    return student


def _rows(
    task: Task, lora: Path | None, tokens: Tokens, window: int
) -> tuple[Dataset, Dataset | None]:
    """What is learnt, and what says when to stop."""
    if task.stage is Stage.RANKED:
        learnt, checked = ranked.pairs(task.examples, task.settings, task.folder, lora, task.work)
        sides = (Side(pairs=learnt), Side(pairs=checked))
    else:
        train = augmented(task.examples.train, task.settings.augment, task.settings.seed)
        sides = (train, task.examples.validation)
    made = [_dataset(task, side, tokens, window) for side in sides]
    return made[0], made[1] if len(made[1]) >= _LEAST_CHECKED else None


def _dataset(task: Task, side: Side, tokens: Tokens, window: int) -> Dataset:
    def read(prompt: str, text: str) -> Encoded:
        return encode(prompt, text, tokens, window)

    seed = task.settings.seed
    match task.stage:
        case Stage.SFT:
            return trainers.texts(
                [read(row.prompt, row.text) for row in weighed(side.liked, _weight, seed)]
            )
        case Stage.GUIDED:
            return trainers.led([read(row.prompt, row.text) for row in side.judged or side.liked])
        case Stage.KTO:
            return trainers.thumbs(
                [
                    (read(row.prompt, row.text), row.liked)
                    for row in weighed(side.judged, _weight, seed)
                ]
            )
        case _:  # picks, by people or by the discriminator
            return trainers.picks(
                [
                    (read(row.prompt, row.chosen), read(row.prompt, row.rejected))
                    for row in weighed(side.pairs, _weight, seed)
                ]
            )


def _weight(row: Any) -> float:
    return float(row.weight)


def _trainer(
    task: Task, plain: Model, learnt: Dataset, checked: Dataset | None, tell: Tell
) -> Trainer:
    steps = _steps(task, len(learnt))
    common = _common(task, steps, checked=checked is not None)
    peft = peft_config(task.settings, steps)
    tokenizer = trainers.tokenizer_of(task.folder)
    given: dict[str, Any] = {
        "train_dataset": learnt,
        "eval_dataset": checked,
        "processing_class": tokenizer,
        "callbacks": _callbacks(task, tell, checked=checked is not None),
    }
    if peft is None:
        only_matrices(plain, task.settings.matrices)
    match task.stage:
        case Stage.SFT | Stage.GUIDED:
            model = learnable(plain, task.settings, steps)
            args = TrainingArguments(**common, remove_unused_columns=False)
            collator = trainers.TextCollator(tokenizer.pad_token_id)
            return trainers.TextTrainer(
                model=model, args=args, data_collator=collator, guide=task.guide, **given
            )
        case Stage.KTO:
            kto = KTOConfig(
                **common,
                beta=task.settings.beta,
                gradient_checkpointing=False,
                precompute_ref_log_probs=True,
                max_length=None,
                **_balance(learnt),
            )
            return trainers.ThumbsTrainer(model=plain, args=kto, peft_config=peft, **given)
        case _:  # picks, by people or by the discriminator
            dpo = DPOConfig(
                **common,
                beta=task.settings.beta,
                gradient_checkpointing=False,
                precompute_ref_log_probs=True,
                max_length=None,
            )
            return trainers.PicksTrainer(model=plain, args=dpo, peft_config=peft, **given)


def _balance(learnt: Dataset) -> dict[str, Any]:
    """Likes and dislikes count the same in all, however many there are of each."""
    liked = sum(learnt["label"])
    disliked = len(learnt) - liked
    if not liked or not disliked:
        return {}
    return {
        "desirable_weight": min(4.0, max(1.0, disliked / liked)),
        "undesirable_weight": min(4.0, max(1.0, liked / disliked)),
    }


def _steps(task: Task, rows: int) -> int:
    in_an_epoch = math.ceil(rows / (task.how.batch * task.how.accumulate))
    return max(1, round(in_an_epoch * task.how.epochs * task.settings.epochs))


def _common(task: Task, steps: int, *, checked: bool) -> dict[str, Any]:
    """Settings that all trainers share."""
    settings, how = task.settings, task.how
    every = max(1, steps // settings.evaluations)
    prefix_rate = _PREFIX_RATE if settings.method is Method.PREFIX else 1.0
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(task.work),
        "max_steps": steps,
        "per_device_train_batch_size": how.batch,
        "per_device_eval_batch_size": how.batch,
        "gradient_accumulation_steps": how.accumulate,
        "learning_rate": how.rate * settings.rate * prefix_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": math.ceil(settings.warm_up * steps),
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.clip,
        "optim": "adamw_torch",
        "seed": settings.seed,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        "eval_strategy": "steps" if checked else "no",
        "eval_steps": every if checked else None,
        "load_best_model_at_end": checked,
        "metric_for_best_model": "eval_loss" if checked else None,
        "report_to": ["wandb"] if settings.wandb else [],
        "project": settings.wandb or "taleturn",
        "use_cpu": not cuda,
        "bf16": cuda and torch.cuda.is_bf16_supported(),
        "disable_tqdm": True,
    }


def _last_whole(work: Path) -> str | None:
    """The newest checkpoint that was written to its end; a half one is removed."""
    found: list[tuple[int, Path]] = []
    for path in work.glob("checkpoint-*"):
        if (path / WHOLE).exists():
            found.append((int(path.name.rpartition("-")[2]), path))
        else:
            shutil.rmtree(path)
    return str(max(found)[1]) if found else None


def _callbacks(task: Task, tell: Tell, *, checked: bool) -> list[TrainerCallback]:
    writer = SummaryWriter(str(task.work.parent / "tensorboard" / task.work.name))
    board = TensorBoardCallback(writer)  # type: ignore[no-untyped-call] # transformers' own
    found: list[TrainerCallback] = [
        Telling(task.settings.minutes, tell),
        board,
    ]
    if checked:
        found.append(EarlyStoppingCallback(task.settings.patience))
    if task.settings.method is Method.ADALORA:
        found.append(Allocating())
    return found
