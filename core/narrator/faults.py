"""Servers elsewhere fail: how often they are asked again, and when they are left alone."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from core.errors import NarratorAway, NarratorError, Overloaded

T = TypeVar("T")
_LONGEST = 30.0  # seconds of a pause, whatever a server asks for


class Fault(Exception):
    """A server failed in a way that may pass. Its text says how."""

    def __init__(self, said: str, *, after: float = 0.0, full: bool = False) -> None:
        """`after`: seconds it asked to be left alone; `full`: too many ask it."""
        super().__init__(said)
        self.after = after
        self.full = full

    @property
    def error(self) -> NarratorError:
        """What is raised when trying again has not helped."""
        return Overloaded(str(self)) if self.full else NarratorAway(str(self))


class PromptTooLong(Exception):
    """A server counts more tokens in a prompt than its model can see."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for."""

    timeout: float = 30.0  # seconds without a word
    retries: int = 6  # for one passage: some 20 s
    pause: float = 0.5  # seconds before the first of them; each further one doubles it
    breaker: int = 5  # faults in a row, and new passages are refused
    rest: float = 15.0  # seconds until one of them may try again

    def seconds(self, faults: int, fault: Fault) -> float:
        """How long to wait after so many faults; never the same for all who wait."""
        doubled = self.pause * 2.0 ** (faults - 1) * random.uniform(0.5, 1.0)
        return min(_LONGEST, max(fault.after, doubled))


class Breaker:
    """Opens after several faults in a row: then nobody waits for a server that is away.

    After its rest one passage at a time finds out whether the server is back; so does every
    passage that was being written, since these go on trying.
    """

    def __init__(self, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._faults = 0
        self._until = 0.0

    def enter(self) -> None:
        """Let a new passage pass. Raises NarratorAway while the breaker is open."""
        if self._faults < self._patience.breaker:
            return
        now = self._clock()
        if now < self._until:
            raise NarratorAway(
                f"The narrator's server failed {self._faults} times in a row; it will be asked "
                f"again in {self._until - now:.0f} s."
            )
        self._until = now + self._patience.rest  # one tries; the others wait for how it fares

    def worked(self) -> None:
        """The server gave an answer."""
        self._faults = 0

    def failed(self) -> None:
        """The server gave none."""
        self._faults += 1
        self._until = self._clock() + self._patience.rest


class Hand:
    """The passages in hand: none is begun after `close`, which waits for the others."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self.over = False  # what is still being written is given up

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one. Raises NarratorError when closed."""
        if self._closed:
            raise NarratorError("The narrator has been closed.")
        self._count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._idle.set()

    async def close(self, seconds: float) -> None:
        """Begin no other, and give those in hand so long to be finished."""
        self._closed = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        self.over = True


class Dealings:
    """What passages have in common that are asked of one server."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._breaker = Breaker(patience)
        self._hand = Hand()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a passage. Raises NarratorAway, or NarratorError when closed."""
        with self._hand.one():
            self._breaker.enter()
            yield

    def worked(self) -> None:
        """The server gave an answer."""
        self._breaker.worked()

    async def endure(self, fault: Fault, faults: int) -> None:
        """Wait after a passage's fault. Raises NarratorError when there were too many."""
        if self._hand.over:
            raise NarratorError("The narrator was closed while it wrote.") from fault
        if not fault.full:  # it is there
            self._breaker.failed()
        if faults > self._patience.retries:
            raise fault.error from fault
        await asyncio.sleep(self._patience.seconds(faults, fault))

    async def tried(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something that may fail, as often as patience goes."""
        faults = 0
        while True:
            try:
                done = await work()
            except Fault as fault:
                faults += 1
                await self.endure(fault, faults)
            else:
                self.worked()
                return done

    async def close(self, seconds: float) -> None:
        """Begin no other passage, and give those in hand so long to be finished."""
        await self._hand.close(seconds)
