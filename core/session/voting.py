"""Votes: the narrator offers takes, the group picks one, the voices are kept as preferences."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from string import ascii_uppercase

from core.errors import Refusal, StaleAction
from core.narrator.narrator import Narrator
from core.session import group_commands as g
from core.session import menus
from core.session.messages import Action, Reply
from core.session.rounds import is_open, rules
from core.session.turns import Turn, add_passage
from core.session.wording import Voice
from core.session.writing import Plan
from core.storage.library import Transaction
from core.story.group import TAKES, Group, Vote, decided, offered
from core.story.model import Passage, Provenance, Story


def plans(planned: Plan) -> tuple[Plan, ...]:
    """Return the takes to be offered: the same assignment with other seeds."""
    seed = planned.assignment.seed
    return tuple(
        replace(planned, assignment=replace(planned.assignment, seed=seed + take))
        for take in range(TAKES)
    )


async def told(narrator: Narrator, wanted: Sequence[Plan]) -> AsyncGenerator[list[str]]:
    """Write all takes at once: what there is of each, whenever one has grown."""
    texts = [""] * len(wanted)
    grown = asyncio.Event()

    async def write(index: int, planned: Plan) -> None:
        async with aclosing(narrator.write(planned.assignment)) as snapshots:
            async for text in snapshots:
                texts[index] = text
                grown.set()

    async def write_all() -> None:
        async with asyncio.TaskGroup() as takes:
            for index, planned in enumerate(wanted):
                takes.create_task(write(index, planned))

    writing = asyncio.create_task(write_all())
    writing.add_done_callback(lambda _: grown.set())
    try:
        while not writing.done():
            await grown.wait()
            grown.clear()
            yield list(texts)
        await writing
        yield list(texts)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    finally:
        writing.cancel()
        await asyncio.wait([writing])


def being_told(story: Story, texts: Sequence[str]) -> Reply:
    """Show the takes while they are written."""
    return menus.being_written(story, _lettered(texts))


def offer(
    tx: Transaction, turn: Turn, wanted: Sequence[Plan], texts: Sequence[str], facts: Provenance
) -> Reply:
    """Keep the takes beside one another, with the head where it was, and ask who wants which."""
    head = turn.head
    group = tx.group(turn.told.id)
    if group is None or is_open(turn, group):
        raise StaleAction
    story, takes = turn.told, []
    for planned, text in zip(wanted, texts, strict=True):
        passage, story = add_passage(
            tx,
            replace(turn, story=story),
            text,
            after=head,
            origin=planned.origin,
            provenance=replace(facts, seed=planned.assignment.seed),
        )
        takes.append(passage)
    story = tx.move_head(story, head, now=turn.now)
    vote = Vote(after=head.id, takes=tuple(take.id for take in takes))
    group = offered(group, vote, turn.now)
    tx.keep_group(group)
    return ballot(turn.say, story, takes, needed(tx, turn, group))


def ballot(say: Voice, story: Story, takes: Sequence[Passage], voices: int) -> Reply:
    """Show the takes with a button for each."""
    letters = [
        Action(letter, g.Vote(take.id))
        for letter, take in zip(ascii_uppercase, takes, strict=False)
    ]
    close = Action(say("button.decide"), g.Decide(takes[0].parent))
    return Reply(
        text=_lettered([take.text for take in takes]),
        heading=story.title,
        note=say("vote.open", needed=voices),
        actions=(tuple(letters), (close,)),
    )


def shown_again(tx: Transaction, turn: Turn, group: Group) -> Reply:
    """Show the vote that is going on."""
    return ballot(turn.say, turn.told, takes_of(tx, turn.told, group), needed(tx, turn, group))


def needed(tx: Transaction, turn: Turn, group: Group) -> int:
    """The voices that close the vote: one where somebody is alone with the narrator."""
    alone = turn.request.place.private and len(tx.told_in(group.story)) == 1
    return 1 if alone else group.needed


def cast(tx: Transaction, turn: Turn, command: g.Vote) -> Reply:
    """Count a voice; the one that decides closes the vote."""
    group, vote = _open_vote(tx, turn)
    if command.passage is None and not 1 <= command.number <= len(vote.takes):
        raise Refusal("refusal.no_such_take", number=command.number, count=len(vote.takes))
    take = vote.takes[command.number - 1] if command.passage is None else command.passage
    if take not in vote.takes:
        raise StaleAction
    group = replace(group, vote=(vote := vote.cast(turn.session.author, take)))
    if len(vote.votes) >= (most := needed(tx, turn, group)):
        return concluded(tx, turn.say, turn.told, group, turn.now)
    tx.keep_group(group)
    letter = ascii_uppercase[vote.takes.index(take)]
    count = len(vote.votes)
    return menus.said(turn.say("vote.cast", letter=letter, count=count, needed=most), private=True)


def decide(tx: Transaction, turn: Turn, command: g.Decide) -> Reply:
    """Close the vote with the voices that are in."""
    group, vote = _open_vote(tx, turn)
    if command.at is not None and command.at != vote.after:
        raise StaleAction
    if not rules(turn, group):
        raise Refusal("refusal.not_host")
    if not vote.votes:
        raise Refusal("refusal.nobody_voted")
    return concluded(tx, turn.say, turn.told, group, turn.now)


def concluded(tx: Transaction, say: Voice, story: Story, group: Group, now: datetime) -> Reply:
    """Let the winner advance the story; every voice is kept as a preference."""
    vote = group.vote
    if vote is None:
        raise StaleAction
    for author, take in vote.votes:
        tx.note_pick(
            take, [other for other in vote.takes if other != take], author, how="vote", now=now
        )
    winner = tx.passage(story.id, vote.winner)
    if winner is None:
        raise StaleAction
    story = tx.move_head(story, winner, now=now)
    tx.keep_group(decided(group))
    return menus.passage(say, story, winner, tx.takes(story.id, winner), note=result(say, vote))


def result(say: Voice, vote: Vote) -> str:
    """Say who won, and by how much."""
    counts = " · ".join(
        f"{letter} {n}" for letter, n in zip(ascii_uppercase, vote.counts, strict=False)
    )
    return say("vote.won", letter=ascii_uppercase[vote.takes.index(vote.winner)], counts=counts)


def _open_vote(tx: Transaction, turn: Turn) -> tuple[Group, Vote]:
    """Return the group, locked, and its vote; refuses where none is going on."""
    group = tx.group(turn.told.id)
    if group is None or group.vote is None or not is_open(turn, group):
        raise Refusal("refusal.no_vote")
    return group, group.vote


def takes_of(tx: Transaction, story: Story, group: Group) -> list[Passage]:
    """Return the takes of the vote that is going on."""
    ids = group.vote.takes if group.vote else ()
    found = (tx.passage(story.id, take) for take in ids)
    return [take for take in found if take is not None]


def _lettered(texts: Sequence[str]) -> str:
    return "\n\n".join(
        f"{letter}. {text}" for letter, text in zip(ascii_uppercase, texts, strict=False)
    )
