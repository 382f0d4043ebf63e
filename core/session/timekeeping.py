"""What happens though nobody asks: deadlines, the narrator's own turns, news from elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.session import commands as c
from core.session import group_commands as g
from core.session import menus, voting
from core.session.messages import Notice, Place, Reply, Request
from core.session.rounds import NARRATOR, narrator_in, next_up, reminder
from core.session.turns import Turn
from core.session.wording import Voice
from core.storage.library import Spot, Transaction
from core.story import group as groups
from core.story.cleaning import one_line
from core.story.group import Group, Vote
from core.story.model import Passage, Story

_LEASE = timedelta(minutes=3)  # for the narrator's turn, before it is begun once more
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What a deadline brings: something to tell places, or a turn of the narrator's."""

    notices: tuple[Notice, ...] = ()
    request: Request | None = None


def step(tx: Transaction, story_id: int, default_language: str, now: datetime) -> Step:
    """Do what is due for a story, if nobody else has done it by now."""
    group = tx.group(story_id)
    story = tx.story(story_id)
    if group is None or story is None or group.due is None or group.due > now:
        return Step()
    spots = tx.told_in(story_id)
    if not spots:  # nobody tells it at present: the clock rests until it is opened again
        tx.keep_group(groups.paused(group))
        return Step()
    if group.vote is not None:
        return _vote_ends(tx, story, group, _Town(spots, default_language), now)
    if group.narrators_turn:
        return _narrator_writes(tx, story, group, spots[0], now)
    return _seat_waits(tx, story, group, _Town(spots, default_language), now)


@dataclass(frozen=True, slots=True)
class _Town:
    """The places a story is told in, and how to speak in each."""

    spots: list[Spot]
    default_language: str

    def voices(self) -> list[tuple[Place, Voice]]:
        return [
            (
                Place(spot.platform, spot.chat, spot.topic, private=spot.private),
                Voice.of(spot.language, self.default_language),
            )
            for spot in self.spots
        ]


def _vote_ends(tx: Transaction, story: Story, group: Group, town: _Town, now: datetime) -> Step:
    vote = group.vote
    if vote is None or story.head != vote.after:
        tx.keep_group(groups.decided(group))
        return Step()
    if not vote.votes:
        tx.keep_group(groups.paused(group))
        return _told(town, lambda say: menus.said(say("vote.waiting"), story=story))
    first = town.voices()[0][1]
    shown = voting.concluded(tx, first, story, group, now)
    head = tx.passage(story.id, shown.passage or 0)
    told = tx.story(story.id)
    if head is None or told is None:
        return Step()
    takes = tx.takes(story.id, head)
    return _told(
        town, lambda say: menus.passage(say, told, head, takes, note=voting.result(say, vote))
    )


def _narrator_writes(
    tx: Transaction, story: Story, group: Group, spot: Spot, now: datetime
) -> Step:
    """Hand out the narrator's turn; where it never comes to its end, the turn passes on."""
    if group.tries >= _TRIES:
        tx.keep_group(groups.narrated(group, now))
        return Step()
    tx.keep_group(replace(group, tries=group.tries + 1, due=now + _LEASE))
    place = Place(spot.platform, spot.chat, spot.topic, private=spot.private)
    # Two processes that see the same deadline ask with the same id, so one of them is refused.
    name = f"narrator.{story.id}.{story.version}.{group.tries}"
    return Step(request=Request(name, place, narrator_in(spot.platform), c.Continue(story.head)))


def _seat_waits(tx: Transaction, story: Story, group: Group, town: _Town, now: datetime) -> Step:
    if group.whose is None:
        tx.keep_group(groups.paused(group))
        return Step()
    if not group.reminded:
        tx.keep_group(groups.reminded(group, now))
        return _told(town, lambda say: reminder(tx, say, story.title, group))
    after = groups.skipped(group, now)
    tx.keep_group(after)
    return _told(
        town,
        lambda say: menus.said(f"{say('order.skipped')} {next_up(tx, say, after)}", story=story),
    )


def _told(town: _Town, reply: Callable[[Voice], Reply]) -> Step:
    return Step(tuple(Notice(place, reply(voice)) for place, voice in town.voices()))


def news(tx: Transaction, turn: Turn, default_language: str) -> list[Notice]:
    """What the other places of a story should see after a turn."""
    story = tx.story(turn.told.id)
    if story is None:
        return []
    spots = [spot for spot in tx.told_in(story.id) if spot.id != turn.session.place]
    town = _Town(spots, default_language)
    if not spots:
        return []
    group = tx.group(story.id)
    if group is not None and group.vote is not None and _is_new(turn, group):
        takes = voting.takes_of(tx, story, group)
        return [
            Notice(place, voting.ballot(say, story, takes, group.needed))
            for place, say in town.voices()
        ]
    head = tx.passage(story.id, story.head) if story.head is not None else None
    if head is None or story.head == turn.told.head:
        return []
    takes_of_head = tx.takes(story.id, head)
    return [
        Notice(place, menus.passage(say, story, head, takes_of_head, note=_how(say, turn, head)))
        for place, say in town.voices()
    ]


def _is_new(turn: Turn, group: Group) -> bool:
    before = turn.group.vote if turn.group else None
    return group.vote is not None and (before is None or before.takes != group.vote.takes)


def _how(say: Voice, turn: Turn, head: Passage) -> str:
    """Say how the passage came to stand there: a vote decided, somebody moved, or wrote it."""
    vote, command = (turn.group.vote if turn.group else None), turn.request.command
    if vote is not None and isinstance(command, g.Vote | g.Decide) and head.id in vote.takes:
        return voting.result(say, _with_last(vote, turn, command))
    if isinstance(command, c.Undo):
        return f"{say('note.undone')} · {_from(say, turn)}"
    return _from(say, turn)


def _with_last(vote: Vote, turn: Turn, command: g.Vote | g.Decide) -> Vote:
    """Return the vote with the voice that decided it."""
    if isinstance(command, g.Decide):
        return vote
    take = vote.takes[command.number - 1] if command.passage is None else command.passage
    return vote.cast(turn.session.author, take)


def _from(say: Voice, turn: Turn) -> str:
    """Say who wrote it, and on which platform."""
    platform = turn.request.place.platform.capitalize()
    if turn.request.author.id == NARRATOR:
        return say("join.from_narrator")
    name = one_line(turn.request.author.name) or say("order.somebody")
    return say("join.from", name=name, platform=platform)
