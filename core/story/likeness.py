"""How alike two texts are: the distance an editor went, and words that one took from another."""

from collections.abc import Sequence

_MOST_STEPS = 250_000  # some 50 ms; where more was rewritten, all between counts as changed
RUN = 8  # words in a row that two people hardly ever write by chance


def distance(old: str, new: str) -> float:
    """The share of words that were changed, from 0 (none) to 1 (all): Levenshtein's, over words."""
    before, after = old.split(), new.split()
    most = max(len(before), len(after))
    while before and after and before[0] == after[0]:
        before, after = before[1:], after[1:]
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    if len(before) * len(after) > _MOST_STEPS:
        return max(len(before), len(after)) / most
    return _steps(before, after) / most if most else 0.0


def _steps(before: Sequence[str], after: Sequence[str]) -> int:
    row = list(range(len(after) + 1))
    for at, word in enumerate(before, start=1):
        diagonal, row[0] = row[0], at
        for to, other in enumerate(after, start=1):
            kept = diagonal + (word != other)
            diagonal, row[to] = row[to], min(kept, row[to] + 1, row[to - 1] + 1)
    return row[-1]


def runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every run of so many words in a text; a shorter text of four words or more is one itself."""
    words = [_bare(word) for word in text.split()]
    words = [word for word in words if word]
    if len(words) < RUN:
        return frozenset({tuple(words)} if len(words) > RUN // 2 else ())
    return frozenset(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def quotes(text: str, found: frozenset[tuple[str, ...]]) -> bool:
    """Whether a text holds one of these runs."""
    if not found:
        return False
    words = [word for word in map(_bare, text.split()) if word]
    lengths = {len(run) for run in found}
    return any(
        tuple(words[at : at + length]) in found
        for length in lengths
        for at in range(len(words) - length + 1)
    )


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word.casefold()))
