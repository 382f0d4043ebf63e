"""A premise as it would be told: "a cat who steals a fish", "a cat who stole a fish".

People type what happens; stories tell what happened. A small model either copies "steals" into its
tale, where it cannot stand, or leaves out what the premise is about.
"""

import bisect
import re
from collections.abc import Sequence

from core.narrator.firstnames import BOYS, GIRLS
from core.narrator.lexicon import starter_words
from core.narrator.wordforms import past, third_person

_HELPING = {"can": "could", "will": "would", "may": "might"}  # also a tin, a wish, a month
_SURELY_HELPING = {
    "are": "were",
    "cannot": "could not",
    "can't": "couldn't",
    "won't": "wouldn't",
    "isn't": "wasn't",
    "aren't": "weren't",
    "doesn't": "didn't",
    "hasn't": "hadn't",
}
_SUBJECTS = frozenset(
    "who that which he she it they there everybody everyone somebody someone nobody".split()
)
# Nothing but verbs, wherever they stand.
_VERBS = frozenset(
    "is has does goes comes becomes loses gives tells says sees hears gets takes brings begins "
    "grows knows thinks feels forgets writes sings eats steals finds meets keeps wants tries "
    "waits asks helps learns stays sleeps decides discovers follows builds loves hates refuses "
    "teaches carries marries falls runs cries".split()
)
_ARTICLES = frozenset("a an the his her its their my your our this these those no".split())
_OBJECTS = _ARTICLES | frozenset("it him them one everything nothing something".split())
_BESIDE = frozenset("at by for from in into near of on to under with without".split())
_JOINING = frozenset({"and", "but", "or", "then"})
_BETWEEN = frozenset("never always often still only also just really suddenly almost".split())
_PIECE = re.compile(r"[^\W\d_]+(?:['’][a-z]+)?|[\W\d_]+")
_QUOTES = re.compile('["“”«»]')
# Several who do something: "Rosa and her brother get lost", "Two mice sing".
_ONE = r"(?:(?:[Aa]n?|[Tt]he|[Hh]er|[Hh]is|[Tt]heir|[Mm]y) [a-z]+|[A-Z][a-z]+)"
_MANY = r"(?:[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[Ss]even|[Ss]ome|[Mm]any)"
_SEVERAL = re.compile(
    rf"\s*(?:{_MANY} (?:[a-z]+ ){{1,4}}who|{_ONE} and {_ONE}|{_MANY} [a-z]+) ([a-z]+)\b"
)
_READ = 1000  # characters
_LEAST_KNOWN = 0.5  # of the words: then it is English


def in_the_past(text: str) -> str:
    """The text with what somebody does put into the past, where that is plain to see.

    What is said in quotes stays, and so does all that is not English. Of a very long text the
    beginning is read.
    """
    return "".join(told for _, told in _read(text[:_READ])) + text[_READ:]


def without_verbs(text: str) -> str:
    """The text without the words that `in_the_past` would change."""
    return "".join(typed if typed == told else " " for typed, told in _read(text[:_READ]))


def _read(text: str) -> list[tuple[str, str]]:
    """Words and what stands between them, each as it was typed and as it is told."""
    pieces = _PIECE.findall(text)
    words = [at for at, piece in enumerate(pieces) if piece[0].isalpha()]
    plain = [pieces[at].replace("’", "'") for at in words]
    english = [_known(word) for word in plain if not word.istitle()]
    if sum(english) < _LEAST_KNOWN * len(english):
        return [(piece, piece) for piece in pieces]
    several = _SEVERAL.match(text)
    together = len(_PIECE.findall(text[: several.start(1)])) if several else -1
    found, changed, quoted = list(pieces), False, 0
    for at, piece in enumerate(pieces):
        quoted += len(_QUOTES.findall(piece))
        if not piece.islower() or quoted % 2 or not piece[0].isalpha():
            continue
        number = bisect.bisect_left(words, at)
        new = _told(plain, number, joined=changed, together=at == together)
        if new != plain[number]:
            found[at], changed = new, True
        elif piece not in _JOINING | _BETWEEN:
            changed = False
    return list(zip(pieces, found, strict=True))


def _told(words: Sequence[str], at: int, *, joined: bool, together: bool) -> str:
    """A word as it is told, after and before the others.

    `joined`: one before it changed; `together`: it may be what several do.
    """
    word = words[at]
    after = words[at + 1] if at + 1 < len(words) else ""
    before = next((each for each in reversed(words[:at]) if each not in _BETWEEN), "")
    if before.lower() in _ARTICLES | _BESIDE:  # then it is no verb
        return word
    subject = before in _SUBJECTS or _a_name(before)
    if word in _SURELY_HELPING or (word in _HELPING and subject):
        return (_SURELY_HELPING | _HELPING)[word]
    if together and word not in _JOINING | _ARTICLES | _BESIDE | _SUBJECTS:
        return they_did(word)
    does = word in _VERBS or (
        third_person(word, starter_words())
        and (subject or after in _OBJECTS or (before in _JOINING and joined))
    )
    return past(word, starter_words()) if does else word


def they_did(word: str) -> str:
    """What they did who "build": "built"; the word itself, where that is not to be told."""
    for one in (f"{word}s", f"{word}es", f"{word.removesuffix('y')}ies"):
        did = past(one, starter_words())
        if did != one:
            return did
    return word


def _a_name(word: str) -> bool:
    known = word.lower() in starter_words() and word not in GIRLS and word not in BOYS
    return word.istitle() and not known


def _known(word: str) -> bool:
    word = word.lower().removesuffix("'s")
    return word in starter_words() or third_person(word, starter_words())
