"""How Discord's client reads a message: which letters it shows, and what it makes of the others."""

import re
from dataclasses import dataclass

# The first that fits at a place counts, as in the client; a backslash takes the next mark's power.
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
_LINE_START = re.compile(r"[ \t]*(?:#{1,3}\s+\S|-#\s*\S|>(?:>>)?\s|[-*]\s+\S|\d+\.\s+\S)")
_ANYWHERE = re.compile(
    r"""
    ```.+?``` | `+[^`]+`+  # code
    | \*\*.+?\*\* | \*[^*\s].*?\* | __.+?__ | _[^_]+?_ | ~~.+?~~ | \|\|.+?\|\|  # emphasis, spoilers
    | \[[^\]]+\]\(\s*<?[^)]+\)  # a link behind words
    | <(?:@[!&]?|\#|a?:\w+:|t:|id:|/[^>]+:)-?\w+[^>]*>  # mentions, emoji, times
    | <?https?://[^\s<]+
    | (?:discord\.gg|discord(?:app)?\.com/invite)/\w+
    | @everyone | @here
    """,
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Seen:
    """What is to be seen of a message."""

    letters: str
    marks: tuple[str, ...]  # what the client turned into something else than letters


def seen(content: str) -> Seen:
    """Read a message as the client does."""
    shown: list[str] = []
    marks: list[str] = []
    at = 0
    while at < len(content):
        begins = at == 0 or content[at - 1] == "\n"
        if begins and (mark := _LINE_START.match(content, at)):
            marks.append(mark[0])
        if escaped := _ESCAPED.match(content, at):
            shown.append(escaped[1])
            at = escaped.end()
            continue
        if mark := _ANYWHERE.match(content, at):
            marks.append(mark[0])
        shown.append(content[at])
        at += 1
    return Seen("".join(shown), tuple(marks))
