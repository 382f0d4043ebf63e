"""Collecting: what the library holds of people's judgements becomes a dataset, with consent."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.learning.clearing import Cleared, Rules, cleared
from core.learning.dataset import Dataset, Row, line, side_of, spelled, story_name
from core.learning.judging import Judged, judged
from core.narrator.narrator import Assignment, Mode
from core.narrator.tone import mood_known
from core.storage.gleaning import Gleanings
from core.story.model import Origin, Passage

Prompt = Callable[[Assignment], str]
_WINDOW = 24  # passages before the one asked for, at most
_MODES = {Origin.OPENED: Mode.OPEN, Origin.FINISHED: Mode.FINISH}


@dataclass(frozen=True, slots=True)
class Collected:
    """A dataset, and how much was said in all."""

    dataset: Dataset
    voices: int
    weight: float  # what the voices count


def collected(
    gleanings: Gleanings,
    rules: Rules,
    prompt: Prompt,
    *,
    now: datetime,
    newcomer: timedelta = timedelta(days=1),
) -> Collected:
    """What may be learned from, as rows; `prompt` writes an assignment as its model reads it."""
    stories = cleared(gleanings, rules)
    said = judged(gleanings, stories, now=now, newcomer=newcomer)
    return Collected(gathered(stories, said, prompt), len(said.voices), said.weight)


def gathered(stories: Sequence[Cleared], judged: Judged, prompt: Prompt) -> Dataset:
    """The rows that cleared stories and the voices on them give."""
    rows: dict[tuple[str, str], list[Row]] = {}
    authors: set[int] = set(judged.authors)
    places: set[int] = set()
    for story in stories:
        name = story_name(story.story.id)
        before = len(rows), sum(map(len, rows.values()))
        for kind, row in _rows(story, judged, prompt):
            rows.setdefault((kind, side_of(name)), []).append({"story": name} | row)
        if before != (len(rows), sum(map(len, rows.values()))):
            places |= story.story.places
            authors |= _authors(story)
    return Dataset(
        {key: tuple(sorted(found, key=line)) for key, found in rows.items()},
        frozenset(authors),
        frozenset(places),
    )


def _authors(story: Cleared) -> set[int]:
    """Everybody whose text may stand in a row of the story, as text or before it."""
    found = {p.author for p in story.story.passages if p.id in story.usable}
    return {author for author in found if author is not None}


def _rows(story: Cleared, judged: Judged, prompt: Prompt) -> Iterator[tuple[str, Row]]:
    gained = _gained(story, judged)
    for passage in story.story.passages:
        if passage.id not in story.usable:
            continue
        score, liked = judged.scores.get(passage.id, 0.0), gained.get(passage.id, 0.0)
        good = passage.id in story.good
        told = {"completion": passage.text}
        if liked > 0 and good:
            row = _row(story, passage, prompt) | told | {"weight": round(liked, 4)}
            yield "sft", row
        if passage.by_narrator and (score < 0 or (score > 0 and good)):
            label = {"label": score > 0, "weight": round(abs(score), 4)}
            yield "kto", _row(story, passage, prompt) | told | label
        if passage.by_narrator and (score or liked):
            yield "asked", {"assignment": spelled(_assignment(story, passage)), "weight": 1.0}
    by_id = {passage.id: passage for passage in story.story.passages}
    for (winner, loser), weight in sorted(judged.better.items()):
        if winner in story.good and loser in story.usable and winner in by_id and loser in by_id:
            chosen, rejected = by_id[winner], by_id[loser]
            texts = {"chosen": chosen.text, "rejected": rejected.text}
            if chosen.parent == rejected.parent and chosen.text != rejected.text:
                yield "dpo", _row(story, chosen, prompt) | texts | {"weight": round(weight, 4)}


def _gained(story: Cleared, judged: Judged) -> dict[int, float]:
    """How much each passage is liked by all that was said of it: thumbs, picks for and against."""
    found = {p.id: judged.scores.get(p.id, 0.0) for p in story.story.passages}
    for (winner, loser), weight in judged.better.items():
        if winner in found and loser in found:
            found[winner] += weight
            found[loser] -= weight
    return found


def _row(story: Cleared, passage: Passage, prompt: Prompt) -> Row:
    wrote = passage.provenance
    return {
        "prompt": prompt(_assignment(story, passage)),
        "basis": story.usable[passage.id].value,
        "passage": passage.id,
        "origin": passage.origin.value,
        "model": wrote.model if wrote else None,
        "lora": wrote.lora if wrote else None,
        "seed": wrote.seed if wrote else None,
    }


def _assignment(story: Cleared, passage: Passage) -> Assignment:
    """What was asked for, without the texts that may not be used."""
    by_id = {p.id: p for p in story.story.passages}
    path: list[str] = []
    at = passage.parent
    while at is not None and len(path) < _WINDOW:
        if at in story.good:
            path.append(by_id[at].text)
        at = by_id[at].parent
    style = story.story.style
    return Assignment(
        mode=_MODES.get(passage.origin, Mode.CONTINUE if passage.parent else Mode.OPEN),
        seed=passage.provenance.seed if passage.provenance else passage.id,
        premise=story.premise,
        mood=mood_known(style.mood),
        path=tuple(reversed(path)),
        length=style.length,
        preset=style.preset,
    )
