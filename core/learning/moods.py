"""Sentences labelled by hand with how they feel, split by hash into those to learn from and a test.

The split was fixed before anything was tuned; what was tuned was tuned on the first part alone.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent
_HEADING = re.compile(r"\[([-0+]) (\w+) (\w+)\]")
_PARTS = ("plain", "negation", "dialogue", "irony")
_TESTED = 102  # of 256 values of a hash's first byte: two sentences of five


@dataclass(frozen=True, slots=True)
class Felt:
    """A sentence and its labels."""

    text: str
    valence: str  # "-", "0" or "+"
    feeling: str  # one of the six, or "none"
    part: str  # plain, negation, dialogue, irony; more, story: only to learn from

    @property
    def tested(self) -> bool:
        """Whether it may not be learned from."""
        first = hashlib.sha256(self.text.encode()).digest()[0]
        return self.part in _PARTS and first < _TESTED


def labelled() -> list[Felt]:
    """The sentences written for this: some are for the test."""
    return list(_read(_FOLDER / "moods.txt"))


def only_to_learn_from() -> list[Felt]:
    """Sentences written later, and some of the own stories."""
    return [*_read(_FOLDER / "moods-more.txt"), *_read(_FOLDER / "moods-of-stories.txt")]


def _read(path: Path) -> Iterator[Felt]:
    valence = feeling = part = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            valence, feeling, part = heading.groups()
        elif line.strip() and not line.startswith("#"):
            yield Felt(line, valence, feeling, part)
