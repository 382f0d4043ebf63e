"""What groups agreed on for their stories, and where a story is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from core.storage.forgetting import Forgotten, Persons
from core.storage.group_tables import groups
from core.storage.learning_tables import dataset_places, place_consents
from core.storage.ledger import AnyRow, on_both
from core.storage.tables import authors, members, places, shelf, turns
from core.story.group import Group, Order, Role, Vote, without


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that tells a story, as its platform names it."""

    id: int
    platform: str
    chat: str
    topic: str
    private: bool
    language: str
    screening: str = ""  # the level it chose; empty: none


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has written or looked on in a story's places."""

    author: int
    name: str
    platform: str


_READ = select(groups).where(groups.c.story == bindparam("story")).with_for_update()
_BY_CODE = select(groups.c.story).where(groups.c.code == bindparam("code"))
_KEEP = on_both(
    groups,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["story"],
        set_={
            "code": insert.excluded.code,
            "due": insert.excluded.due,
            "state": insert.excluded.state,
        },
    ),
)
_DUE = select(groups.c.story).where(groups.c.due <= bindparam("now")).order_by(groups.c.due)
_TOLD_IN = select(places).where(places.c.story == bindparam("story")).order_by(places.c.id)
_MEMBERS = (
    select(authors.c.id, authors.c.name, authors.c.platform)
    .join(members, members.c.author == authors.c.id)
    .join(shelf, shelf.c.place == members.c.place)
    .where(shelf.c.story == bindparam("story"), authors.c.key != "")
    .distinct()
    .order_by(authors.c.id)
)
_NAMES = select(authors.c.id, authors.c.name).where(
    authors.c.id.in_(bindparam("ids", expanding=True))
)
_SHELVES = select(shelf.c.place).where(shelf.c.story == bindparam("story"))
_PUT_ON_SHELF = on_both(
    shelf, lambda insert: insert.on_conflict_do_nothing(index_elements=["place", "story"])
)
_PLACE_OF = (
    select(places)
    .join(turns, turns.c.place == places.c.id)
    .where(
        places.c.platform == bindparam("platform"),
        places.c.chat == bindparam("chat"),
        turns.c.screen == bindparam("screen"),
    )
    .order_by(turns.c.id.desc())
    .limit(1)
)


