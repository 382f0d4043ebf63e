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
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from core.errors import ModelUnavailable
from core.narrator.loras import PARTS, SUMS, Lora, verify_sums

__all__ = ["SUMS", "Layer", "Weights", "read_sizes", "read_weights", "verify"]
_ACTIVATIONS = {"gelu_new": "tanh", "gelu_pytorch_tanh": "tanh", "gelu": "none"}


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

    def part(self, name: str) -> tuple[Tensor, Tensor]:
        """A matrix and its bias by the name that `transformers` gives it."""
        pairs = (self.attend, self.attended, self.widen, self.narrow)
        return dict(zip(PARTS, pairs, strict=True))[name]


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


def read_weights(
    folder: Path,
    device: torch.device,
    lora: Lora | None = None,
    dtype: torch.dtype = torch.float32,
) -> Weights:
    """The model of a folder, a LoRA merged. Raises ModelUnavailable with file and remedy."""
    config = _config(folder)
    tensors = _tensors(folder / "model.safetensors")
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    for name, (down, up) in lora.parts.items() if lora else ():
        tensors[f"{name}.weight"] = tensors[f"{name}.weight"].float() + down @ up
    try:
        weights = _weights(config, tensors, device, dtype)
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelUnavailable(
            f"{folder / 'model.safetensors'} does not fit its config.json: {error!r}. "
            "Save model and config together again."
        ) from error
    return weights


def read_sizes(folder: Path) -> tuple[dict[str, tuple[int, ...]], str]:
    """The sizes of a model's tensors, and the SHA-256 of its file."""
    path = folder / "model.safetensors"
    with safe_open(path, "pt") as found:
        sizes = {
            name.removeprefix("transformer."): tuple(found.get_slice(name).get_shape())
            for name in found.keys()  # noqa: SIM118 - no mapping, only a method of that name
        }
    return sizes, hashlib.sha256(path.read_bytes()).hexdigest()


def verify(folder: Path) -> None:
    """Check the files of a folder against its SHA256SUMS. Raises ModelUnavailable."""
    if wrong := verify_sums(folder):
        raise ModelUnavailable(f"{wrong} Install Taleturn again.")


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


def _weights(
    config: dict[str, Any],
    tensors: dict[str, Tensor],
    device: torch.device,
    dtype: torch.dtype,
) -> Weights:
    def get(name: str) -> Tensor:
        return tensors[name].to(device, dtype).contiguous()

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
