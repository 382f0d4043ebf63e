"""Teaches a head what children are not shown, where no rule of the screening names it.

Two lists teach it: lines that must not be shown, and harmless ones that look like them. Both are
split by hash; the half that is not learned from gives the figures of `make bench-insight`, and the
rules of `core.narrator.screening` were written looking at the same first half only. Sentences of
the own stories say what is ordinary.
"""

import codecs
import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

_FOLDER = Path(__file__).parent
_ORDINARY = 2000  # sentences of the own stories
_FOLDS = 5
_REFUSED = 0.01  # the share of harmless lines of the lists that it may refuse
_REFUSED_ORDINARY = 0.001  # and of ordinary sentences
_DECAY = 1e-4

Fit = Callable[[Tensor, Tensor, float], Tensor]


@dataclass(frozen=True, slots=True)
class Line:
    """A line and what it is; `kind` is empty for a harmless one."""

    text: str
    kind: str
    listed: bool = True  # in one of the two lists, not an ordinary sentence

    @property
    def tested(self) -> bool:
        """Whether nothing was learned from it, and no rule was written looking at it."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


def lines() -> Iterator[Line]:
    """All of both lists."""
    for line in _read("unsafe.rot13.txt"):
        kind, _, coded = line.partition("|")
        yield Line(codecs.decode(coded, "rot13"), kind)
    for line in _read("harmless.txt"):
        yield Line(line, "")


def _read(name: str) -> list[str]:
    told = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in told if not line.startswith("#")]


def to_learn_from(ordinary: Sequence[str]) -> list[Line]:
    """The lines to learn from: those of the lists, and some ordinary ones."""
    chosen = random.Random(0).sample(ordinary, min(_ORDINARY, len(ordinary)))
    listed = [line for line in lines() if not line.tested]
    return [*listed, *(Line(text, "", listed=False) for text in chosen)]


def fitted(ready: Tensor, learned: Sequence[Line], fit: Fit) -> Tensor:
    """A layer that is above 0 for what is unsafe: (features,).

    `fit` is a logistic regression of (x, y, decay), to (features, 2); the last feature is 1. Where
    0 stands is found on lines that the layer had not seen: each fifth by one that learned the rest.
    """
    unsafe = torch.tensor([int(bool(line.kind)) for line in learned])
    fold = torch.arange(len(learned)) % _FOLDS
    unseen = torch.zeros(len(learned))
    for number in range(_FOLDS):
        rest = fold != number
        layer = fit(ready[rest], unsafe[rest], _DECAY)
        unseen[~rest] = (ready[~rest] @ layer).diff(dim=1)[:, 0]
    listed = torch.tensor([line.listed for line in learned])
    alike, ordinary = unseen[(unsafe == 0) & listed], unseen[~listed]
    whole = fit(ready, unsafe, _DECAY).diff(dim=1)[:, 0]
    whole[-1] -= max(_bound(alike, _REFUSED), _bound(ordinary, _REFUSED_ORDINARY))
    return whole


def _bound(scores: Tensor, share: float) -> float:
    """What no more than a share of the scores is above."""
    passed = int(share * len(scores))
    return float(scores.topk(passed + 1).values[-1])
