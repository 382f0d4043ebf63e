"""Models of other sizes for the narrator's benchmark: random numbers, the starter's tokenizer."""

import json
import shutil
from pathlib import Path

from transformers import GPT2Config, GPT2LMHeadModel

_TEXT = (
    "The old woman put the lamp in the window and looked out at the snow. Nobody had come down "
    "the road for three days. Then she heard a small sound, like a bell under the ground, and the "
    'dog lifted his head. "Who is there?" she called. A boy stood at the gate with a red kite in '
    "his arms. He had walked all the way from the village, he said, because the wind had promised "
    "to carry him home, and then it had gone to sleep. She laughed and gave him bread and honey. "
)


def random_gpt2(folder: Path, beside: Path, *, layers: int, width: int, vocabulary: int) -> Path:
    """A GPT-2 of random numbers in a folder, with another model's tokenizer."""
    config = GPT2Config(
        vocab_size=vocabulary,
        n_positions=1024,
        n_embd=width,
        n_layer=layers,
        n_head=width // 64 if width % 64 == 0 else 8,
        bos_token_id=0,
        eos_token_id=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    shutil.copy(beside / "tokenizer.json", folder)
    return folder


def spelled(folder: Path) -> str:
    """A text that the model has not read, in as many characters as its window takes."""
    window = json.loads((folder / "config.json").read_text())["n_positions"]
    return (_TEXT * 4)[: window * 2]
