"""Credit: how much each token of a passage did for what a judge thinks of the passage.

A head is a line through a passage's mean hidden states, so its verdict is a sum over tokens. What
a token did is more than its own part, since it leads to others: what is still to come is foretold
from the hidden states before and after it, and a token's credit is by how much the outlook became
better. Of nearby tokens what really came is counted, of those further off what was foretold
(generalised advantage estimation; Schulman et al., 2016).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.learning.discriminator import ENDING, POOLS, Head

_SIGHT = 0.8  # GAE's lambda: 1 counts all that came, 0 only what is foretold
_FOLDS = 5
_RIDGE = 50.0  # for states of unit variance
_FAR = 100.0  # tokens


@dataclass(frozen=True, slots=True)
class Course:
    """Passages as they came about, token by token, one behind the other: (tokens,) each."""

    states: Tensor  # of the writer before each token, (tokens, width)
    tokens: Tensor
    passage: Tensor  # the number of each token's passage, from 0, rising


def parts(head: Head, states: Tensor) -> Tensor:
    """Each token's part of a head's verdict on a passage: (tokens,).

    `states`: the reader's, of the passage's own tokens, (tokens, layers * width).
    """
    number, width = states.shape
    of_whole, of_ending = (head.weight / head.scale).view(POOLS, width)
    found: Tensor = states @ of_whole / number
    last = math.ceil(number / ENDING)
    found[-last:] += states[-last:] @ of_ending / last
    return found


def credit(course: Course, worth: Tensor) -> Tensor:
    """What each token did, for what it is worth itself: (tokens,)."""
    last = torch.ones(len(worth), dtype=torch.bool)
    last[:-1] = course.passage[1:] != course.passage[:-1]
    to_come = _sums(worth, last, 1.0)
    outlook = _foretold(course, to_come)
    ahead = torch.zeros_like(outlook)
    ahead[:-1] = outlook[1:]
    ahead[last] = 0
    return _sums(worth + ahead - outlook, last, _SIGHT)


def _sums(values: Tensor, last: Tensor, kept: float) -> Tensor:
    """Of each token's value and those behind it in the passage, each worth less by a factor."""
    out: list[float] = []
    running = 0.0
    for value, ends in zip(reversed(values.tolist()), reversed(last.tolist()), strict=True):
        running = value + (0.0 if ends else kept * running)
        out.append(running)
    return torch.tensor(out[::-1])


def _foretold(course: Course, to_come: Tensor) -> Tensor:
    """Ridge regression on the states before each token, fitted to other passages."""
    states, passage = course.states, course.passage
    starts = torch.searchsorted(passage, passage)
    far = (torch.arange(len(passage)) - starts) / _FAR
    scaled = (states - states.mean(0)) / states.std(0, correction=0).clamp(min=1e-4)
    x = torch.cat([torch.ones(len(far), 1), far[:, None], far.square()[:, None], scaled], 1)
    fold = passage % _FOLDS
    out = torch.zeros_like(to_come)
    for held in range(_FOLDS):
        rest, theirs = fold != held, fold == held
        gram = x[rest].T @ x[rest]
        gram.diagonal().add_(_RIDGE)
        out[theirs] = x[theirs] @ torch.linalg.solve(gram, x[rest].T @ to_come[rest])
    return out
