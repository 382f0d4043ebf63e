"""What happened so far, in a few of the story's own sentences."""

import re
from collections import Counter

from core.story.sentences import sentences as split

# English words that carry no story; a recap in another language only weighs a little worse.
_EMPTY = frozenset(
    "a about after again all also an and any are as at away back be because been before but by "
    "came can come could day did do down every for from get go got had has have he her here him "
    "his how i if in into is it its just let like little look make me more my no not now of off "
    "oh on once one or our out over said saw see she so some than that the their them then there "
    "they this time to too up upon us very want wanted was we went were what when where which who "
    "why will with would you your".split()
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LONG = 30  # words; a longer sentence is no recap
_SHORT = 4


def recap(passages_text: str, sentences: int = 3) -> list[str]:
    """At most so many sentences of the text, verbatim and in order, that tell the most of it.

    A sentence weighs by the names and frequent words it holds; one that repeats what is chosen
    already weighs less; the first and the last part of the text weigh a little more, since they
    say who it is about and how things stand. Half of what somebody says is not told, where the
    text has anything else.
    """
    told = split(passages_text)
    found = [sentence for sentence in told if _closed(sentence)] or told
    counts = Counter(word for sentence in found for word in _words(sentence))
    names = _names(found)
    chosen: list[int] = []
    covered: set[str] = set()
    while len(chosen) < min(sentences, len(found)):
        rest = [index for index in range(len(found)) if index not in chosen]
        rest.sort(key=lambda i: _weight(found, i, counts, names, covered), reverse=True)
        best = next((index for index in rest if _stands(found, [*chosen, index])), None)
        if best is None:
            break
        chosen.append(best)
        covered |= set(_words(found[best]))
    return [found[index] for index in sorted(chosen)]


def _closed(sentence: str) -> bool:
    """Whether every quote that opens in it closes."""
    return sentence.count('"') % 2 == 0 and sentence.count("“") == sentence.count("”")


def _stands(found: list[str], chosen: list[int]) -> bool:
    """Whether they are the same sentences side by side: `"Stop!"` and `Ann said yes.` are one."""
    told = [found[index] for index in sorted(chosen)]
    return split(" ".join(told)) == told


def _words(sentence: str) -> list[str]:
    return [word for word in map(str.lower, _WORD.findall(sentence)) if word not in _EMPTY]


def _names(found: list[str]) -> set[str]:
    """Words that stand with a capital inside a sentence."""
    return {
        word.lower()
        for sentence in found
        for word in _WORD.findall(sentence)[1:]
        if word[0].isupper() and word.lower() not in _EMPTY
    }


def _weight(
    found: list[str], index: int, counts: Counter[str], names: set[str], covered: set[str]
) -> float:
    words = _words(found[index])
    length = len(_WORD.findall(found[index]))
    weight = sum(
        (min(counts[word], 5) + 2 * (word in names)) * (0.25 if word in covered else 1.0)
        for word in set(words)
    ) / (4 + length)
    place = index / max(1, len(found) - 1)
    weight *= 1.3 if place <= 0.2 or place >= 0.8 else 1.0  # noqa: PLR2004 - fifths of the text
    if not _SHORT <= length <= _LONG or found[index].endswith("?"):
        weight *= 0.3
    if found[index].startswith(('"', "“", "'")):
        weight *= 0.5
    return weight
