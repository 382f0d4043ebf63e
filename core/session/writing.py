"""What the narrator is asked to write: openings, passages, endings, other takes, titles.

Planned in one transaction, written with none open, kept in another: the second refuses when the
story has moved on meanwhile, and a crash in between leaves an open turn that is written again.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from core.errors import NarratorError, Refusal
from core.narrator.narrator import Assignment, Mode, Narrator
from core.narrator.screening import Level, may_be_shown
from core.session import commands as c
from core.session import menus
from core.session.assignments import assignment, place_key
from core.session.messages import Reply
from core.session.texts import MOST_NAME, MOST_PREMISE, MOST_TITLE, line_text, passage_text, short
from core.session.turns import Turn, add_passage, before, parent_of
from core.storage.library import Transaction
from core.story.cleaning import one_line
from core.story.likeness import distance
from core.story.model import Origin, Passage, Provenance, State, Story, Style

Writes = c.New | c.Continue | c.Finish | c.Retry
_MODES = {Origin.OPENED: Mode.OPEN, Origin.FINISHED: Mode.FINISH}
_MOST_TITLE_FROM_TEXT = 40


@dataclass(frozen=True, slots=True)
class Plan:
    """A passage to be written, and where it will stand."""

    assignment: Assignment
    after: Passage | None
    origin: Origin
    opens: Style | None = None  # begins a story of this style
    instead: int | None = None  # the take that another one was asked for


def plan(tx: Transaction, turn: Turn, command: Writes) -> Plan:
    """Decide what is to be written; refuses what cannot be."""
    match command:
        case c.New():
            return _opening(turn, command)
        case c.Continue():
            head = _open_head(turn, command.at)
            return Plan(assignment(turn, Mode.CONTINUE, turn.path), head, Origin.CONTINUED)
        case c.Finish():
            head = _open_head(turn, command.at)
            return Plan(assignment(turn, Mode.FINISH, turn.path), head, Origin.FINISHED)
        case c.Retry():
            return _retry(tx, turn, command)


def _open_head(turn: Turn, at: int | None) -> Passage:
    head = turn.still_at(at)
    if turn.told.state is State.FINISHED:
        raise Refusal("refusal.finished")
    return head


def _opening(turn: Turn, command: c.New) -> Plan:
    premise = line_text(command.text, MOST_PREMISE)
    genre, mood = (one_line(text)[:MOST_NAME] for text in (command.genre, command.mood))
    style = Style(genre=genre, mood=mood)
    wanted = Assignment(
        mode=Mode.OPEN,
        seed=turn.seed,
        premise=premise,
        genre=genre,
        mood=mood,
        length=style.length,
        preset=style.preset,
        place=place_key(turn.request.place),
        lora=turn.lora,
    )
    return Plan(wanted, None, Origin.OPENED, opens=style)


def _retry(tx: Transaction, turn: Turn, command: c.Retry) -> Plan:
    head = turn.still_at(command.at)
    if not head.by_narrator:
        raise Refusal("refusal.not_the_narrators")
    mode = _MODES.get(head.origin, Mode.CONTINUE)
    # A seed that the group fixed must not write the take that is there already.
    seed = turn.seed + len(tx.takes(turn.told.id, head))
    wanted = assignment(turn, mode, before(turn.path, head), seed=seed)
    origin = head.origin if mode is not Mode.CONTINUE else Origin.RETRIED
    return Plan(wanted, parent_of(tx, turn, head), origin, instead=head.id)


async def stream(narrator: Narrator, planned: Plan, story: Story | None) -> AsyncGenerator[Reply]:
    """Show the passage while it is written; the last text is whole."""
    async with aclosing(narrator.write(planned.assignment)) as texts:
        async for text in texts:
            yield menus.being_written(story, text)


async def title_for(narrator: Narrator, planned: Plan, text: str, screening: Level) -> str:
    """Let the narrator name a story from its opening; where it cannot, the premise does.

    The opening is written: it must not be lost for want of a title.
    """
    wanted = replace(planned.assignment, mode=Mode.TITLE, path=(text,), recaps=("",))
    title = ""
    with suppress(NarratorError):
        title = await write_title(narrator, wanted)
    fits = title and await may_be_shown(narrator, title, screening)
    return title if fits else title_from(planned.assignment.premise)


async def write_title(narrator: Narrator, wanted: Assignment) -> str:
    """Return a title by the narrator; empty if it has none to give."""
    title = ""
    async with aclosing(narrator.write(wanted)) as titles:
        async for title in titles:  # noqa: B007  # the last one counts
            pass
    return short(one_line(title).strip(" .\"'"), MOST_TITLE)


def title_from(text: str) -> str:
    """Return the beginning of a text as a title."""
    return short(text, _MOST_TITLE_FROM_TEXT).rstrip(".")


def keep(
    tx: Transaction, turn: Turn, planned: Plan, text: str, *, narrator: Provenance, title: str
) -> Reply:
    """Keep what was written as a passage of the story, and show it."""
    if planned.opens is not None:
        story = tx.begin_story(
            session=turn.session,
            title=title,
            premise=planned.assignment.premise,
            style=planned.opens,
            now=turn.now,
        )
        turn = replace(turn, story=story, path=())
    passage, story = add_passage(
        tx, turn, text, after=planned.after, origin=planned.origin, provenance=narrator
    )
    if planned.instead is not None:
        old = [planned.instead]
        tx.note_pick(passage.id, old, turn.session.author, how="retry", now=turn.now)
    if planned.origin is Origin.FINISHED:
        story = tx.change_story(story, state=State.FINISHED, now=turn.now)
    notes = [turn.say("note.the_end")] if story.state is State.FINISHED else []
    notes += [turn.say("note.rate")] if narrator.asked else []
    return menus.passage(
        turn.say, story, passage, tx.takes(story.id, passage), note=" · ".join(notes)
    )


def say(tx: Transaction, turn: Turn, command: c.Say) -> Reply:
    """Write an author's own passage; where no story is told yet, it begins one."""
    text = passage_text(command.text)
    if turn.story is not None and turn.story.state is State.FINISHED:
        raise Refusal("refusal.finished")
    if turn.story is None:
        story = tx.begin_story(
            session=turn.session, title=title_from(text), premise="", style=Style(), now=turn.now
        )
        turn = replace(turn, story=story)
    after = turn.path[-1] if turn.path else None
    passage, story = add_passage(tx, turn, text, after=after, origin=Origin.SAID)
    return menus.passage(turn.say, story, passage, tx.takes(story.id, passage))


def edit(tx: Transaction, turn: Turn, command: c.Edit) -> Reply:
    """Keep an author's rewriting of a passage as another take of it."""
    old = turn.head if command.at is None else tx.passage(turn.told.id, command.at)
    if old is None:
        raise Refusal("refusal.stale")
    own = old.by_narrator or old.author == turn.session.author
    if not own and not turn.request.author.admin:
        raise Refusal("refusal.not_yours")
    if not command.text:
        return menus.ask(turn.say, "ask.edit", c.Edit("", old.id))
    text = passage_text(command.text)
    after = parent_of(tx, turn, old)
    passage, story = add_passage(tx, turn, text, after=after, origin=Origin.EDITED)
    tx.note_edit(passage.id, old.id, distance(old.text, text))
    note = turn.say("note.edited")
    return menus.passage(turn.say, story, passage, tx.takes(story.id, passage), note=note)


def entitle(tx: Transaction, turn: Turn, text: str) -> Reply:
    """Give the story a title."""
    title = line_text(text, MOST_TITLE)
    story = tx.change_story(turn.told, title=title, now=turn.now)
    return menus.said(turn.say("title.set", title=title), story=story)
