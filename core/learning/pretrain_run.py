"""A pretraining run: what decides it, how far it is, and checkpoints that a kill cannot spoil."""

import math
import os
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerBase

from core.learning.muon import Muon
from core.learning.tokenizer import END_OF_TEXT_ID


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """Everything that decides what comes out, but the text itself."""

    corpus: Path  # folder with the packs
    out: Path  # folder for checkpoints, tokenizer and the finished model
    base: Path | None = None  # a larger GPT-2 that learns the headings as a LoRA; None: a new model
    start: Path | None = None  # a starter whose weights and tokenizer to begin with
    minutes: float = 90.0  # of training; the learning rate falls to its end by then
    tokens: int = 0  # read in all, instead of the minutes; 0: the clock decides
    seed: int = 1963
    vocabulary: int = 4096
    width: int = 256
    layers: int = 6
    heads: int = 8
    tied: bool = True  # the words are written with the numbers they are read with
    window: int = 512  # tokens
    dropout: float = 0.0  # helps only when text repeats more often than here
    rows: int = 6  # rows in a micro-batch
    accumulate: int = 2  # micro-batches in a step: Muon is dear, so its steps are large
    muon_rate: float = 0.02  # 0: AdamW for the matrices too
    adam_rate: float = 3e-3
    lora_rate: float = 5e-4
    lora_rank: int = 16
    weight_decay: float = 0.05
    warm_up: float = 0.02  # share of the run
    flat_until: float = 0.45  # share of the run; then the rate falls in a straight line
    averaging: float = 0.99  # how much of the averaged weights stays at each step
    tokenizer_documents: int = 8000  # documents that the tokenizer is trained on
    checkpoint_minutes: float = 4.0
    validate_minutes: float = 8.0
    validation_stories: int = 40  # a pack, at most
    patience: int = 8  # validations without any improvement that end the run early
    bf16: bool | None = None  # mixed precision; None: if this machine multiplies it faster
    compiled: bool = True  # torch.compile; takes a minute, then a step is a third faster


def going_on(settings: PretrainSettings, start: Path) -> PretrainSettings:
    """The same from an earlier starter's weights: rates that are high for long unlearn more."""
    gentler = {"muon_rate": 0.015, "adam_rate": 2.2e-3, "flat_until": 0.1}
    return replace(settings, start=start, **gentler)  # type: ignore[arg-type] # all are floats


@dataclass(slots=True)
class Progress:
    """How far a run is; saved with every checkpoint."""

    step: int = 0
    tokens: int = 0
    elapsed: float = 0.0  # seconds of training, all parts of the run together
    best: float = math.inf  # bits per character, mean of the packs
    stale: int = 0  # validations since the best
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(slots=True)
class Run:
    """The moving parts of a run."""

    settings: PretrainSettings
    tokenizer: PreTrainedTokenizerBase
    model: GPT2LMHeadModel
    average: dict[str, Tensor]
    optimizers: tuple[torch.optim.Optimizer, ...]
    device: torch.device
    precision: torch.dtype  # of matrix products; the weights themselves are float32
    progress: Progress

    @property
    def window(self) -> int:
        """Tokens in a row."""
        return min(self.settings.window, int(self.model.config.n_positions))

    @property
    def learning(self) -> dict[str, torch.nn.Parameter]:
        """The weights that are trained: all of a new model, only the LoRA of another."""
        named = self.model.named_parameters()
        return {name: weight for name, weight in named if weight.requires_grad}

    @property
    def done(self) -> float:
        """How much of the run's time, or of its tokens, is gone: 0 to 1."""
        if self.settings.tokens:
            return min(1.0, self.progress.tokens / self.settings.tokens)
        return min(1.0, self.progress.elapsed / (60 * self.settings.minutes))


