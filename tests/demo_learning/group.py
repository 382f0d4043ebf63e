"""A group with a taste that it never tells: it has stories written, and puts thumbs on them."""

import asyncio
import itertools
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean, median

from core.session import commands as c
from core.session import spelling
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.storage.library import Library
from tests.benchmarks.raters import Taste, liking

NAMES = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")
FORGETFUL = "Cleo"  # who takes everything back in the end
_HEROES = ("A lighthouse keeper", "A small bear", "Two sisters", "An old tailor", "A lost robot")
_EVENTS = (
    "finds a shell that sings",
    "hears somebody laugh in the well",
    "wants to bake bread for the whole village",
    "plants a tree that grows too fast",
    "is afraid of the old bridge",
    "builds a house of snow",
    "forgets a promise",
)
_SIDE_BY_SIDE = 16  # evenings at once


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as somebody read it."""

    id: int
    text: str
    lora: str | None  # which one wrote it
    best_of: int  # takes it was chosen from
    place: Place
    reader: Author


class Village:
    """Eight people; every evening one of them has a story begun, in a thread of its own."""

    def __init__(self, library: Library, engine: Engine, taste: Taste = Taste.SHORT) -> None:
        self._library = library
        self._engine = engine
        self._taste = taste
        self._requests = itertools.count(1)
        self._evenings = itertools.count(1)
        self._usual: float | None = None
        premises = itertools.product(_EVENTS, _HEROES)
        self._premises = itertools.cycle(f"{who} {what}" for what, who in premises)

    # ------------------------------------------------------------ what people do
    async def evenings(self, number: int, *, takes: int = 2) -> list[Passage]:
        """Have so many stories begun, with so many takes of each opening; return all of them."""
        room = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def evening(number: int, premise: str) -> list[Passage]:
            place = Place("demo", "village", f"evening {number}")
            reader = self.person(NAMES[number % len(NAMES)])
            async with room:
                lines = [f"/new {premise}", *["/retry"] * (takes - 1)]
                return [await self._told(place, reader, line) for line in lines]

        wanted = [
            evening(each, next(self._premises)) for each in itertools.islice(self._evenings, number)
        ]
        return [passage for told in await asyncio.gather(*wanted) for passage in told]

    async def long_evening(self, turns: int) -> list[Reply]:
        """Have one story go on for so many turns; return what is shown."""
        place = Place("demo", "village", "a long evening")
        lines = [f"/new {next(self._premises)}", *["/continue"] * (turns - 1)]
        return [await self.ask(place, self.person(NAMES[0]), line) for line in lines]

    async def rate(self, told: list[Passage]) -> int:
        """Put a thumb on each, up where it suits the taste; return how many went up."""
        ups = 0
        for passage in told:
            up = self.likes(passage.text)
            ups += up
            await self.ask(passage.place, passage.reader, c.Rate(1 if up else -1, passage.id))
        return ups

    def likes(self, text: str) -> bool:
        """Whether it suits the taste better than what was usual before anything was learned."""
        if self._usual is None:
            raise ValueError("nothing was read yet")
        return liking(self._taste, text) > self._usual

    def know(self, told: list[Passage]) -> float:
        """Take these as what is usual; return how the taste puts that into a number."""
        self._usual = median(liking(self._taste, passage.text) for passage in told)
        return self._usual

    def liked(self, told: list[Passage]) -> float:
        """The share of passages that suit the taste."""
        return fmean(self.likes(passage.text) for passage in told)

    # ------------------------------------------------------------ the engine
    def person(self, name: str) -> Author:
        """One of them."""
        return Author("demo", name.lower(), name, "en")

    async def ask(self, place: Place, who: Author, asked: str | c.Command) -> Reply:
        """Return the final reply to a line or a button."""
        command = spelling.from_line(asked) if isinstance(asked, str) else asked
        request = Request(f"demo-{next(self._requests)}", place, who, command)
        async with aclosing(self._engine.handle(request)) as replies:
            *_, last = [reply async for reply in replies]
        return last

    async def _told(self, place: Place, who: Author, line: str) -> Passage:
        reply = await self.ask(place, who, line)
        if reply.passage is None:
            raise ValueError(f"{line!r} was answered by {reply.text!r}")
        return await asyncio.to_thread(self._read, reply.passage, place, who)

    def _read(self, number: int, place: Place, who: Author) -> Passage:
        with self._library.begin() as tx:
            session = tx.session(
                platform=place.platform,
                chat=place.chat,
                topic=place.topic,
                private=place.private,
                author=who.id,
                name=who.name,
                language=who.language,
                now=datetime.now(UTC),
            )
            found = tx.passage(session.story or 0, number)
        if found is None or found.provenance is None:
            raise ValueError(f"passage {number} is not the narrator's")
        facts = found.provenance
        return Passage(number, found.text, facts.lora, facts.best_of, place, who)
