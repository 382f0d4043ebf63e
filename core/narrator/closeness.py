"""How close a text that was told again is to what it was: names, numbers, words, what differs."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.narrator.headings import plain
from core.narrator.wordforms import forms, stem
from core.story.own import word_counts
from core.story.sentences import sentences

_NAME = re.compile(r"(?<![\w'])[A-Z][a-z]+(?![\w])")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_PIECE = re.compile(r"\s+|[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")
_LITTLE = 4  # letters; shorter words say little about what a text is of
_OFTEN = 40  # times in the own stories
_TITLES = frozenset("mr mrs ms dr miss captain king queen aunt uncle doctor sir lady".split())


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch that was told otherwise; one of the two may be empty."""

    old: str
    new: str


def names_in(text: str, known: Iterable[str] = ()) -> set[str]:
    """Who and what a text names: words with a capital that plain English writes without one.

    `known`: names that are told elsewhere, found here in small letters as well.
    """
    found: set[str] = set()
    for sentence in sentences(plain(text)):
        first = _WORD.search(sentence)
        for match in _NAME.finditer(sentence):
            word = match[0]
            opens = first is not None and match.start() <= first.start()
            spoken = match.start() > 0 and sentence[match.start() - 1] == '"'
            if _is_little(word) or ((opens or spoken) and _is_common(word.lower())):
                continue
            found.add(word)
    spelled = set(_WORD.findall(text.lower()))
    return found | {name for name in known if name.lower() in spelled}


def facts_in(text: str) -> set[str]:
    """The numbers of a text."""
    return set(_NUMBER.findall(text))


def kept_names(old: str, new: str, known: Iterable[str] = ()) -> float:
    """The share of the old text's names and numbers that the new one still has."""
    had = names_in(old, known) | facts_in(old)
    spelled = set(_WORD.findall(new.lower())) | facts_in(new)
    return sum(name.lower() in spelled for name in had) / len(had) if had else 1.0


def new_names(old: str, new: str, known: Iterable[str] = ()) -> set[str]:
    """Names and numbers that nobody told before."""
    had = {name.lower() for name in (*names_in(old), *facts_in(old), *known)}
    had |= {word.lower() for word in _WORD.findall(old)}
    return {name for name in (*names_in(new), *facts_in(new)) if name.lower() not in had}


def overlap(old: str, new: str) -> float:
    """The share of the old text's telling words that the new one has, in some form."""
    had, has = _telling(old), _telling(new)
    return len(had & has) / len(had) if had else 1.0


def changes(old: str, new: str) -> list[Change]:
    """Where two texts differ, by whole words; stretches with one word between them are one."""
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    found: list[tuple[int, int, int, int]] = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            continue
        if found and not "".join(before[found[-1][1] : a]).strip():
            found[-1] = (found[-1][0], b, found[-1][2], d)
        else:
            found.append((a, b, c, d))
    told = [
        Change("".join(before[a:b]).strip(), "".join(after[c:d]).strip()) for a, b, c, d in found
    ]
    return [change for change in told if change.old != change.new]


def _is_little(word: str) -> bool:
    """Whether it is so common that a capital is only a slip: "The", "She"."""
    return word == "I" or (
        word_counts().get(word.lower(), 0) > _OFTEN and word.lower() not in _TITLES
    )


def _is_common(word: str) -> bool:
    """Whether plain English writes it without a capital."""
    return word not in _TITLES and any(form in word_counts() for form in forms(word))


def _telling(text: str) -> set[str]:
    return {stem(word) for word in _WORD.findall(text.lower()) if len(word) >= _LITTLE}
