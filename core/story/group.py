"""How a group tells one story: turn order, seats, deadlines, votes, roles. Pure functions.

In rounds the authors write one after another, in the order in which they took their seats; the
narrator has the last seat. In a vote the narrator offers takes and the group picks one. A deadline
first reminds, then passes the turn on; a pause stops it until somebody writes.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

TAKES = 3  # that a vote is about
WAIT = timedelta(hours=12)


class Order(StrEnum):
    """Who writes next."""

    FREE = "free"
    ROUNDS = "rounds"
    VOTE = "vote"


class Role(StrEnum):
    """What somebody may do in a story."""

    HOST = "host"  # began it, or was made one: sets order and roles
    AUTHOR = "author"
    READER = "reader"  # looks on, rates and votes on nothing


@dataclass(frozen=True, slots=True)
class Vote:
    """Takes to choose from, and who wants which."""

    after: int | None  # the passage they follow
    takes: tuple[int, ...]
    votes: tuple[tuple[int, int], ...] = ()  # (author, take), one an author

    def cast(self, author: int, take: int) -> "Vote":
        """Return the vote with an author's voice in it, in place of an earlier one."""
        others = tuple(voice for voice in self.votes if voice[0] != author)
        return replace(self, votes=(*others, (author, take)))

    @property
    def counts(self) -> tuple[int, ...]:
        """The voices for each take."""
        counted = Counter(take for _, take in self.votes)
        return tuple(counted[take] for take in self.takes)

    @property
    def winner(self) -> int:
        """The take with the most voices; among equals the earliest."""
        return self.takes[self.counts.index(max(self.counts))]


@dataclass(frozen=True, slots=True)
class Group:
    """What a group has agreed on for one story."""

    story: int
    host: int | None = None  # the author who began it; None: nobody known
    home: int | None = None  # the place where it was agreed on: who runs it has a say
    order: Order = Order.FREE
    wait: timedelta = WAIT  # from a turn's beginning to its reminder, and again to its end
    seats: tuple[int, ...] = ()  # authors; the narrator's seat comes after them
    at: int = 0  # the seat whose turn it is
    reminded: bool = False
    paused: bool = False
    tries: int = 0  # of the narrator at its turn
    due: datetime | None = None
    vote: Vote | None = None
    roles: tuple[tuple[int, Role], ...] = ()
    code: str | None = None  # by which another place joins; None: nobody asked for one

    @property
    def narrators_turn(self) -> bool:
        """Whether the narrator writes next, by itself."""
        return self.order is Order.ROUNDS and bool(self.seats) and self.at == len(self.seats)

    @property
    def whose(self) -> int | None:
        """The author whose turn it is; None: anybody's, or the narrator's."""
        if self.order is not Order.ROUNDS or self.at >= len(self.seats):
            return None
        return self.seats[self.at]

    def role(self, author: int) -> Role:
        """What an author may do here."""
        usual = Role.HOST if author == self.host else Role.AUTHOR
        return dict(self.roles).get(author, usual)

    @property
    def needed(self) -> int:
        """The voices that decide a vote where several people write."""
        return max(2, len(self.seats) // 2 + 1)


def ordered(group: Group, order: Order, wait: timedelta | None, asker: int, now: datetime) -> Group:
    """Set the turn order; the one who asks takes the first seat where nobody has one."""
    seats = group.seats or (asker,)
    wait = group.wait if wait is None else wait
    changed = replace(group, order=order, wait=wait, seats=seats, vote=None)
    return _begins(changed, 0, now) if order is Order.ROUNDS else _rests(changed)


def wrote(group: Group, author: int, now: datetime) -> Group:
    """Return the group after an author's turn: they have a seat, and the next one's turn begins."""
    if group.order is not Order.ROUNDS:
        return replace(group, paused=False) if group.paused else group
    seated = group if author in group.seats else replace(group, seats=(*group.seats, author))
    return _begins(seated, seated.seats.index(author) + 1, now)


def narrated(group: Group, now: datetime) -> Group:
    """Return the group after the narrator's turn: the first seat's begins."""
    return _begins(group, 0, now)


def skipped(group: Group, now: datetime) -> Group:
    """Return the group with the turn passed on."""
    return _begins(group, group.at + 1, now)


def reminded(group: Group, now: datetime) -> Group:
    """Return the group once the one whose turn it is was reminded."""
    return replace(group, reminded=True, due=now + group.wait)


def paused(group: Group) -> Group:
    """Return the group with no deadline until somebody writes."""
    return replace(group, paused=True, reminded=False, due=None)


def seated(group: Group, author: int, now: datetime) -> Group:
    """Give an author a seat, the last before the narrator's, or take theirs back."""
    if author not in group.seats:
        joined = replace(group, seats=(*group.seats, author))
        # The narrator's turn stays its turn.
        return replace(joined, at=group.at + 1) if group.narrators_turn else joined
    index = group.seats.index(author)
    left = tuple(seat for seat in group.seats if seat != author)
    mine = index == group.at
    changed = replace(group, seats=left, at=group.at - (index < group.at))
    return _begins(changed, changed.at, now) if mine and group.order is Order.ROUNDS else changed


def offered(group: Group, vote: Vote, now: datetime) -> Group:
    """Begin a vote."""
    return replace(group, vote=vote, due=now + group.wait, reminded=False, paused=False)


def decided(group: Group) -> Group:
    """Return the group without its vote."""
    return _rests(replace(group, vote=None))


def with_role(group: Group, author: int, role: Role) -> Group:
    """Give somebody a role; a reader has no seat."""
    others = tuple(given for given in group.roles if given[0] != author)
    return replace(group, roles=(*others, (author, role)))


def without(group: Group, author: int) -> Group:
    """Return the group without somebody who is gone: no seat, voice or role of theirs stays.

    Was it their turn, the next author has what is left of it.
    """
    seats = tuple(seat for seat in group.seats if seat != author)
    at = group.at - (author in group.seats[: group.at])
    if not group.narrators_turn and at >= len(seats):
        at = 0
    vote = group.vote
    if vote is not None:
        vote = replace(vote, votes=tuple(voice for voice in vote.votes if voice[0] != author))
    return replace(
        group,
        host=None if group.host == author else group.host,
        seats=seats,
        at=at if seats else 0,
        due=group.due if seats or vote is not None else None,
        vote=vote,
        roles=tuple(given for given in group.roles if given[0] != author),
    )


def _begins(group: Group, at: int, now: datetime) -> Group:
    """Begin a seat's turn; the narrator's is due at once, an empty row of seats has none."""
    at = at if at <= len(group.seats) and group.seats else 0
    fresh = replace(group, at=at, reminded=False, paused=False, tries=0)
    if not group.seats:
        return replace(fresh, due=None)
    return replace(fresh, due=now if fresh.narrators_turn else now + group.wait)


def _rests(group: Group) -> Group:
    return replace(group, due=None, reminded=False, paused=False, tries=0)