class Groups(Persons):
    """The part of a transaction that knows what groups agreed on."""

    def group(self, story_id: int) -> Group | None:
        """What was agreed on for a story; until the transaction ends nobody else changes it."""
        row = self._db.execute(_READ, {"story": story_id}).first()
        return _to_group(row) if row else None

    def keep_group(self, group: Group) -> None:
        """Keep what was agreed on."""
        values = {"story": group.story, "code": group.code, "due": group.due}
        self._write(_KEEP, values | {"state": _to_json(group)})

    def story_of_code(self, code: str) -> int | None:
        """The story that a code opens."""
        found: int | None = self._db.execute(_BY_CODE, {"code": code}).scalar()
        return found

    def groups_due(self, now: datetime) -> list[int]:
        """The stories whose clock has something to do, the longest due first."""
        return list(self._db.execute(_DUE, {"now": now}).scalars())

    def told_in(self, story_id: int) -> list[Spot]:
        """The places where a story is told at present."""
        rows = self._db.execute(_TOLD_IN, {"story": story_id})
        return [
            Spot(
                row.id, row.platform, row.chat, row.topic, row.private, row.language, row.screening
            )
            for row in rows
        ]

    def shelves_of(self, story_id: int) -> list[int]:
        """The places that have a story on their shelf."""
        return list(self._db.execute(_SHELVES, {"story": story_id}).scalars())

    def put_on_shelf(self, place: int, story_id: int) -> None:
        """Put a story on a place's shelf, beside the others it stands on."""
        self._write(_PUT_ON_SHELF, {"place": place, "story": story_id})

    def take_off_shelf(self, place: int, story_id: int) -> None:
        """Take a story off a place's shelf, and no longer tell it there."""
        here = (shelf.c.place == place, shelf.c.story == story_id)
        self._db.execute(delete(shelf).where(*here))
        told = (places.c.id == place, places.c.story == story_id)
        self._db.execute(update(places).where(*told).values(story=None))

    def members_of(self, story_id: int) -> list[Member]:
        """Everybody who has asked something where the story is told."""
        rows = self._db.execute(_MEMBERS, {"story": story_id})
        return [Member(row.id, row.name, row.platform) for row in rows]

    def names(self, ids: Sequence[int]) -> dict[int, str]:
        """The names of authors; those who are gone have none."""
        if not ids:
            return {}
        return {row.id: row.name for row in self._db.execute(_NAMES, {"ids": list(ids)})}

    def place_of(self, *, platform: str, chat: str, screen: str) -> Spot | None:
        """The place of a message of ours, where the platform tells its chat but not its topic."""
        where = {"platform": platform, "chat": chat, "screen": screen}
        row = self._db.execute(_PLACE_OF, where).first()
        if row is None:
            return None
        return Spot(row.id, row.platform, row.chat, row.topic, row.private, row.language)

    def move_places(self, *, platform: str, old: str, new: str) -> None:
        """Give a chat's places its new name; what is known under that name already joins them."""
        mine = select(places).where(places.c.platform == platform, places.c.chat.in_((old, new)))
        rows = self._db.execute(mine.order_by(places.c.id).with_for_update()).all()
        there = {row.topic: row for row in rows if row.chat == new}
        for row in rows:
            if row.chat == old:
                twin = there.get(row.topic)
                if twin is not None:
                    self._merge(twin, row.id)
                self._db.execute(update(places).where(places.c.id == row.id).values(chat=new))

    def _merge(self, twin: AnyRow, place: int) -> None:
        """Let a place have all that its twin has, which then goes; the twin's story is told on."""
        for column in (shelf.c.story, members.c.author, dataset_places.c.dataset, turns.c.id):
            table = column.table
            known = select(column).where(table.c.place == place)
            moving = update(table).where(table.c.place == twin.id, column.not_in(known))
            self._db.execute(moving.values(place=place))
        self._merge_consent(twin.id, place)
        if twin.story is not None:
            told = update(places).where(places.c.id == place)
            self._db.execute(told.values(story=twin.story))
        self._db.execute(delete(places).where(places.c.id == twin.id))

    def _merge_consent(self, twin: int, place: int) -> None:
        """Keep what either said of learning here; where the two differ, the refusal."""
        said = select(place_consents.c.place, place_consents.c.learn)
        rows = self._db.execute(said.where(place_consents.c.place.in_((twin, place))))
        learn = {row.place: row.learn for row in rows}
        if twin in learn:
            keeper = place if place in learn else twin
            change = update(place_consents).where(place_consents.c.place == keeper)
            self._db.execute(change.values(place=place, learn=all(learn.values())))

    # ------------------------------------------------------------ who leaves for good
    def forget_person(self, author_id: int) -> Forgotten:
        """Take a person out, and out of all that groups agreed on.

        A number may come back for somebody new, who must find neither their seat nor their rights.
        """
        forgotten = super().forget_person(author_id)
        for row in self._db.execute(select(groups).with_for_update()).all():
            group = _to_group(row)
            left = without(group, author_id)
            if left == group:
                continue
            home = select(places.c.id).where(places.c.id == left.home)
            if self._db.scalar(home) is None:
                left = replace(left, home=None)  # their private chat went with them
            self.keep_group(left)
        return forgotten


def _to_json(group: Group) -> dict[str, Any]:
    vote = group.vote
    return {
        "host": group.host,
        "home": group.home,
        "order": group.order,
        "wait": group.wait.total_seconds(),
        "seats": list(group.seats),
        "at": group.at,
        "reminded": group.reminded,
        "paused": group.paused,
        "tries": group.tries,
        "roles": [list(given) for given in group.roles],
        "vote": vote
        and {"after": vote.after, "takes": list(vote.takes), "votes": list(map(list, vote.votes))},
    }


def _to_group(row: AnyRow) -> Group:
    kept: dict[str, Any] = row.state
    return Group(
        story=row.story,
        host=kept["host"],
        home=kept["home"],
        order=Order(kept["order"]),
        wait=timedelta(seconds=kept["wait"]),
        seats=tuple(kept["seats"]),
        at=kept["at"],
        reminded=kept["reminded"],
        paused=kept["paused"],
        tries=kept["tries"],
        due=row.due,
        vote=_to_vote(kept["vote"]),
        roles=tuple((author, Role(role)) for author, role in kept["roles"]),
        code=row.code,
    )


def _to_vote(kept: dict[str, Any] | None) -> Vote | None:
    if kept is None:
        return None
    votes = tuple((author, take) for author, take in kept["votes"])
    return Vote(after=kept["after"], takes=tuple(kept["takes"]), votes=votes)
