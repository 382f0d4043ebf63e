"""Turns: what was asked, where the story stood, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select, update

from core.storage.ledger import Ledger, on_both
from core.storage.people import Session
from core.storage.tables import authors, passages, places, turns


class Outcome(StrEnum):
    """What came of a turn."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """A turn that a crash or a restart left open: all that is needed to tell it to its end."""

    id: int
    request: str
    platform: str
    chat: str
    topic: str
    private: bool
    author_id: str  # the platform's id of the author
    author_name: str
    author_language: str  # what their client speaks
    command: str
    story: int | None
    head: int | None
    seed: int | None
    screen: str  # the message it is shown in; empty: none yet


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """What a message of ours shows, and what a written reply to it means."""

    passage: int | None
    answer: str | None


_OPEN = on_both(
    turns,
    lambda insert: insert.on_conflict_do_nothing(index_elements=["platform", "request"]).returning(
        turns.c.id
    ),
)
# The command goes: it was kept to resume the turn, and may quote what people wrote.
_CLOSE = (
    update(turns)
    .where(turns.c.id == bindparam("turn"))
    .values(
        command="",
        outcome=bindparam("to_outcome"),
        passage=bindparam("to_passage"),
        answer=bindparam("to_answer"),
        closed=bindparam("to_closed"),
    )
)
_LEFT_OPEN = (
    select(
        *(turns.c.id, turns.c.request, turns.c.platform, turns.c.command),
        *(turns.c.story, turns.c.head, turns.c.seed, turns.c.screen),
        *(places.c.chat, places.c.topic, places.c.private),
        authors.c.key.label("author_id"),
        authors.c.name.label("author_name"),
        authors.c.client_language.label("author_language"),
    )
    .join(places, places.c.id == turns.c.place)
    .join(authors, authors.c.id == turns.c.author)
    .where(turns.c.platform == bindparam("platform"), turns.c.outcome.is_(None))
    .order_by(turns.c.id)
)
_NOTE_SCREEN = (
    update(turns)
    .where(turns.c.platform == bindparam("on"), turns.c.request == bindparam("asked"))
    .values(screen=bindparam("shown"))
)
_SHOWN = (
    select(turns.c.passage, turns.c.answer)
    .join(places, places.c.id == turns.c.place)
    .where(
        places.c.platform == bindparam("platform"),
        places.c.chat == bindparam("chat"),
        places.c.topic == bindparam("topic"),
        turns.c.screen == bindparam("screen"),
    )
    .order_by(turns.c.id.desc())
    .limit(1)
)
# Each look at such a passage is a turn of its own here, so of the turns there are rather more.
_LATELY = (
    select(passages.c.provenance)
    .join(turns, turns.c.passage == passages.c.id)
    .where(turns.c.place == bindparam("place"), passages.c.provenance.is_not(None))
    .order_by(turns.c.id.desc())
    .limit(bindparam("most"))
)


class Turns(Ledger):
    """The part of a transaction that opens and closes turns."""

    def open_turn(
        self,
        *,
        platform: str,
        request: str,
        session: Session,
        command: str,
        now: datetime,
        story: int | None = None,
        head: int | None = None,
        seed: int | None = None,
    ) -> int | None:
        """Note that something was asked; None: this request was seen before.

        All of it is what `open_turns` hands back after a crash: the command, where the story stood
        and the seed, so that the turn can be told again.
        """
        aim = {"command": command, "story": story, "head": head, "seed": seed}
        return self._note(platform, request, session, now, aim)

    def note_answered(
        self, *, platform: str, request: str, session: Session, now: datetime, story: int | None
    ) -> int | None:
        """Note a turn that this very transaction answers; None: this request was seen before.

        It is never found open. `close_turn` adds what was shown, if that matters later.
        """
        came = {"command": "", "story": story, "outcome": Outcome.ANSWERED, "closed": now}
        return self._note(platform, request, session, now, came)

    def _note(
        self, platform: str, request: str, session: Session, now: datetime, more: dict[str, Any]
    ) -> int | None:
        asked = {"platform": platform, "request": request, "opened": now, "screen": ""}
        whose = {"place": session.place, "author": session.author}
        found: int | None = self._write(_OPEN, asked | whose | more).scalar()
        return found

    def close_turn(
        self,
        turn: int,
        *,
        outcome: Outcome,
        passage: int | None,
        answer: str | None,
        now: datetime,
    ) -> None:
        """Note what came of it. `answer` is the command that a written reply to it fills in."""
        came = {"to_outcome": outcome, "to_passage": passage, "to_answer": answer}
        self._db.execute(_CLOSE, came | {"turn": turn, "to_closed": now})

    def open_turns(self, platform: str) -> list[OpenTurn]:
        """The turns that were never closed, oldest first."""
        rows = self._db.execute(_LEFT_OPEN, {"platform": platform}).mappings()
        return [OpenTurn(**row) for row in rows]

    def note_screen(self, *, platform: str, request: str, screen: str) -> None:
        """Note the message that a turn is shown in."""
        self._db.execute(_NOTE_SCREEN, {"on": platform, "asked": request, "shown": screen})

    def turn_shown(self, *, platform: str, chat: str, topic: str, screen: str) -> ShownTurn | None:
        """The newest turn that was shown in a message; None: the message is none of ours."""
        where = {"platform": platform, "chat": chat, "topic": topic, "screen": screen}
        row = self._db.execute(_SHOWN, where).first()
        return ShownTurn(passage=row.passage, answer=row.answer) if row else None

    def lately_asked(self, place: int, most: int) -> list[bool]:
        """Whether a rating was asked for, of the newest turns that showed a narrator's passage."""
        found = self._db.scalars(_LATELY, {"place": place, "most": most})
        return [bool(provenance.get("asked", False)) for provenance in found]
