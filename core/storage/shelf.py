"""The shelf of a place: the stories begun, opened or imported there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update

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
        away = stories.c.state == State.ARCHIVED
        wanted = [shelf.c.place == place, away if archived else ~away]
        if search:
            wanted.append(_holds(search))
        total = self._db.scalar(select(func.count()).select_from(_SHELVED).where(*wanted))
        page = (
            select(stories, passages.c.depth)
            .select_from(_SHELVED.outerjoin(passages, passages.c.id == stories.c.head))
            .where(*wanted)
            .order_by(stories.c.told.desc(), stories.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        spines = [
            Spine(
                id=row.id,
                title=row.title,
                premise=row.premise,
                passages=row.depth or 0,
                state=State(row.state),
                told=row.told,
            )
            for row in self._db.execute(page)
        ]
        return spines, total or 0

    def delete_story(self, story_id: int) -> None:
        """Delete a story with its passages, their ratings and picks, from every shelf."""
        # Places first: who tells a story locks the place before the story, and so do we.
        self._db.execute(update(places).where(places.c.story == story_id).values(story=None))
        self._db.execute(delete(stories).where(stories.c.id == story_id))


def _holds(search: str) -> ColumnElement[bool]:
    """Whether a story has these words somewhere. Nothing in them is a wildcard."""
    words = func.lower(search)

    def found(column: ColumnElement[str]) -> ColumnElement[bool]:
        return func.strpos(func.lower(column), words) > 0

    within = select(_any.c.id).where(_any.c.story == stories.c.id, found(_any.c.text))
    return or_(found(stories.c.title), found(stories.c.premise), within.exists())
