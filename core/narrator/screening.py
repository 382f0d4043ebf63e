"""Whether a text may be shown: a small word list, and rules for what only context makes unsafe.

A first line of defence, and an honest one: it knows English, misses what is said in other words,
and leaves ordinary harshness to stories ("kill the lights", "Moby Dick", Scunthorpe).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

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
_PEOPLE = (
    r"(?:jews?|muslims?|christians?|hindus?|gays?|lesbians?|blacks?|whites?|asians?|arabs?|gyps(?:y|ies)|"
    r"immigrants?|migrants?|foreigners?|refugees?|women|disabled|queers?|trans(?:gender)? people)"
)
_REMOVE = (  # as a call or a plan; what was done is told in the past
    r"(?:kill|exterminate|eradicate|annihilate|eliminate|slaughter|gas|hang|shoot|burn|purge|"
    r"wip(?:e|ing) out|get(?:ting)? rid of)"
)
_VERMIN = r"(?:vermin|cockroach(?:es)?|sub-?humans?|parasites?|filth|plague rats|animals)"
_BEASTS = re.compile(
    r"\b(?:rats?|mice|mouse|moths?|ants?|termites?|insects?|bugs?|locusts?|fleas?|cellar|crops?|"
    r"pests?|barn|granary)\b",
    re.IGNORECASE,
)


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_SEXUAL = _rule(
    r"porn\w*|blow ?jobs?|hand ?jobs?|orgasm\w*|masturbat\w*|ejaculat\w*|erections?|genitals?|"
    r"clitoris|dildos?|cum(?:shots?|ming)|had sex|having sex|naked bodies|made love to (?:him|her)"
)
_MILD: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.SLUR,
        _rule(r"nigg(?:er|a)s?|fagg?ots?|kikes?|spics?|chinks?|trann(?:y|ies)|wetbacks?|gooks?"),
    ),
    (Reason.SEXUAL, _SEXUAL),
    (
        Reason.HATRED,
        _rule(rf"{_REMOVE} (?:\w+ )?(?:the |those |these |every |all )*{_PEOPLE}(?!')"),
    ),
    (Reason.HATRED, _rule(rf"{_PEOPLE} (?:\w+ ){{0,3}}(?:are|is) (?:\w+ ){{0,2}}{_VERMIN}")),
    (Reason.HARM, _rule(r"(?:kill|hang|cut) (?:your|ur)self|kys|go (?:and )?die already")),
    (
        Reason.HARM,
        _rule(r"how to (?:make|build) (?:a )?(?:\w+ )?(?:bombs?|explosives?|nerve gas|meth)"),
    ),
)
_STRICT: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        Reason.COARSE,
        _rule(
            r"(?:mother)?fuck\w*|(?:bull)?shit(?:s|ty|ting)?|cunts?|bitch(?:es|y)?|assholes?|"
            r"bastards?|wank(?:ers?|ing)|whores?|sluts?|pricks"
        ),
    ),
    (Reason.COARSE, re.compile(r"\b(?:dick(?:s|head)?|cock(?:s|sucker)?)\b(?!-)")),  # no names
    (
        Reason.GORE,
        _rule(
            r"disembowel\w*|decapitat\w*|dismember\w*|gouged? out|entrails|intestines spilled|"
            r"severed (?:head|arm|hand|leg)s?|slit (?:his|her|their) throats?|brains? splattered"
        ),
    ),
)
_COCKEREL = re.compile(r"\b(?:crow\w*|hens?|farm\w*|rooster|feathers?|weather)\b", re.IGNORECASE)
_CALLED_VERMIN = _rule(
    rf"(?:they|them|those people|these people)\b.{{0,60}}\b{_VERMIN}|{_VERMIN}"
    r"\b.{0,60}\b(?:they|them|those people|these people)"
)
_REMOVED = _rule(rf"{_REMOVE} (?:\w+ )?(?:them|those people|these people|\w+ of them)")


def screen(text: str, level: Level) -> Verdict:
    """Whether a text may be shown at this level, and if not, why."""
    if level is Level.OFF:
        return _SAFE
    rules = _MILD + (_STRICT if level is Level.STRICT else ())
    for reason, pattern in rules:
        match = pattern.search(text)
        if match and not _harmless(match[0], text):
            return Verdict(reason, match[0])
    return _people_as_vermin(text)


def _harmless(found: str, text: str) -> bool:
    """Whether the text around makes the word a cockerel's."""
    return found == "cock" and _COCKEREL.search(text) is not None


def _people_as_vermin(text: str) -> Verdict:
    """People called vermin and to be removed; where it is about beasts, a farmer may speak."""
    found = sentences(text)
    for at in range(len(found)):
        near = " ".join(found[at : at + 2])
        called, removed = _CALLED_VERMIN.search(near), _REMOVED.search(near)
        if called and removed and not _BEASTS.search(text):
            return Verdict(Reason.HATRED, removed[0])
    return _SAFE
