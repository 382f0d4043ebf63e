"""Write a passage again from its provenance, to see that it comes out the same; nothing is kept."""

from dataclasses import dataclass, replace

from core.errors import Refusal
from core.narrator.narrator import Assignment, Mode, Narrator
from core.session import commands as c
from core.session.explaining import as_written, lora_of, path_before
from core.session.messages import Reply
from core.session.moving import passage_at
from core.session.turns import WINDOW, Turn
from core.storage.library import Transaction
from core.story.model import Origin, Passage, Style

_TOLD = (Origin.OPENED, Origin.CONTINUED, Origin.RETRIED, Origin.FINISHED)


@dataclass(frozen=True, slots=True)
class Once:
    """A passage, and what the narrator was asked for it."""

    passage: Passage
    assignment: Assignment


def plan(tx: Transaction, turn: Turn, command: c.Again) -> Once:
    """Find the passage and what it was written from; refuses what was not just written."""
    passage = turn.head if command.at is None else passage_at(tx, turn, command.at)
    if passage.provenance is None:
        raise Refusal("refusal.again_person")
    if passage.origin not in _TOLD:
        raise Refusal("refusal.again_refined")
    path, earlier = path_before(tx, passage)
    if passage.origin is Origin.RETRIED and len(path) == WINDOW:
        path, earlier = (
            path[1:],
            path[0].recap,
        )  # a retry reads its own passage too, and so one less
    wanted = as_written(turn, passage, path, earlier)
    if wanted.mode is Mode.OPEN and tx.takes(turn.told.id, passage)[0] == passage.id:
        # An opening comes before there is lore, or anything else to set.
        wanted = replace(wanted, lore=(), fired=(), length=Style().length, banned=())
    return Once(passage, wanted)


def with_lora(narrator: Narrator, turn: Turn, once: Once) -> Assignment:
    """Return the assignment with the LoRA it was written with, where it is at work still."""
    facts = once.passage.provenance
    lora = lora_of(narrator, turn, facts) if facts else None
    return replace(once.assignment, lora=turn.lora if lora is None else lora)


def reply(narrator: Narrator, turn: Turn, once: Once, text: str) -> Reply:
    """Show what was written, and whether it is the same."""
    facts = once.passage.provenance
    key = "again.same"
    if text != once.passage.text:
        gone = facts is not None and lora_of(narrator, turn, facts) is None
        other = facts is not None and facts.model != narrator.model
        key = "again.gone" if gone or other else "again.differs"
    return Reply(
        text=text,
        heading=turn.say("again.heading", number=once.passage.depth),
        note=turn.say(key),
        private=True,
    )
