"""The transactions of a turn: one opens it, one closes it with what came of it.

Between the two no transaction is open: the narrator may take its time, the process may die. A turn
left open is found again at the next start (`Library.open_turns`) and told to its end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial, reduce

from core.errors import Refusal, StaleAction
from core.narrator.screening import Level, stricter
from core.session import spelling
from core.session.messages import Author, Place, Reply, Request
from core.session.rounds import settled
from core.session.wording import Voice
from core.storage.library import OpenTurn, Outcome, Session, Transaction
from core.story.cleaning import one_line
from core.story.group import Group
from core.story.model import Origin, Passage, Provenance, Story
from core.story.recap import recap

# How many of the newest passages a turn reads. More than any context window of GPT-2 holds (1024
# tokens are some 25 short passages), and few enough that a long story costs no more than a new one.
WINDOW = 24
_UNNOTED = 0  # the number of a turn until it is noted


@dataclass(frozen=True, slots=True)
class House:
    """What the operator decided for every place."""

    language: str = "en"  # where nobody chose one
    screening: Level = Level.MILD  # at the least


@dataclass(frozen=True, slots=True)
class Turn:
    """One request being answered: who asked, and where the story stood."""

    id: int
    request: Request
    session: Session
    story: Story | None
    path: tuple[Passage, ...]  # the newest passages up to the head, oldest first
    earlier: str  # the story before `path`, in brief
    seed: int
    say: Voice
    now: datetime
    house: House
    elsewhere: tuple[str, ...] = ()  # its levels where it is told too
    group: Group | None = None  # what a group has agreed on for the story
    may_ask: bool = False  # for a rating of what is written
    lora: str = ""  # the folder of the LoRA this place hears; empty: the live one
    at_once: bool = False  # the transaction that noted it answers it as well

    @property
    def told(self) -> Story:
        """The story of this place; refuses when there is none."""
        if self.story is None:
            raise Refusal("refusal.no_story")
        return self.story

    @property
    def head(self) -> Passage:
        """The passage the story stands at; refuses when nothing is written yet."""
        if not self.path:
            raise Refusal("refusal.nothing_written" if self.story else "refusal.no_story")
        return self.path[-1]

    @property
    def level(self) -> Level:
        """How strictly what is shown is screened: as the strictest place wants that sees it."""
        return self.level_with(self.session.screening)

    def level_with(self, chosen: str) -> Level:
        """The same if this place chose otherwise; empty: nothing."""
        levels = map(Level, filter(None, (chosen, *self.elsewhere)))
        return reduce(stricter, levels, self.house.screening)

    def must_rule(self) -> None:
        """Refuse who may not decide for the place."""
        if not (self.request.author.admin or self.request.place.private):
            raise Refusal("refusal.admins_only")

    def still_at(self, at: int | None) -> Passage:
        """Return the head, if it is still the passage the button was drawn for."""
        if at is not None and (not self.path or self.path[-1].id != at):
            raise StaleAction
        return self.head


def open_turn(
    tx: Transaction,
    request: Request,
    *,
    house: House,
    seed: int,
    now: datetime,
    at_once: bool = False,
) -> Turn | None:
    """Note that something was asked, and read where the story stands; None: it was asked before.

    `at_once`: this very transaction answers it, so it is noted as answered.
    """
    platform, session = request.place.platform, session_of(tx, request.place, request.author, now)
    read = partial(read_turn, tx, house=house, seed=seed, now=now)
    if at_once:
        noted = tx.note_answered(
            platform=platform, request=request.id, session=session, now=now, story=session.story
        )
        return None if noted is None else read(noted, request, session, at_once=True)
    turn = read(_UNNOTED, request, session)
    story = turn.story
    noted = tx.open_turn(
        platform=platform,
        request=request.id,
        session=session,
        command=spelling.to_json(request.command),
        now=now,
        story=story.id if story is not None else None,
        head=story.head if story is not None else None,
        seed=turn.seed if story is not None else None,
    )
    return None if noted is None else replace(turn, id=noted)


def session_of(tx: Transaction, place: Place, author: Author, now: datetime) -> Session:
    """Return an author's standing in a place; whoever is new is noted."""
    return tx.session(
        platform=place.platform,
        chat=place.chat,
        topic=place.topic,
        private=place.private,
        author=author.id,
        name=one_line(author.name),  # nobody's name turns around the words beside it
        language=author.language,
        now=now,
    )


def read_turn(
    tx: Transaction,
    turn: int,
    request: Request,
    session: Session,
    *,
    house: House,
    seed: int,
    now: datetime,
    at_once: bool = False,
) -> Turn:
    """Return the turn with the story as it stands now."""
    story = tx.story(session.story) if session.story is not None else None
    head = story.head if story else None
    path = tx.path(head, WINDOW + 1) if head is not None else ()
    earlier = path[0].recap if len(path) > WINDOW else ""
    fixed = story.style.seed if story else None
    group = tx.group(story.id) if story is not None and story.grouped else None
    told_in = tx.told_in(group.story) if group is not None else []
    return Turn(
        id=turn,
        request=request,
        session=session,
        story=story,
        path=path[-WINDOW:],
        earlier=earlier,
        seed=seed if fixed is None else fixed,
        say=Voice.of(session.language or request.author.language, house.language),
        now=now,
        house=house,
        elsewhere=tuple(spot.screening for spot in told_in if spot.id != session.place),
        group=group,
        at_once=at_once,
    )


def add_passage(
    tx: Transaction,
    turn: Turn,
    text: str,
    *,
    after: Passage | None,
    origin: Origin,
    provenance: Provenance | None = None,
) -> tuple[Passage, Story]:
    """Write a passage after another one and move the head to it; refuses if the story moved on."""
    before = after.recap if after else ""
    return tx.add_passage(
        turn.told,
        parent=after.id if after else None,
        text=text,
        origin=origin,
        author=turn.session.author,
        provenance=provenance,
        recap=" ".join(recap(f"{before}\n\n{text}".strip())),
        now=turn.now,
    )


def close(tx: Transaction, turn: Turn, reply: Reply) -> Reply:
    """Note that the turn was answered, what was shown, and what a written answer would be for.

    In a group's rounds the turn passes on in the same transaction.
    """
    reply = settled(tx, turn, reply)
    asked = spelling.to_json(reply.answer) if reply.answer is not None else None
    if turn.at_once and reply.passage is None and asked is None:
        return reply  # it was noted as answered, and there is nothing to add
    tx.close_turn(
        turn.id, outcome=Outcome.ANSWERED, passage=reply.passage, answer=asked, now=turn.now
    )
    return reply


def parent_of(tx: Transaction, turn: Turn, passage: Passage) -> Passage | None:
    """Return the passage before this one; None for an opening."""
    if passage.parent is None:
        return None
    known = next((p for p in turn.path if p.id == passage.parent), None)
    return known or tx.passage(turn.told.id, passage.parent)


def before(path: Sequence[Passage], passage: Passage) -> tuple[Passage, ...]:
    """Return the part of a path that stands before a passage."""
    return tuple(p for p in path if p.depth < passage.depth)


def request_of(left: OpenTurn) -> Request:
    """Return what was asked by a turn that was left open."""
    place = Place(left.platform, left.chat, left.topic, private=left.private)
    author = Author(left.platform, left.author_id, left.author_name, left.author_language)
    return Request(left.request, place, author, spelling.from_json(left.command))
