"""A server that fails is asked again in growing pauses, and after many faults left alone."""

import asyncio

import pytest

from core.errors import NarratorAway, NarratorError, Overloaded
from core.narrator.faults import Breaker, Fault, Hand, Patience


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(Patience(breaker=3, rest=10.0), clock)
    for _ in range(3):
        breaker.enter()
        breaker.failed()
    return breaker


def test_a_breaker_opens_after_faults_in_a_row() -> None:
    with pytest.raises(NarratorAway, match=r"failed 3 times in a row.*again in 10 s"):
        broken(Clock()).enter()


def test_an_answer_in_between_starts_the_count_again() -> None:
    breaker = Breaker(Patience(breaker=2), Clock())
    for _ in range(5):
        breaker.failed()
        breaker.worked()
        breaker.enter()


def test_after_its_rest_one_at_a_time_finds_out() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 10
    breaker.enter()
    with pytest.raises(NarratorAway):
        breaker.enter()
    breaker.failed()
    clock.now += 9
    with pytest.raises(NarratorAway):
        breaker.enter()
    clock.now += 1
    breaker.enter()
    breaker.worked()
    breaker.enter()
    breaker.enter()


def test_one_who_finds_out_and_goes_away_leaves_it_to_the_next() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 10
    breaker.enter()
    clock.now += 10
    breaker.enter()


def test_pauses_grow_and_obey_the_server_within_reason() -> None:
    patience = Patience(pause=1.0)
    assert 0.5 <= patience.seconds(1, Fault("x")) <= 1
    assert 4 <= patience.seconds(4, Fault("x")) <= 8
    assert patience.seconds(1, Fault("x", after=7)) == 7
    assert patience.seconds(1, Fault("x", after=3600)) == 30


def test_a_full_server_is_told_apart_from_one_that_is_away() -> None:
    assert isinstance(Fault("busy", full=True).error, Overloaded)
    assert isinstance(Fault("gone").error, NarratorAway)


async def test_closing_waits_for_what_is_in_hand() -> None:
    hand, done = Hand(), asyncio.Event()

    async def write() -> None:
        with hand.one():
            await done.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        await asyncio.sleep(0)
        closing = tasks.create_task(hand.close(60))
        await asyncio.sleep(0)
        with pytest.raises(NarratorError, match="closed"), hand.one():
            pass
        assert not closing.done()
        done.set()
    assert hand.over


async def test_closing_waits_no_longer_than_told() -> None:
    hand = Hand()
    with hand.one():
        await hand.close(0.01)
        assert hand.over
