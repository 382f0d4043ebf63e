"""What there is to learn from: stories that somebody judged, with everybody's word on their use.

Nothing is left out here: `core.learning.clearing` decides what may be used, and shows why.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, union

from core.storage.consent import Consent
from core.storage.learning_tables import consents, edits, place_consents, reports
from core.storage.ledger import Ledger, to_passage, to_story
from core.storage.tables import authors, members, passages, picks, ratings, shelf, stories, turns
from core.story.model import Passage, Rating, Style


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose texts or voice could be learned from."""

    id: int
    platform: str
    consent: Consent
    joined: datetime  # when they were first seen anywhere


@dataclass(frozen=True, slots=True)
class Choice:
    """One take preferred to another."""

    winner: int
    loser: int
    author: int
    how: str  # pick, vote, retry or refine
    given: datetime


@dataclass(frozen=True, slots=True)
class Rewriting:
    """An edit, and how far it went."""

    passage: int
    old: int
    distance: float


@dataclass(frozen=True, slots=True)
class Told:
    """A story whole, with every place that ever told it."""

    id: int
    premise: str
    style: Style
    passages: tuple[Passage, ...]  # in the order they were written
    places: frozenset[int]


@dataclass(frozen=True, slots=True)
class Gleanings:
    """All there is to learn from."""

    stories: tuple[Told, ...]
    people: dict[int, Person]
    silent: frozenset[int]  # the places that are not to be learned from
    ratings: tuple[Rating, ...]
    choices: tuple[Choice, ...]
    rewritings: tuple[Rewriting, ...]
    reported: frozenset[int]  # passages


class Gleaning(Ledger):
    """The part of a transaction that reads what there is to learn from."""

    def glean(self, place: int | None = None) -> Gleanings:
        """Everything that was judged, in one place or in all."""
        told = self._judged(place)
        ids = {passage.id for story in told for passage in story.passages}
        choices = [row for row in self._rows(picks, Choice) if row.winner in ids]
        thumbs = [row for row in self._rows(ratings, Rating) if row.passage in ids]
        edited = [row for row in self._rows(edits, Rewriting) if row.passage in ids]
        silent = select(place_consents.c.place).where(place_consents.c.learn.is_(False))
        return Gleanings(
            stories=told,
            people=self._people(),
            silent=frozenset(self._db.scalars(silent)),
            ratings=tuple(thumbs),
            choices=tuple(choices),
            rewritings=tuple(edited),
            reported=frozenset(self._db.scalars(select(reports.c.passage).distinct())),
        )

    def _rows(self, table: Any, kind: Any) -> Iterable[Any]:
        for row in self._db.execute(select(table).order_by(*table.primary_key)).mappings():
            yield kind(**row)

    def _judged(self, place: int | None) -> tuple[Told, ...]:
        """The stories with a rating, a choice or an edit somewhere."""
        judged = union(
            select(ratings.c.passage), select(picks.c.winner), select(edits.c.passage)
        ).scalar_subquery()
        wanted = select(passages.c.story).where(passages.c.id.in_(judged))
        if place is not None:
            here = select(shelf.c.story).where(shelf.c.place == place)
            wanted = wanted.where(passages.c.story.in_(here))
        texts: dict[int, list[Passage]] = defaultdict(list)
        written = select(passages).where(passages.c.story.in_(wanted)).order_by(passages.c.id)
        for row in self._db.execute(written):
            texts[row.story].append(to_passage(row))
        where = self._places_of(wanted)
        begun = select(stories).where(stories.c.id.in_(wanted)).order_by(stories.c.id)
        found = [to_story(row, ()) for row in self._db.execute(begun)]
        return tuple(
            Told(story.id, story.premise, story.style, tuple(texts[story.id]), where[story.id])
            for story in found
        )

    def _places_of(self, wanted: Any) -> dict[int, frozenset[int]]:
        """Every place on whose shelf a story stands, or where a turn of it was ever told."""
        found: dict[int, set[int]] = defaultdict(set)
        for table in (shelf, turns):
            query = select(table.c.story, table.c.place).where(table.c.story.in_(wanted))
            for row in self._db.execute(query.distinct()):
                found[row.story].add(row.place)
        return defaultdict(frozenset, {story: frozenset(them) for story, them in found.items()})

    def _people(self) -> dict[int, Person]:
        query = (
            select(
                authors.c.id,
                authors.c.platform,
                func.max(consents.c.level).label("level"),
                func.min(members.c.joined).label("joined"),
            )
            .join(members, members.c.author == authors.c.id)
            .outerjoin(consents, consents.c.author == authors.c.id)
            .group_by(authors.c.id, authors.c.platform)
        )
        return {
            row.id: Person(
                id=row.id,
                platform=row.platform,
                consent=Consent(row.level) if row.level else Consent.NARRATOR,
                joined=row.joined,
            )
            for row in self._db.execute(query)
        }
