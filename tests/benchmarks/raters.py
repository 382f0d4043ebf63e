"""Simulated raters: each has a hidden taste and says only whether a passage suits it."""

import re
from enum import StrEnum
from statistics import mean

from core.learning.describe import compound
from core.story.sentences import sentences

_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?")
_SPOKEN = re.compile(r'"[^"]*"')
_ANIMALS = frozenset(
    "dog dogs puppy cat cats kitten kitty bird birds bear bears fox foxes rabbit rabbits "
    "bunny mouse mice lion lions tiger elephant elephants monkey monkeys horse horses cow "
    "cows pig pigs duck ducks frog frogs fish turtle owl squirrel squirrels bee bees "
    "butterfly butterflies ant ants spider chicken hen sheep goat wolf deer snake crocodile "
    "giraffe hedgehog animal animals worm bug".split()
)
_ENDING = 2  # sentences


class Taste(StrEnum):
    """What a group likes without ever saying so."""

    CHEERFUL = "cheerful endings"
    DIALOGUE = "dialogue"
    ANIMALS = "animals"
    SHORT = "short sentences"


def liking(taste: Taste, text: str) -> float:
    """How much a rater of this taste likes a text."""
    words = _WORD.findall(text)
    match taste:
        case Taste.CHEERFUL:
            return compound(" ".join(sentences(text)[-_ENDING:]))
        case Taste.DIALOGUE:
            spoken = sum(len(_WORD.findall(part)) for part in _SPOKEN.findall(text))
            return spoken / max(1, len(words))
        case Taste.ANIMALS:
            return sum(word.lower() in _ANIMALS for word in words) / max(1, len(words))
        case Taste.SHORT:
            lengths = [len(_WORD.findall(sentence)) for sentence in sentences(text)]
            return -mean(lengths) if lengths else 0.0
