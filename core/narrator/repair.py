"""Repairs that need no dictionary: slips of the pen, doubled words, capitals, broken agreement.

What is a word is known from the starter's list of those it has read and from the story itself.
Rules mend what can only be a slip; where there is a choice, `core.narrator.refining` asks the
narrator which reading is likelier.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.narrator.lexicon import starter_words
from core.narrator.wordforms import forms
from core.story.own import word_counts
from core.story.sentences import spans

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEAST = 2  # letters of a word that can be misspelled
_MOST = 6  # readings of one word that are tried
# Doubled on purpose now and then.
_DOUBLE = frozenset(
    "had that very so no yes ha bye knock tick tock quack choo ho hop round many".split()
)
_TWICE = re.compile(r"\b([^\W\d_]+)(?P<gap>\s+)\1\b(?!['’\w])", re.IGNORECASE)
_NOT_DID = re.compile(r"\bnot did\b", re.IGNORECASE)
_ARTICLE = re.compile(r"\b([Aa])(n?)(?= ([a-zA-Z]+))")
_SILENT = re.compile(r"(?:hour|honest|heir|honou?r)", re.IGNORECASE)
_YOU = re.compile(r"(?:uni[^mn]|use|usu|eu|one\b|once\b)", re.IGNORECASE)
_SPACE_BEFORE = re.compile(r"[ \t]+(?=[,;:.!?](?:\s|$|[\"']))")
_NO_SPACE_AFTER = re.compile(r"(?<=[a-z][,;!?])(?=[A-Za-z]{2})")
_REPEATED_MARK = re.compile(r"([,;:])\1+")
# Each of these may stand where another of its line should.
_CONFUSED = [
    line.split()
    for line in """
was were
is are
has have
she her
he him his
they them
i me
run ran
say said
find found
come came
give gave
take took
see saw
go went goes
do does did
""".strip().splitlines()
]
_WRONG = {"goed": "went", "seed": "saw", "runned": "ran", "comed": "came", "finded": "found"}
_READ_AS: dict[str, tuple[str, ...]] = {}
for _line in _CONFUSED:
    for _word in _line:
        _READ_AS[_word] = tuple(other for other in _line if other != _word)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A word that may be meant otherwise: where it stands, and what else it could be."""

    start: int
    end: int
    readings: tuple[str, ...]  # the likeliest first
    slip: bool  # it is no word as it stands
    rare: bool = False  # an ending may be lacking; that is seldom so


def tidied(text: str, names: Iterable[str] = ()) -> str:
    """The text with what can only be a slip mended by rule; `names` get their capital."""
    text = _NOT_DID.sub(lambda found: "Didn't" if found[0][0] == "N" else "didn't", text)
    for _ in range(2):  # a word may stand there three times
        text = _TWICE.sub(_once, text)
    text = _SPACE_BEFORE.sub("", text)
    text = _NO_SPACE_AFTER.sub(" ", text)
    text = _REPEATED_MARK.sub(r"\1", text)
    text = _ARTICLE.sub(_article, text)
    return _with_capitals(text, {name.lower(): name for name in names})


def doubts(text: str, names: Iterable[str] = (), story: str = "") -> list[Doubt]:
    """The words of a text that may be meant otherwise. Names are never doubted."""
    named = {name.lower() for name in names}
    told = {word for word in _WORD.findall(story.lower()) if story.lower().count(word) > 1}
    known = starter_words()
    found: list[Doubt] = []
    for match in _WORD.finditer(text):
        word = match[0].lower()
        if word in named or (match[0][0].isupper() and not _opens(text, match.start())):
            readings = _as_names(match[0], named, known)
            slip = bool(readings)
        elif word in _WRONG:
            readings, slip = (_WRONG[word],), True
        elif _is_known(word, known, told):
            readings, slip = _READ_AS.get(word) or _past(word, known), False
        else:
            readings, slip = _spelled_like(word, known, named), True
        if readings:
            cased = tuple(_cased(reading, match[0], named) for reading in readings[:_MOST])
            rare = not slip and word not in _READ_AS
            found.append(Doubt(match.start(), match.end(), cased, slip, rare))
    return found


def read_as(text: str, chosen: Sequence[tuple[Doubt, str]]) -> str:
    """The text with some doubts settled."""
    for doubt, reading in sorted(chosen, key=lambda choice: -choice[0].start):
        text = text[: doubt.start] + reading + text[doubt.end :]
    return text


