"""The shelf of a place: the stories begun, opened or imported there."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, delete, func, or_, select, update

from core.storage.stories import Stories
from core.storage.tables import passages, places, shelf, stories
from core.story.model import State


@dataclass(frozen=True, slots=True)
class Spine:
    """What one sees of a story on the shelf."""

    id: int
    title: str
    premise: str
    passages: int  # on the path to where it stands
    state: State
    told: datetime


_any = passages.alias("any")
_SHELVED = shelf.join(stories, stories.c.id == shelf.c.story)


class Shelf(Stories):
    """The part of a transaction that looks after a place's stories."""

    def on_shelf(self, place: int, story_id: int) -> bool:
        """Whether the story is one of this place's."""
        mine = (shelf.c.place == place) & (shelf.c.story == story_id)
        return self._db.scalar(select(shelf.c.story).where(mine)) is not None

    def shelf(
        self, place: int, *, search: str = "", archived: bool = False, limit: int, offset: int
    ) -> tuple[list[Spine], int]:
        """A page of the place's stories, newest first, and how many there are in all.

        `search` looks in titles, premises and passages, in capitals and small letters alike.
        """
        wanted = {"place": place, "words": search, "most": limit, "skipped": offset}
        rows = self._db.execute(_page(archived=archived, searched=bool(search)), wanted).all()
        spines = [
            Spine(
                id=row.id,
                title=row.title,
                premise=row.premise,
                passages=row.depth or 0,
                state=State(row.state),
                told=row.told,
            )
            for row in rows
        ]
        if len(spines) < limit and (spines or not offset):  # the last page: nothing to count
            return spines, offset + len(spines)
        counted = _count(archived=archived, searched=bool(search))
        return spines, self._db.scalar(counted, wanted) or 0

    def delete_story(self, story_id: int) -> None:
        """Delete a story with its passages, their ratings and picks, from every shelf."""
        # Places first: who tells a story locks the place before the story, and so do we.
        self._db.execute(update(places).where(places.c.story == story_id).values(story=None))
        self._db.execute(delete(stories).where(stories.c.id == story_id))


# Making a statement takes as long as executing it, so each is made once.
@cache
def _page(*, archived: bool, searched: bool) -> Select[*tuple[Any, ...]]:
    """A page of the place's stories, newest first."""
    shown = (stories.c.id, stories.c.title, stories.c.premise, stories.c.state, stories.c.told)
    return (
        select(*shown, passages.c.depth)
        .select_from(_SHELVED.outerjoin(passages, passages.c.id == stories.c.head))
        .where(*_wanted(archived=archived, searched=searched))
        .order_by(stories.c.told.desc(), stories.c.id.desc())
        .limit(bindparam("most"))
        .offset(bindparam("skipped"))
    )


@cache
def _count(*, archived: bool, searched: bool) -> Select[int]:
    """How many of the place's stories there are on all pages."""
    wanted = _wanted(archived=archived, searched=searched)
    return select(func.count()).select_from(_SHELVED).where(*wanted)


def _wanted(*, archived: bool, searched: bool) -> list[ColumnElement[bool]]:
    away = stories.c.state == State.ARCHIVED
    here = [shelf.c.place == bindparam("place"), away if archived else ~away]
    return [*here, _holds(bindparam("words", type_=Text))] if searched else here


def _holds(search: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a story has these words somewhere. Nothing in them is a wildcard."""
    words = func.lower(search)

    def found(column: ColumnElement[str]) -> ColumnElement[bool]:
        return func.strpos(func.lower(column), words) > 0

    within = select(_any.c.id).where(_any.c.story == stories.c.id, found(_any.c.text))
    return or_(found(stories.c.title), found(stories.c.premise), within.exists())
