"""Letters: text as Discord shows it letter by letter, whatever markup it looks like.

Discord takes a backslash before a mark for "show the next character as it is", so only what would
do something is marked: the text stays readable where it is copied raw.
"""

import re

# Emphasis, code, spoilers, mentions, masked links, and the backslash itself; what unfolds into a
# preview or an invitation; what calls everybody.
_ANYWHERE = re.compile(
    r"[\\*_~|`<\[]|:(?=//)|(?<=discord)\.(?=gg/|com/)|(?<=discordapp)\.(?=com/)|@(?=everyone|here)",
    re.IGNORECASE,
)
# Headings, small print, quotes and lists begin a line.
_LINE_START = re.compile(r"^([ \t]*)(#{1,3}(?=\s)|-#|>|[-+](?=\s)|\d+(?=\.\s))", re.MULTILINE)


def letters(text: str) -> str:
    """Return the text so that Discord shows exactly its letters."""
    return _LINE_START.sub(_marked, _ANYWHERE.sub(r"\\\g<0>", text))


def _marked(match: re.Match[str]) -> str:
    """Mark what begins a line; after a list's number its dot is marked, as digits cannot be."""
    indent, mark = match.groups()
    return f"{indent}{mark}\\" if mark.isdigit() else f"{indent}\\{mark}"


def units(text: str) -> int:
    """Return the length as the chat window counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
