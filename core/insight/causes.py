"""Why a passage: each earlier sentence, fact and setting is left out in turn.

What is left out and makes the passage less likely was a cause of it: an intervention on what the
model reads, not a correlation (the "leave one out" or ablation attribution; Li et al., 2016). The
effect is the drop of the passage's mean log-likelihood, in nats a token.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from core.narrator.narrator import Assignment, Fit
from core.story.sentences import spans

Weigh = Callable[[Sequence[Assignment], str], Awaitable[list[float]]]

_STRETCH = 6  # sentences; a longer paragraph is left out in several steps


class Depth(StrEnum):
    """How closely is looked, and how long people wait for it."""

    QUICK = "quick"
    FULL = "full"


_SENTENCES = {Depth.QUICK: 8, Depth.FULL: 32}  # left out one by one


class Kind(StrEnum):
    """What a cause is."""

    SENTENCE = "sentence"
    STRETCH = "stretch"  # several sentences, none of which was looked at alone
    RECAP = "recap"
    LORE = "lore"
    PREMISE = "premise"
    TITLE = "title"
    GENRE = "genre"
    MOOD = "mood"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something the narrator read, and how much it moved the passage."""

    kind: Kind
    text: str
    effect: float = 0.0  # nats a token; below 0: the passage was written in spite of it
    passage: int = -1  # which passage of the path a sentence stands in


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Some sentences of a passage, side by side."""

    passage: int
    spans: tuple[tuple[int, int], ...]


def seen(wanted: Assignment, fit: Fit) -> Assignment:
    """Return the assignment without what the narrator did not see of it.

    Otherwise older passages would move in where a sentence is left out.
    """
    if not fit.left_out:
        return wanted
    return replace(
        wanted,
        path=wanted.path[fit.left_out :],
        recaps=wanted.recaps[fit.left_out :],
        earlier=fit.recap,
    )


async def causes(
    weigh: Weigh, wanted: Assignment, text: str, depth: Depth = Depth.FULL
) -> tuple[Cause, ...]:
    """Return what moved a passage, the strongest first.

    `wanted` is the assignment it was written for, without what was not seen of it. Of a long
    story, stretches are left out first, then the sentences of the strongest of them.
    """
    stretches = _stretches(wanted)
    most = _SENTENCES[depth]
    settings = _settings(wanted)
    if sum(len(stretch.spans) for stretch in stretches) <= most:
        alone = [_without(wanted, one) for stretch in stretches for one in _each(stretch)]
        return _ranked(await _effects(weigh, wanted, text, [*alone, *settings]))
    whole = [_without(wanted, stretch) for stretch in stretches]
    found = await _effects(weigh, wanted, text, [*whole, *settings])
    together, rest = found[: len(whole)], found[len(whole) :]
    alone, left = [], most
    order = sorted(range(len(stretches)), key=lambda n: together[n].effect, reverse=True)
    for number in order:
        if len(stretches[number].spans) > left:
            rest += [together[n] for n in order[order.index(number) :]]
            break
        left -= len(stretches[number].spans)
        alone += [_without(wanted, one) for one in _each(stretches[number])]
    return _ranked([*rest, *await _effects(weigh, wanted, text, alone)])


def _ranked(found: Sequence[Cause]) -> tuple[Cause, ...]:
    return tuple(sorted(found, key=lambda cause: cause.effect, reverse=True))


async def _effects(
    weigh: Weigh, wanted: Assignment, text: str, variants: Sequence[tuple[Cause, Assignment]]
) -> list[Cause]:
    base, *changed = await weigh([wanted, *(variant for _, variant in variants)], text)
    pairs = zip(variants, changed, strict=True)
    return [replace(cause, effect=base - value) for (cause, _), value in pairs]


def _stretches(wanted: Assignment) -> list[_Stretch]:
    found = []
    for at, text in enumerate(wanted.path):
        paragraph: list[tuple[int, int]] = []
        for start, end in spans(text):
            begins = paragraph and "\n\n" in text[paragraph[-1][1] : start]
            if begins or len(paragraph) == _STRETCH:
                found.append(_Stretch(at, tuple(paragraph)))
                paragraph = []
            paragraph.append((start, end))
        if paragraph:
            found.append(_Stretch(at, tuple(paragraph)))
    return found


def _each(stretch: _Stretch) -> list[_Stretch]:
    return [_Stretch(stretch.passage, (span,)) for span in stretch.spans]


def _without(wanted: Assignment, stretch: _Stretch) -> tuple[Cause, Assignment]:
    at, text = stretch.passage, wanted.path[stretch.passage]
    start, end = stretch.spans[0][0], stretch.spans[-1][1]
    left = f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()
    path = (*wanted.path[:at], left, *wanted.path[at + 1 :])
    kind = Kind.SENTENCE if len(stretch.spans) == 1 else Kind.STRETCH
    return Cause(kind, text[start:end], passage=at), replace(wanted, path=path)


def _settings(wanted: Assignment) -> list[tuple[Cause, Assignment]]:
    found = [
        (Cause(Kind.LORE, fact), replace(wanted, lore=_less(wanted.lore, index)))
        for index, fact in enumerate(wanted.lore)
    ]
    found += [
        (Cause(Kind.LORE, fact), replace(wanted, fired=_less(wanted.fired, index)))
        for index, fact in enumerate(wanted.fired)
    ]
    alone = (
        (Kind.RECAP, wanted.earlier, replace(wanted, earlier="")),
        (Kind.PREMISE, wanted.premise, replace(wanted, premise="")),
        (Kind.TITLE, wanted.title, replace(wanted, title="")),
        (Kind.GENRE, wanted.genre, replace(wanted, genre="")),
        (Kind.MOOD, wanted.mood, replace(wanted, mood="")),
    )
    return [*found, *((Cause(kind, text), variant) for kind, text, variant in alone if text)]


def _less(facts: Sequence[str], index: int) -> tuple[str, ...]:
    return (*facts[:index], *facts[index + 1 :])
