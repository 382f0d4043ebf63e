"""Echoes: three words in a row that stood in a passage before, and the odds of saying them.

Which tokens would make one is known at each place of a passage. There a guide can teach a model to
make more or fewer of them; see `levelling.py`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.narrator.tokens import Tokens

_BEFORE = 2  # words of an echo that stand already


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
