"""Story, Passage, Rating, Lore: what a story is made of.

A story is a tree of passages. Nothing in it is overwritten: retrying, refining and editing write a
sibling, called a take; undoing moves the head to the parent. So every text a group has seen stays,
and two takes of one parent, one of them picked, are a preference.

          ┌ p2 (take 1 of 2)
    p1 ───┤
          └ p3 (take 2 of 2) ─── p4 = head        path: p1 p3 p4
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Origin(StrEnum):
    """How a passage came to be."""

    OPENED = "opened"  # the narrator began the story
    SAID = "said"  # an author wrote it
    CONTINUED = "continued"
    RETRIED = "retried"
    REFINED = "refined"
    EDITED = "edited"  # an author rewrote a passage
    FINISHED = "finished"  # the narrator was asked for an ending
    IMPORTED = "imported"


class State(StrEnum):
    """Where a story stands in its life."""

    TOLD = "told"
    FINISHED = "finished"  # has its ending; can still be continued after an undo
    ARCHIVED = "archived"  # off the shelf's first page


class Length(StrEnum):
    """How long the narrator's passages are, in sentences as a rule."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"


class Preset(StrEnum):
    """How boldly the narrator chooses its words."""

    CALM = "calm"
    LIVELY = "lively"
    WILD = "wild"


@dataclass(frozen=True, slots=True)
class Style:
    """What a group has set for one story."""

    genre: str = ""
    mood: str = ""
    length: Length = Length.MEDIUM
    preset: Preset = Preset.LIVELY
    banned: tuple[str, ...] = ()  # words the narrator must not use
    seed: int | None = None  # fixed by the group; otherwise each turn draws its own


@dataclass(frozen=True, slots=True)
class Lore:
    """A fact about the world: called up when one of its keywords is told of, or always."""

    id: int
    keywords: tuple[str, ...]
    text: str
    always: bool = False


@dataclass(frozen=True, slots=True)
class Provenance:
    """What wrote a narrator's passage; with the story before it, enough to write it again."""

    model: str
    lora: str | None
    seed: int
    preset: Preset
    wish: str = ""  # what the author asked of this passage, e.g. "happier"
    best_of: int = 1  # takes that it was chosen from by what people liked
    asked: bool = False  # whether a rating was asked for, to learn from it


@dataclass(frozen=True, slots=True)
class Passage:
    """One stretch of a story. Never edited: refining writes a sibling, called a take."""

    id: int
    parent: int | None  # None: an opening
    depth: int  # passages from the opening to here, this one included
    text: str
    origin: Origin
    author: int | None  # who wrote it, or asked the narrator for it
    provenance: Provenance | None  # None: a person wrote it
    recap: str  # the story up to and with this passage, in at most three of its own sentences
    written: datetime
    heir: int | None = None  # the child the path last went through: where redo goes

    @property
    def by_narrator(self) -> bool:
        """Whether the language model wrote it."""
        return self.provenance is not None


@dataclass(frozen=True, slots=True)
class Story:
    """A story without its passages: those are asked for by path, since there may be thousands."""

    id: int
    title: str
    premise: str
    style: Style
    lore: tuple[Lore, ...]
    state: State
    head: int | None  # the passage it stands at; None: nothing is written yet
    branch: str  # the name of the line being told
    version: int  # rises by one with every change; guards against lost updates
    begun: datetime
    told: datetime  # when it last changed
    grouped: bool = False  # a group has agreed on something for it: see core/story/group.py


@dataclass(frozen=True, slots=True)
class Rating:
    """A thumb: +1 or -1 by one author on one passage. A later one replaces an earlier."""

    passage: int
    author: int
    value: int
    given: datetime


@dataclass(frozen=True, slots=True)
class Branch:
    """A named line of a story and the passage it has come to."""

    name: str
    tip: int | None


@dataclass(frozen=True, slots=True)
class Volume:
    """A story whole: for exports, and to put a story back that was exported."""

    story: Story
    passages: tuple[Passage, ...]  # every one, in the order they were written
    branches: tuple[Branch, ...]
