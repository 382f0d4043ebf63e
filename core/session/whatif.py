"""What if: one sentence of the story told otherwise, and the story gone on from there.

A cause is changed where it stands, as a take of its passage, and the narrator continues on a branch
of its own: the group sees what it changed, and nothing is lost.
"""

import re
from dataclasses import dataclass, replace

from core.errors import Refusal
from core.narrator.narrator import Mode
from core.session import commands as c
from core.session import menus
from core.session.assignments import assignment
from core.session.messages import Reply
from core.session.texts import MOST_PASSAGE, passage_text
from core.session.turns import Turn, add_passage, before, parent_of
from core.session.writing import Plan
from core.storage.library import Transaction
from core.story.cleaning import clean
from core.story.model import Origin, Passage, Provenance

_ARROW = re.compile(r"\s*(?:->|=>|→|⇒|＝＞)\s*")
_QUOTES = "\"'“”‘’«»「」『』 "


@dataclass(frozen=True, slots=True)
class Change:
    """A passage told otherwise, and what the narrator is to write after it."""

    passage: Passage
    text: str
    plan: Plan


def plan(turn: Turn, command: c.WhatIf) -> Change:
    """Find the sentence and decide what is to be written after its other form."""
    turn.head  # noqa: B018  # refuses when nothing is written yet
    old, new = _read(command.text)
    passage, start, end = _found(turn, old)
    text = passage_text(f"{passage.text[:start]}{new}{passage.text[end:]}")
    changed = replace(passage, text=text)
    path = (*before(turn.path, passage), changed)
    wanted = assignment(turn, Mode.CONTINUE, path)
    return Change(passage, text, Plan(wanted, None, Origin.CONTINUED))


def _read(typed: str) -> tuple[str, str]:
    parts = _ARROW.split(clean(typed))
    if len(parts) != 2:  # noqa: PLR2004  # what was, and what would have been
        raise Refusal("refusal.whatif_form")
    old, new = (part.strip(_QUOTES) for part in parts)
    if not old or not new or len(new) > MOST_PASSAGE:
        raise Refusal("refusal.whatif_form")
    return old, new


def _found(turn: Turn, old: str) -> tuple[Passage, int, int]:
    """Return the newest passage that holds the words, and where they stand in it."""
    wanted = r"\s+".join(map(re.escape, old.split()))
    for passage in reversed(turn.path):
        if match := re.search(wanted, passage.text, re.IGNORECASE):
            return passage, match.start(), match.end()
    raise Refusal("refusal.whatif_not_there")


def keep(tx: Transaction, turn: Turn, change: Change, text: str, facts: Provenance) -> Reply:
    """Keep the changed passage and what followed, on a new branch; the old one stays as it was."""
    names = {branch.name for branch in tx.branches(turn.told.id)}
    number = next(n for n in range(1, len(names) + 2) if _name(turn, n) not in names)
    name = _name(turn, number)
    story = tx.add_branch(turn.told, name, now=turn.now)
    parent = parent_of(tx, turn, change.passage)
    here = replace(turn, story=story)
    edited, story = add_passage(tx, here, change.text, after=parent, origin=Origin.EDITED)
    here = replace(turn, story=story)
    passage, story = add_passage(
        tx, here, text, after=edited, origin=change.plan.origin, provenance=facts
    )
    note = turn.say("whatif.note", branch=turn.told.branch)
    return menus.passage(turn.say, story, passage, tx.takes(story.id, passage), note=note)


def _name(turn: Turn, number: int) -> str:
    return turn.say("whatif.branch", number=number)
