"""A tiny GPT-2 with the starter's tokenizer, and feedback for it to learn from."""

import shutil
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from core.learning.examples import Examples, Liked, Pair, Side, Thumb
from core.narrator import tokens as narrator_tokens

STARTER = Path(narrator_tokens.__file__).parent / "starter"
FRONT = "\x01Style: tale\x02"
LIKED = ("The dog ran to the barn.", "A small dog sat by the red dog.", "Two dogs met a puppy.")
OTHER = ("She went into the big house.", "The sky was grey and cold.", "He lost the old letter.")


def tiny_model(folder: Path) -> Path:
    """Random weights from one seed, two layers of 32."""
    torch.manual_seed(5)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=4096,
            n_positions=256,
            n_embd=32,
            n_layer=2,
            n_head=2,
            bos_token_id=0,
            eos_token_id=0,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
    )
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "words.txt"):
        shutil.copyfile(STARTER / name, folder / name)
    return folder


def thumbs(number: int, begin: int = 0) -> tuple[Thumb, ...]:
    """Dogs are liked, all else is not."""
    return tuple(
        Thumb(FRONT, f"{told} {told}", liked=told in LIKED, story=str(begin + at))
        for at, told in ((at, (*LIKED, *OTHER)[at % 6]) for at in range(number))
    )


def side(number: int, begin: int = 0) -> Side:
    """Thumbs, the picks they come to, and the liked ones as texts."""
    rows = thumbs(number, begin)
    pairs = tuple(
        Pair(FRONT, LIKED[at % 3], OTHER[at % 3], story=str(begin + at)) for at in range(number)
    )
    liked = tuple(Liked(row.prompt, row.text, row.story) for row in rows if row.liked)
    return Side(liked=liked, thumbs=rows, pairs=pairs)


def examples(number: int = 32) -> Examples:
    """As much as a small test needs."""
    return Examples(side(number), side(16, 1000), side(16, 2000))


def quiet(_):
    """Nobody watches a test."""
