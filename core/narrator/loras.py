"""LoRAs: low-rank changes of a model's matrices (Hu et al., 2021), in folders as PEFT writes them.

One can be merged into the weights; many others can be mixed in one batch, a row each.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from core.errors import LoraRefused

SUMS = "SHA256SUMS"
_CONFIG, _FILE = "adapter_config.json", "adapter_model.safetensors"
_KEYS = ("lora_A", "lora_B")
_HASH_LENGTH = 64
_ROUNDING = 1e-4  # of two LoRAs' sizes: what differs less is the same, rounded twice
# The matrices of a block that can differ from row to row, as `transformers` calls them.
PARTS = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
# Those that a LoRA changes where nobody says which, as PEFT has it for a GPT-2.
USUAL = PARTS[:1]


@dataclass(frozen=True, slots=True, eq=False)
class Lora:
    """What a LoRA adds to each matrix: x @ down @ up; its strength is in `up` already."""

    name: str
    parts: Mapping[str, tuple[Tensor, Tensor]]  # "h.0.attn.c_attn": (in, rank), (rank, out)

    @property
    def rank(self) -> int:
        """The greatest rank of its parts."""
        return max((down.shape[1] for down, _ in self.parts.values()), default=0)

    def in_place_of(self, merged: "Lora | None") -> "Lora":
        """What is to be added to a model with another one merged, to have this one instead.

        Where both do the same, as where a group's own began with everybody's, nothing is.
        """
        if merged is None:
            return self
        parts = dict(self.parts)
        for name, (down, up) in merged.parts.items():
            if name in parts:
                own = parts[name]
                whole = _shortened(torch.cat((own[0], down), 1), torch.cat((own[1], -up)))
                if whole is None:
                    del parts[name]
                else:
                    parts[name] = whole
            else:
                parts[name] = (down, -up)
        return Lora(self.name, parts)


def _shortened(down: Tensor, up: Tensor) -> tuple[Tensor, Tensor] | None:
    """The same product with no more ranks than it has, but for rounding; None if it is zero."""
    if not (down.isfinite().all() and up.isfinite().all()):
        return down, up  # what is broken stays so
    left, lower = torch.linalg.qr(down)
    right, upper = torch.linalg.qr(up.T)
    turned, scale, turned_too = torch.linalg.svd(lower @ upper.T)
    rank = int((scale > _ROUNDING * lower.norm() * upper.norm()).sum())
    if not rank:
        return None
    root = scale[:rank].sqrt()
    return left @ turned[:, :rank] * root, root[:, None] * turned_too[:rank] @ right.T


class Mix:
    """Several LoRAs beside each other, so that every row of a batch takes its own."""

    def __init__(self, loras: Sequence[Lora]) -> None:
        self.loras = tuple(loras)
        self._ranks = [lora.rank for lora in loras]
        self.rank = sum(self._ranks)
        names = {name for lora in loras for name in lora.parts}
        # What of a block differs from row to row: all, if any LoRA has more than is usual.
        self.kinds = USUAL if all(name.endswith(USUAL) for name in names) else PARTS
        self._numbers = {lora: at for at, lora in enumerate(self.loras, 1)}
        self._takes = torch.zeros(len(self.loras) + 1, self.rank)  # the first one takes none
        start = 0
        for number, rank in enumerate(self._ranks, 1):
            self._takes[number, start : start + rank] = 1
            start += rank

    def stacked(self, name: str, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """One matrix' parts side by side, (in, rank) and (rank, out); `size` is (in, out)."""
        pairs = [
            _filled_up(lora.parts.get(name), rank, size)
            for lora, rank in zip(self.loras, self._ranks, strict=True)
        ]
        return torch.cat([down for down, _ in pairs], 1), torch.cat([up for _, up in pairs])

    def rows(self, loras: Sequence[Lora | None]) -> Tensor:
        """What each row takes of the mix: ones for its own ranks, (rows, rank).

        Who has none takes nothing, and neither does who has one that is not in it.
        """
        return self._takes[[self._numbers.get(lora, 0) if lora else 0 for lora in loras]]


def _filled_up(
    pair: tuple[Tensor, Tensor] | None, rank: int, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """A matrix' parts with as many ranks as its LoRA has anywhere."""
    down, up = pair or (torch.zeros(size[0], 0), torch.zeros(0, size[1]))
    missing = rank - down.shape[1]
    if not missing:
        return down, up
    return (
        torch.cat((down, torch.zeros(size[0], missing)), 1),
        torch.cat((up, torch.zeros(missing, size[1]))),
    )


def verify_sums(folder: Path) -> str:
    """What is wrong with the files of a folder by its SHA256SUMS; empty if nothing is."""
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            return f"{path} is missing."
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            return (
                f"{path} is not the file it should be (its SHA-256 differs from {SUMS}): it was "
                "changed or only partly copied."
            )
    return ""


def read_lora(folder: Path, sizes: Mapping[str, tuple[int, ...]], base: str = "") -> Lora:
    """The LoRA of a folder, for a model with matrices of these sizes. Raises LoraRefused.

    `base`: the SHA-256 of the model's file, for a LoRA that says which one it was made for.
    """
    config = _config(folder)
    if (folder / SUMS).exists() and (wrong := verify_sums(folder)):
        raise LoraRefused(f"{wrong} Train or copy the LoRA again.")
    made_for = config.get("revision") or ""
    if base and len(made_for) == _HASH_LENGTH and made_for != base:
        raise LoraRefused(f"{folder} was made for another model: for the one with hash {made_for}.")
    file = folder / _FILE
    parts = {}
    for target, pair in _pairs(file).items():
        down, up = (pair.get(kind) for kind in _KEYS)  # (rank, in), (out, rank)
        size = sizes.get(f"{target}.weight")
        if size is None or down is None or up is None:
            raise LoraRefused(f"{file} was made for another model: {target} has no match.")
        if size != (down.shape[1], up.shape[0]) or down.shape[0] != up.shape[1]:
            raise LoraRefused(
                f"{file} was made for another model: {target} is {tuple(size)} here, and "
                f"{(down.shape[1], up.shape[0])} there."
            )
        rank = down.shape[0]
        strength = config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
        parts[target] = (down.float().t().contiguous(), strength * up.float().t().contiguous())
    return Lora(folder.name, parts)


def _config(folder: Path) -> dict[str, Any]:
    path = folder / _CONFIG
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LoraRefused(f"{folder} holds no LoRA: {path.name}: {error}") from error
    if config.get("peft_type") != "LORA" or config.get("use_dora"):
        raise LoraRefused(f"{path} describes something else than a plain LoRA.")
    return config


def _pairs(file: Path) -> dict[str, dict[str, Tensor]]:
    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise LoraRefused(f"{file} is missing, broken or only partly copied ({error}).") from error
    pairs: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise LoraRefused(f"{file} holds numbers that are none (NaN) in {name}.")
        target, _, rest = name.removeprefix("base_model.model.").partition(".lora_")
        kind = f"lora_{rest.removesuffix('.weight')}"
        if kind not in _KEYS:
            raise LoraRefused(f"{file} holds {name}, which no plain LoRA has.")
        pairs.setdefault(target.removeprefix("transformer."), {})[kind] = tensor
    return pairs
