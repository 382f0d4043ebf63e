"""First names in a text, and stories told again with other names."""

import random
import re
from collections import Counter

from core.narrator.firstnames import BOYS, GIRLS

# Names that are words as well ("Will", "Rose", "Grace") are swapped only where surely names.
_GENDER = dict.fromkeys(GIRLS, GIRLS) | dict.fromkeys(BOYS, BOYS)
_NAME = re.compile(r"\b[A-Z][a-z]{1,11}\b")
_INSIDE = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{1,11}\b|(?<=named )[A-Z][a-z]+\b")
_NO_NAME = frozenset(
    "I The A An He She It They We You His Her Their My Your Our And But So Then One Once Oh Yes No "
    "Mom Dad Mommy Daddy Mum Mummy Mama Papa Grandma Grandpa Granny Mr Mrs Miss Dr Sir God Lord "
    "English Christmas Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February "
    "March April May June July August September October November December When What Why How "
    "Where Who This That There".split()
)
_OFTEN = 2  # a name that is not on our lists stands at least this often


def names_in(text: str) -> list[str]:
    """Names that stand with a capital inside sentences, the most frequent first."""
    inside = Counter(_INSIDE.findall(text))
    counts = Counter(_NAME.findall(text))
    found = [
        name
        for name in inside
        if name not in _NO_NAME
        and not re.search(rf"\b{name.lower()}\b", text)
        and (name in _GENDER or counts[name] >= _OFTEN)
    ]
    return sorted(found, key=lambda name: -counts[name])


def swap_names(text: str, rng: random.Random) -> dict[str, str]:
    """Other names, of the same gender, for the names of the text that are on our lists."""
    known = [name for name in names_in(text) if name in _GENDER]
    taken = set(_NAME.findall(text))
    swaps: dict[str, str] = {}
    for name in known:
        other = rng.choice(_GENDER[name])
        if other not in taken:
            swaps[name] = other
            taken.add(other)
    return swaps


def rename(text: str, swaps: dict[str, str]) -> str:
    """The text with its names swapped, wherever they stand as whole words."""
    if not swaps:
        return text
    pattern = re.compile(r"\b(?:" + "|".join(swaps) + r")\b")
    return pattern.sub(lambda match: swaps[match.group()], text)
