"""What an author or a place liked: passages with thumbs, and takes chosen over others."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Integer, literal, or_, select, union_all

from core.storage.ledger import Ledger
from core.storage.tables import passages, picks, ratings, shelf, stories

_A_PICK = 1  # weighs as much as a thumb


@dataclass(frozen=True, slots=True)
class Liking:
    """A passage that somebody liked, or did not."""

    text: str
    story: int
    title: str  # of its story
    value: int  # +1 or -1


class Tastes(Ledger):
    """The part of a transaction that knows what was liked."""

    def likings(self, place: int, author: int, *, limit: int) -> list[Liking]:
        """What the author rated or picked anywhere, and others in this place; newest first."""
        rated = select(
            ratings.c.passage, ratings.c.value.cast(Integer).label("value"), ratings.c.given
        ).where(_mine(ratings.c.author == author, ratings.c.passage, place))
        picked = select(picks.c.winner, literal(_A_PICK), picks.c.given).where(
            _mine(picks.c.author == author, picks.c.winner, place)
        )
        said = union_all(rated, picked).subquery()
        found = self._db.execute(
            select(passages.c.text, stories.c.id, stories.c.title, said.c.value)
            .select_from(
                said.join(passages, passages.c.id == said.c.passage).join(
                    stories, stories.c.id == passages.c.story
                )
            )
            .order_by(said.c.given.desc(), passages.c.id.desc())
            .limit(limit)
        )
        return [Liking(row.text, row.id, row.title, row.value) for row in found]


def _mine(
    by_author: ColumnElement[bool], passage: ColumnElement[int], place: int
) -> ColumnElement[bool]:
    here = (
        select(passages.c.id)
        .join(shelf, shelf.c.story == passages.c.story)
        .where(shelf.c.place == place)
    )
    return or_(by_author, passage.in_(here))
