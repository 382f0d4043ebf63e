"""What a story may be about, and a possible moral: chosen from the story's own sentences."""

import functools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.narrator.wordforms import forms
from core.story.sentences import sentences

_LEAST = 2  # sentences that show a theme
_SHARE = 1 / 12  # of all sentences; in a long story two may be chance
_LESSON = re.compile(
    r"\b(?:learn(?:ed|t|s)?|lesson|from (?:then|that day) on|always remember(?:ed)?|never forgot"
    r"|realiz(?:ed|es)|realis(?:ed|es)|understood|important to|better to|ever after)\b"
    r"|学会|明白了|懂得|从此|教训|领悟",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Theme:
    """What a story seems to be about."""

    name: str
    shown_by: str  # the sentence of the story that shows it most


def theme_of(texts: Sequence[str]) -> Theme | None:
    """Return the theme that most sentences show; None where none stands out."""
    told = [sentence for text in texts for sentence in sentences(text)]
    shown = {
        name: [(len(found), sentence) for sentence in told if (found := pattern.findall(sentence))]
        for name, pattern in _patterns().items()
    }
    name = max(shown, key=lambda each: sum(count for count, _ in shown[each]))
    if len(shown[name]) < max(_LEAST, _SHARE * len(told)):
        return None
    return Theme(name, max(shown[name], key=lambda pair: pair[0])[1])


def moral_in(texts: Sequence[str]) -> str:
    """Return the last sentence in which somebody learns something; empty if there is none."""
    told = [sentence for text in texts for sentence in sentences(text)]
    return next((sentence for sentence in reversed(told) if _LESSON.search(sentence)), "")


def themes() -> tuple[str, ...]:
    """Return the names of all themes."""
    return tuple(_patterns())


@functools.cache
def _patterns() -> dict[str, re.Pattern[str]]:
    read = tomllib.loads((Path(__file__).parent / "themes.toml").read_text(encoding="utf-8"))
    found = {}
    for name, words in read.items():
        known = sorted({form for word in words["en"].split() for form in _forms(word)})
        chinese = "|".join(map(re.escape, words["zh"].split()))
        english = "|".join(map(re.escape, known))
        found[name] = re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)
    return found


def _forms(word: str) -> frozenset[str]:
    alone = word.removeprefix("=")
    return forms(word) if alone == word else frozenset({alone})
