"""What a narrator makes of a text it reads: how it feels, and where it stands among other texts."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.narrator.tonewords import FEELINGS, compound, feeling_words
from core.narrator.wordforms import stem
from core.story.sentences import sentences

_NEUTRAL = 0.05  # of a valence, on both sides of 0: VADER's own bound
_PLACES = 96  # numbers in the place that is found without a model
_MOST_SENTENCES = 40  # of one text are read, from its start; a passage has fewer
_REMARK = 24  # words; what is meant by the first half may only show in the second
_WORD = re.compile(r"[^\W\d_]+")


class Judge(StrEnum):
    """Who says how a text feels."""

    HEAD = "head"  # learned, on the model's hidden states
    WORDS = "words"  # VADER and lists of words: where the model has no head


@dataclass(frozen=True, slots=True)
class Mood:
    """How a text feels."""

    valence: float  # from -1, grim, to 1, glad
    feelings: Mapping[str, float]  # the share of each of `FEELINGS`; they add up to 1
    judge: Judge

    @property
    def sign(self) -> int:
        """Glad (1), grim (-1) or neither (0)."""
        return 0 if abs(self.valence) < _NEUTRAL else 1 if self.valence > 0 else -1

    @property
    def feeling(self) -> str:
        """The strongest feeling."""
        return max(self.feelings, key=lambda name: self.feelings[name])


@dataclass(frozen=True, slots=True)
class Reading:
    """What is made of one text."""

    mood: Mood
    place: tuple[float, ...]  # of length 1; texts that are alike point the same way
    unsafe: bool = False  # too like what children are not shown; False where no head can tell


def read_sentences(text: str) -> list[str]:
    """What of a text is read to find its mood: sentence by sentence, a remark as a whole."""
    if len(text.split()) <= _REMARK:
        return [text]
    return sentences(text)[:_MOST_SENTENCES]


def plain_readings(texts: Sequence[str]) -> list[Reading]:
    """What can be said without a model."""
    return [Reading(_plain_mood(text), _plain_place(text)) for text in texts]


def mixed(moods: Sequence[Mood]) -> Mood:
    """The mood of a text from those of its sentences: the mean, the stronger ones more."""
    weights = [0.2 + abs(mood.valence) for mood in moods]
    total = sum(weights)

    def mean(values: Sequence[float]) -> float:
        return sum(w * value for w, value in zip(weights, values, strict=True)) / total

    return Mood(
        valence=mean([mood.valence for mood in moods]),
        feelings={name: mean([mood.feelings[name] for mood in moods]) for name in FEELINGS},
        judge=moods[0].judge,
    )


def one_long(numbers: Sequence[float]) -> tuple[float, ...]:
    """The same direction, of length 1; all zeros stay so."""
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return tuple(number / length for number in numbers)


def _plain_mood(text: str) -> Mood:
    counts = dict.fromkeys(FEELINGS, 0.1)
    for word in _WORD.findall(text.lower()):
        for name in FEELINGS:
            if word in feeling_words()[name]:
                counts[name] += 1
    total = sum(counts.values())
    feelings = {name: count / total for name, count in counts.items()}
    return Mood(compound(text), feelings, Judge.WORDS)


def _plain_place(text: str) -> tuple[float, ...]:
    """Stems, each thrown on one of some places by its hash."""
    numbers = [0.0] * _PLACES
    for word in _WORD.findall(text.lower()):
        thrown = hashlib.blake2s(stem(word).encode(), digest_size=2).digest()
        numbers[thrown[0] % _PLACES] += 1 if thrown[1] % 2 else -1
    return one_long(numbers)
