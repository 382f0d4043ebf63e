"""Worn phrases: what so many stories say that it tells nothing any more.

A small model makes sense where it writes what it finds likely, and then it writes what everybody
writes: "They had so much fun". To draw more boldly makes stories differ, and makes nonsense of
them. So it draws cautiously, and of the tokens that may be drawn, those that would complete a worn
phrase are drawn less often: the less, the more stories have the phrase. That is contrastive
decoding (Li et al., "Contrastive Decoding: Open-ended Text Generation as Optimization", 2023) with
a table of phrases as the amateur. What nothing else would do for is written all the same, and what
the story has told of already is its own.
"""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.narrator.tokens import Tokens

LEAST = 2.0  # of a thousand stories: a phrase that fewer have is not worn
LENGTH = 3  # pieces of a phrase
NOTHING: Mapping[int, float] = {}
_FILE = Path(__file__).with_name("worn.txt")  # `python -m core.learning.wearing` makes it
# As GPT-2's tokenizer parts a text before it looks for its tokens: words keep the space before.
_PIECE = re.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+", re.IGNORECASE
)


class Worn:
    """Which tokens would complete a worn phrase."""

    def __init__(self, shares: Mapping[str, float], tokens: Tokens) -> None:
        """`shares`: of a thousand stories, how many have each phrase.

        A phrase counts where each of its pieces is one token.
        """
        token_of = functools.cache(functools.partial(_single, tokens))
        found: dict[tuple[int, ...], dict[int, float]] = {}
        for phrase, share in shares.items():
            ids = [token for piece in pieces(phrase) if (token := token_of(piece)) is not None]
            if len(ids) == LENGTH:
                found.setdefault(tuple(ids[:-1]), {})[ids[-1]] = math.log(share / LEAST)
        self._found = found

    def after(self, ids: Sequence[int], own: frozenset[int] = frozenset()) -> Mapping[int, float]:
        """The tokens that would complete one after these: nats, more the more stories have it.

        `own`: tokens that no phrase is worn by, since the story is about them.
        """
        found = self._found.get(tuple(ids[1 - LENGTH :]), NOTHING)
        if own.isdisjoint(found):
            return found
        return {token: nats for token, nats in found.items() if token not in own}


def pieces(text: str) -> list[str]:
    """Words, punctuation and white space, one after another; together they are the text."""
    return _PIECE.findall(text)


@functools.lru_cache(maxsize=4)
def worn(tokens: Tokens) -> Worn:
    """What children's stories in English say all the time, for this tokenizer."""
    return Worn(read_shares(_FILE), tokens)


def read_shares(file: Path) -> dict[str, float]:
    """A phrase a line, after the number of a thousand stories that have it."""
    lines = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return {phrase.replace("\\n", "\n"): float(share) for share, phrase in lines}


def write_shares(shares: Mapping[str, float], file: Path) -> None:
    """The same, those first that most have."""
    ordered = sorted(shares.items(), key=lambda one: (-one[1], one[0]))
    lines = (f"{share:.1f}\t{_in_a_line(phrase)}\n" for phrase, share in ordered)
    file.write_text("".join(lines), encoding="utf-8")


def _single(tokens: Tokens, piece: str) -> int | None:
    ids = tokens.encode(piece)
    return ids[0] if len(ids) == 1 else None


def _in_a_line(phrase: str) -> str:
    return phrase.replace("\n", "\\n")
