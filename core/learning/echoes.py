"""Echoes: three words in a row that stood in a passage before, held as likely as they were.

A guide that leads to shorter sentences or to more that is said also leads to saying the same again.
How much more is counted in what the narrator writes with it. So the odds of what would be an echo
are moved in what the guide teaches, by more than that: a LoRA learns a part of it in one reading,
and where an echo is next to sure, some nats change its chance by little.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.learning import measures
from core.narrator.tokens import Tokens

_BEFORE = 2  # words of an echo that stand already
_QUIETER = 0.04  # share by which a LoRA that has learnt a guide echoes less than the guide
# The chance's logarithm falls with nats, by this much at most and ever less, as was seen in LoRAs;
# for each nat less it is taken to rise by a sixth, of which few runs tell.
_LOWERED, _RAISED = 0.36, 6.0
_FURTHEST = 0.33  # that it is moved; more is chance


@dataclass(frozen=True)
class Echoes:
    """What would make an echo of something in a passage, and what its tokens lose."""

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


def echoes_of(tokens: Tokens) -> Echoes:
    """Those in a tokenizer's tokens, as likely as they are."""
    spelled = [tokens.bytes_of(token).decode(errors="replace") for token in range(tokens.size)]
    first: dict[str, int] = {}
    spoken = [any(map(str.isalnum, each)) for each in spelled]
    return Echoes(
        same=tuple(first.setdefault(each.strip().lower(), at) for at, each in enumerate(spelled)),
        spoken=tuple(spoken),
        begins=tuple(has and each[0].isspace() for has, each in zip(spoken, spelled, strict=True)),
    )


def nats_for(before: Sequence[str], after: Sequence[str]) -> float:
    """What echoes are to lose where passages came to hold more: nats, less than none for fewer.

    0 where one side has no echo at all.
    """
    usual, now = (sum(map(measures.repetition, texts)) / len(texts) for texts in (before, after))
    if not usual or not now:
        return 0.0
    more = max(-_FURTHEST, min(math.log(now / usual) - _QUIETER, _FURTHEST))
    return -math.log(1 - more / _LOWERED) if more > 0 else _RAISED * more
