"""Where the words of a text stand."""

import re

# Scripts that are written without spaces: each sign by itself.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+(?:['’][^\W_]+)*")


def word_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each word; two texts that differ in white space alone have as many."""
    return [match.span() for match in _WORD.finditer(text)]
