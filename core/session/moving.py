"""Moving about in the tree: undo, redo, rewind, takes, picks, branches."""

from dataclasses import replace

from core.errors import Refusal, StaleAction
from core.session import commands as c
from core.session import menus
from core.session.messages import Reply
from core.session.texts import MOST_NAME, short
from core.session.turns import Turn
from core.storage.library import Transaction
from core.story.cleaning import one_line
from core.story.model import Passage, State, Story

_PREVIEW = 60


def show(tx: Transaction, turn: Turn, story: Story | None = None, *, note: str = "") -> Reply:
    """Show where the story stands."""
    story = story or turn.told
    head = tx.passage(story.id, story.head) if story.head is not None else None
    if head is None:
        return menus.said(turn.say("show.empty"), story=story)
    return menus.passage(turn.say, story, head, tx.takes(story.id, head), note=note)


def undo(tx: Transaction, turn: Turn, command: c.Undo) -> Reply:
    """Step back to the passage before the head."""
    head = turn.still_at(command.at)
    before = tx.passage(turn.told.id, head.parent) if head.parent is not None else None
    if before is None:
        raise Refusal("refusal.first_passage")
    return show(tx, turn, _back(tx, turn, before), note=turn.say("note.undone"))


def redo(tx: Transaction, turn: Turn, command: c.Redo) -> Reply:
    """Step forward to where the path last went from here."""
    head = turn.still_at(command.at)
    heir = tx.passage(turn.told.id, head.heir) if head.heir is not None else None
    if heir is None:
        raise Refusal("refusal.nothing_to_redo")
    return show(tx, turn, tx.move_head(turn.told, heir, now=turn.now))


def rewind(tx: Transaction, turn: Turn, command: c.Rewind) -> Reply:
    """Go back to a passage of the path by its number; without one, show the newest numbers."""
    head = turn.head
    if command.number == 0:
        lines = [f"{p.depth}. {short(p.text, _PREVIEW)}" for p in turn.path]
        return menus.said("\n".join([turn.say("rewind.list"), "", *lines]), story=turn.story)
    target = tx.ancestor(head.id, command.number) if command.number <= head.depth else None
    if target is None:
        raise Refusal("refusal.no_such_passage", number=command.number, count=head.depth)
    return show(tx, turn, _back(tx, turn, target), note=turn.say("note.rewound"))


def _back(tx: Transaction, turn: Turn, passage: Passage) -> Story:
    """Move the head back; a finished story is open again before its ending."""
    story = tx.move_head(turn.told, passage, now=turn.now)
    if story.state is State.FINISHED:
        story = tx.change_story(story, state=State.TOLD, now=turn.now)
    return story


def takes(tx: Transaction, turn: Turn, command: c.Takes) -> Reply:
    """Show one of the takes of a passage: the one asked for, or the one it is."""
    passage = turn.head if command.at is None else passage_at(tx, turn, command.at)
    ids = tx.takes(turn.told.id, passage)
    if command.number > len(ids):
        raise Refusal("refusal.no_such_take", number=command.number, count=len(ids))
    wanted = ids[command.number - 1] if command.number else passage.id
    return menus.take(turn.say, turn.told, passage_at(tx, turn, wanted), ids)


def pick(tx: Transaction, turn: Turn, command: c.Pick) -> Reply:
    """Go on from another take of the head; the choice is kept as a preference."""
    head = turn.head
    ids = tx.takes(turn.told.id, head)
    if command.passage is None and not 1 <= command.number <= len(ids):
        raise Refusal("refusal.no_such_take", number=command.number, count=len(ids))
    wanted = command.passage if command.passage is not None else ids[command.number - 1]
    if wanted not in ids:
        raise StaleAction
    others = [take for take in ids if take != wanted]
    if others:
        tx.note_pick(wanted, others, turn.session.author, how="pick", now=turn.now)
    chosen = passage_at(tx, turn, wanted)
    story = tx.move_head(turn.told, chosen, now=turn.now)
    return menus.passage(turn.say, story, chosen, ids, note=turn.say("note.picked"))


def branch(tx: Transaction, turn: Turn, command: c.Branch) -> Reply:
    """List the branches, begin one here, or go to one."""
    name = one_line(command.text)
    known = {branch.name: branch for branch in tx.branches(turn.told.id)}
    if not name:
        lines = [f"{'→' if n == turn.told.branch else '·'} {n}" for n in known]
        return menus.said("\n".join([turn.say("branch.list"), "", *lines]), story=turn.story)
    if len(name) > MOST_NAME:
        raise Refusal("refusal.too_long", count=len(name), most=MOST_NAME)
    if name in known:
        story = tx.switch_branch(turn.told, name, now=turn.now)
        return show(tx, turn, story, note=turn.say("note.switched", name=name))
    head = turn.head
    story = tx.add_branch(turn.told, name, now=turn.now)
    shown = menus.passage(turn.say, story, head, tx.takes(story.id, head))
    return replace(shown, note=turn.say("note.branched", name=name))


def passage_at(tx: Transaction, turn: Turn, at: int) -> Passage:
    """Return a passage of this place's story; a button of any other is stale."""
    passage = tx.passage(turn.told.id, at)
    if passage is None:
        raise StaleAction
    return passage
