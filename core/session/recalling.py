"""What a message of ours was about: written replies, reactions, and words being completed."""

from datetime import datetime
from typing import Literal

from core.session import commands as c
from core.session import menus, spelling
from core.session.messages import Author, Notice, Place, Reply
from core.session.rounds import narrator_in
from core.session.texts import short
from core.session.turns import session_of
from core.session.wording import Voice
from core.storage.library import Outcome, Transaction
from core.story.cleaning import one_line

Kind = Literal["story", "lore", "wish", "branch"]
_MOST = 25  # choices: Discord shows no more
_LABEL = 80
_MOST_SHARED = 10


def reply_to(tx: Transaction, place: Place, screen: str, text: str) -> c.Command:
    """Return the command that asked for a written answer, filled with it; else it is said."""
    shown = tx.turn_shown(
        platform=place.platform, chat=place.chat, topic=place.topic, screen=screen
    )
    if shown is None or shown.answer is None:
        return c.Say(text)
    return spelling.with_text(spelling.from_json(shown.answer), text) or c.Say(text)


def reaction_to(tx: Transaction, place: Place, screen: str, value: int) -> c.Command | None:
    """Return the rating of the passage shown there."""
    shown = tx.turn_shown(
        platform=place.platform, chat=place.chat, topic=place.topic, screen=screen
    )
    return None if shown is None or shown.passage is None else c.Rate(value, shown.passage)


def place_of(tx: Transaction, platform: str, chat: str, screen: str) -> Place | None:
    """Return the place of a message of ours, where a platform names only its chat."""
    spot = tx.place_of(platform=platform, chat=chat, screen=screen)
    return Place(spot.platform, spot.chat, spot.topic, private=spot.private) if spot else None


def post(tx: Transaction, notice: Notice, screen: str, now: datetime) -> None:
    """Note what a notice shows, and in which message: as something the narrator said there."""
    place = notice.place
    session = session_of(tx, place, narrator_in(place.platform), now)
    request = f"notice.{place.chat}.{screen}"
    turn = tx.note_answered(
        platform=place.platform, request=request, session=session, now=now, story=session.story
    )
    if turn is not None:
        passage = notice.reply.passage
        tx.close_turn(turn, outcome=Outcome.ANSWERED, passage=passage, answer=None, now=now)
        tx.note_screen(platform=place.platform, request=request, screen=screen)


def shareable(
    tx: Transaction, place: Place, author: Author, typed: str, now: datetime
) -> list[Reply]:
    """Return the newest passages of the stories told in a place, or of those with these words."""
    here, search = session_of(tx, place, author, now).place, one_line(typed)
    spines, _ = tx.shelf(here, search=search, archived=False, limit=_MOST_SHARED, offset=0)
    found = []
    for story in filter(None, (tx.story(spine.id) for spine in spines)):
        head = tx.passage(story.id, story.head) if story.head is not None else None
        if head is not None:
            found.append(Reply(text=head.text, heading=story.title, passage=head.id))
    return found


def draft(
    tx: Transaction, place: Place, author: Author, at: int | None, now: datetime
) -> Reply | None:
    """Return the passage that would be rewritten, the newest where none is named; None: none is."""
    session = session_of(tx, place, author, now)
    story = tx.story(session.story) if session.story is not None else None
    wanted = story.head if story is not None and at is None else at
    found = tx.passage(story.id, wanted) if story is not None and wanted is not None else None
    return Reply(text=found.text, passage=found.id) if found is not None else None


def suggestions(
    tx: Transaction,
    place: Place,
    author: Author,
    kind: Kind,
    typed: str,
    say: Voice,
    now: datetime,
) -> list[tuple[str, str]]:
    """Return what could complete what somebody types."""
    session = session_of(tx, place, author, now)
    story = tx.story(session.story) if session.story is not None else None
    known: list[tuple[str, str]] = []
    match kind:
        case "story":
            spines, _ = tx.shelf(session.place, search=typed, archived=False, limit=_MOST, offset=0)
            return [(short(spine.title, _LABEL), str(spine.id)) for spine in spines]
        case "lore":
            entries = [(str(n), entry) for n, entry in enumerate(story.lore if story else (), 1)]
            known = [(f"{', '.join(e.keywords)}: {e.text}", number) for number, e in entries]
        case "wish":
            known = [(say(f"wish.{wish}"), wish) for wish in menus.WISHES]
        case "branch":
            known = [(b.name, b.name) for b in tx.branches(story.id)] if story else []
    return [(short(label, _LABEL), v) for label, v in known if typed.lower() in label.lower()][
        :_MOST
    ]