def begin(settings: PretrainSettings, tokenizer: PreTrainedTokenizerBase) -> Run:
    """A run at its first step, on a GPU if there is one."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    half = bf16_is_faster(device) if settings.bf16 is None else settings.bf16
    precision = torch.bfloat16 if half else torch.float32
    model = _first_weights(settings, len(tokenizer))
    torch.nn.Module.to(model, device)
    run = Run(settings, tokenizer, model, {}, (), device, precision, Progress())
    run.average = {name: weight.detach().clone() for name, weight in run.learning.items()}
    run.optimizers = _optimizers(run)
    for optimizer in run.optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return run


def _first_weights(settings: PretrainSettings, vocabulary: int) -> GPT2LMHeadModel:
    if settings.base:
        return _with_lora(settings)
    if settings.start:
        return GPT2LMHeadModel.from_pretrained(
            settings.start, dtype=torch.float32, use_cache=False, use_safetensors=True
        )
    return _model(settings, vocabulary)


def bf16_is_faster(device: torch.device) -> bool:
    """Measured, since CPUs differ: with AVX512-BF16 twice as fast, without it many times slower."""
    seconds = {}
    for precision in (torch.float32, torch.bfloat16):
        left = torch.ones(2048, 256, dtype=precision, device=device)
        right = torch.ones(256, 1024, dtype=precision, device=device)
        best = math.inf
        for _ in range(5):
            start = time.perf_counter()
            float((left @ right)[0, 0])  # reading a value waits for a GPU
            best = min(best, time.perf_counter() - start)
        seconds[precision] = best
    return device.type == "cuda" or seconds[torch.bfloat16] < 0.8 * seconds[torch.float32]


def _model(settings: PretrainSettings, vocabulary: int) -> GPT2LMHeadModel:
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=settings.window,
        n_embd=settings.width,
        n_layer=settings.layers,
        n_head=settings.heads,
        resid_pdrop=settings.dropout,
        embd_pdrop=settings.dropout,
        attn_pdrop=settings.dropout,
        bos_token_id=END_OF_TEXT_ID,
        eos_token_id=END_OF_TEXT_ID,
        tie_word_embeddings=settings.tied,
        use_cache=False,
    )
    model = GPT2LMHeadModel(config)
    for name, weight in model.named_parameters():
        if name.endswith("c_proj.weight"):  # blocks begin as nothing and learn what to add
            torch.nn.init.zeros_(weight)
    return model


def _with_lora(settings: PretrainSettings) -> GPT2LMHeadModel:
    model = GPT2LMHeadModel.from_pretrained(settings.base, dtype=torch.float32, use_cache=False)
    model.add_adapter(
        LoraConfig(
            r=settings.lora_rank,
            lora_alpha=2 * settings.lora_rank,
            target_modules=["c_attn", "c_proj", "c_fc"],
            fan_in_fan_out=True,  # GPT-2 keeps its matrices the other way round
            task_type="CAUSAL_LM",
        )
    )
    return model


def _optimizers(run: Run) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the matrices of the blocks, AdamW for embeddings, norms and biases, or a LoRA."""
    settings = run.settings
    if settings.base:
        return (torch.optim.AdamW(run.learning.values(), lr=settings.lora_rate, weight_decay=0.0),)
    betas = (0.9, 0.95)
    if not settings.muon_rate:
        return (
            torch.optim.AdamW(
                run.learning.values(),
                lr=settings.adam_rate,
                betas=betas,
                weight_decay=settings.weight_decay,
            ),
        )
    matrices: list[Tensor] = []
    thirds: list[Tensor] = []
    others: list[Tensor] = []
    for name, weight in run.learning.items():
        if ".h." not in name or weight.dim() == 1:
            others.append(weight)
        elif "c_attn" in name:
            thirds.append(weight)
        else:
            matrices.append(weight)
    muon = Muon(
        matrices,
        thirds,
        lr=settings.muon_rate,
        weight_decay=settings.weight_decay,
        precision=run.precision,
    )
    adam = torch.optim.AdamW(others, lr=settings.adam_rate, betas=betas, weight_decay=0.0)
    return muon, adam


def save(run: Run, path: Path) -> None:
    """A checkpoint, whole or not at all: a kill leaves the one before."""
    state: dict[str, Any] = {
        "settings": {name: str(value) for name, value in asdict(run.settings).items()},
        "model": run.learning,
        "average": run.average,
        "optimizers": [optimizer.state_dict() for optimizer in run.optimizers],
        "random": torch.get_rng_state(),
        "progress": asdict(run.progress),
    }
    unfinished = path.with_suffix(".writing")
    with unfinished.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def restore(run: Run, path: Path) -> None:
    """The run as it was when the checkpoint was written."""
    state = torch.load(path, map_location=run.device, weights_only=True)
    run.model.load_state_dict(state["model"], strict=False)  # of a LoRA's run it holds the LoRA
    for name, tensor in state["average"].items():
        run.average[name].copy_(tensor)
    for optimizer, saved in zip(run.optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    torch.set_rng_state(state["random"].cpu())
    run.progress = Progress(**state["progress"])
