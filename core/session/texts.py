"""How long texts from people may be, and how they are shortened for a list."""

from core.errors import Refusal
from core.story.cleaning import clean, one_line

MOST_PASSAGE = 8000  # characters; two of the longest chat messages there are
MOST_PREMISE = 1000
MOST_LORE = 500
MOST_TITLE = 100  # a Discord thread's name has no more
MOST_WISH = 200
MOST_NAME = 40
MOST_WORDS = 50  # banned words of a story


def passage_text(text: str) -> str:
    """Return a passage as it is kept; refuses an empty or endless one."""
    return _held(clean(text), MOST_PASSAGE)


def line_text(text: str, most: int) -> str:
    """Return a premise, title, wish or fact as it is kept, on one line."""
    return _held(one_line(text), most)


def _held(text: str, most: int) -> str:
    if not text:
        raise Refusal("refusal.empty")
    if len(text) > most:
        raise Refusal("refusal.too_long", count=len(text), most=most)
    return text


def short(text: str, most: int) -> str:
    """Return the text on one line, cut at a word where it is longer."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[most // 2 :] else cut) + "…"
