"""A passage made worse, so that a narrator can learn to make it better."""

import random
import re
from collections.abc import Callable

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_AGREEMENT = {
    "was": "were",
    "were": "was",
    "is": "are",
    "are": "is",
    "has": "have",
    "have": "has",
    "went": "goed",
    "saw": "seed",
    "she": "her",
    "he": "him",
    "they": "them",
    "his": "him",
    "an": "a",
    "didn't": "not did",
    "ran": "run",
    "said": "say",
    "found": "find",
    "came": "come",
    "gave": "give",
    "took": "take",
}
_LITTLE = frozenset("a an the to of in on at with and his her was is it".split())
_CORE = re.compile(r"^(\W*)([\w']+)(\W*)$")


def roughen(passage: str, rng: random.Random) -> str:
    """The passage with slips in about one word of six, of two or three kinds; never unchanged."""
    paragraph = passage.split()
    wrongs = rng.sample(_WRONGS, k=rng.randint(2, 3))
    if rng.random() < 0.2:
        paragraph = _shuffled(paragraph, rng)
    rate = rng.uniform(0.08, 0.22)
    out: list[str] = []
    for word in paragraph:
        out += rng.choice(wrongs)(word, rng) if rng.random() < rate else [word]
    rough = " ".join(out)
    if rng.random() < 0.15:
        rough = rough.lower()
    if rng.random() < 0.15:
        rough = re.sub(r"[,.!?]", "", rough)
    if rough == " ".join(passage.split()):
        return " ".join([*out, out[-1]])
    return rough


def _typo(word: str, rng: random.Random) -> list[str]:
    match = _CORE.match(word)
    if not match or len(match[2]) < 3:
        return [word]
    letters = list(match[2])
    place = rng.randrange(len(letters) - 1)
    match rng.randrange(4):
        case 0:
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
        case 1:
            del letters[place]
        case 2:
            letters.insert(place, letters[place])
        case _:
            letters[place] = rng.choice(_LETTERS)
    return [match_join(word, "".join(letters))]


def match_join(word: str, core: str) -> str:
    """The word with its letters replaced and the marks around it kept."""
    return _CORE.sub(lambda match: match[1] + core + match[3], word)


def _doubled(word: str, _rng: random.Random) -> list[str]:
    return [word, word] if word.isalpha() else [word]


def _missing(word: str, rng: random.Random) -> list[str]:
    return [] if word.lower() in _LITTLE or rng.random() < 0.2 else [word]


def _disagreeing(word: str, _rng: random.Random) -> list[str]:
    match = _CORE.match(word)
    if not match:
        return [word]
    core = match[2]
    wrong = _AGREEMENT.get(core.lower())
    if wrong:
        return [match_join(word, wrong.capitalize() if core[0].isupper() else wrong)]
    if core.endswith("ed") and len(core) > 4:
        return [match_join(word, core[:-2])]
    return [word]


def _shuffled(words: list[str], rng: random.Random) -> list[str]:
    """Clauses in another order, or two neighbouring words swapped."""
    clauses = re.split(r"(?<=[,.;!?]) ", " ".join(words))
    if len(clauses) > 1:
        rng.shuffle(clauses)
        return " ".join(clauses).split()
    place = rng.randrange(max(1, len(words) - 1))
    return [*words[:place], *reversed(words[place : place + 2]), *words[place + 2 :]]


_WRONGS: tuple[Callable[[str, random.Random], list[str]], ...] = (
    _typo,
    _doubled,
    _missing,
    _disagreeing,
)
