"""What can be counted in stories: all of it on plain texts, by one rule for every model."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from core.learning.describe import compound
from core.story.sentences import sentences

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_ENDS = ("", "s", "es", "d", "ed", "ing")  # "kite" is used in "kites" as well
_CALM = 0.2  # of VADER's compound: as in core.learning.describe
_SIGN = 0.05  # VADER's own bound between neutral and not


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def grams(text: str, size: int) -> list[tuple[str, ...]]:
    found = words(text)
    return [tuple(found[at : at + size]) for at in range(len(found) - size + 1)]


def distinct_2(stories: Sequence[str]) -> float:
    """Different pairs of words among all pairs of all the stories together."""
    pairs = [pair for story in stories for pair in grams(story, 2)]
    return len(set(pairs)) / max(1, len(pairs))


def repeated_4_grams(stories: Sequence[str]) -> float:
    """Runs of four words that stood in the same story before."""
    found = [grams(story, 4) for story in stories]
    total = sum(map(len, found))
    return 1 - sum(len(set(each)) for each in found) / max(1, total)


def repeated_sentences(stories: Sequence[str]) -> float:
    """Sentences that stood in the same story before."""
    found = [[tuple(words(sentence)) for sentence in sentences(story)] for story in stories]
    total = sum(map(len, found))
    return 1 - sum(len(set(each)) for each in found) / max(1, total)


class Memory:
    """The runs of eight words of a training text."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._known = {hash(gram) for text in texts for gram in grams(text, 8)}

    def copied(self, stories: Sequence[str]) -> float:
        """Runs of eight words of the stories that stand in the training text."""
        found = [gram for story in stories for gram in grams(story, 8)]
        return sum(hash(gram) in self._known for gram in found) / max(1, len(found))


def uses(text: str, word: str) -> bool:
    """Whether a word stands in the text, in its form or a regular other one."""
    stems = {word + end for end in _ENDS} | {word.rstrip("e") + end for end in ("ing", "ed")}
    stems |= {word + word[-1] + end for end in ("ing", "ed")}
    return not stems.isdisjoint(words(text))


def mood_obeyed(text: str, mood: str) -> bool:
    """Whether VADER's sign is the one that was asked for; calm is near its zero."""
    score = compound(text)
    return {"happy": score > _SIGN, "sad": score < -_SIGN, "calm": abs(score) < _CALM}[mood]


def share(checks: Iterable[bool]) -> float:
    counted = Counter(checks)
    return counted[True] / max(1, counted.total())


def listed(texts: Iterable[str]) -> Iterator[str]:
    """Texts as numbered sections of a page."""
    for number, text in enumerate(texts, 1):
        yield f"### {number}\n\n{text}\n"
