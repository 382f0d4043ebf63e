"""Eight places write at once, until this process is killed: the child of test_kill.py.

    python -m tests.walks.writer URL SEED NEXT [--rest]

NEXT is a JSON list: for each place the number of the request it goes on with, which may have been
delivered before. With --rest it only finishes what was left open and delivers those once more.
Everything is reported on standard output before it is asked and after it is answered, one JSON
object a line, each written whole at once.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.session import commands as c
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.storage.database import open_database
from core.storage.library import Library
from tests.fakes import StandInNarrator

WORD = 0.0005  # seconds the narrator takes for a word: kills must fall into passages


def asked(seed: int, place: int, number: int) -> Request:
    """The request a place makes as its so-manieth; the same every time it is delivered."""
    chance = random.Random(f"{seed} {place} {number}")
    said = c.Say(f"In place {place} request {number} was said.")
    usual: list[c.Command] = [
        said,
        said,
        said,
        c.Continue(),
        c.Continue(),
        c.Retry(),
        c.Undo(),
        c.Title("Next"),
    ]
    command = c.New(f"A story of place {place}") if number == 0 else chance.choice(usual)
    author = Author("test", f"author-{place}", f"Author {place}")
    return Request(f"{place}-{number}", Place("test", f"chat-{place}"), author, command)


def report(**event: object) -> None:
    """Tell the parent; a pipe takes a line this short whole or not at all."""
    os.write(sys.stdout.fileno(), (json.dumps(event) + "\n").encode())


async def told(event: str, request: Request, replies: AsyncGenerator[Reply]) -> None:
    """Report what came of a request: its final reply, or that it had been seen before."""
    report(event="begun", request=request.id)
    async with aclosing(replies):
        shown = [reply async for reply in replies]
    if not shown:
        report(event="repeated", request=request.id)
        return
    assert shown[-1].final, request.id
    report(event=event, request=request.id, passage=shown[-1].passage, text=shown[-1].text)


async def write(engine: Engine, seed: int, place: int, number: int, *, rest: bool) -> None:
    """Ask one thing after another in a place."""
    while True:
        request = asked(seed, place, number)
        await told("answered", request, engine.handle(request))
        if rest:
            return
        number += 1


async def main(url: str, seed: int, following: list[int], *, rest: bool) -> None:
    """Finish what was left open, then write on in all places."""
    engine = Engine(Library(open_database(url)), StandInNarrator(delay=WORD))
    for left in await engine.unfinished("test"):
        await told("resumed", left.request, engine.resume(left))
    report(event="ready")
    async with asyncio.TaskGroup() as places:
        for place, number in enumerate(following):
            places.create_task(write(engine, seed, place, number, rest=rest))


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), rest="--rest" in sys.argv)
    )
