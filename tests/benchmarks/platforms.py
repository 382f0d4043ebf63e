"""What the benchmarks of the chat platforms share: bots to compare, load, and what is counted."""

import argparse
import asyncio
import json
import tempfile
import threading
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
)
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import select

from core.narrator.narrator import Assignment
from core.session.engine import Engine
from core.storage.database import Database, open_database
from core.storage.library import Library
from core.storage.tables import turns
from tests.fakes import StandInNarrator

RESULTS = Path(__file__).parent / "results"
ROUNDS, WARMING, TURNS = 3, 15, 135  # of either bot, by turns
PATIENCE = 180.0  # seconds after which what has not come is counted as lost
Found = dict[str, float | int | str]
Measure = Callable[[argparse.Namespace], Coroutine[Any, Any, Found]]


@asynccontextmanager
async def engine(narrator: StandInNarrator) -> AsyncIterator[tuple[Engine, Database]]:
    """Open an engine with a library of its own."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/bench.db")
        yield Engine(Library(database), narrator), database
        database.close()


@asynccontextmanager
async def running(run: Awaitable[None], ready: Awaitable[object]) -> AsyncIterator[None]:
    """Keep something running that is a bot, from when it is ready."""
    task = asyncio.ensure_future(run)
    await ready
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Saturated(StandInNarrator):
    """A narrator that writes for a few chats at once, as a model in batches does."""

    def __init__(self) -> None:
        super().__init__(delay=0.05)
        self._seats = asyncio.Semaphore(8)

    async def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        """Write, once there is a seat."""
        async with self._seats, aclosing(super().write(assignment)) as texts:
            async for text in texts:
                yield text


@contextmanager
def computing() -> Iterator[None]:
    """Compute in a thread without pause, as a narrator on the processor would."""
    over = threading.Event()
    weights = np.ones((512, 512))

    def compute() -> None:
        while not over.is_set():
            weights @ weights

    thread = threading.Thread(target=compute)
    thread.start()
    yield
    over.set()
    thread.join()


@dataclass
class Answers:
    """What answers took of one bot, its server in the same process included."""

    milliseconds: list[float] = field(default_factory=list)
    computed: float = 0.0  # seconds of processor time, all threads together

    async def time(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask again and again; `ask` returns when the answer can be read."""
        for _ in range(WARMING):
            await ask()
        computed = time.process_time()
        for _ in range(TURNS):
            start = time.perf_counter()
            await ask()
            self.milliseconds.append((time.perf_counter() - start) * 1000)
        self.computed += time.process_time() - computed


def compared(ours: Answers, echoed: Answers) -> Found:
    """Return what an answer of the bot took beside one of an echo.

    The medians are of the clock, so they grow with what else the machine does; the processor's
    time does not.
    """
    answer, echo = median(ours.milliseconds), median(echoed.milliseconds)
    computed = ours.computed / len(ours.milliseconds) * 1000
    echo_computed = echoed.computed / len(echoed.milliseconds) * 1000
    return {
        "answer median ms": round(answer, 2),
        "echo median ms": round(echo, 2),
        "own time median ms": round(answer - echo, 2),
        "ratio": round(answer / echo, 2),
        "answer processor ms": round(computed, 2),
        "echo processor ms": round(echo_computed, 2),
        "processor ratio": round(computed / echo_computed, 2),
    }


def memory() -> float:
    """Return the memory this process holds, in MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 2**20


@dataclass
class Soak:
    """What many chats did in some minutes."""

    chats: int
    minutes: float
    asked: int = 0
    told: int = 0  # final texts that could be read
    warm: float = 0.0  # MiB, after a fifth of the time

    async def endure(self, chat: Callable[[int, float], Coroutine[Any, Any, None]]) -> float:
        """Let every chat go on until the end; return the memory held then, in MiB."""
        end = asyncio.get_running_loop().time() + self.minutes * 60
        async with asyncio.TaskGroup() as tasks:
            for number in range(self.chats):
                tasks.create_task(chat(number, end))
            await asyncio.sleep(self.minutes * 60 / 5)
            self.warm = memory()
        return memory()

    def found(self, held: float, database: Database, **more: int) -> Found:
        """Return the counts; what the library calls answered must have been read."""
        with database.transaction() as db:
            outcomes = [outcome for (outcome,) in db.execute(select(turns.c.outcome))]
        answered = outcomes.count("answered")
        return {
            "chats": self.chats,
            "minutes": self.minutes,
            "turns": self.asked,
            "lost final texts": answered - self.told,
            "unanswered turns": self.asked - answered,
            "memory after warm-up MiB": round(self.warm),
            "growth %": round((held - self.warm) / self.warm * 100, 1),
            **more,
        }


def main(doc: str | None, name: str, measures: Mapping[str, Measure], usual: list[str]) -> None:
    """Measure what was named, print it, write it down."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[[], *measures], default=usual)
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    asked = parser.parse_args()
    file = RESULTS / f"{name}.json"
    results = json.loads(file.read_text("utf-8")) if file.exists() else {}
    for one in asked.names:
        found = asyncio.run(measures[one](asked))
        results[one] = found
        print(f"{one}: " + ", ".join(f"{key} {value}" for key, value in found.items()), flush=True)
        file.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
