"""Volumes: a story whole, out of the library for an export and into it again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from core.errors import StaleAction
from core.storage.ledger import provenance_to_json, to_lore, to_passage
from core.storage.people import Session
from core.storage.stories import Stories
from core.storage.tables import branches, lore, passages, stories
from core.story.model import Branch, Lore, Passage, Story, Volume

_ALL = select(passages).where(passages.c.story == bindparam("of")).order_by(passages.c.id)
# In the order they are given, so that of two takes the older stays the first.
_COPY = insert(passages).returning(passages.c.id, sort_by_parameter_order=True)
_TIE = (
    update(passages)
    .where(passages.c.id == bindparam("passage"))
    .values(parent=bindparam("to_parent"), heir=bindparam("to_heir"))
)
_STAND_AT = update(stories).where(stories.c.id == bindparam("of")).values(head=bindparam("to_head"))
_COPY_LORE = insert(lore).returning(lore, sort_by_parameter_order=True)


class Volumes(Stories):
    """The part of a transaction that takes whole stories out and in."""

    def volume(self, story_id: int) -> Volume:
        """The story with every passage, in the order they were written; StaleAction if gone."""
        story = self.story(story_id)
        if story is None:
            raise StaleAction
        rows = self._db.execute(_ALL, {"of": story_id})
        return Volume(
            story=story,
            passages=tuple(map(to_passage, rows)),
            branches=self.branches(story_id),
        )

    def import_volume(self, session: Session, volume: Volume, *, now: datetime) -> Story:
        """Put a story on the place's shelf under new ids, and tell it there from now on.

        Its authors are not taken over: their ids belong to the library it comes from.
        """
        story = self._put_up(replace(volume.story, version=1, told=now), session.place)
        ids = self._copy_passages(story.id, volume.passages)
        head = None if story.head is None else ids[story.head]
        self._db.execute(_STAND_AT, {"of": story.id, "to_head": head})
        self._copy_branches(story.id, volume.branches, ids)
        return replace(story, head=head, lore=self._copy_lore(story.id, story.lore))

    def _copy_passages(self, story: int, old: Sequence[Passage]) -> dict[int, int]:
        """Write the passages anew; returns the new id of each old one."""
        if not old:
            return {}
        keys = self._db.scalars(_COPY, [_loose(story, passage) for passage in old])
        ids = dict(zip((passage.id for passage in old), keys, strict=True))
        self._db.execute(
            _TIE,
            [
                {
                    "passage": ids[passage.id],
                    "to_parent": None if passage.parent is None else ids[passage.parent],
                    "to_heir": None if passage.heir is None else ids[passage.heir],
                }
                for passage in old
            ],
        )
        return ids

    def _copy_branches(self, story: int, old: Sequence[Branch], ids: dict[int, int]) -> None:
        rows = [
            {"story": story, "name": line.name, "tip": None if line.tip is None else ids[line.tip]}
            for line in old
        ]
        self._db.execute(insert(branches), rows)

    def _copy_lore(self, story: int, old: Sequence[Lore]) -> tuple[Lore, ...]:
        if not old:
            return ()
        rows = [
            {"story": story, "keywords": [*fact.keywords], "text": fact.text, "always": fact.always}
            for fact in old
        ]
        return tuple(map(to_lore, self._db.execute(_COPY_LORE, rows)))


def _loose(story: int, passage: Passage) -> dict[str, Any]:
    """A passage's row, not yet tied to the others: their new ids are not known before all exist."""
    return {
        "story": story,
        "depth": passage.depth,
        "text": passage.text,
        "origin": passage.origin,
        "provenance": provenance_to_json(passage.provenance),
        "recap": passage.recap,
        "written": passage.written,
    }
