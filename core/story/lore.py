"""Lore that fires: facts called up because their keywords were told of."""

import re
from collections.abc import Iterable, Sequence

from core.story.model import Lore


def fired(lore: Iterable[Lore], texts: Sequence[str]) -> tuple[Lore, ...]:
    """Return the entries, always-on ones aside, of which a keyword stands in one of the texts."""
    told = "\n".join(texts)
    return tuple(
        entry
        for entry in lore
        if not entry.always and any(_stands_in(keyword, told) for keyword in entry.keywords)
    )


def _stands_in(keyword: str, text: str) -> bool:
    """Whether the keyword, or its plain plural, stands there as a word of its own.

    A script without spaces has no word boundary to look for, so there any occurrence counts.
    """
    if not keyword.isascii():
        return keyword.casefold() in text.casefold()
    return re.search(rf"\b{re.escape(keyword)}(?:e?s)?\b", text, re.IGNORECASE) is not None
