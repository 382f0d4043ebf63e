"""Where the sentences of a text begin and end."""

import re

# Titles and the like end in a full stop without ending a sentence.
_ABBREVIATED = re.compile(
    r"(?:^|[\s(\"'])(?:Mr|Mrs|Ms|Dr|St|Prof|Capt|Sr|Jr|Mt|No|vs|etc|[A-Z]|e\.g|i\.e)\.$"
)
_END = re.compile(
    r"""
    (?:[.!?…]+["'”’)\]]*(?=\s|$))        # a full stop with its closing quotes, before a space
    | (?:[。！？…]+[」』”’）]*)            # Chinese and Japanese need no space
    | \n\s*\n                            # a paragraph's end ends a sentence as well
    """,
    re.VERBOSE,
)
# "Stop!" said Ann. / "Why?" he asked: the sentence goes on after a quote in small letters, or
# with a name before a verb of saying.
_SAYING = re.compile(
    r"[ \t]*(?:[a-z]|[A-Z]\w+ (?:said|asked|cried|shouted|replied|answered|whispered|yelled)\b)"
)


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence, without the white space around it."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        if not _ends_a_sentence(text, start, match):
            continue
        _add(found, text, start, match.end())
        start = match.end()
    _add(found, text, start, len(text))
    return found


def sentences(text: str) -> list[str]:
    """The sentences of a text, verbatim and in order."""
    return [text[start:end] for start, end in spans(text)]


def _ends_a_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark.isspace():
        return True
    if mark == "." and _ABBREVIATED.search(text[start : match.end()]):
        return False
    goes_on = _SAYING.match(text, match.end())
    return not (goes_on and (mark[-1] in "\"'”’)]" or mark[0] == "…" or mark.startswith("...")))


def _add(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left, right = len(piece) - len(piece.lstrip()), len(piece.rstrip())
    if left < right:
        found.append((start + left, start + right))
