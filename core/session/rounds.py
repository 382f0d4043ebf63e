"""Whose turn it is: who may ask what in a group's story, and who comes next."""

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import Refusal
from core.session import commands as c
from core.session import group_commands as g
from core.session.messages import Action, Author, Reply
from core.session.wording import Voice
from core.storage.library import Transaction
from core.story.group import Group, Order, Role, narrated, wrote

if TYPE_CHECKING:
    from core.session.turns import Turn

# The narrator asks too, when its turn comes; no platform gives a person this id.
NARRATOR = ""

_WRITES = (c.Say, c.Continue, c.Finish, c.WhatIf)
_READER_MAY = (
    *(c.Help, c.Rate, c.Shelf, c.Export, c.Language, c.Recap, c.Show, c.Takes),
    *(c.Explain, c.Again),
    # What is known of a person is theirs, whatever a host makes of them; and anybody may object.
    *(c.Privacy, c.MyData, c.ForgetMe, c.Comment, c.Report),
)
# What would leave the takes of an open vote behind. Undo may: it goes back before them.
_PASSES_BY_A_VOTE = (c.Say, c.Finish, c.Retry, c.Redo, c.Pick, c.Edit, c.Refine, c.WhatIf)
_HOSTS_ONLY = (c.Delete, c.Archive)


def narrator_in(platform: str) -> Author:
    """Return the narrator as one who asks, at its own turn."""
    return Author(platform, NARRATOR, "")


def gate(tx: Transaction, turn: "Turn") -> None:
    """Refuse what the group's order or the author's role does not allow."""
    group, command = turn.group, turn.request.command
    if group is None or turn.request.author.id == NARRATOR:
        return
    if group.role(turn.session.author) is Role.READER and not isinstance(command, _READER_MAY):
        raise Refusal("refusal.reader")
    if isinstance(command, _HOSTS_ONLY) and not rules(turn, group):
        raise Refusal("refusal.not_host")
    if is_open(turn, group) and isinstance(command, _PASSES_BY_A_VOTE):
        raise Refusal("refusal.vote_open")
    if isinstance(command, _WRITES) and group.order is Order.ROUNDS:
        if group.narrators_turn:
            raise Refusal("refusal.narrators_turn")
        if group.whose not in (None, turn.session.author):
            seated = turn.session.author in group.seats
            key = "refusal.not_your_turn" if seated else "refusal.no_seat"
            raise Refusal(key, name=name(tx, turn.say, group.whose))


def rules(turn: "Turn", group: Group) -> bool:
    """Whether the author may set order and roles: a host, or who runs the chat it began in."""
    return group.role(turn.session.author) is Role.HOST or (
        turn.request.author.admin and turn.session.place == group.home
    )


def is_open(turn: "Turn", group: Group) -> bool:
    """Whether a vote is going on at the head."""
    return group.vote is not None and turn.told.head == group.vote.after


def settled(tx: Transaction, turn: "Turn", reply: Reply) -> Reply:
    """Pass the turn on when somebody has written, and say in the reply who comes next."""
    if turn.group is None or not isinstance(turn.request.command, _WRITES):
        return reply
    if reply.passage is None or reply.passage == turn.told.head:
        return reply
    group = tx.group(turn.group.story)
    if group is None:
        return reply
    by_narrator = turn.request.author.id == NARRATOR
    after = (
        narrated(group, turn.now) if by_narrator else wrote(group, turn.session.author, turn.now)
    )
    tx.keep_group(after)
    note = " · ".join(part for part in (reply.note, next_up(tx, turn.say, after)) if part)
    return replace(reply, note=note)


def next_up(tx: Transaction, say: Voice, group: Group) -> str:
    """Say whose turn it is; empty where everybody may write."""
    if group.narrators_turn:
        return say("order.narrator_next")
    if group.whose is None:
        return ""
    return say("order.next", name=name(tx, say, group.whose))


def name(tx: Transaction, say: Voice, author: int | None) -> str:
    """Return what an author is called."""
    known = tx.names([author]) if author is not None else {}
    return next(iter(known.values()), "") or say("order.somebody")


def reminder(tx: Transaction, say: Voice, title: str, group: Group) -> Reply:
    """Remind the one whose turn it is, with the ways out."""
    return Reply(
        text=say("order.reminder", name=name(tx, say, group.whose)),
        heading=title,
        actions=(
            (
                Action(say("button.skip"), g.Skip(group.whose)),
                Action(say("button.pause"), g.Pause()),
            ),
        ),
    )


def standing(tx: Transaction, say: Voice, group: Group) -> str:
    """Tell the order, the seats and whose turn it is."""
    lines = [say(f"order.{group.order}")]
    if group.order is not Order.FREE:
        lines.append(say("order.wait", time=_spelled(say, group.wait.total_seconds())))
    known = tx.names(group.seats) if group.order is not Order.FREE else {}
    seats = [known.get(seat) or say("order.somebody") for seat in group.seats]
    if group.order is Order.ROUNDS:
        lines.append(" → ".join([*seats, say("order.narrator")]))
        lines.append(next_up(tx, say, group))
    elif group.order is Order.VOTE:
        lines.append(say("order.seats", names=" · ".join(seats), needed=group.needed))
    if group.paused:
        lines.append(say("order.paused"))
    return "\n".join(line for line in lines if line)


def _spelled(say: Voice, seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size and seconds % size == 0:
            return say(f"order.{unit}", count=int(seconds // size))
    return say("order.minutes", count=round(seconds / 60))
