"""Stories without their passages: premise, style, lore, branches; each change raises the version.

A change names the version it was thought out for. If another change came first, it is refused with
StaleAction and nothing is changed: of two that are thought out for one version, one wins.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from core.errors import StaleAction
from core.storage.group_tables import groups
from core.storage.ledger import Ledger, on_both, style_to_json, to_lore, to_story
from core.storage.people import Session
from core.storage.tables import branches, lore, places, shelf, stories
from core.story.model import Branch, State, Story, Style

FIRST_BRANCH = "main"

# Whether a group agreed on anything is read along, so that most stories need no query for it.
_STORY = (
    select(stories, groups.c.story.is_not(None).label("grouped"))
    .outerjoin(groups, groups.c.story == stories.c.id)
    .where(stories.c.id == bindparam("story"))
)
_LORE = select(lore).where(lore.c.story == bindparam("story")).order_by(lore.c.id)
_THIS_VERSION = (
    update(stories)
    .where(stories.c.id == bindparam("story"), stories.c.version == bindparam("seen"))
    .values(version=stories.c.version + 1, told=bindparam("now"))
)
_MOVE = _THIS_VERSION.values(head=bindparam("to_head"), branch=bindparam("to_branch"))
_CHANGE = _THIS_VERSION.values(
    title=bindparam("to_title"),
    premise=bindparam("to_premise"),
    style=bindparam("to_style"),
    state=bindparam("to_state"),
)
_NEW_STORY = insert(stories).returning(stories.c.id)
_PUT_ON_SHELF = on_both(
    shelf, lambda insert: insert.on_conflict_do_nothing(index_elements=["place", "story"])
)
_TELL_HERE = (
    update(places).where(places.c.id == bindparam("place")).values(story=bindparam("to_story"))
)
_BRANCHES = (
    select(branches.c.name, branches.c.tip, stories.c.branch, stories.c.head)
    .join(stories, stories.c.id == branches.c.story)
    .where(branches.c.story == bindparam("story"))
    .order_by(branches.c.name)
)
_NEW_BRANCH = on_both(
    branches,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["story", "name"]).returning(
        branches.c.name
    ),
)
_LEAVE_BRANCH = (
    update(branches)
    .where(branches.c.story == bindparam("of"), branches.c.name == bindparam("named"))
    .values(tip=bindparam("to_tip"))
)


class Stories(Ledger):
    """The part of a transaction that begins stories and changes them."""

    def begin_story(
        self, *, session: Session, title: str, premise: str, style: Style, now: datetime
    ) -> Story:
        """Begin a story: it goes on the place's shelf, and is the one told there from now on."""
        story = Story(
            id=0,
            title=title,
            premise=premise,
            style=style,
            lore=(),
            state=State.TOLD,
            head=None,
            branch=FIRST_BRANCH,
            version=1,
            begun=now,
            told=now,
        )
        story = self._put_up(story, session.place)
        self._write(_NEW_BRANCH, {"story": story.id, "name": FIRST_BRANCH})
        return story

    def story(self, id: int) -> Story | None:  # noqa: A002 - what it is everywhere else
        """The story as it stands; None: there is none, or no longer."""
        row = self._db.execute(_STORY, {"story": id}).first()
        if row is None:
            return None
        facts = self._db.execute(_LORE, {"story": id})
        return replace(to_story(row, tuple(map(to_lore, facts))), grouped=row.grouped)

    def open_story(self, place: int, story_id: int) -> None:
        """Tell this story in the place from now on."""
        self._db.execute(_TELL_HERE, {"place": place, "to_story": story_id})

    def change_story(
        self,
        story: Story,
        *,
        now: datetime,
        title: str | None = None,
        premise: str | None = None,
        style: Style | None = None,
        state: State | None = None,
    ) -> Story:
        """Change what is given; raises StaleAction if the story has changed since it was read."""
        changed = replace(
            story,
            title=story.title if title is None else title,
            premise=story.premise if premise is None else premise,
            style=style or story.style,
            state=state or story.state,
        )
        values = {
            "to_title": changed.title,
            "to_premise": changed.premise,
            "to_style": style_to_json(changed.style),
            "to_state": changed.state,
        }
        self._guarded(_CHANGE, story, now, values)
        return _next_version(changed, now)

    def add_lore(
        self,
        story: Story,
        *,
        keywords: tuple[str, ...],
        text: str,
        always: bool,
        now: datetime,
    ) -> Story:
        """Add a fact about the story's world."""
        self._guarded(_THIS_VERSION, story, now, {})
        fact = {"story": story.id, "keywords": list(keywords), "text": text, "always": always}
        row = self._db.execute(insert(lore).returning(lore), fact).one()
        return _next_version(replace(story, lore=(*story.lore, to_lore(row))), now)

    def remove_lore(self, story: Story, lore_id: int, *, now: datetime) -> Story:
        """Take a fact out of the story's world."""
        self._guarded(_THIS_VERSION, story, now, {})
        self._db.execute(delete(lore).where(lore.c.id == lore_id, lore.c.story == story.id))
        left = tuple(fact for fact in story.lore if fact.id != lore_id)
        return _next_version(replace(story, lore=left), now)

    def branches(self, story_id: int) -> tuple[Branch, ...]:
        """The story's lines by name, each with the passage it has come to."""
        rows = self._db.execute(_BRANCHES, {"story": story_id})
        return tuple(
            Branch(name=row.name, tip=row.head if row.name == row.branch else row.tip)
            for row in rows
        )

    def add_branch(self, story: Story, name: str, *, now: datetime) -> Story:
        """Begin a line at the head and tell it from now on; StaleAction if the name is taken."""
        story = self._move(story, head=story.head, branch=name, now=now)
        if self._write(_NEW_BRANCH, {"story": story.id, "name": name}).first() is None:
            raise StaleAction
        return story

    def _put_up(self, story: Story, place: int) -> Story:
        """Keep a new story, on the shelf of a place and told there."""
        values = {
            "title": story.title,
            "premise": story.premise,
            "style": style_to_json(story.style),
            "state": story.state,
            "branch": story.branch,
            "version": story.version,
            "begun": story.begun,
            "told": story.told,
        }
        key = self._db.execute(_NEW_STORY, values).scalar_one()
        self._write(_PUT_ON_SHELF, {"place": place, "story": key})
        self.open_story(place, key)
        return replace(story, id=key)

    def _move(self, story: Story, *, head: int | None, branch: str, now: datetime) -> Story:
        """Move the head; a branch that is left remembers where it stood."""
        self._guarded(_MOVE, story, now, {"to_head": head, "to_branch": branch})
        if branch != story.branch:
            left = {"of": story.id, "named": story.branch, "to_tip": story.head}
            self._db.execute(_LEAVE_BRANCH, left)
        return _next_version(replace(story, head=head, branch=branch), now)

    def _guarded(self, change: Any, story: Story, now: datetime, values: dict[str, Any]) -> None:
        """Change the story's row if it is still at the version that was read."""
        guard = {"story": story.id, "seen": story.version, "now": now}
        if self._db.execute(change, guard | values).rowcount != 1:
            raise StaleAction


def _next_version(story: Story, now: datetime) -> Story:
    return replace(story, version=story.version + 1, told=now)
