"""What can be counted in passages, and how sure one may be of it."""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_BLEU = 4  # longest run of words that BLEU compares
_COPIED = 8
_TIMES = 400  # bootstrap samples
_SIDES = (0.025, 0.975)

Words = tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of a text in small letters."""
    return _WORD.findall(text.lower())


def grams(text: str, size: int) -> list[Words]:
    """Runs of so many words."""
    found = words(text)
    return [tuple(found[at : at + size]) for at in range(len(found) - size + 1)]


def distinct_2(texts: Sequence[Sequence[Words]]) -> float:
    """Different pairs of words among all pairs; each text is given as its pairs."""
    total = sum(map(len, texts))
    return len({pair for text in texts for pair in text}) / max(1, total)


def repetition(text: str) -> float:
    """The share of a text's runs of three words that stood in it before."""
    found = grams(text, 3)
    return (len(found) - len(set(found))) / max(1, len(found))


def copied(text: str, known: frozenset[int]) -> float:
    """The share of a text's runs of eight words that stand in what was learned from."""
    found = grams(text, _COPIED)
    return sum(hash(gram) in known for gram in found) / max(1, len(found))


def memory(texts: Iterable[str]) -> frozenset[int]:
    """The runs of eight words of texts, for `copied`."""
    return frozenset(hash(gram) for text in texts for gram in grams(text, _COPIED))


def bleu(text: str, model: str) -> float:
    """How much of the wording of `model` a text has: BLEU-4 with one added (Lin and Och, 2004)."""
    logs = 0.0
    for size in range(1, _BLEU + 1):
        own, wanted = Counter(grams(text, size)), Counter(grams(model, size))
        common = sum((own & wanted).values())
        plus = int(size > 1)
        logs += math.log(max(common + plus, 1e-9) / max(own.total() + plus, 1)) / _BLEU
    length, full = len(words(text)), len(words(model))
    brevity = min(0.0, 1 - full / length) if length else -math.inf
    return math.exp(logs + brevity)


def bootstrap(
    number: int, statistic: Callable[[Sequence[int]], float], seed: int, times: int = _TIMES
) -> tuple[float, float]:
    """What holds 95 % of a statistic over samples of so many rows, drawn with replacement."""
    if not number:
        return math.nan, math.nan
    rng = random.Random(f"bootstrap {seed}")
    found = sorted(statistic(rng.choices(range(number), k=number)) for _ in range(times))
    low, high = (found[round(side * (times - 1))] for side in _SIDES)
    return low, high
