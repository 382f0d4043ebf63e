"""Headings: what a narrator is told about a text, in plain lines that nobody can type.

ASCII has had two characters for this since 1963: SOH, start of heading, and STX, start of text.
Control characters are stripped from everything people write (`plain`), so a heading can only be
ours, and every GPT-2 can read it, since byte-level BPE has a token for each byte.

    <|endoftext|> SOH Title: The Singing Shell SOH Mood: happy STX Mara kept the light ...

A heading may also stand inside a text, before the passage it is about:

    ... and the boat was gone. SOH Mood: sad SOH Task: end STX Mara sat down ...
"""

import unicodedata
from collections.abc import Iterable
from enum import StrEnum

START_OF_HEADING = "\x01"
START_OF_TEXT = "\x02"

_KEPT = {"\n", "\t"}
_UNPRINTABLE = {"Cc", "Cs", "Co", "Cn"}
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})


class Field(StrEnum):
    """One line of a heading. The order here is the order in every heading."""

    STYLE = "Style"  # tale, picture book, fable, classic
    GENRE = "Genre"
    TITLE = "Title"  # after a text: propose one
    PREMISE = "Premise"
    MOOD = "Mood"
    WORDS = "Words"  # must appear in the text that follows
    LORE = "Lore"
    RECAP = "Recap"  # of what stands before the text
    ROUGH = "Rough"  # a draft; the text that follows is the same, better told
    TASK = "Task"  # "end": the text that follows ends the story


def plain(text: str) -> str:
    """Text from people or books as a narrator may read it: no control characters, straight quotes.

    What is left can neither end a heading nor begin one.
    """
    return "".join(
        char
        for char in text.translate(_STRAIGHT)
        if char in _KEPT or unicodedata.category(char) not in _UNPRINTABLE
    )


def heading(fields: Iterable[tuple[Field, str]]) -> str:
    """The lines as one heading, ready to stand before a text; empty if there are none.

    Each value is made plain and put on one line.
    """
    order = list(Field)
    lines = sorted(fields, key=lambda line: order.index(line[0]))
    if not lines:
        return ""
    return (
        "".join(
            f"{START_OF_HEADING}{field}: {' '.join(plain(value).split())}" for field, value in lines
        )
        + START_OF_TEXT
    )
