"""The weights of a GPT-2 from its folder, with a LoRA merged into them; refused if broken.

Only safetensors are read: a pickle could run anything.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from core.errors import LoraRefused, ModelUnavailable

SUMS = "SHA256SUMS"
_ACTIVATIONS = {"gelu_new": "tanh", "gelu_pytorch_tanh": "tanh", "gelu": "none"}
_LORA_KEYS = ("lora_A", "lora_B")


@dataclass(frozen=True, slots=True)
class Layer:
    """One block. Matrices are (in, out), as GPT-2's Conv1D keeps them."""

    norm_1: tuple[Tensor, Tensor]
    attend: tuple[Tensor, Tensor]  # width -> 3 * width
    attended: tuple[Tensor, Tensor]
    norm_2: tuple[Tensor, Tensor]
    widen: tuple[Tensor, Tensor]
    narrow: tuple[Tensor, Tensor]
    scale: float  # of the attention's scores


@dataclass(frozen=True, slots=True)
class Weights:
    """A GPT-2, ready to be run."""

    tokens: Tensor  # (vocabulary, width)
    places: Tensor  # (window, width)
    layers: tuple[Layer, ...]
    norm: tuple[Tensor, Tensor]
    head: Tensor  # (width, vocabulary)
    heads: int
    epsilon: float
    gelu: str

    @property
    def window(self) -> int:
        """The tokens it can see at once."""
        return self.places.shape[0]

    @property
    def parameters(self) -> int:
        """How many numbers it holds, counted by the blocks and the vocabulary."""
        width = self.tokens.shape[1]
        return 12 * len(self.layers) * width**2 + self.tokens.numel()


def read_weights(folder: Path, device: torch.device, lora: Path | None = None) -> Weights:
    """The model of a folder. Raises ModelUnavailable with the file and the remedy."""
    config = _config(folder)
    tensors = _tensors(folder / "model.safetensors")
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    if lora:
        _merge(lora, tensors)
    try:
        weights = _weights(config, tensors, device)
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(
            f"{folder / 'model.safetensors'} does not fit its config.json: {error!r}. "
            "Save model and config together again."
        ) from error
    return weights


def verify(folder: Path) -> None:
    """Check the files of a folder against its SHA256SUMS."""
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            raise ModelUnavailable(f"{path} is missing. Install Taleturn again.")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise ModelUnavailable(
                f"{path} is not the file it should be (its SHA-256 differs from {SUMS}): it was "
                "changed or only partly copied. Copy it again."
            )


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelUnavailable(
            f"{folder} holds no model: config.json is missing. Set narrator.model to the folder "
            "of a GPT-2, or to a name on the hub."
        ) from None
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{path} cannot be read: {error}") from error
    if config.get("model_type") != "gpt2":
        raise ModelUnavailable(f"{path} describes a {config.get('model_type')!r}, not a GPT-2.")
    if config.get("activation_function", "gelu_new") not in _ACTIVATIONS:
        raise ModelUnavailable(
            f"{path} asks for the activation {config['activation_function']!r}; "
            f"known are {', '.join(_ACTIVATIONS)}."
        )
    return config


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise ModelUnavailable(
            f"{path} is missing. Only safetensors are read: save the model with "
            "`save_pretrained`, which writes them."
        ) from None
    except (OSError, SafetensorError) as error:
        raise ModelUnavailable(
            f"{path} is broken or only partly copied ({error}). Copy it again."
        ) from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ModelUnavailable(f"{path} holds numbers that are none (NaN) in {name}.")
    return tensors


