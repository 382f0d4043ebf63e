"""Echoes: three words in a row that stood in a passage before, and how much likelier they became.

A guide that leads to shorter sentences or to more that is said also leads to saying the same again.
How often that comes about is known from the odds of the tokens that would do it, far better than by
counting: of a hundred words about one is an echo. So their odds are lowered in what the guide
teaches, by more than it made them likelier: a LoRA learns a part of it.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from core.narrator.tokens import Tokens

_BEFORE = 2  # words of an echo that stand already
_MOST = 8.0  # nats
_HALVINGS = 30


@dataclass(frozen=True)
class Echoes:
    """What tokens lose that would make an echo."""

    same: tuple[int, ...]  # of each token: the first one that is it but for spaces and capitals
    spoken: tuple[bool, ...]  # whether it has letters or numbers
    begins: tuple[bool, ...]  # and whether it begins a word wherever it stands
    nats: float = 0.0

    @cached_property
    def _alike(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for token, what in enumerate(self.same):
            found[what].append(token)
        return found

    def of(self, told: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Each place of a passage where an echo's last word could begin, and how it could."""
        seen: dict[tuple[tuple[int, ...], ...], set[int]] = defaultdict(set)
        words: list[tuple[int, ...]] = []
        within = False  # a word
        for place, token in enumerate(told):
            before, what = tuple(words[-_BEFORE:]), self.same[token]
            if before in seen:
                would = sorted(one for each in seen[before] for one in self._alike[each])
                yield place, [one for one in would if self.begins[one] or not within]
            if not self.spoken[token]:
                within = False
            elif within and not self.begins[token]:
                words[-1] += (what,)
            else:
                if len(before) == _BEFORE:
                    seen[before].add(what)
                words.append((what,))
                within = True

    def chance(self, odds: Tensor, told: Sequence[int]) -> Tensor:
        """How likely an echo is at each place of a passage: (places,).

        `odds`: of each token there, (places, vocabulary).
        """
        found = torch.zeros(len(told))
        for place, tokens in self.of(told):
            found[place] = odds[place, tokens].sum()
        return found


def echoes_of(tokens: Tokens) -> Echoes:
    """Those in a tokenizer's tokens; nothing is lowered yet."""
    spelled = [tokens.bytes_of(token).decode(errors="replace") for token in range(tokens.size)]
    first: dict[str, int] = {}
    spoken = [any(map(str.isalnum, each)) for each in spelled]
    return Echoes(
        same=tuple(first.setdefault(each.strip().lower(), at) for at, each in enumerate(spelled)),
        spoken=tuple(spoken),
        begins=tuple(has and each[0].isspace() for has, each in zip(spoken, spelled, strict=True)),
    )


def nats_to(chance: Tensor, wanted: float) -> float:
    """What takes echoes' mean chance down to the one wanted: nats, 0 where it is there already."""

    def lowered(nats: float) -> float:
        left = chance * math.exp(-nats)
        return float((left / (1 - chance + left)).mean())

    low, high = 0.0, _MOST
    if not len(chance) or lowered(low) <= wanted:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if lowered(middle) > wanted else (low, middle)
    return low
