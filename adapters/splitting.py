"""Long texts, split so that each part fits one message: at paragraphs, sentences, words.

A platform counts its limit in its own way: Discord in code points (`len`), Telegram in UTF-16 code
units (`utf16`), where most emoji count twice.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

_PARAGRAPH = re.compile(r"\S(?=\s*?\n\s*\n)")
_SENTENCE = re.compile(r"[.!?…]+[\"'”’)\]»]*(?=\s)|[。！？…]+[」』”’）]*|\S(?=\s*?\n)")
_WORD = re.compile(r"\S(?=\s)|[，、；：]")
# A part should be filled this far before a coarser break is preferred to a finer one.
_BREAKS = ((_PARAGRAPH, 0.5), (_SENTENCE, 0.25), (_WORD, 0.0))
_JOINER = "\u200d"


def utf16(text: str) -> int:
    """Return the length of a text in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def split(text: str, limit: int, size: Callable[[str], int] = len) -> list[str]:
    """Return the text in parts of at most `limit`, without the white space where it was cut.

    A text that grows keeps its first parts, but for the last one.
    """
    return list(_parts(text.strip(), limit, size))


def _parts(rest: str, limit: int, size: Callable[[str], int]) -> Iterator[str]:
    while size(rest) > limit:
        cut = _cut(rest, len(_head(rest, limit, size)))
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    if rest:
        yield rest


def _head(text: str, limit: int, size: Callable[[str], int]) -> str:
    """Return a beginning of the text that fits, as long as can be."""
    head = text[:limit]
    while (over := size(head) - limit) > 0:
        head = head[: -((over + 1) // 2)]  # no character counts more than two
    return head


def _cut(text: str, most: int) -> int:
    """Return where to cut a text of which `most` characters fit."""
    for pattern, fill in _BREAKS:
        # One character further, so that a break just at the end is seen.
        ends = [match.end() for match in pattern.finditer(text, 0, most + 1)]
        cut = max((end for end in ends if end <= most), default=0)
        if cut > most * fill:
            return cut
    return next((cut for cut in range(most, 0, -1) if not _joined(text, cut)), most)


def _joined(text: str, cut: int) -> bool:
    """Whether the characters on both sides of a cut make one sign."""
    before, after = text[cut - 1], text[cut]
    skin_tone = "\U0001f3fb" <= after <= "\U0001f3ff"
    return _JOINER in {before, after} or skin_tone or unicodedata.category(after).startswith("M")
