"""The same update again and again, out of order, from two threads."""

import asyncio
import random
import threading
from contextlib import aclosing

from sqlalchemy import func, select

from core.session import commands as c
from core.session.engine import Engine
from core.session.messages import Reply, Request
from core.storage.database import open_database
from core.storage.library import Library
from core.storage.tables import passages
from tests.factories import a_request
from tests.fakes import StandInNarrator

DELIVERIES = 1000


async def delivered(engine: Engine, requests: list[Request]) -> list[tuple[str, Reply]]:
    """Deliver all at once; return each final reply beside the request's id."""

    async def one(request: Request) -> list[tuple[str, Reply]]:
        async with aclosing(engine.handle(request)) as replies:
            return [(request.id, reply) async for reply in replies if reply.final]

    found = await asyncio.gather(*map(one, requests))
    return [reply for replies in found for reply in replies]


def test_an_update_delivered_a_thousand_times_is_answered_once(database_url: str) -> None:
    database = open_database(database_url)
    library = Library(database)
    opened = [a_request(c.Say("It began."), id="first")]
    asyncio.run(delivered(Engine(library, StandInNarrator()), opened))
    again = a_request(c.Say("The bell rang once."), id="again")
    others = [a_request(c.Say(f"Sentence {number}."), id=f"other-{number}") for number in range(40)]
    deliveries = [again] * DELIVERIES + others * 2
    random.Random(1).shuffle(deliveries)
    answers: list[tuple[str, Reply]] = []

    def one_thread(part: list[Request]) -> None:
        answers.extend(asyncio.run(delivered(Engine(library, StandInNarrator()), part)))

    threads = [threading.Thread(target=one_thread, args=(deliveries[n::2],)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(id for id, _ in answers) == sorted(["again", *(other.id for other in others)])
    with database.transaction() as db:
        rung = select(func.count()).where(passages.c.text == "The bell rang once.")
        told = {id: reply for id, reply in answers if reply.passage is not None}
        assert db.scalar(rung) == ("again" in told)
        assert db.scalar(select(func.count()).select_from(passages)) == 1 + len(told)
    database.close()
