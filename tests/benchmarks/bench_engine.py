"""How fast the engine turns requests into kept passages, the narrator's own time left out.

    python -m tests.benchmarks.bench_engine [--turns N]

Measures, on SQLite and on a PostgreSQL of its own: turns a second with 32 places at once, and what
the 1,000th turn of one story costs against its 10th, in time and in queries. Prints a table and
writes results/engine.json beside this file.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import event

from core.session import commands as c
from core.session.engine import Engine
from core.storage.database import Database, open_database
from core.storage.library import Library
from tests.benchmarks.machine import circumstances
from tests.factories import a_request
from tests.fakes import StandInNarrator
from tests.servers.postgres import a_server

PLACES = 32
AROUND = 120  # turns measured around the 10th and the 1,000th; single ones vary too much
RESULTS = Path(__file__).parent / "results" / "engine.json"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one turn costs, as the median of some."""

    milliseconds: float
    queries: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What one database gave."""

    database: str
    turns_a_second: float
    early: Cost  # around the 10th turn of a story
    late: Cost  # around its 1,000th


async def ask(engine: Engine, place: str, command: c.Command) -> None:
    """Make one turn and see that it was answered with a passage."""
    async with aclosing(engine.handle(a_request(command, place=place))) as replies:
        shown = [reply async for reply in replies]
    assert shown[-1].passage is not None, shown[-1].text


async def throughput(engine: Engine, turns: int) -> float:
    """Return turns a second: every place says and continues by turns, all places at once."""
    each = turns // PLACES

    async def write(place: str) -> None:
        for number in range(each):
            say = c.Say(f"In {place}, sentence {number} was said by a person.")
            await ask(engine, place, say if number % 2 else c.Continue())

    places = [f"place-{number}" for number in range(PLACES)]
    await asyncio.gather(*(ask(engine, place, c.New("A shell that sings")) for place in places))
    start = time.perf_counter()
    await asyncio.gather(*map(write, places))
    return each * PLACES / (time.perf_counter() - start)


async def costs(engine: Engine, queries: list[str]) -> tuple[Cost, Cost]:
    """Return what a turn costs around the 10th and around the 1,000th of a story.

    The old story is told first; then its turns and those of young stories are measured in turn,
    so that the machine's moods fall on both alike.
    """
    await tell(engine, "old", 1000 - AROUND // 2)
    young = [f"young-{number}" for number in range(AROUND // 4)]
    for place in young:
        await tell(engine, place, 8)
    early: list[tuple[float, int]] = []
    late: list[tuple[float, int]] = []
    for number in range(AROUND):
        command = _command(number)
        early.append(await one(engine, young[number // 4], command, queries))
        late.append(await one(engine, "old", command, queries))
    return _cost(early), _cost(late)


async def tell(engine: Engine, place: str, turns: int) -> None:
    """Tell a story of so many turns."""
    await ask(engine, place, c.New("A road without an end"))
    for number in range(turns):
        await ask(engine, place, _command(number))


async def one(
    engine: Engine, place: str, command: c.Command, queries: list[str]
) -> tuple[float, int]:
    """Return the milliseconds and the queries of one turn."""
    queries.clear()
    start = time.perf_counter()
    await ask(engine, place, command)
    return (time.perf_counter() - start) * 1000, len(queries)


def _command(number: int) -> c.Command:
    return c.Say(f"On day {number} the road went on.") if number % 2 else c.Continue()


def _cost(turns: list[tuple[float, int]]) -> Cost:
    milliseconds, queries = zip(*turns, strict=True)
    return Cost(round(median(milliseconds), 3), median(queries))


def measured(name: str, database: Database, turns: int) -> Measured:
    """Measure one database."""
    queries: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(_db: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        queries.append(statement)

    engine = Engine(Library(database), StandInNarrator())
    early, late = asyncio.run(costs(engine, queries))
    speed = asyncio.run(throughput(engine, turns))
    return Measured(name, round(speed, 1), early, late)


@contextmanager
def databases() -> Iterator[dict[str, Database]]:
    """Open an empty SQLite and an empty PostgreSQL."""
    with TemporaryDirectory() as folder, a_server() as server:
        urls = {"SQLite": f"sqlite:///{folder}/bench.db", "PostgreSQL": server.new_database()}
        opened = {name: open_database(url) for name, url in urls.items()}
        yield opened
        for database in opened.values():
            database.close()


def main() -> None:
    """Measure both, print a table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3200, help="turns at 32 places, in all")
    turns = parser.parse_args().turns
    with databases() as opened:
        found = [measured(name, database, turns) for name, database in opened.items()]
    print(f"{'':12}{'turns/s':>9}{'10th ms':>9}{'1000th ms':>11}{'ratio':>7}{'queries':>14}")
    for one in found:
        ratio = one.late.milliseconds / one.early.milliseconds
        queries = f"{one.early.queries:g} -> {one.late.queries:g}"
        print(
            f"{one.database:12}{one.turns_a_second:>9.1f}{one.early.milliseconds:>9.2f}"
            f"{one.late.milliseconds:>11.2f}{ratio:>7.2f}{queries:>14}"
        )
    write_results(found, turns)


def write_results(found: list[Measured], turns: int) -> None:
    """Keep what was measured beside when and on what."""
    RESULTS.parent.mkdir(exist_ok=True)
    facts = {
        **circumstances(),
        "places": PLACES,
        "turns": turns,
        "databases": [asdict(one) for one in found],
    }
    RESULTS.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
