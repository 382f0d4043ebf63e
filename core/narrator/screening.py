"""Whether a text may be shown: a small word list, and rules for what only context makes unsafe.

A first line of defence, and an honest one: it knows English, misses what is said in other words,
and leaves ordinary harshness to stories ("kill the lights", "Moby Dick", Scunthorpe).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from core.narrator import unsafe
from core.story.sentences import sentences


class Level(StrEnum):
    """How much a place wants kept out."""

    OFF = "off"
    MILD = "mild"  # hatred, sexual texts, calls to violence or self-harm
    STRICT = "strict"  # coarse words and gore as well: for children


class Reason(StrEnum):
    """Why a text is not shown."""

    SLUR = "slur"
    HATRED = "hatred"
    SEXUAL = "sexual"
    HARM = "harm"  # calls to hurt oneself or others, or how to
    COARSE = "coarse"
    GORE = "gore"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What screening says of a text."""

    reason: Reason | None = None  # None: it may be shown
    found: str = ""  # the words that decided

    @property
    def safe(self) -> bool:
        """Whether it may be shown."""
        return self.reason is None


_SAFE = Verdict()
_FARM = re.compile(
    r"\b(?:crow\w*|hens?|farm\w*|rooster|feathers?|weather|pups?|pupp\w+|litter|hound)\b",
    re.IGNORECASE,
)
_MILD: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (Reason.SLUR, unsafe.SLUR),
    (Reason.SEXUAL, unsafe.SEXUAL),
    (Reason.HATRED, unsafe.HATRED),
    (Reason.HARM, unsafe.HARM),
    (Reason.HARM, unsafe.SELF_HARM),
)
_STRICT: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (Reason.HARM, unsafe.THREAT),
    (Reason.COARSE, unsafe.COARSE),
    (Reason.COARSE, unsafe.COARSE_SMALL),
    (Reason.COARSE, unsafe.MASKED),
    (Reason.GORE, unsafe.GORE),
)


# A match holds one of these; looking for them first costs a tenth of the patterns themselves.
_NEEDED = {
    unsafe.HATRED: (
        *("jew", "muslim", "christian", "hindu", "gay", "lesbian", "black", "white", "asian"),
        *("arab", "gyps", "migrant", "foreign", "refugee", "women", "disabled", "queer", "trans"),
        *("the only good", "master race"),
    ),
    unsafe.SELF_HARM: (
        *("self", "kys", "die already", "wrist", "vein", "your life", "own life", "suicide"),
        *("bleach", "pills", "miss you", "without you", "stop eating", "never wake up"),
    ),
}


def screen(text: str, level: Level) -> Verdict:
    """Whether a text may be shown at this level, and if not, why."""
    if level is Level.OFF:
        return _SAFE
    rules = _MILD + (_STRICT if level is Level.STRICT else ())
    folded = text.casefold()
    for reason, pattern in rules:
        needed = _NEEDED.get(pattern)
        if needed and not any(part in folded for part in needed):
            continue
        match = pattern.search(text)
        if match and not _harmless(match[0], text):
            return Verdict(reason, match[0])
    return _people_as_vermin(text)


def _harmless(found: str, text: str) -> bool:
    """Whether the text around makes the word a beast's of a farm."""
    return found.lower() in {"cock", "cocks", "bitch"} and _FARM.search(text) is not None


def _people_as_vermin(text: str) -> Verdict:
    """People called vermin and to be removed; where it is about beasts, a farmer may speak."""
    if not all(rule.search(text) for rule in unsafe.VERMIN_AND_REMOVED):
        return _SAFE
    found = sentences(text)
    for at in range(len(found)):
        near = " ".join(found[at : at + 2])
        called, removed = (rule.search(near) for rule in unsafe.VERMIN_AND_REMOVED)
        if called and removed and not unsafe.BEASTS.search(text):
            return Verdict(Reason.HATRED, removed[0])
    return _SAFE
