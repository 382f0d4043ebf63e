"""The words a model has read. A small one, unsure, makes up others: "Samgatatat", "Buke"."""

import functools
import re
from collections.abc import Iterable
from pathlib import Path

WORDS = "words.txt"  # beside a model: one word a line, in small letters
_MOST = 40  # letters of a word; nothing longer is one
_LETTERS = frozenset("bcdefghjklmnpqrstuvwxyz")  # that are no words by themselves
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LATIN = re.compile(r"[a-zà-öø-ÿāăąćčďđēęěğīłńňōőœřśşšťūůűźżž'’]+")  # other scripts are not judged
_OWNED = re.compile(r"['’]s?$")


class Lexicon:
    """The words that may be written: those the model has read, and those of its story."""

    def __init__(self, known: frozenset[str], told: Iterable[str] = ()) -> None:
        """`told`: texts whose words are known too, as the premise's names are."""
        self._known = known
        self._told = {word for text in told for word in words_of(text)}

    def knows(self, word: str) -> bool:
        """Whether it is a word; of another script than Latin none is in doubt."""
        word = _OWNED.sub("", word.lower())
        if not _LATIN.fullmatch(word):
            return True
        known = word in self._known and word not in _LETTERS
        return len(word) <= _MOST and (known or word in self._told)


def words_of(text: str) -> set[str]:
    """The words of a text in small letters, without the ending of what somebody owns."""
    return {_OWNED.sub("", word) for word in _WORD.findall(text.lower())}


def read_words(folder: Path) -> frozenset[str]:
    """The words of a model's folder; none where it has no list of them."""
    path = folder / WORDS
    return frozenset(path.read_text(encoding="utf-8").split()) if path.exists() else frozenset()


@functools.cache
def starter_words() -> frozenset[str]:
    """The words that the bundled starter has read: plain English."""
    return read_words(Path(__file__).parent / "starter")
