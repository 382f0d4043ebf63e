"""Who is who in a story: its names, each with a sentence of the story about them."""

import re
from collections import Counter
from collections.abc import Sequence

from core.story.sentences import sentences

_NAME = re.compile(r"(?<![\w'’])[A-Z][a-z]+(?:['’][a-z]+)?(?![\w])")
_OFTEN = 2
_MOST = 3
_OWNED = re.compile(r"['’]s?$")
_OPENING = "\"“‘'("


def who_is_who(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the names told of most, each with the first sentence that holds it.

    A word with a capital that also stands in small letters somewhere only began a sentence.
    """
    told = [sentence for text in texts for sentence in sentences(text)]
    small = {word for sentence in told for word in re.findall(r"\b[a-z]+\b", sentence)}
    inside = Counter(
        _OWNED.sub("", name)
        for sentence in told
        for name in _NAME.findall(sentence)
        if _OWNED.sub("", name).lower() not in small
    )
    # Who is only ever named at the beginning of sentences, or of what is said, may be "Suddenly".
    surely = {
        _OWNED.sub("", match.group())
        for sentence in told
        for match in _NAME.finditer(sentence)
        if match.start() > 0 and sentence[match.start() - 1] not in _OPENING
    }
    names = [name for name, n in inside.most_common() if n >= _OFTEN and name in surely]
    found = []
    for name in names[:_MOST]:
        first = next(sentence for sentence in told if re.search(rf"\b{name}\b", sentence))
        found.append((name, first))
    return tuple(found)
