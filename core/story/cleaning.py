"""What people type, made fit to keep: no control characters, one normal form, no turned text."""

import re
import unicodedata

# Embedding, override and isolate marks turn the text around them; letters that run from right to
# left need none of them.
_DIRECTION = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_KEPT = {"\n", "\t"}
_BLANK_LINES = re.compile(r"\n\s*\n+")


def clean(text: str) -> str:
    """Return the text without control characters, lone surrogates and direction marks, in NFC.

    Lines keep, several blank lines become one, and the ends are bare.
    """
    if text.isascii() and text.isprintable():  # one plain line, as names and wishes mostly are
        return text.strip()
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_DIRECTION)
    kept = "".join(
        char for char in text if char in _KEPT or unicodedata.category(char) not in {"Cc", "Cs"}
    )
    return _BLANK_LINES.sub("\n\n", unicodedata.normalize("NFC", kept)).strip()


def one_line(text: str) -> str:
    """Return the cleaned text on one line."""
    return " ".join(clean(text).split())
