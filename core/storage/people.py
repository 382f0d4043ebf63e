"""Who asks, and where: authors, places, and who has joined which place."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from core.storage.ledger import AnyRow, Ledger, on_both
from core.storage.tables import authors, members, places


@dataclass(frozen=True, slots=True)
class Session:
    """An author's standing in a place."""

    place: int
    author: int
    story: int | None  # the one being told here
    language: str  # the author's own choice, else the place's; empty: nobody chose
    joined: datetime
    screening: str = ""  # the level this place chose; empty: none


# Two processes that serve one place take turns from here on: the lock ends with the transaction.
_FIND = (
    select(
        places.c.id.label("place"),
        places.c.story,
        places.c.private,
        places.c.language.label("place_language"),
        places.c.screening,
        authors.c.id.label("author"),
        authors.c.name,
        authors.c.client_language,
        authors.c.language.label("author_language"),
        members.c.joined,
    )
    .select_from(places)
    .join(authors, authors.c.platform == places.c.platform)
    .join(members, (members.c.place == places.c.id) & (members.c.author == authors.c.id))
    .where(
        places.c.platform == bindparam("platform"),
        places.c.chat == bindparam("chat"),
        places.c.topic == bindparam("topic"),
        authors.c.key == bindparam("key"),
    )
    .with_for_update(of=places)
)
_KEEP_AUTHOR = on_both(
    authors,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["platform", "key"],
        set_={
            "name": insert.excluded.name,
            "client_language": insert.excluded.client_language,
        },
    ).returning(authors.c.id),
)
_KEEP_PLACE = on_both(
    places,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["platform", "chat", "topic"], set_={"private": insert.excluded.private}
    ).returning(places.c.id),
)
_JOIN = on_both(
    members,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["place", "author"]),
)


class People(Ledger):
    """The part of a transaction that knows authors and places."""

    def session(
        self,
        *,
        platform: str,
        chat: str,
        topic: str,
        private: bool,
        author: str,
        name: str,
        language: str,
        now: datetime,
    ) -> Session:
        """The author's standing in the place; both are noted when they are new or have changed.

        `author` is the platform's id of them, `language` what their client speaks.
        """
        where = {"platform": platform, "chat": chat, "topic": topic, "key": author}
        known = self._db.execute(_FIND, where).first()
        seen = (name, language, private)
        if known is None or seen != (known.name, known.client_language, known.private):
            # The place first, as above, lest two transactions wait for one another.
            spot = {"platform": platform, "chat": chat, "topic": topic, "private": private}
            place = self._write(_KEEP_PLACE, spot | {"language": ""}).scalar_one()
            person = {"platform": platform, "key": author, "name": name, "language": ""}
            writer = self._write(_KEEP_AUTHOR, person | {"client_language": language}).scalar_one()
            self._write(_JOIN, {"place": place, "author": writer, "joined": now})
            known = self._db.execute(_FIND, where).one()
        return _to_session(known)

    def set_author_language(self, author_id: int, tag: str) -> None:
        """Speak this language to the author from now on; empty: no choice."""
        self._db.execute(update(authors).where(authors.c.id == author_id).values(language=tag))

    def set_place_language(self, place_id: int, tag: str) -> None:
        """Speak this language to everybody in the place who chose none; empty: no choice."""
        self._db.execute(update(places).where(places.c.id == place_id).values(language=tag))

    def set_place_screening(self, place_id: int, level: str) -> None:
        """Screen what is shown in the place at this level; empty: no choice."""
        self._db.execute(update(places).where(places.c.id == place_id).values(screening=level))


def _to_session(row: AnyRow) -> Session:
    return Session(
        place=row.place,
        author=row.author,
        story=row.story,
        language=row.author_language or row.place_language,
        joined=row.joined,
        screening=row.screening,
    )
