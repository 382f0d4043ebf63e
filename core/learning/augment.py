"""The same rows told a little otherwise: other names, other pronouns, other cuts, other headings.

Half of the rows are varied, in place, so a run takes as long as before. What is varied is a
setting; nothing is by default, until `tests.benchmarks.learning_augment` shows that it helps. Both
passages of a pair are varied alike, so that what differs between them is what was picked.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from core.learning.examples import Side
from core.learning.names import names_in, rename, swap_names
from core.narrator.firstnames import BOYS, GIRLS
from core.narrator.headings import START_OF_HEADING, START_OF_TEXT, Field
from core.story.sentences import spans

_SHARE = 0.5  # of the rows that are varied
_LEFT_OUT = 0.5  # of the headings' lines that may be missing
_LEAST = 2  # sentences that a cut leaves
_HEADING = re.compile(f"{START_OF_HEADING}[^{START_OF_TEXT}]*{START_OF_TEXT}")
_NEEDED = {Field.STYLE, Field.ROUGH, Field.TASK}  # without them a passage answers nothing
_SHE_HE = (
    "she he|herself himself|girl boy|girls boys|woman man|women men|mother father|mothers fathers|"
    "mom dad|mommy daddy|mum dad|mama papa|sister brother|sisters brothers|daughter son|"
    "daughters sons|grandma grandpa|granny grandpa|grandmother grandfather|aunt uncle|wife husband|"
    "queen king|princess prince|lady gentleman|witch wizard|hers his"
)
_HERS = dict(pair.split() for pair in _SHE_HE.split("|"))
_OTHER = {his: hers for hers, his in reversed(_HERS.items())} | _HERS
_GENDERED = re.compile(rf"\b(?:{'|'.join((*_OTHER, 'her', 'him'))})\b", re.IGNORECASE)
_OWNS = re.compile(
    r"\s+(?!(?:and|or|to|with|for|in|on|at|by|from|as|that|if|when|the|a|an)\b)[a-z]"
)


class Augmentation(StrEnum):
    """What may be told otherwise."""

    NAMES = "names"  # of the same gender
    PRONOUNS = "pronouns"  # girls become boys and boys girls, names and all
    CUTS = "cuts"  # the passage begins later, or a pair's passages end sooner
    HEADINGS = "headings"  # some lines are missing, as when fewer things were asked for


@dataclass(frozen=True, slots=True)
class _Told:
    """A row's prompt and its one or two passages."""

    prompt: str
    texts: tuple[str, ...]


def augmented(side: Side, kinds: Sequence[Augmentation], seed: int) -> Side:
    """The rows, half of them varied in all the ways named; the same for the same seed."""
    if not kinds:
        return side

    def varied(told: _Told, place: str) -> _Told:
        rng = random.Random(f"{seed} {place}")
        if rng.random() >= _SHARE:
            return told
        for kind in kinds:
            told = _WAYS[kind](told, rng)
        return told

    liked, thumbs, pairs = [], [], []
    for at, row in enumerate(side.liked):
        told = varied(_Told(row.prompt, (row.text,)), f"liked {at}")
        liked.append(replace(row, prompt=told.prompt, text=told.texts[0]))
    for at, thumb in enumerate(side.thumbs):
        told = varied(_Told(thumb.prompt, (thumb.text,)), f"thumb {at}")
        thumbs.append(replace(thumb, prompt=told.prompt, text=told.texts[0]))
    for at, pair in enumerate(side.pairs):
        told = varied(_Told(pair.prompt, (pair.chosen, pair.rejected)), f"pair {at}")
        chosen, rejected = told.texts
        pairs.append(replace(pair, prompt=told.prompt, chosen=chosen, rejected=rejected))
    return replace(side, liked=tuple(liked), thumbs=tuple(thumbs), pairs=tuple(pairs))


def _everywhere(told: _Told, change: Callable[[str], str]) -> _Told:
    return _Told(change(told.prompt), tuple(map(change, told.texts)))


def _whole(told: _Told) -> str:
    """Everything in which a name may stand, as one text."""
    lines = _HEADING.sub(lambda match: " ".join(match.group().split(START_OF_HEADING)), told.prompt)
    return "\n".join((lines.replace(START_OF_TEXT, "\n"), *told.texts))


def _renamed(told: _Told, rng: random.Random) -> _Told:
    swaps = swap_names(_whole(told), rng)
    return _everywhere(told, lambda text: rename(text, swaps))


def _other_gender(told: _Told, rng: random.Random) -> _Told:
    """Everybody's gender the other way round, where names and words show one."""
    taken = set(names_in(_whole(told)))
    swaps: dict[str, str] = {}
    for name in sorted(taken & {*GIRLS, *BOYS}):
        others = [other for other in (BOYS if name in GIRLS else GIRLS) if other not in taken]
        swaps[name] = rng.choice(others)
        taken.add(swaps[name])
    return _everywhere(told, lambda text: _regendered(rename(text, swaps)))


def _regendered(text: str) -> str:
    def other(match: re.Match[str]) -> str:
        word, after = match.group(), match.string[match.end() :]
        small = word.lower()
        owns = bool(_OWNS.match(after))
        if small == "her":
            found = "his" if owns else "him"
        elif small == "him":
            found = "her"
        elif small == "his":
            found = "her" if owns else "hers"
        else:
            found = _OTHER[small]
        return found.capitalize() if word[0].isupper() else found

    return _GENDERED.sub(other, text)


def _cut(told: _Told, rng: random.Random) -> _Told:
    """One passage: its first sentences go to the prompt. Two: both end after as many sentences."""
    places = [spans(text) for text in told.texts]
    number = min(map(len, places))
    if number <= _LEAST:
        return told
    if len(told.texts) == 1:
        at = places[0][rng.randint(1, number - _LEAST)][0]
        before = told.texts[0][:at].rstrip()  # stands there like a passage that was told before
        return _Told(f"{told.prompt}{before}\n\n", (told.texts[0][at:],))
    kept = rng.randint(_LEAST, number - 1)
    ends = [found[kept - 1][1] for found in places]
    return _Told(told.prompt, tuple(t[:end] for t, end in zip(told.texts, ends, strict=True)))


def _shorter_headings(told: _Told, rng: random.Random) -> _Told:
    def fewer(match: re.Match[str]) -> str:
        lines = match.group()[1:-1].split(START_OF_HEADING)
        kept = [
            line for line in lines if line.partition(":")[0] in _NEEDED or rng.random() >= _LEFT_OUT
        ]
        return "".join(f"{START_OF_HEADING}{line}" for line in kept) + START_OF_TEXT * bool(kept)

    return replace(told, prompt=_HEADING.sub(fewer, told.prompt))


_WAYS = {
    Augmentation.NAMES: _renamed,
    Augmentation.PRONOUNS: _other_gender,
    Augmentation.CUTS: _cut,
    Augmentation.HEADINGS: _shorter_headings,
}
