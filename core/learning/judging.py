"""From what was said of passages to how much each is liked, and which take is the better one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.learning.clearing import Cleared, may_judge
from core.learning.voices import STRENGTHS, standings
from core.storage.gleaning import Gleanings

_HOW = {
    "pick": STRENGTHS.pick,
    "vote": STRENGTHS.vote,
    "refine": STRENGTHS.refine,
    "retry": STRENGTHS.retry,
}


@dataclass(frozen=True, slots=True)
class Voice:
    """One thing somebody said: a passage is good or bad, or better than another."""

    author: int
    passage: int
    strength: float  # below 0: it is bad
    over: int | None = None  # the take it was preferred to


@dataclass(frozen=True, slots=True)
class Judged:
    """What all the voices come to."""

    scores: Mapping[int, float]  # of passages, by thumbs, retries and edits
    better: Mapping[tuple[int, int], float]  # (winner, loser) -> weight, above 0
    voices: tuple[Voice, ...]  # those that were counted
    weight: float  # of all of them

    @property
    def authors(self) -> frozenset[int]:
        """Whose voices were counted."""
        return frozenset(voice.author for voice in self.voices)


def judged(
    gleanings: Gleanings,
    stories: Iterable[Cleared],
    *,
    now: datetime,
    newcomer: timedelta = timedelta(days=1),
) -> Judged:
    """Count the voices of those who let theirs be used, on passages that may be used."""
    usable = {number for story in stories for number in story.usable}
    voices = [
        voice
        for voice in _voices(gleanings)
        if voice.passage in usable
        and (voice.over is None or voice.over in usable)
        and may_judge(gleanings.people.get(voice.author))
    ]
    joined = {person.id: person.joined for person in gleanings.people.values()}
    standing = standings([v.author for v in voices], joined, now=now, newcomer=newcomer)
    scores: dict[int, float] = defaultdict(float)
    better: dict[tuple[int, int], float] = defaultdict(float)
    for voice in voices:
        weight = voice.strength * standing[voice.author]
        if voice.over is None:
            scores[voice.passage] += weight
        else:
            better[voice.passage, voice.over] += weight
            better[voice.over, voice.passage] -= weight
    return Judged(
        scores={passage: score for passage, score in scores.items() if score},
        better={pair: weight for pair, weight in better.items() if weight > 0},
        voices=tuple(voices),
        weight=sum(abs(voice.strength) * standing[voice.author] for voice in voices),
    )


def _voices(gleanings: Gleanings) -> Iterator[Voice]:
    for rating in gleanings.ratings:
        yield Voice(rating.author, rating.passage, STRENGTHS.thumb * rating.value)
    asked_again = {choice.loser for choice in gleanings.choices if choice.how == "retry"}
    for choice in gleanings.choices:
        strength = _HOW[choice.how]
        if choice.how == "retry":
            # A weak no to the old take. The new one is better only if it was not asked again too.
            yield Voice(choice.author, choice.loser, -strength)
            if choice.winner in asked_again:
                continue
        yield Voice(choice.author, choice.winner, strength, over=choice.loser)
    texts = {passage.id: passage for story in gleanings.stories for passage in story.passages}
    for rewriting in gleanings.rewritings:
        old, new = texts.get(rewriting.old), texts.get(rewriting.passage)
        if old is None or new is None or new.author is None:
            continue
        strength = STRENGTHS.of_distance(rewriting.distance)
        if strength:
            yield Voice(new.author, old.id, -strength)
            yield Voice(new.author, new.id, strength, over=old.id)
