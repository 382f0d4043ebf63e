"""Replies and their buttons: how a passage, a list or a question looks, on any platform."""

from collections.abc import Sequence

from core.session import commands as c
from core.session.messages import Action, Reply
from core.session.wording import Voice, menu
from core.story.model import Passage, State, Story

MAIN = "main"
WISHES = ("polish", "shorter", "longer", "simpler", "vivid", "happier", "sadder", "scarier")


def being_written(story: Story | None, text: str) -> Reply:
    """Show a passage while the narrator writes it."""
    return Reply(text=text, heading=story.title if story else "", final=False)


def passage(
    say: Voice, story: Story, shown: Passage, takes: Sequence[int], *, note: str = ""
) -> Reply:
    """Show a passage the story stands at, with all that can be done about it."""
    notes = [note] if note else []
    if len(takes) > 1:
        notes.append(say("note.take", number=takes.index(shown.id) + 1, count=len(takes)))
    if story.branch != MAIN:
        notes.append(say("note.branch", name=story.branch))
    return Reply(
        text=shown.text,
        heading=story.title,
        note=" · ".join(notes),
        actions=_actions(say, story, shown, takes),
        passage=shown.id,
    )


def _actions(
    say: Voice, story: Story, shown: Passage, takes: Sequence[int]
) -> tuple[tuple[Action, ...], ...]:
    at = shown.id
    first = (
        [Action(say("button.shelf"), c.Shelf()), Action(say("button.export"), c.Export("epub"))]
        if story.state is State.FINISHED
        else [Action(say("button.continue"), c.Continue(at))]
    )
    if shown.by_narrator:
        first.append(Action(say("button.retry"), c.Retry(at)))
    if len(takes) > 1:
        first.append(Action(say("button.takes", count=len(takes)), c.Takes(at)))
    second = [Action("👍", c.Rate(1, at)), Action("👎", c.Rate(-1, at))]
    if shown.parent is not None:
        second.append(Action(say("button.undo"), c.Undo(at)))
    third = [
        Action(say("button.refine"), c.Refine("", at)),
        Action(say("button.explain"), c.Explain(at)),
    ]
    if story.state is not State.FINISHED:
        third.append(Action(say("button.finish"), c.Finish(at)))
    return tuple(first), tuple(second), tuple(third)


def take(say: Voice, story: Story, shown: Passage, takes: Sequence[int]) -> Reply:
    """Show one take among the others, to browse and to pick."""
    index = takes.index(shown.id)
    browse = [
        Action(label, c.Takes(shown.id, number))
        for label, number in (("◀", index), ("▶", index + 2))
        if 1 <= number <= len(takes)
    ]
    pick = () if story.head == shown.id else ((Action(say("button.pick"), c.Pick(shown.id)),))
    return Reply(
        text=shown.text,
        heading=story.title,
        note=say("note.take", number=index + 1, count=len(takes)),
        actions=tuple(row for row in (tuple(browse), pick) if row),
        passage=shown.id,
    )


def wishes(say: Voice, at: int) -> Reply:
    """Ask how a passage should be refined: buttons for the usual wishes, or free words."""
    actions = [Action(say(f"wish.{wish}"), c.Refine(wish, at)) for wish in WISHES]
    return Reply(
        text=say("ask.wish"),
        actions=(tuple(actions[:4]), tuple(actions[4:])),
        asks=say("ask.wish"),
        answer=c.Refine("", at),
    )


def ask(say: Voice, key: str, answer: c.Command) -> Reply:
    """Ask for a written answer; its text is what `answer` lacks."""
    return Reply(text=say(key), asks=say(key), answer=answer)


def said(text: str, *, private: bool = False, story: Story | None = None) -> Reply:
    """Show a sentence of the bot's."""
    return Reply(text=text, heading=story.title if story else "", private=private)


def usage(say: Voice) -> Reply:
    """Show what can be asked."""
    lines = [f"/{name} - {line}" for name, line in menu(say.language)]
    return Reply(
        text="\n".join([say("help.opening"), "", *lines, "", say("help.closing")]), private=True
    )
