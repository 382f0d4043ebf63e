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
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

from core.errors import (
    ImportRefused,
    NarratorAway,
    NarratorError,
    Overloaded,
    Refusal,
    StaleAction,
    StorageError,
)
from core.insight.causes import Depth
from core.narrator.narrator import Narrator
from core.narrator.screening import Level
from core.session import commands as c
from core.session import menus, recalling, rounds, spelling
from core.session.answers import Answers, answer
from core.session.assignments import place_key
from core.session.clockwork import Clockwork
from core.session.critic import UNTAUGHT, Critic
from core.session.messages import Author, Notice, Place, Reply, Request, Unfinished
from core.session.notices import Board
from core.session.telling import Telling, Tells
from core.session.turns import (
    House,
    Turn,
    close,
    open_turn,
    read_turn,
    request_of,
    session_of,
)
from core.session.wording import Voice
from core.storage.library import Library, OpenTurn, Outcome, Transaction

T = TypeVar("T")
log = logging.getLogger(__name__)

# These neither change a story nor wait for one that is being written.
_READS = (
    *(c.Help, c.Rate, c.Shelf, c.Export, c.Language, c.Recap, c.Show, c.Takes),
    *(c.Explain, c.Again),
)
_MOST_SEED = 2**31
_AGAIN = 3  # times that something said is put after what another place said meanwhile


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
        explaining: Depth = Depth.FULL,
        loras: Callable[[int], str] = lambda _place: "",
        critic: Critic = UNTAUGHT,
    ) -> None:
        """`loras` names the folder of the LoRA that a place hears; empty: the live one."""
        self._library = library
        self._narrator = narrator
        self._clock = clock
        self._seeds = seeds
        self._house = House(default_language, screening)
        self._explaining = explaining
        self._loras = loras
        self._critic = critic
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._board = Board()
        self._clockwork = Clockwork(self._do, self.handle, self._board, clock, default_language)

    # ------------------------------------------------------------ requests
    async def handle(self, request: Request) -> AsyncGenerator[Reply]:
        """Answer a request: snapshots, the last one final. A repeated request yields nothing.

        Consume inside `contextlib.aclosing`. Raises nothing: what goes wrong is said in a reply.
        """
        async with AsyncExitStack() as stack:
            if not isinstance(request.command, _READS):
                await stack.enter_async_context(self._lock(request.place))
            try:
                turn, reply = await asyncio.to_thread(self._begin, request)
            except StorageError:
                log.exception("turn not opened")
                say = Voice.of(request.author.language, self._house.language)
                yield menus.said(say("trouble.storage"))
                return
            if turn is None:
                log.info("repeated request ignored", extra={"platform": request.place.platform})
                return
            if reply is not None:
                self._note(turn, "answered")
                yield reply
            else:
                replies = await stack.enter_async_context(aclosing(self._guarded(turn)))
                async for snapshot in replies:
                    yield snapshot
            await self._clockwork.spread(turn)

    def _lock(self, place: Place) -> asyncio.Lock:
        return self._locks.setdefault(place_key(place), asyncio.Lock())

    def _begin(self, request: Request) -> tuple[Turn | None, Reply | None]:
        """Open a turn; what needs no narrator is answered in the same transaction.

        Without a reply the turn is open. What went wrong with the answer is undone, the turn too,
        which then is opened once more: the error comes up again where it is said. So a turn that
        goes well, as nearly all do, pays for no savepoint.
        """
        command = request.command
        if not isinstance(command, Tells):
            try:
                with self._library.begin() as tx:
                    turn = self._open(request, tx, at_once=True)
                    if turn is None:
                        return None, None
                    rounds.gate(tx, turn)
                    return turn, _close_answered(turn, command, tx)
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - the turn boundary meets it again, and tells it
                log.debug("not answered at once: %r", type(error))
        with self._library.begin() as tx:
            return self._open(request, tx, at_once=False), None

    def _open(self, request: Request, tx: Transaction, *, at_once: bool) -> Turn | None:
        seed, now = self._seeds(), self._clock()
        return open_turn(tx, request, house=self._house, seed=seed, now=now, at_once=at_once)

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
        if turn.group is not None:
            await self._do(lambda tx: rounds.gate(tx, turn))
        if isinstance(command, Tells):
            telling = Telling(self._narrator, self._do, self._explaining, self._critic)
            turn = replace(turn, lora=self._loras(turn.session.place))
            async with aclosing(telling.replies(turn, command)) as replies:
                async for reply in replies:
                    yield reply
        else:
            yield await self._answered(turn, command)

    async def _answered(self, turn: Turn, command: Answers) -> Reply:
        """Answer at once.

        Two places that share a story may both write at this moment: what somebody says here then
        follows what was said there, and is not lost.
        """
        for _ in range(_AGAIN if turn.group is not None and isinstance(command, c.Say) else 0):
            try:
                return await self._do(partial(_close_answered, turn, command))
            except StaleAction:
                turn = await self._do(partial(self._reread, turn))
        return await self._do(partial(_close_answered, turn, command))

    def _reread(self, turn: Turn, tx: Transaction) -> Turn:
        session = session_of(tx, turn.request.place, turn.request.author, turn.now)
        house, seed, now = self._house, turn.seed, turn.now
        again = read_turn(tx, turn.id, turn.request, session, house=house, seed=seed, now=now)
        rounds.gate(tx, again)
        return again

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
        return [Unfinished(request_of(turn), turn.screen) for turn in left]

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
            await self._clockwork.spread(turn)

    def _reopen(self, tx: Transaction, request: Request) -> tuple[Turn, OpenTurn] | None:
        place, author = request.place, request.author
        left = next(
            (turn for turn in tx.open_turns(place.platform) if turn.request == request.id), None
        )
        if left is None:
            return None
        now, seed = self._clock(), self._seeds() if left.seed is None else left.seed
        session = session_of(tx, place, author, now)
        turn = read_turn(tx, left.id, request, session, house=self._house, seed=seed, now=now)
        return replace(turn, seed=turn.seed if left.seed is None else left.seed), left

    # ------------------------------------------------------------ together
    async def keep_time(self) -> None:
        """Do what is due, without end; deadlines are in the database and outlast a restart."""
        await self._clockwork.run()

    async def tick(self) -> None:
        """Do what is due: remind, pass turns on, close votes, let the narrator write."""
        await self._clockwork.tick()

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

    async def posted(self, notice: Notice, screen: str) -> None:
        """Note the message a notice is shown in: a reaction to it rates the passage there."""
        if notice.reply.passage is not None and screen:
            now = self._clock()
            await self._do(lambda tx: recalling.post(tx, notice, screen, now))

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
        language = Voice.of(author.language, self._house.language)
        return await self._do(
            lambda tx: recalling.suggestions(tx, place, author, kind, typed, language, now)
        )

    async def shareable(self, place: Place, author: Author, typed: str) -> list[Reply]:
        """Return passages an author may show elsewhere, newest story first: those told alone."""
        now = self._clock()
        return await self._do(lambda tx: recalling.shareable(tx, place, author, typed, now))

    async def draft(self, place: Place, author: Author, at: int | None) -> Reply | None:
        """Return the passage that an edit would rewrite, as it is now; None: there is none."""
        now = self._clock()
        return await self._do(lambda tx: recalling.draft(tx, place, author, at, now))

    async def place_of(self, platform: str, chat: str, screen: str) -> Place | None:
        """Return the place of a message of ours, where a platform names only its chat."""
        return await self._do(lambda tx: recalling.place_of(tx, platform, chat, screen))

    async def moved(self, platform: str, old: str, new: str) -> None:
        """Note that a platform gave a chat another id; its stories go with it."""
        await self._do(lambda tx: tx.move_places(platform=platform, old=old, new=new))

    async def refused(self, place: Place, author: Author, refusal: Refusal) -> Reply:
        """Return a refusal in the author's language, for a line that is no command."""
        now = self._clock()
        try:
            session = await self._do(lambda tx: session_of(tx, place, author, now))
        except StorageError:
            log.exception("language not read")
            language = ""
        else:
            language = session.language
        say = Voice.of(language or author.language, self._house.language)
        return menus.said(say(refusal.key, **refusal.values), private=True)

    def waiting(self, platform: str) -> list[Notice]:
        """Return the notices that have come by now, for an adapter that looks between turns."""
        return self._board.waiting(platform)

    def notices(self, platform: str) -> AsyncGenerator[Notice]:
        """Yield what places on this platform should see though nobody there asked."""
        return self._board.notices(platform)


def _close_answered(turn: Turn, command: Answers, tx: Transaction) -> Reply:
    return close(tx, turn, answer(tx, turn, command))
