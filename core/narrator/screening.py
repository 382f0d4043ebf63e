"""Whether a text may be shown: a small word list, and rules for what only context makes unsafe.

A first line of defence, and an honest one: it knows English, misses what is said in other words,
and leaves ordinary harshness to stories ("kill the lights", "Moby Dick", Scunthorpe). Where
children may be, the model's own head is asked as well: it finds some of what no rule names.
"""

import functools
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.story.sentences import sentences

if TYPE_CHECKING:
    from core.narrator.narrator import Narrator


class Level(StrEnum):
    """How much a place wants kept out."""

    OFF = "off"
    MILD = "mild"  # hatred, sexual texts, calls to violence or self-harm
    STRICT = "strict"  # coarse words and gore as well: for children


def stricter(one: Level, other: Level) -> Level:
    """The one that keeps more out."""
    return max(one, other, key=tuple(Level).index)


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
_OF_PEOPLE = (
    *("jew", "muslim", "christian", "hindu", "gay", "lesbian", "black", "white", "asian"),
    *("arab", "gyps", "migrant", "foreign", "refugee", "women", "disabled", "queer", "trans"),
    *("the only good", "master race"),
)
_OF_SELF_HARM = (
    *("self", "kys", "die already", "wrist", "vein", "your life", "own life", "suicide"),
    *("bleach", "pills", "miss you", "without you", "stop eating", "never wake up"),
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern of what is not shown; a match holds one of the `needed` words.

    Looking for these first costs a tenth of the pattern itself.
    """

    reason: Reason
    pattern: re.Pattern[str]
    needed: tuple[str, ...] = ()


@functools.cache
def _rules(level: Level) -> tuple[_Rule, ...]:
    """What is looked for at a level; compiling it takes a while, so it waits until it is asked."""
    from core.narrator import unsafe  # noqa: PLC0415 - as said above

    mild = (
        _Rule(Reason.SLUR, unsafe.SLUR),
        _Rule(Reason.SEXUAL, unsafe.SEXUAL),
        _Rule(Reason.HATRED, unsafe.HATRED, _OF_PEOPLE),
        _Rule(Reason.HARM, unsafe.HARM),
        _Rule(Reason.HARM, unsafe.SELF_HARM, _OF_SELF_HARM),
    )
    if level is Level.MILD:
        return mild
    return (
        *mild,
        _Rule(Reason.HARM, unsafe.THREAT),
        _Rule(Reason.COARSE, unsafe.COARSE),
        _Rule(Reason.COARSE, unsafe.COARSE_SMALL),
        _Rule(Reason.COARSE, unsafe.MASKED),
        _Rule(Reason.GORE, unsafe.GORE),
    )


def screen(text: str, level: Level) -> Verdict:
    """Whether a text may be shown at this level, and if not, why."""
    if level is Level.OFF:
        return _SAFE
    folded = text.casefold()
    for rule in _rules(level):
        if rule.needed and not any(part in folded for part in rule.needed):
            continue
        match = rule.pattern.search(text)
        if match and not _harmless(match[0], text):
            return Verdict(rule.reason, match[0])
    return _people_as_vermin(text)


async def may_be_shown(narrator: "Narrator", text: str, level: Level) -> bool:
    """Whether a text may be shown at this level, by the rules and by what the narrator reads."""
    if not screen(text, level).safe:
        return False
    return level is not Level.STRICT or not (await narrator.read([text]))[0].unsafe


def _harmless(found: str, text: str) -> bool:
    """Whether the text around makes the word a beast's of a farm."""
    return found.lower() in {"cock", "cocks", "bitch"} and _FARM.search(text) is not None


def _people_as_vermin(text: str) -> Verdict:
    """People called vermin and to be removed; where it is about beasts, a farmer may speak."""
    from core.narrator import unsafe  # noqa: PLC0415 - as above

    if not all(rule.search(text) for rule in unsafe.VERMIN_AND_REMOVED):
        return _SAFE
    found = sentences(text)
    for at in range(len(found)):
        near = " ".join(found[at : at + 2])
        called, removed = (rule.search(near) for rule in unsafe.VERMIN_AND_REMOVED)
        if called and removed and not unsafe.BEASTS.search(text):
            return Verdict(Reason.HATRED, removed[0])
    return _SAFE
