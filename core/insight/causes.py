"""Why a passage: each earlier sentence, fact and setting is left out in turn.

What is left out and makes the passage less likely was a cause of it: an intervention on what the
model reads, not a correlation (the "leave one out" or ablation attribution; Li et al., 2016). The
effect is the drop of the passage's mean log-likelihood, in nats a token.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from core.narrator.narrator import Assignment
from core.story.sentences import spans

Score = Callable[[Assignment, Sequence[str]], Awaitable[list[float]]]

_CLOSE = 4  # passages whose sentences are looked at one by one without asking further
_FINE = 2  # passages before those, the strongest as a whole, that are looked at too
_MOST = 40  # sentences; more would take longer than people wait


class Kind(StrEnum):
    """What a cause is."""

    SENTENCE = "sentence"
    PASSAGE = "passage"  # too far back to be told sentence by sentence
    LORE = "lore"
    PREMISE = "premise"
    GENRE = "genre"
    MOOD = "mood"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something the narrator read, and how much it moved the passage."""

    kind: Kind
    text: str
    effect: float = 0.0  # nats a token; below 0: the passage was written in spite of it
    passage: int = -1  # which passage of the path a sentence stands in


async def causes(score: Score, wanted: Assignment, text: str) -> tuple[Cause, ...]:
    """Return what moved a passage, the strongest first.

    `wanted` is the assignment it was written for. A long story is looked at in two steps: whole
    passages first, then the sentences of the newest and of the strongest.
    """
    [base] = await score(wanted, [text])
    whole = {
        at: await _effect(score, _without(wanted, at), text, base)
        for at in range(max(0, len(wanted.path) - _CLOSE))
    }
    strongest = sorted(whole, key=lambda at: whole[at], reverse=True)[:_FINE]
    fine = [*strongest, *range(max(0, len(wanted.path) - _CLOSE), len(wanted.path))]
    found = [
        Cause(Kind.PASSAGE, wanted.path[at], effect, at)
        for at, effect in whole.items()
        if at not in fine
    ]
    for cause, variant in [*_sentences(wanted, fine)[-_MOST:], *_settings(wanted)]:
        effect = await _effect(score, variant, text, base)
        found.append(replace(cause, effect=effect))
    return tuple(sorted(found, key=lambda cause: cause.effect, reverse=True))


async def _effect(score: Score, variant: Assignment, text: str, base: float) -> float:
    [changed] = await score(variant, [text])
    return base - changed


def _without(wanted: Assignment, at: int) -> Assignment:
    path = wanted.path
    return replace(
        wanted,
        path=(*path[:at], *path[at + 1 :]),
        recaps=(*wanted.recaps[:at], *wanted.recaps[at + 1 :]),
    )


def _sentences(wanted: Assignment, passages: Sequence[int]) -> list[tuple[Cause, Assignment]]:
    found = []
    for at in sorted(passages):
        text = wanted.path[at]
        for start, end in spans(text):
            left = f"{text[:start].rstrip()} {text[end:].lstrip()}".strip()
            path = (*wanted.path[:at], left, *wanted.path[at + 1 :])
            cause = Cause(Kind.SENTENCE, text[start:end], passage=at)
            found.append((cause, replace(wanted, path=path)))
    return found


def _settings(wanted: Assignment) -> list[tuple[Cause, Assignment]]:
    found = [
        (Cause(Kind.LORE, fact), replace(wanted, lore=_less(wanted.lore, index)))
        for index, fact in enumerate(wanted.lore)
    ]
    found += [
        (Cause(Kind.LORE, fact), replace(wanted, fired=_less(wanted.fired, index)))
        for index, fact in enumerate(wanted.fired)
    ]
    if wanted.premise:
        found.append((Cause(Kind.PREMISE, wanted.premise), replace(wanted, premise="")))
    if wanted.genre:
        found.append((Cause(Kind.GENRE, wanted.genre), replace(wanted, genre="")))
    if wanted.mood:
        found.append((Cause(Kind.MOOD, wanted.mood), replace(wanted, mood="")))
    return found


def _less(facts: Sequence[str], index: int) -> tuple[str, ...]:
    return (*facts[:index], *facts[index + 1 :])
