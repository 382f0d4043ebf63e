"""What a training run reads: passages as they were asked for, and what people thought of them.

Texts here were cleared for training before (consent, screening, reports); a weight says how much
a voice counts. Rows of one story share `story`, and no story stands on two sides.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.narrator.narrator import Assignment
from core.narrator.prompt import build
from core.narrator.tokens import Tokens, tidy

_Row = TypeVar("_Row")
_MOST_TIMES = 4  # that a row of great weight is seen in one pass


@dataclass(frozen=True, slots=True)
class Liked:
    """A text to write like: a liked passage, or a person's own where they opted in."""

    prompt: str  # headings and the story before, as `prompt_text` gives them
    text: str
    story: str
    weight: float = 1.0
    told: bool = True  # by the narrator; else by people


@dataclass(frozen=True, slots=True)
class Thumb:
    """A passage of the narrator's, and whether it was liked."""

    prompt: str
    text: str
    liked: bool
    story: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two takes of one passage, of which one was picked."""

    prompt: str
    chosen: str
    rejected: str
    story: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Side:
    """The rows of one side: train, validation or test."""

    liked: tuple[Liked, ...] = ()
    thumbs: tuple[Thumb, ...] = ()
    pairs: tuple[Pair, ...] = ()
    asked: tuple[Assignment, ...] = ()  # what its stories asked for, to be written again

    @property
    def judged(self) -> tuple[Thumb, ...]:
        """Every passage with a verdict: thumbs, and both takes of each pair."""
        return (
            *self.thumbs,
            *(
                Thumb(pair.prompt, text, liked, pair.story, pair.weight)
                for pair in self.pairs
                for text, liked in ((pair.chosen, True), (pair.rejected, False))
            ),
        )


@dataclass(frozen=True, slots=True)
class Examples:
    """Everything a run learns from and is measured on."""

    train: Side
    validation: Side
    test: Side


@dataclass(frozen=True, slots=True)
class Encoded:
    """A prompt and what follows it, as tokens."""

    prompt: tuple[int, ...]
    told: tuple[int, ...]


def prompt_text(assignment: Assignment, tokens: Tokens, window: int) -> str:
    """What the narrator would read for an assignment, as text without the end-of-text token."""
    ids = build(assignment, tokens, window).ids
    return b"".join(map(tokens.bytes_of, ids)).decode(errors="replace")


def encode(prompt: str, text: str, tokens: Tokens, window: int) -> Encoded:
    """Tokens of a row, at most a window of them: the oldest of the prompt fall out first."""
    told = tokens.encode(tidy(text))[: window // 2]
    room = window - len(told) - 1
    before = tokens.encode(prompt)
    return Encoded((tokens.end, *before[max(0, len(before) - room) :]), told)


def weighed(rows: Sequence[_Row], weight: Callable[[_Row], float], seed: int) -> list[_Row]:
    """Each row as often as its weight says, a fraction by chance; the same for the same seed."""
    rng = random.Random(seed)
    out: list[_Row] = []
    for row in rows:
        times = max(0.0, weight(row))
        whole = int(times)
        out += [row] * min(_MOST_TIMES, whole + (rng.random() < times - whole))
    return out


def stories(rows: Iterable[Liked | Thumb | Pair]) -> frozenset[str]:
    """The stories that rows are of."""
    return frozenset(row.story for row in rows)
