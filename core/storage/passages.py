"""Passages: adding them, moving the head among them, reading the path.

One rule holds for every path: each passage on it has the next one as its heir. So redo goes where
the story was before, and moving by one passage has to mend no heir but the nearest.
"""

from datetime import datetime

from sqlalchemy import Integer, bindparam, insert, literal, select, update

from core.errors import StaleAction
from core.storage.ledger import provenance_to_json, to_passage
from core.storage.stories import Stories
from core.storage.tables import passages
from core.story.model import Origin, Passage, Provenance, Story

_OPENING = insert(passages).values(depth=1).returning(passages.c.id, passages.c.depth)
_GIVEN = {
    name: bindparam(name, type_=passages.c[name].type)
    for name in ("text", "origin", "author", "provenance", "recap", "written")
}
_before = passages.alias("before")
_NEXT = (
    insert(passages)
    .from_select(
        ["story", "parent", "depth", *_GIVEN],
        select(_before.c.story, _before.c.id, _before.c.depth + 1, *_GIVEN.values()).where(
            _before.c.id == bindparam("after"), _before.c.story == bindparam("of")
        ),
    )
    .returning(passages.c.id, passages.c.depth)
)
_PASSAGE = select(passages).where(
    passages.c.id == bindparam("passage"), passages.c.story == bindparam("of")
)
_PARENT = select(passages.c.parent).where(passages.c.id == bindparam("passage"))
_TAKES = (
    select(passages.c.id).where(passages.c.parent == bindparam("after")).order_by(passages.c.id)
)
_OPENINGS = (
    select(passages.c.id)
    .where(passages.c.story == bindparam("of"), passages.c.parent.is_(None))
    .order_by(passages.c.id)
)
_SET_HEIR = (
    update(passages).where(passages.c.id == bindparam("of")).values(heir=bindparam("to_heir"))
)

_above = passages.alias("above")
_newest = (
    select(passages, literal(1, Integer).label("step"))
    .where(passages.c.id == bindparam("head"))
    .cte("newest", recursive=True)
)
_newest = _newest.union_all(
    select(_above, _newest.c.step + 1)
    .join(_newest, _newest.c.parent == _above.c.id)
    .where(_newest.c.step < bindparam("most"))
)
_PATH = select(_newest).order_by(_newest.c.step.desc())

_chain = (
    select(passages.c.id, passages.c.parent, passages.c.depth)
    .where(passages.c.id == bindparam("head"))
    .cte("chain", recursive=True)
)
_chain = _chain.union_all(
    select(_above.c.id, _above.c.parent, _above.c.depth)
    .join(_chain, _chain.c.parent == _above.c.id)
    .where(_chain.c.depth > bindparam("down_to"))
)
_ANCESTOR = (
    select(passages)
    .join(_chain, _chain.c.id == passages.c.id)
    .where(_chain.c.depth == bindparam("down_to"))
)
_LEAD_HERE = (
    update(passages)
    .where(passages.c.id == _chain.c.parent, passages.c.heir.is_distinct_from(_chain.c.id))
    .values(heir=_chain.c.id)
)


class Passages(Stories):
    """The part of a transaction that writes passages and walks among them."""

    def add_passage(
        self,
        story: Story,
        *,
        parent: int | None,
        text: str,
        origin: Origin,
        author: int | None,
        provenance: Provenance | None,
        recap: str,
        now: datetime,
    ) -> tuple[Passage, Story]:
        """Write a passage after `parent` (None: an opening); the story stands at it from now on.

        Raises StaleAction if the story has changed since it was read, or `parent` is not in it.
        """
        given = {
            "text": text,
            "origin": origin,
            "author": author,
            "provenance": provenance_to_json(provenance),
            "recap": recap,
            "written": now,
        }
        if parent is None:
            row = self._db.execute(_OPENING, given | {"story": story.id}).first()
        else:
            row = self._db.execute(_NEXT, given | {"of": story.id, "after": parent}).first()
        if row is None:
            raise StaleAction
        passage = Passage(
            id=row.id,
            parent=parent,
            depth=row.depth,
            text=text,
            origin=origin,
            author=author,
            provenance=provenance,
            recap=recap,
            written=now,
        )
        return passage, self._arrive(story, passage, now)

    def move_head(self, story: Story, passage: Passage | None, *, now: datetime) -> Story:
        """Go to a passage (None: before the opening); StaleAction if the story has changed."""
        if passage is None:
            return self._move(story, head=None, branch=story.branch, now=now)
        return self._arrive(story, passage, now)

    def switch_branch(self, story: Story, name: str, *, now: datetime) -> Story:
        """Tell another line of the story; StaleAction if there is none of that name."""
        tips = {branch.name: branch.tip for branch in self.branches(story.id)}
        if name not in tips:
            raise StaleAction
        tip = tips[name]
        moved = self._move(story, head=tip, branch=name, now=now)
        if tip is not None:
            self._db.execute(_LEAD_HERE, {"head": tip, "down_to": 1})
        return moved

    def passage(self, story_id: int, passage_id: int) -> Passage | None:
        """The passage, if the story has it."""
        row = self._db.execute(_PASSAGE, {"of": story_id, "passage": passage_id}).first()
        return to_passage(row) if row else None

    def path(self, head_id: int, most: int) -> tuple[Passage, ...]:
        """The newest passages up to the head, at most so many, oldest first."""
        return tuple(map(to_passage, self._db.execute(_PATH, {"head": head_id, "most": most})))

    def ancestor(self, head_id: int, depth: int) -> Passage | None:
        """The passage at this depth on the path to the head; None: there is none so deep."""
        row = self._db.execute(_ANCESTOR, {"head": head_id, "down_to": depth}).first()
        return to_passage(row) if row else None

    def takes(self, story_id: int, passage: Passage) -> tuple[int, ...]:
        """The ids of all passages with the same parent, oldest first."""
        if passage.parent is None:
            return tuple(self._db.scalars(_OPENINGS, {"of": story_id}))
        return tuple(self._db.scalars(_TAKES, {"after": passage.parent}))

    def _arrive(self, story: Story, passage: Passage, now: datetime) -> Story:
        """Move the head, and make every passage on the way to it lead to it."""
        moved = self._move(story, head=passage.id, branch=story.branch, now=now)
        if passage.parent is None or passage.heir == story.head is not None:
            return moved  # an opening, or one step back: the way there is the same
        if passage.parent == story.head or passage.parent == self._parent(story.head):
            self._db.execute(_SET_HEIR, {"of": passage.parent, "to_heir": passage.id})
        else:
            self._db.execute(_LEAD_HERE, {"head": passage.id, "down_to": 1})
        return moved

    def _parent(self, passage: int | None) -> int | None:
        found: int | None = self._db.scalar(_PARENT, {"passage": passage})
        return found