def slips(text: str) -> int:
    """How many slips can be told without a narrator: doubled words and those that are none."""
    doubled = sum(found[1].lower() not in _DOUBLE for found in _TWICE.finditer(text))
    return doubled + len(unknown_words(text)) + len(_NOT_DID.findall(text))


def with_slips_as(text: str, mended: str) -> str:
    """The text with each word that is one slip from a word of the mended text spelled like that."""
    there = {word.lower(): word for word in _WORD.findall(mended)}

    def spelled(match: re.Match[str]) -> str:
        word = match[0].lower()
        if word in there or word in starter_words():
            return match[0]
        near = sorted(other for other in _one_slip(word) if other in there)
        return there[near[0]] if near else match[0]

    return _WORD.sub(spelled, text)


def unknown_words(text: str, story: str = "") -> list[str]:
    """The words of a text that are none, as far as is known; without those that may be names."""
    told = set(_WORD.findall(story.lower()))
    return [
        match[0]
        for match in _WORD.finditer(text)
        if not match[0][0].isupper() and not _is_known(match[0].lower(), starter_words(), told)
    ]


def _once(found: re.Match[str]) -> str:
    return found[0] if found[1].lower() in _DOUBLE else found[1]


def _article(found: re.Match[str]) -> str:
    word = found[3]
    vowel = word[0].lower() in "aeiou" and not _YOU.match(word)
    vowel = vowel or _SILENT.match(word) is not None
    if word.lower() in {"and", "is", "in", "of", "a", "as", "at", "on", "i", "o"}:
        return found[0]  # a letter's name, or no article
    return found[1] + ("n" if vowel else "")


def _with_capitals(text: str, names: dict[str, str]) -> str:
    starts = {start for start, _ in spans(text)}

    def cased(match: re.Match[str]) -> str:
        word = match[0]
        quoted = match.start() - 1 if text[match.start() - 1 : match.start()] in {'"', "“"} else -1
        if word.lower() in names and word.islower():
            return names[word.lower()]
        if word == "i" or word.startswith(("i'", "i’")):
            return word.capitalize()
        first = match.start() in starts or quoted in starts
        return word[0].upper() + word[1:] if first and word.islower() else word

    return _WORD.sub(cased, text)


def _opens(text: str, at: int) -> bool:
    """Whether a capital is due there in any case."""
    before = text[:at].rstrip().rstrip("\"'“”‘’(")
    return (
        not before.strip()
        or before.rstrip()[-1:] in {".", "!", "?", "…", ":"}
        or (text[at - 1 : at] in {'"', "“"})
    )


def _is_known(word: str, known: frozenset[str], told: set[str]) -> bool:
    bare = word.replace("’", "'")
    bare = bare.removesuffix("'s").removesuffix("'")
    if bare in known or bare in told or bare in {"a", "i", "o"} or "'" in bare:
        return True
    return any(form in known for form in forms(bare) if len(form) >= len(bare) - 3)


def _past(word: str, known: frozenset[str]) -> tuple[str, ...]:
    """The past of a verb that lost its ending; which words are verbs, their pasts tell."""
    if len(word) <= _LEAST or word.endswith(("ed", "s", "ing", "ly")):
        return ()
    past = word + ("d" if word.endswith("e") else "ed")
    doubled = word + word[-1] + "ed"
    return tuple(form for form in (past, doubled) if form in known)


def _spelled_like(word: str, known: frozenset[str], named: set[str]) -> tuple[str, ...]:
    """The words that one slip makes of it, the commonest first."""
    if len(word) < _LEAST:
        return ()
    counts = word_counts()
    found = {
        near
        for near in _one_slip(word)
        if near in named or (near in known and any(form in counts for form in forms(near)))
    }
    return tuple(
        sorted(found, key=lambda near: (-counts.get(near, 0) - 50 * (near in named), near))
    )


def _as_names(word: str, named: set[str], known: frozenset[str]) -> tuple[str, ...]:
    """A name of the story that a slip made this of; a name that stands alone is kept."""
    small = word.lower()
    if small in named or small in known:
        return ()
    return tuple(sorted(near for near in _one_slip(small) if near in named))


def _one_slip(word: str) -> set[str]:
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    lost = {a + b[1:] for a, b in parts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in parts if len(b) > 1}
    wrong = {a + c + b[1:] for a, b in parts if b for c in _LETTERS}
    more = {a + c + b for a, b in parts for c in _LETTERS}
    return (lost | swapped | wrong | more) - {word}


def _cased(reading: str, word: str, named: set[str]) -> str:
    if reading in named or word[0].isupper() or reading == "i":
        return reading[0].upper() + reading[1:]
    return reading
