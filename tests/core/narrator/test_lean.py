"""The lean forward pass computes what transformers computes, and a merged LoRA what peft does."""

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from core.errors import ModelUnavailable
from core.narrator.lean import Lean
from core.narrator.weights import read_weights

pytestmark = pytest.mark.filterwarnings(  # peft asks transformers by an old name
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
CPU = torch.device("cpu")
TEXTS = [[5, 9, 2, 30, 7, 7, 1], [8], [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], [2, 7, 1, 8]]


def model(**changes: Any) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=50, n_positions=32, n_embd=24, n_layer=3, n_head=4, **changes)
    made = GPT2LMHeadModel(config)
    made.eval()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return made


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    model().save_pretrained(folder)
    return folder


def logits_of(whole: GPT2LMHeadModel, ids: list[int]) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = whole(torch.tensor([ids])).logits[0]
    return logits


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tie_word_embeddings": False},
        {"activation_function": "gelu"},
        {"scale_attn_by_inverse_layer_idx": True},
        {"scale_attn_weights": False},
        {"n_inner": 40},
    ],
    ids=str,
)
def test_reading_gives_the_logits_of_transformers(tmp_path: Path, changes: dict[str, Any]) -> None:
    whole = model(**changes)
    whole.save_pretrained(tmp_path)
    lean = Lean(read_weights(tmp_path, CPU), 2)
    for ids in TEXTS:
        with torch.inference_mode():
            logits = lean.logits(lean.read(1, torch.tensor(ids), 0))
        torch.testing.assert_close(logits, logits_of(whole, ids), atol=1e-4, rtol=1e-4)


def test_a_text_read_in_parts_gives_the_same(saved: Path) -> None:
    lean = Lean(read_weights(saved, CPU), 1)
    ids = TEXTS[2]
    with torch.inference_mode():
        parts = [lean.read(0, torch.tensor(ids[a:b]), a) for a, b in ((0, 5), (5, 6), (6, 12))]
        logits = lean.logits(torch.cat(parts))
    torch.testing.assert_close(logits, logits_of(model(), ids), atol=1e-4, rtol=1e-4)


def test_texts_of_all_lengths_are_written_side_by_side(saved: Path) -> None:
    lean = Lean(read_weights(saved, CPU), len(TEXTS))
    logits = torch.empty(0)
    with torch.inference_mode():
        for slot, ids in enumerate(TEXTS):
            lean.read(slot, torch.tensor(ids), 0)
        lengths = [len(ids) for ids in TEXTS]
        for added in ([1, 2, 3, 4], [9, 9, 9, 9]):
            logits = lean.step(torch.tensor(added), torch.tensor(lengths), max(lengths) + 1)
            lengths = [length + 1 for length in lengths]
            for ids, token in zip(TEXTS, added, strict=True):
                ids.append(token)
    for slot, ids in enumerate(TEXTS):
        torch.testing.assert_close(logits[slot], logits_of(model(), ids)[-1], atol=1e-4, rtol=1e-4)
    for ids in TEXTS:
        del ids[-2:]


def test_what_was_read_can_be_moved_taken_out_and_put_in(saved: Path) -> None:
    lean = Lean(read_weights(saved, CPU), 3)
    ids = TEXTS[2]
    count = len(ids) - 1
    with torch.inference_mode():
        lean.read(0, torch.tensor(ids[:-1]), 0)
        lean.copy(0, 2, count)
        kept = lean.take_out(2, count)
        lean.clear(2)
        lean.put_in(1, kept, count)
        logits = lean.logits(lean.read(1, torch.tensor(ids[-1:]), count))
    torch.testing.assert_close(logits[0], logits_of(model(), ids)[-1], atol=1e-4, rtol=1e-4)
    assert not lean.keys[:, 2].any()
    assert lean.bytes_a_token * lean.slots * 32 == 2 * lean.keys.numel() * 4


def test_a_text_that_left_no_numbers_is_found_out(saved: Path) -> None:
    lean = Lean(read_weights(saved, CPU), 2)
    lean.read(0, torch.tensor(TEXTS[0]), 0)
    assert lean.is_sound(0, 7)
    lean.values[1, 0, 2, 5] = torch.nan
    assert not lean.is_sound(0, 7)
    assert lean.is_sound(0, 5)
    assert lean.is_sound(1, 7)


@pytest.mark.parametrize("rslora", [False, True])
def test_a_merged_lora_gives_the_logits_of_peft(saved: Path, tmp_path: Path, rslora: bool) -> None:  # noqa: FBT001 - a fact of the table
    config = peft.LoraConfig(
        r=3,
        lora_alpha=7,
        target_modules=["c_attn", "c_proj"],
        fan_in_fan_out=True,
        use_rslora=rslora,
    )
    tuned = peft.get_peft_model(model(), config)
    for name, weight in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    tuned.save_pretrained(str(tmp_path))
    lean = Lean(read_weights(saved, CPU, tmp_path), 1)
    with torch.inference_mode():
        logits = lean.logits(lean.read(0, torch.tensor(TEXTS[2]), 0))
        expected = tuned.eval()(torch.tensor([TEXTS[2]])).logits[0]
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(logits, logits_of(model(), TEXTS[2]), atol=0.1)


def test_a_lora_for_another_model_is_refused_with_the_reason(saved: Path, tmp_path: Path) -> None:
    other = GPT2LMHeadModel(
        GPT2Config(vocab_size=50, n_positions=32, n_embd=32, n_layer=4, n_head=4)
    )
    config = peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True)
    peft.get_peft_model(other, config).save_pretrained(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="made for another model: h"):
        read_weights(saved, CPU, tmp_path)


def test_another_kind_of_tuning_is_refused(saved: Path, tmp_path: Path) -> None:
    config = peft.LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True, use_dora=True)
    peft.get_peft_model(model(), config).save_pretrained(str(tmp_path))
    with pytest.raises(ModelUnavailable, match="plain LoRA"):
        read_weights(saved, CPU, tmp_path)
    described = json.loads((tmp_path / "adapter_config.json").read_text()) | {"use_dora": False}
    (tmp_path / "adapter_config.json").write_text(json.dumps(described))
    with pytest.raises(ModelUnavailable, match="which no plain LoRA has"):
        read_weights(saved, CPU, tmp_path)
