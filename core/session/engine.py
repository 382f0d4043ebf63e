"""The engine: a request goes in, replies come out.

A turn is opened in one transaction and closed, with what came of it, in another (`turns.py`). The
narrator writes in between. One lock a place keeps what changes a story in order; the story's
version, checked by the second transaction, guards it against everybody else.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from weakref import WeakValueDictionary

from core.errors import (
    ImportRefused,
    NarratorAway,
    NarratorError,
    Overloaded,
    Refusal,
    StorageError,
)
from core.narrator.narrator import Narrator
from core.narrator.screening import Level
from core.session import commands as c
from core.session import menus, recalling, spelling
from core.session.answers import answer
from core.session.assignments import place_key
from core.session.messages import Author, Notice, Place, Reply, Request, Unfinished
from core.session.notices import Board
from core.session.telling import Telling, Tells
from core.session.turns import Turn, close, open_turn, read_turn, session_of
from core.session.wording import Voice
from core.storage.library import Library, OpenTurn, Outcome, Transaction

T = TypeVar("T")
log = logging.getLogger(__name__)

# These neither change a story nor wait for one that is being written.
_READS = (c.Help, c.Rate, c.Shelf, c.Export, c.Language, c.Recap, c.Explain, c.Show, c.Takes)
_MOST_SEED = 2**31


def _now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """Answers requests; the one thing adapters talk to."""

    def __init__(
        self,
        library: Library,
        narrator: Narrator,
        *,
        clock: Callable[[], datetime] = _now,
        seeds: Callable[[], int] = lambda: secrets.randbelow(_MOST_SEED),
        default_language: str = "en",
        screening: Level = Level.MILD,
    ) -> None:
        self._library = library
        self._narrator = narrator
        self._clock = clock
        self._seeds = seeds
        self._default_language = default_language
        self._screening = screening
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._board = Board()

    # ------------------------------------------------------------ requests
    async def handle(self, request: Request) -> AsyncGenerator[Reply]:
        """Answer a request: snapshots, the last one final. A repeated request yields nothing.

        Consume inside `contextlib.aclosing`. Raises nothing: what goes wrong is said in a reply.
        """
        async with AsyncExitStack() as stack:
            if not isinstance(request.command, _READS):
                await stack.enter_async_context(self._lock(request.place))
            try:
                turn = await self._do(lambda tx: self._open(tx, request))
            except StorageError:
                log.exception("turn not opened")
                yield self._sorry(request, "trouble.storage")
                return
            if turn is None:
                log.info("repeated request ignored", extra={"platform": request.place.platform})
                return
            replies = await stack.enter_async_context(aclosing(self._guarded(turn)))
            async for reply in replies:
                yield reply

    def _lock(self, place: Place) -> asyncio.Lock:
        return self._locks.setdefault(place_key(place), asyncio.Lock())

    def _open(self, tx: Transaction, request: Request) -> Turn | None:
        return open_turn(
            tx,
            request,
            default_language=self._default_language,
            seed=self._seeds(),
            now=self._clock(),
        )

    async def _guarded(self, turn: Turn) -> AsyncGenerator[Reply]:
        """Answer an open turn, and see to it that it is closed whatever happens.

        A shutdown (CancelledError) leaves it open on purpose: the next start tells it to its end.
        """
        try:
            async with aclosing(self._replies(turn)) as replies:
                async for reply in replies:
                    yield reply
            self._note(turn, "answered")
        except GeneratorExit:  # nobody waits for it any more
            self._note(turn, "given up")
            await self._give_up(turn, Outcome.FAILED)
            raise
        except Refusal as refusal:
            self._note(turn, f"refused: {refusal.key}")
            await self._give_up(turn, Outcome.REFUSED)
            yield menus.said(turn.say(refusal.key, **refusal.values), private=True)
        except ImportRefused as refusal:
            self._note(turn, "refused: import")
            await self._give_up(turn, Outcome.REFUSED)
            yield menus.said(turn.say("refusal.import", reason=str(refusal)), private=True)
        except StorageError:
            log.exception("turn not kept", extra=self._facts(turn, "storage"))
            yield menus.said(turn.say("trouble.storage"))
        except Overloaded:
            self._note(turn, "overloaded")
            await self._give_up(turn, Outcome.FAILED)
            yield menus.said(turn.say("trouble.overloaded"))
        except NarratorAway as away:
            log.warning("narrator away: %s", away, extra=self._facts(turn, "narrator away"))
            await self._give_up(turn, Outcome.FAILED)
            yield menus.said(turn.say("trouble.away"))
        except NarratorError:
            log.exception("narrator failed", extra=self._facts(turn, "narrator"))
            await self._give_up(turn, Outcome.FAILED)
            yield menus.said(turn.say("trouble.narrator"))
        except Exception:  # the turn boundary: whatever broke is said, and breaks nothing else
            log.exception("turn broke", extra=self._facts(turn, "broken"))
            await self._give_up(turn, Outcome.FAILED)
            yield menus.said(turn.say("trouble.broken"))

    async def _replies(self, turn: Turn) -> AsyncGenerator[Reply]:
        command = turn.request.command
        if isinstance(command, Tells):
            telling = Telling(self._narrator, self._do, self._screening)
            async with aclosing(telling.replies(turn, command)) as replies:
                async for reply in replies:
                    yield reply
        else:
            yield await self._do(lambda tx: close(tx, turn, answer(tx, turn, command)))

    def _note(self, turn: Turn, outcome: str) -> None:
        log.info("turn", extra=self._facts(turn, outcome))

    def _facts(self, turn: Turn, outcome: str) -> dict[str, str | int]:
        """Return what a log line says of a turn: no names, no text."""
        return {
            "turn": turn.id,
            "platform": turn.request.place.platform,
            "command": spelling.name_of(turn.request.command),
            "outcome": outcome,
            "milliseconds": round((self._clock() - turn.now).total_seconds() * 1000),
        }

    async def _give_up(self, turn: Turn, outcome: Outcome) -> None:
        try:
            await self._do(
                lambda tx: tx.close_turn(
                    turn.id, outcome=outcome, passage=None, answer=None, now=self._clock()
                )
            )
        except StorageError:
            log.exception("turn not closed", extra=self._facts(turn, "storage"))

    def _sorry(self, request: Request, key: str) -> Reply:
        return menus.said(Voice.of(request.author.language, self._default_language)(key))

    async def _do(self, work: Callable[[Transaction], T]) -> T:
        """Run one transaction in a thread."""

        def transaction() -> T:
            with self._library.begin() as tx:
                return work(tx)

        return await asyncio.to_thread(transaction)

    # ------------------------------------------------------------ after a restart
    async def unfinished(self, platform: str) -> list[Unfinished]:
        """Return the turns that were open when the process ended, oldest first."""
        left = await self._do(lambda tx: tx.open_turns(platform))
        return [Unfinished(_request(turn), turn.screen) for turn in left]

    async def resume(self, unfinished: Unfinished) -> AsyncGenerator[Reply]:
        """Answer a turn that was left open: its passage is written again, with the same seed.

        Where the story has moved on meanwhile, the author is told so.
        """
        request = unfinished.request
        async with self._lock(request.place):
            found = await self._do(lambda tx: self._reopen(tx, request))
            if found is None:
                return
            turn, left = found
            if left.story is not None and (
                turn.story is None or (turn.story.id, turn.story.head) != (left.story, left.head)
            ):
                await self._give_up(turn, Outcome.FAILED)
                yield menus.said(turn.say("trouble.restarted"))
                return
            async with aclosing(self._guarded(turn)) as replies:
                async for reply in replies:
                    yield reply

    def _reopen(self, tx: Transaction, request: Request) -> tuple[Turn, OpenTurn] | None:
        place, author = request.place, request.author
        left = next(
            (turn for turn in tx.open_turns(place.platform) if turn.request == request.id), None
        )
        if left is None:
            return None
        session = session_of(tx, place, author, self._clock())
        turn = read_turn(
            tx,
            left.id,
            request,
            session,
            default_language=self._default_language,
            seed=self._seeds() if left.seed is None else left.seed,
            now=self._clock(),
        )
        return replace(turn, seed=turn.seed if left.seed is None else left.seed), left

    # ------------------------------------------------------------ screens
    async def shown(self, request: Request, screen: str) -> None:
        """Note the message a turn is shown in: replies, reactions and restarts find it again.

        Where that cannot be kept the turn goes on: its text matters more.
        """
        try:
            await self._do(
                lambda tx: tx.note_screen(
                    platform=request.place.platform, request=request.id, screen=screen
                )
            )
        except StorageError:
            log.exception("screen not noted", extra={"platform": request.place.platform})

    async def reply_to(self, place: Place, screen: str, text: str) -> c.Command:
        """Return what a written reply to one of our messages asks."""
        return await self._do(lambda tx: recalling.reply_to(tx, place, screen, text))

    async def reaction_to(self, place: Place, screen: str, value: int) -> c.Command | None:
        """Return the rating a reaction to a message of ours stands for; None: no passage there."""
        return await self._do(lambda tx: recalling.reaction_to(tx, place, screen, value))

    async def suggestions(
        self, place: Place, author: Author, kind: recalling.Kind, typed: str
    ) -> list[tuple[str, str]]:
        """Return what could complete a word somebody is typing: (label, value), best first."""
        now = self._clock()
        language = Voice.of(author.language, self._default_language)
        return await self._do(
            lambda tx: recalling.suggestions(tx, place, author, kind, typed, language, now)
        )

    def notices(self, platform: str) -> AsyncGenerator[Notice]:
        """Yield what places on this platform should see though nobody there asked."""
        return self._board.notices(platform)


def _request(left: OpenTurn) -> Request:
    place = Place(left.platform, left.chat, left.topic, private=left.private)
    author = Author(left.platform, left.author_id, left.author_name, left.author_language)
    return Request(left.request, place, author, spelling.from_json(left.command))