def _weights(config: dict[str, Any], tensors: dict[str, Tensor], device: torch.device) -> Weights:
    def get(name: str) -> Tensor:
        return tensors[name].to(device, torch.float32).contiguous()

    def pair(name: str) -> tuple[Tensor, Tensor]:
        return get(f"{name}.weight"), get(f"{name}.bias")

    width = config["n_embd"] // config["n_head"]
    scale = 1 / math.sqrt(width) if config.get("scale_attn_weights", True) else 1.0
    by_layer = config.get("scale_attn_by_inverse_layer_idx", False)
    layers = tuple(
        Layer(
            norm_1=pair(f"h.{at}.ln_1"),
            attend=pair(f"h.{at}.attn.c_attn"),
            attended=pair(f"h.{at}.attn.c_proj"),
            norm_2=pair(f"h.{at}.ln_2"),
            widen=pair(f"h.{at}.mlp.c_fc"),
            narrow=pair(f"h.{at}.mlp.c_proj"),
            scale=scale / (at + 1) if by_layer else scale,
        )
        for at in range(config["n_layer"])
    )
    words = get("wte.weight")
    head = get("lm_head.weight") if "lm_head.weight" in tensors else words
    weights = Weights(
        tokens=words,
        places=get("wpe.weight"),
        layers=layers,
        norm=pair("ln_f"),
        head=head.t(),
        heads=config["n_head"],
        epsilon=config.get("layer_norm_epsilon", 1e-5),
        gelu=_ACTIVATIONS[config.get("activation_function", "gelu_new")],
    )
    _check_shapes(config, weights)
    return weights


def _check_shapes(config: dict[str, Any], weights: Weights) -> None:
    width = config["n_embd"]
    if weights.tokens.shape != (config["vocab_size"], width):
        raise ValueError(f"wte is {tuple(weights.tokens.shape)}")
    if weights.places.shape != (config["n_positions"], width):
        raise ValueError(f"wpe is {tuple(weights.places.shape)}")
    for layer in weights.layers:
        if layer.attend[0].shape != (width, 3 * width):
            raise ValueError(f"c_attn is {tuple(layer.attend[0].shape)}")


def _merge(lora: Path, tensors: dict[str, Tensor]) -> None:
    """Add a LoRA's low-rank products to the matrices they were trained for (Hu et al., 2021)."""
    path = lora / "adapter_config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LoraRefused(f"{lora} holds no LoRA: {path.name}: {error}") from error
    if config.get("peft_type") != "LORA" or config.get("use_dora"):
        raise LoraRefused(f"{path} describes something else than a plain LoRA.")
    file = lora / "adapter_model.safetensors"
    try:
        parts = _tensors(file)
    except ModelUnavailable as error:
        raise LoraRefused(str(error)) from error
    pairs: dict[str, dict[str, Tensor]] = {}
    for name, tensor in parts.items():
        target, _, rest = name.removeprefix("base_model.model.").partition(".lora_")
        kind = f"lora_{rest.removesuffix('.weight')}"
        if kind not in _LORA_KEYS:
            raise LoraRefused(f"{file} holds {name}, which no plain LoRA has.")
        pairs.setdefault(target.removeprefix("transformer."), {})[kind] = tensor
    for target, pair in pairs.items():
        _add(file, tensors, target, pair, config)


def _add(
    file: Path,
    tensors: dict[str, Tensor],
    target: str,
    pair: dict[str, Tensor],
    config: dict[str, Any],
) -> None:
    weight = tensors.get(f"{target}.weight")
    down, up = (pair.get(kind) for kind in _LORA_KEYS)  # (rank, in), (out, rank)
    if weight is None or down is None or up is None:
        raise LoraRefused(f"{file} was made for another model: {target} has no match.")
    if weight.shape != (down.shape[1], up.shape[0]):
        raise LoraRefused(
            f"{file} was made for another model: {target} is {tuple(weight.shape)} here, and "
            f"{(down.shape[1], up.shape[0])} there."
        )
    rank = down.shape[0]
    strength = config["lora_alpha"] / (math.sqrt(rank) if config.get("use_rslora") else rank)
    tensors[f"{target}.weight"] = weight.float() + strength * (up.float() @ down.float()).t()
