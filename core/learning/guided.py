"""A guide: the model as it is, leaning towards the words that ratings speak for.

Of all models that please a taste expressed word by word as much, the one nearest to a model p in
KL divergence is p(y) exp(a r(y)) / Z: the odds tilted by each word's worth. The worth is what a
logistic regression on the passages' mean token embeddings finds, so words like those that were
liked count too. A LoRA then learns the guide's odds at every token of many texts. That is a
thousand times as much to learn from as one bit a passage, so a few hundred ratings move the taste
without the model learning passages by heart.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from transformers import GPT2LMHeadModel

from core.errors import TooLittle
from core.learning.discriminator import POOLS, Reader, fit, reader, verdicts
from core.learning.examples import Thumb, encode
from core.learning.trainers import Guide

_READ = 64  # passages on which the tilt is measured
_STEEPEST = 200.0
_HALVINGS = 30


def guide(rows: Sequence[Thumb], plain: GPT2LMHeadModel, folder: Path, tilt: float) -> Guide:
    """A guide `tilt` nats a token away from the plain model. Raises TooLittle."""
    reading = reader(folder)
    worth = _worth(reading, rows, plain.get_parameter("transformer.wte.weight").detach())
    odds = _odds(plain, reading, rows[:_READ])
    low, high = 0.0, _STEEPEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _apart(odds, middle * worth) < tilt else (low, middle)
    teacher = copy.deepcopy(plain).requires_grad_(requires_grad=False)
    return Guide(teacher, low * worth)


def _worth(reading: Reader, rows: Sequence[Thumb], embeddings: Tensor) -> Tensor:
    """How much each token speaks for being liked: (vocabulary,)."""
    found = verdicts(reading, rows)
    if not found.both:
        raise TooLittle("All that was rated was liked, or none of it: there is no taste to see.")
    width = embeddings.shape[1]
    pools = found.features.view(len(rows), POOLS, -1)  # (rows, pools, layers * width)
    first = pools[:, :, :width].flatten(1)
    head = fit(replace(found, features=first))
    direction = (head.weight / head.scale).view(POOLS, width).sum(0)
    worth: Tensor = embeddings @ (direction / direction.norm().clamp(min=1e-9))
    return worth


@torch.inference_mode()
def _odds(plain: GPT2LMHeadModel, reading: Reader, rows: Sequence[Thumb]) -> Tensor:
    """The model's log-odds at the tokens of some passages: (tokens, vocabulary)."""
    out = []
    for row in rows:
        read = encode(row.prompt, row.text, reading.tokens, reading.window)
        ids = torch.tensor([[*read.prompt, *read.told]])
        logits = plain(input_ids=ids).logits[0, len(read.prompt) - 1 : -1]
        out.append(logits.float().log_softmax(-1)[::4])  # every fourth token tells enough
    return torch.cat(out)


def _apart(odds: Tensor, lean: Tensor) -> float:
    """The divergence of the tilted odds from the plain ones, nats a token."""
    tilted = (odds + lean).log_softmax(-1)
    return float((tilted.exp() * (tilted - odds)).sum(-1).mean())
