"""What training changed, as a plain LoRA: the one form that the narrator reads.

Whatever was trained (LoRA, AdaLoRA, prefix, all matrices), its change to each matrix is factored
by singular values. A folder is written whole or not at all.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from peft import LoraConfig
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import pad
from transformers import GPT2LMHeadModel

from core.errors import LearningError
from core.learning.bundle import SUMS
from core.learning.whole import take_place
from core.narrator.loras import PARTS

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_KEPT = 0.9999  # of a change's energy; the rest is rounding, or noise of a full fine-tune
_LEAST = 1e-12  # energy of a matrix that did not change at all

Change = Mapping[str, Tensor]  # matrix, as in "h.0.attn.c_attn" -> what is added to it, (in, out)
Factors = Mapping[str, tuple[Tensor, Tensor]]  # the same as (rank, in), (out, rank)


def matrices(model: GPT2LMHeadModel) -> dict[str, Tensor]:
    """The weights that a LoRA may change: (in, out) each."""
    return {
        f"h.{at}.{target}": model.get_parameter(f"transformer.h.{at}.{target}.weight").detach()
        for at in range(model.config.n_layer)
        for target in PARTS
    }


def change(before: Mapping[str, Tensor], model: GPT2LMHeadModel) -> Change:
    """What was added to each matrix."""
    return {
        name: (now.cpu().float() - before[name].cpu().float())
        for name, now in matrices(model).items()
    }


@torch.no_grad()
def apply(added: Change, model: GPT2LMHeadModel, strength: float = 1.0) -> None:
    """Add a change to a model's matrices."""
    for name, weight in matrices(model).items():
        if name in added:
            weight.add_(added[name].to(weight), alpha=strength)


def read_change(folder: Path) -> Change:
    """The change that a LoRA's folder holds."""
    return {key: (up @ down).t() for key, (down, up) in read_factors(folder).items()}


def read_factors(folder: Path) -> Factors:
    """The same, as it is kept."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    found: dict[str, dict[str, Tensor]] = {}
    for name, part in load_file(folder / WEIGHTS).items():
        target, _, kind = name.partition(".lora_")
        key = target.removeprefix("base_model.model.").removeprefix("transformer.")
        found.setdefault(key, {})[kind[0]] = part.float()
    strength = config["lora_alpha"] / config["r"]
    return {key: (pair["A"], strength * pair["B"]) for key, pair in found.items()}


def write_lora(added: Change, folder: Path, *, base: Path, also: Factors | None = None) -> int:
    """The change as a folder with a LoRA, its settings and hashes; its rank comes back.

    `also`: factors that are kept as they are. A matrix that no block changes is left out.
    """
    factors = {name: _factored(part) for name, part in added.items()} | dict(also or {})
    rank = max(1, *(len(down) for down, _ in factors.values()))
    kinds = [
        kind
        for kind in PARTS
        if any(len(down) for name, (down, _) in factors.items() if name.endswith(kind))
    ] or list(PARTS)
    parts = {}
    for name, (down, up) in factors.items():
        if name.endswith(tuple(kinds)):
            missing = rank - len(down)
            key = f"base_model.model.transformer.{name}"
            parts[f"{key}.lora_A.weight"] = pad(down, (0, 0, 0, missing)).contiguous()
            parts[f"{key}.lora_B.weight"] = pad(up, (0, missing)).contiguous()
    unfinished = folder.with_name(folder.name + ".writing")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    save_file(parts, unfinished / WEIGHTS)
    _config(rank, base, kinds).save_pretrained(str(unfinished))
    _sum(unfinished)
    take_place(unfinished, folder)
    return rank


def digest(path: Path) -> str:
    """A file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _factored(part: Tensor) -> tuple[Tensor, Tensor]:
    """As few singular vectors as hold the change: (rank, in), (out, rank)."""
    if not part.isfinite().all():
        raise LearningError(
            "The training has run away: what it changed is no number (NaN). Lower its rate."
        )
    left, scale, right = torch.linalg.svd(part.double(), full_matrices=False)
    energy = scale.square().cumsum(0)
    rank = 0
    if energy[-1] > _LEAST:
        rank = int((energy < _KEPT * energy[-1]).sum()) + 1
    root = scale[:rank].sqrt()
    return (left[:, :rank] * root).t().float(), (root[:, None] * right[:rank]).t().float()


def _config(rank: int, base: Path, kinds: Sequence[str]) -> LoraConfig:
    return LoraConfig(
        r=rank,
        lora_alpha=rank,
        target_modules=list(kinds),
        fan_in_fan_out=True,  # GPT-2 keeps its matrices the other way round
        task_type="CAUSAL_LM",
        inference_mode=True,
        base_model_name_or_path=base.name,
        revision=digest(base / "model.safetensors"),  # a LoRA for other weights is refused by it
    )


def _sum(folder: Path) -> None:
    """Hashes of both files, as the narrator checks them; all on the disk before the rename."""
    lines = [f"{digest(folder / name)}  {name}\n" for name in (WEIGHTS, CONFIG)]
    (folder / SUMS).write_text("".join(lines))
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
