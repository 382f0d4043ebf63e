"""Which files are taken for a model, and what is said of the others."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.errors import ModelUnavailable
from core.narrator.loras import read_lora
from core.narrator.weights import read_sizes, read_weights, verify

CPU = torch.device("cpu")
WEIGHTS = "model.safetensors"


@pytest.fixture
def folder(random_model: Path, tmp_path: Path) -> Path:
    """A model's folder to be spoilt."""
    return Path(shutil.copytree(random_model, tmp_path / "model"))


def change_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def test_a_folder_is_read_in_full_precision(folder: Path) -> None:
    change_tensors(folder, lambda found: found.update({k: v.half() for k, v in found.items()}))
    weights = read_weights(folder, CPU)
    assert weights.window == 256
    assert weights.tokens.dtype == torch.float32
    assert weights.parameters == 12 * 2 * 32**2 + 420 * 32


def test_names_without_the_prefix_are_read_too(folder: Path) -> None:
    before = read_weights(folder, CPU)
    tensors = load_file(folder / WEIGHTS)
    bare = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    save_file(bare | {"h.0.attn.bias": torch.ones(1)}, folder / WEIGHTS)
    assert torch.equal(read_weights(folder, CPU).layers[1].widen[0], before.layers[1].widen[0])


def test_a_folder_without_a_model_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"holds no model.*narrator\.model"):
        read_weights(tmp_path, CPU)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "llama"}, "'llama', not a GPT-2"),
        ({"activation_function": "relu"}, "activation 'relu'"),
        ({"vocab_size": 50_257}, "does not fit"),
        ({"n_positions": 512}, "does not fit"),
        ({"n_embd": 64}, "does not fit"),
        ({"n_layer": 3}, "does not fit"),
    ],
)
def test_a_config_of_another_model_is_refused(
    folder: Path, changes: dict[str, object], said: str
) -> None:
    change_config(folder, **changes)
    with pytest.raises(ModelUnavailable, match=said):
        read_weights(folder, CPU)


def test_an_unreadable_config_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelUnavailable, match=r"config\.json cannot be read"):
        read_weights(folder, CPU)


def test_a_matrix_of_the_wrong_shape_is_refused(folder: Path) -> None:
    change_tensors(
        folder, lambda found: found.update({"transformer.h.0.attn.c_attn.weight": torch.ones(2, 2)})
    )
    with pytest.raises(ModelUnavailable, match="c_attn is"):
        read_weights(folder, CPU)


def test_a_pickle_is_never_read(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="Only safetensors are read"):
        read_weights(folder, CPU)


@pytest.mark.parametrize("kept", [0, 5, 1000, -100])
def test_a_truncated_file_is_refused_with_its_name(folder: Path, kept: int) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:kept])
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors is broken or only partly"):
        read_weights(folder, CPU)


def test_numbers_that_are_none_are_refused(folder: Path) -> None:
    change_tensors(folder, lambda found: found["transformer.ln_f.bias"].fill_(torch.nan))
    with pytest.raises(ModelUnavailable, match=r"NaN\) in transformer\.ln_f\.bias"):
        read_weights(folder, CPU)


def test_files_are_checked_against_their_sums(folder: Path) -> None:
    sums = "".join(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in (WEIGHTS, "config.json")
    )
    (folder / "SHA256SUMS").write_text(sums)
    verify(folder)
    change_config(folder, n_layer=1)
    with pytest.raises(ModelUnavailable, match=r"config\.json is not the file it should be"):
        verify(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ModelUnavailable, match=r"config\.json is missing"):
        verify(folder)


def lora(folder: Path, tensors: dict[str, torch.Tensor], **config: object) -> Path:
    folder.mkdir()
    described = {"peft_type": "LORA", "lora_alpha": 4} | config
    (folder / "adapter_config.json").write_text(json.dumps(described))
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


NAME = "base_model.model.transformer.h.0.attn.c_attn"


def test_a_folder_without_a_lora_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="holds no LoRA"):
        read_lora(tmp_path, *read_sizes(folder))


@pytest.mark.parametrize(
    ("tensors", "config", "said"),
    [
        ({}, {"peft_type": "IA3"}, "something else than a plain LoRA"),
        ({f"{NAME}.lora_A.weight": torch.ones(2, 32)}, {}, "has no match"),
        (
            {
                "base_model.model.model.q_proj.lora_A.weight": torch.ones(2, 32),
                "base_model.model.model.q_proj.lora_B.weight": torch.ones(32, 2),
            },
            {},
            "has no match",
        ),
        ({f"{NAME}.lora_A.weight": torch.full((2, 32), torch.nan)}, {}, "NaN"),
    ],
    ids=("kind", "half", "base", "nan"),
)
def test_a_broken_lora_is_refused(
    folder: Path,
    tmp_path: Path,
    tensors: dict[str, torch.Tensor],
    config: dict[str, object],
    said: str,
) -> None:
    with pytest.raises(ModelUnavailable, match=said):
        read_lora(lora(tmp_path / "lora", tensors, **config), *read_sizes(folder))
