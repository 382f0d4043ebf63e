"""Two people at once, the same request twice, and restarts: rounds and votes stay whole."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from core.session import commands as c
from core.session import group_commands as g
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.storage.database import Database, open_database
from core.storage.library import Library
from core.storage.tables import authors, picks
from core.story.group import Group, Order
from core.story.model import Passage, State, Volume
from tests.fakes import StandInNarrator
from tests.stage import Clock

ANN, BEN = Author("test", "ann", "Ann", "en", admin=True), Author("test", "ben", "Ben", "en")
WAIT = timedelta(hours=1)
_places = itertools.count(1)
_requests = itertools.count(1)
_people = st.permutations([ANN, BEN])


class Walk(RuleBasedStateMachine):
    """One place of its own for each walk, all in one database."""

    database: Database

    # ------------------------------------------------------------ asking
    @initialize(order=st.sampled_from(["rounds 1h", "vote 1h"]))
    def begin(self, order: str) -> None:
        self.library = Library(self.database)
        self.clock = Clock()
        self.engine = self.started()
        self.place = Place("test", f"together-{next(_places)}")
        self.known: dict[int, Passage] = {}
        self.asked: list[Request] = []
        self.ask(ANN, c.New("a lighthouse"))
        story = self._session().story
        assert story is not None
        self.story = story
        self.ask(ANN, g.Order(order))
        self.ask(BEN, g.Seat())

    def started(self) -> Engine:
        """What a restart begins with: the database, and nothing else."""
        return Engine(self.library, StandInNarrator(), clock=self.clock)

    def _session(self) -> Any:
        with self.library.begin() as tx:
            return tx.session(
                platform="test",
                chat=self.place.chat,
                topic="",
                private=False,
                author=ANN.id,
                name=ANN.name,
                language=ANN.language,
                now=self.clock.now,
            )

    def ask(self, author: Author, command: c.Command) -> Reply:
        (reply,) = self.at_once([(author, command)])
        return reply

    def at_once(self, asked: list[tuple[Author, c.Command]]) -> list[Reply]:
        """Ask several things at the same time; every one is answered."""
        requests = [
            Request(f"together-{next(_requests)}", self.place, author, command)
            for author, command in asked
        ]
        self.asked += requests
        replies = asyncio.run(_answered([(self.engine, request) for request in requests]))
        asyncio.run(_ticked([self.engine]))  # the narrator has its turn
        return replies

    # ------------------------------------------------------------ looking
    def group(self) -> Group:
        with self.library.begin() as tx:
            group = tx.group(self.story)
        assert group is not None
        return group

    def volume(self) -> Volume:
        with self.library.begin() as tx:
            return tx.volume(self.story)

    def written(self) -> list[Passage]:
        return [p for p in self.volume().passages if p.id not in self.known]

    def number(self, author: Author) -> int:
        with self.database.transaction() as db:
            wanted = select(authors.c.id).where(
                authors.c.platform == "test", authors.c.key == author.id
            )
            return int(db.execute(wanted).scalar_one())

    def in_rounds(self) -> bool:
        return self.group().order is Order.ROUNDS

    def in_votes(self) -> bool:
        return self.group().order is Order.VOTE

    def in_a_vote(self) -> bool:
        vote = self.group().vote if self.in_votes() else None
        return vote is not None and vote.after == self.volume().story.head  # no undo left it

    # ------------------------------------------------------------ rounds
    @precondition(in_rounds)
    @rule(people=_people)
    def two_write_at_once(self, people: list[Author]) -> None:
        """Each text that is kept is written by the one whose turn it is at that moment."""
        before = self.group()
        finished = self.volume().story.state is State.FINISHED
        words = {self.number(who): f"{who.name} wrote {next(_requests)}." for who in people}
        self.at_once([(who, c.Say(words[self.number(who)])) for who in people])
        texts = [p for p in self.written() if not p.by_narrator]
        assert all(p.text == words[p.author or 0] for p in texts)
        if finished or not before.seats:
            return
        holder = before.whose
        assert holder is not None  # the narrator never keeps the others waiting
        told = [p.author for p in texts]
        following = before.seats[before.at + 1 : before.at + 2]
        assert told in ([holder], [holder, *following])
        self.narrator_has_its_turn(told)

    def narrator_has_its_turn(self, told: list[int | None]) -> None:
        """The next seat is up; after the last one the narrator writes once, then the first is."""
        after = self.group()
        narrated = [p for p in self.written() if p.by_narrator]
        assert len(narrated) == (after.seats[-1] in told)
        following = after.seats.index(told[-1] or 0) + 1
        assert after.whose == after.seats[following % len(after.seats)]

    @precondition(in_rounds)
    @rule(people=_people)
    def two_ask_the_narrator_at_once(self, people: list[Author]) -> None:
        head = self.volume().story.head
        self.at_once([(who, c.Continue(head)) for who in people])
        assert sum(p.parent == head for p in self.written()) <= 1

    @precondition(in_rounds)
    @rule(people=_people)
    def two_skip_at_once(self, people: list[Author]) -> None:
        """One button, pressed twice, passes one turn on."""
        before = self.group()
        self.at_once([(who, g.Skip(before.whose)) for who in people])
        after = self.group()
        if len(before.seats) == 2 and before.at == 0:
            assert after.at == 1
        assert all(p.by_narrator for p in self.written())

    @precondition(in_rounds)
    @rule(who=st.sampled_from([ANN, BEN]))
    def take_or_leave_a_seat(self, who: Author) -> None:
        before = self.group()
        self.ask(who, g.Seat())
        me = self.number(who)
        after = self.group()
        assert (me in after.seats) != (me in before.seats)
        assert set(before.seats) ^ set(after.seats) == {me}

    @rule(times=st.integers(1, 3), engines=st.integers(1, 2))
    def time_passes(self, times: int, engines: int) -> None:
        """Deadlines are kept by whoever looks first; two that look at once do it once."""
        for _ in range(times):
            before = self.group()
            self.clock.now += WAIT + timedelta(minutes=1)
            asyncio.run(_ticked([self.engine, *(self.started() for _ in range(engines - 1))]))
            after = self.group()
            if before.order is Order.VOTE:
                self.a_vote_ends(before, after)
            elif before.whose is not None and before.due is not None and not before.reminded:
                assert (after.whose, after.reminded) == (before.whose, True)
            elif before.whose is not None and before.due is not None and len(before.seats) > 1:
                assert after.whose != before.whose
            assert all(p.by_narrator for p in self.written())
            asyncio.run(_ticked([self.engine]))  # the turn may have come to the narrator

    def a_vote_ends(self, before: Group, after: Group) -> None:
        """With a voice in it; without one it waits for the first, and no clock runs."""
        if before.vote is not None and not before.vote.votes and not before.paused:
            assert (after.vote, after.due) in ((before.vote, None), (None, None))
        elif before.vote is not None and before.due is not None:
            assert after.vote is None

    @precondition(in_rounds)
    @rule(who=st.sampled_from([ANN, BEN]))
    def pause(self, who: Author) -> None:
        self.ask(who, g.Pause())
        paused = self.group()
        if paused.paused:
            self.clock.now += 5 * WAIT
            asyncio.run(_ticked([self.engine]))
            assert self.group() == paused

    # ------------------------------------------------------------ votes
    @precondition(in_votes)
    @rule(people=_people)
    def two_ask_for_takes_at_once(self, people: list[Author]) -> None:
        before = self.volume().story
        goes_on = self.in_a_vote()
        self.at_once([(who, c.Continue(before.head)) for who in people])
        if before.state is State.FINISHED:
            return
        vote = self.group().vote
        assert vote is not None
        assert self.volume().story.head == before.head == vote.after
        offered = {p.id for p in self.written()}
        assert offered == (set() if goes_on else set(vote.takes))

    @precondition(in_a_vote)
    @rule(people=_people, wanted=st.lists(st.integers(0, 2), min_size=2, max_size=2))
    def two_vote_at_once(self, people: list[Author], wanted: list[int]) -> None:
        group = self.group()
        assert group.vote is not None
        takes = group.vote.takes
        takes_of = dict(group.vote.votes)
        choices = [takes[number % len(takes)] for number in wanted]
        self.at_once(
            [(who, g.Vote(passage=take)) for who, take in zip(people, choices, strict=True)]
        )
        takes_of |= {self.number(w): take for w, take in zip(people, choices, strict=True)}
        after = self.group()
        assert after.vote is None  # two seats, two voices: nobody is left to be waited for
        assert self.volume().story.head in takes
        counts = [list(takes_of.values()).count(take) for take in takes]
        assert self.volume().story.head == takes[counts.index(max(counts))]
        self.votes_are_kept(takes, takes_of)
        late = self.ask(people[0], g.Vote(passage=takes[0]))
        assert late.private
        assert self.volume().story.head == takes[counts.index(max(counts))]

    @precondition(in_a_vote)
    @rule(who=st.sampled_from([ANN, BEN]), wanted=st.lists(st.integers(0, 2), min_size=1))
    def change_ones_mind_and_decide(self, who: Author, wanted: list[int]) -> None:
        vote = self.group().vote
        assert vote is not None
        counted = dict(vote.votes)
        for number in wanted:
            take = vote.takes[number % len(vote.takes)]
            self.ask(who, g.Vote(passage=take))
            counted[self.number(who)] = take
            now = self.group().vote
            if now is None:
                break
            assert dict(now.votes) == counted
        self.at_once([(ANN, g.Decide(vote.after)), (ANN, g.Decide(vote.after))])
        assert self.group().vote is None
        counts = [list(counted.values()).count(take) for take in vote.takes]
        assert self.volume().story.head == vote.takes[counts.index(max(counts))]
        self.votes_are_kept(vote.takes, counted)

    def votes_are_kept(self, takes: tuple[int, ...], votes: dict[int, int]) -> None:
        """Each voice is a preference over every other take on offer."""
        with self.database.transaction() as db:
            mine = select(picks.c.author, picks.c.winner, picks.c.loser).where(
                picks.c.how == "vote", picks.c.winner.in_(takes)
            )
            kept = {tuple(row) for row in db.execute(mine)}
        assert kept == {
            (author, take, other)
            for author, take in votes.items()
            for other in takes
            if other != take
        }

    # ------------------------------------------------------------ in either
    @rule()
    def undo(self) -> None:
        self.ask(ANN, c.Undo())

    @rule()
    def restart(self) -> None:
        before = (self.group(), self.volume())
        self.engine = self.started()
        assert (self.group(), self.volume()) == before

    @rule(data=st.data())
    def every_request_twice(self, data: st.DataObject) -> None:
        """What was delivered before, wherever and to whichever process, is not answered again."""
        before = (self.group(), self.volume())
        again = data.draw(st.sampled_from(self.asked))
        engines = [self.engine, self.started()]
        assert asyncio.run(_answered([(engine, again) for engine in engines])) == []
        assert (self.group(), self.volume()) == before

    # ------------------------------------------------------------ what always holds
    @invariant()
    def nothing_written_changes_and_the_state_is_one(self) -> None:
        volume, group = self.volume(), self.group()
        ids = {p.id for p in volume.passages}
        assert self.known.keys() <= ids
        assert volume.story.head in ids
        assert len(set(group.seats)) == len(group.seats)
        assert 0 <= group.at <= len(group.seats)
        if group.vote is not None:
            assert set(group.vote.takes) <= ids
            assert len(dict(group.vote.votes)) == len(group.vote.votes)
        self.known = {p.id: p for p in volume.passages}


async def _answered(asked: list[tuple[Engine, Request]]) -> list[Reply]:
    """Ask all at once; return the final replies in the order they were asked."""

    async def one(engine: Engine, request: Request) -> list[Reply]:
        async with aclosing(engine.handle(request)) as replies:
            return [reply async for reply in replies if reply.final]

    found = await asyncio.gather(*(one(engine, request) for engine, request in asked))
    return [reply for replies in found for reply in replies]


async def _ticked(engines: list[Engine]) -> None:
    await asyncio.gather(*(engine.tick() for engine in engines))


@pytest.fixture(scope="module", autouse=True)
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One database for every walk."""
    Walk.database = open_database(f"sqlite:///{tmp_path_factory.mktemp('walks') / 'walk.db'}")
    yield
    Walk.database.close()


TestWalk: Any = Walk.TestCase
TestWalk.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
