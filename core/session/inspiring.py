"""Inspire: premises to begin and stories to go on with, fitted to what was liked, with a word why.

Alike is what the narrator's own reading says: the places of two texts point the same way.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.narrator.narrator import Narrator
from core.narrator.reading import Reading
from core.narrator.wordforms import stem
from core.session import commands as c
from core.session.messages import Action, Reply
from core.session.texts import short
from core.session.turns import Turn
from core.storage.library import Liking, Spine, Transaction
from core.story.own import OwnStory, own_stories, word_counts

_OFFERED = 4  # premises
_SHELVED = 2  # stories of the shelf
_LOOKED_AT = 48  # premises that are weighed at a time
_LIKINGS = 30  # newest that are looked at
_SPINES = 20
_BEGINNING = 300  # characters of a story that stand for it
_LABEL = 40
_WORD = re.compile(r"[a-z]{4,}")
_COMMON = 60  # times in the own stories: such a word is no reason


@dataclass(frozen=True, slots=True)
class Ideas:
    """What can be offered, before it is weighed."""

    likings: tuple[Liking, ...]
    premises: tuple[tuple[int, OwnStory], ...]  # by their number, from 1
    spines: tuple[Spine, ...]


@dataclass(frozen=True, slots=True)
class _Idea:
    text: str  # what is read of it
    line: str
    button: Action
    genre: str  # empty: it is on the shelf


def own_premise(command: c.Inspire) -> c.New:
    """Return the beginning of the story that a button offered."""
    told = own_stories()[(command.premise - 1) % len(own_stories())]
    return c.New(told.premise, told.genre, told.mood)


def gather(tx: Transaction, turn: Turn) -> Ideas:
    """Look up what was liked and what could be offered."""
    spines, _ = tx.shelf(turn.session.place, limit=_SPINES, offset=0)
    told = {spine.premise for spine in spines}
    fresh = [
        (number, story)
        for number, story in enumerate(own_stories(), 1)
        if story.premise not in told
    ]
    chosen = random.Random(turn.seed).sample(fresh, min(_LOOKED_AT, len(fresh)))
    others = tuple(spine for spine in spines if spine.id != turn.session.story)
    likings = tx.likings(turn.session.place, turn.session.author, limit=_LIKINGS)
    return Ideas(tuple(likings), tuple(chosen), others)


async def inspire(narrator: Narrator, turn: Turn, ideas: Ideas) -> Reply:
    """Return some of them: what is like what was liked, or a mixed handful while nothing was."""
    premises = [_premise(number, story) for number, story in ideas.premises]
    if not any(liking.value > 0 for liking in ideas.likings):
        picked = _varied(premises, _OFFERED)
        return _shown(turn, turn.say("inspire.first"), [(idea, "") for idea in picked])
    shelved = [_spine(spine) for spine in ideas.spines]
    pool = [*premises, *shelved]
    texts = [*(liking.text for liking in ideas.likings), *(idea.text for idea in pool)]
    places = _centred(await narrator.read(texts))
    liked, found = places[: len(ideas.likings)], places[len(ideas.likings) :]
    ranked = sorted(
        zip(pool, found, strict=True), key=lambda pair: -_fit(ideas.likings, liked, pair[1])
    )
    best = [
        *_varied([idea for idea, _ in ranked if idea.genre], _OFFERED),
        *[idea for idea, _ in ranked if not idea.genre][:_SHELVED],
    ]
    place_of = {id(idea): place for idea, place in ranked}
    told = [(idea, _why(turn, idea, place_of[id(idea)], ideas.likings, liked)) for idea in best]
    return _shown(turn, turn.say("inspire.fitted"), told)


def _premise(number: int, story: OwnStory) -> _Idea:
    line = f"{story.premise.rstrip('.')} ({story.genre})"
    button = Action(short(story.premise, _LABEL), c.Inspire(number))
    return _Idea(f"{story.premise} {story.text[:_BEGINNING]}", line, button, story.genre)


def _spine(spine: Spine) -> _Idea:
    line = f"“{spine.title}”"
    return _Idea(
        f"{spine.title}. {spine.premise}", line, Action(short(line, _LABEL), c.Open(spine.id)), ""
    )


def _varied(ideas: Sequence[_Idea], count: int) -> list[_Idea]:
    """The first of each genre, then the second, until there are enough."""
    seen: dict[str, int] = {}
    rounds: list[tuple[int, int]] = []
    for at, idea in enumerate(ideas):
        seen[idea.genre] = seen.get(idea.genre, 0) + 1
        rounds.append(((seen[idea.genre] - 1) // 2, at))
    return [ideas[at] for _, at in sorted(rounds)[:count]]


def _centred(readings: Sequence[Reading]) -> list[list[float]]:
    """The places as seen from their middle: what all texts share says nothing of taste."""
    count = len(readings)
    middle = [sum(column) / count for column in zip(*(r.place for r in readings), strict=True)]
    return [[a - b for a, b in zip(r.place, middle, strict=True)] for r in readings]


def _alike(one: Sequence[float], two: Sequence[float]) -> float:
    lengths = (sum(a * a for a in one) * sum(b * b for b in two)) ** 0.5
    return float(sum(a * b for a, b in zip(one, two, strict=True)) / lengths) if lengths else 0.0


def _fit(
    likings: Sequence[Liking], liked: Sequence[Sequence[float]], place: Sequence[float]
) -> float:
    """How like it is to what was liked, less what was not."""
    return sum(
        liking.value * _alike(other, place) for liking, other in zip(likings, liked, strict=True)
    ) / len(likings)


def _why(
    turn: Turn,
    idea: _Idea,
    place: Sequence[float],
    likings: Sequence[Liking],
    liked: Sequence[Sequence[float]],
) -> str:
    """Return a word why: the liked passage it is most like, and a word that both have."""
    nearest, _ = max(
        ((liking, _alike(other, place)) for liking, other in zip(likings, liked, strict=True)
         if liking.value > 0),
        key=lambda pair: pair[1],
    )  # fmt: skip
    theirs = {stem(word) for word in _telling(nearest.text)}
    shared = next((word for word in _telling(idea.text) if stem(word) in theirs), "")
    if shared:
        return turn.say("inspire.because_word", title=nearest.title, word=shared)
    return turn.say("inspire.because", title=nearest.title)


def _telling(text: str) -> list[str]:
    return [w for w in _WORD.findall(text) if 0 < word_counts().get(w, 0) < _COMMON]


def _shown(turn: Turn, opening: str, told: Sequence[tuple[_Idea, str]]) -> Reply:
    lines = [
        f"{number}. {idea.line}" + (f"\n   {why}" if why else "")
        for number, (idea, why) in enumerate(told, 1)
    ]
    rows = [(idea.button,) for idea, _ in told]
    more = (Action(turn.say("button.more_ideas"), c.Inspire()),)
    return Reply(text="\n".join([opening, "", *lines]), actions=(*rows, more))
