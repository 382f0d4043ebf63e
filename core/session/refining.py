"""Refine: a passage told better is another take; the author takes it, tries again or goes back."""

from dataclasses import dataclass

from core.errors import Refusal, StaleAction
from core.narrator.closeness import changes
from core.narrator.narrator import Assignment, Mode, Narrator
from core.narrator.refining import Refined, refine, unfit
from core.narrator.screening import Level, may_be_shown, screen
from core.session import commands as c
from core.session import menus
from core.session.assignments import assignment
from core.session.messages import Action, Reply
from core.session.moving import passage_at
from core.session.texts import short
from core.session.turns import Turn, add_passage, before, parent_of
from core.session.wording import Voice
from core.storage.library import Transaction
from core.story.model import Origin, Passage, Provenance

_MOST_CHANGES = 6  # are listed; the others are counted
_LONGEST = 60  # characters of one side of a change


@dataclass(frozen=True, slots=True)
class Refining:
    """A passage to be told better."""

    old: Passage
    after: Passage | None
    assignment: Assignment


def wishes(tx: Transaction, turn: Turn, command: c.Refine) -> Reply:
    """Ask how the passage should be told."""
    return menus.wishes(turn.say, _to_refine(tx, turn, command).id)


def plan_refining(tx: Transaction, turn: Turn, command: c.Refine, wish: str) -> Refining:
    """Decide which passage is to be told better, and how; refuses what is no story in English."""
    old = _to_refine(tx, turn, command)
    wrong = unfit(old.text)
    if wrong:
        raise Refusal(f"refusal.refine_{wrong}")
    wanted = assignment(turn, Mode.REFINE, before(turn.path, turn.head), draft=old.text, wish=wish)
    return Refining(old, parent_of(tx, turn, old), wanted)


async def best(narrator: Narrator, refining: Refining, level: Level) -> Refined:
    """Return the best telling; refuses where none betters the passage or may be shown."""
    found = await refine(narrator, refining.assignment, lambda text: screen(text, level).safe)
    if found is None or not await may_be_shown(narrator, found.text, level):
        raise Refusal("refusal.nothing_better")
    return found


def keep_refined(
    tx: Transaction, turn: Turn, refining: Refining, found: Refined, provenance: Provenance
) -> Reply:
    """Keep the refined passage as another take, and show what changed and the way back."""
    new, story = add_passage(
        tx, turn, found.text, after=refining.after, origin=Origin.REFINED, provenance=provenance
    )
    takes, wish = tx.takes(story.id, new), refining.assignment.wish
    note = turn.say("note.refined", wish=wish)
    shown = menus.passage(turn.say, story, new, takes, note=note)
    keep = (
        Action(turn.say("button.keep_new"), c.Pick(new.id)),
        Action(turn.say("button.another"), c.Refine(wish if wish in menus.WISHES else "", new.id)),
        Action(turn.say("button.keep_old"), c.Pick(refining.old.id)),
    )
    return Reply(
        text=shown.text,
        heading=shown.heading,
        note="\n".join([shown.note, *_marked(turn.say, refining.old.text, new.text)]),
        actions=(keep, *shown.actions),
        passage=new.id,
    )


def _marked(say: Voice, old: str, new: str) -> list[str]:
    """What differs, change by change; what is told quite otherwise is shown as it was."""
    found = changes(old, new)
    lines = []
    for change in found[:_MOST_CHANGES]:
        was, told = short(change.old, _LONGEST), short(change.new, _LONGEST)
        if was and told:
            lines.append(say("refine.changed", old=was, new=told))
        elif was:
            lines.append(say("refine.taken_out", old=was))
        else:
            lines.append(say("refine.added", new=told))
    if len(found) > _MOST_CHANGES:
        lines.append(say("refine.more", count=len(found) - _MOST_CHANGES))
    return lines


def _to_refine(tx: Transaction, turn: Turn, command: c.Refine) -> Passage:
    """Return the passage meant: the head, or another take of it."""
    passage = turn.head if command.at is None else passage_at(tx, turn, command.at)
    if passage.id != turn.head.id and passage.id not in tx.takes(turn.told.id, turn.head):
        raise StaleAction
    return passage
