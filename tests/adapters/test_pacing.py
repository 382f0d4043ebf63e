"""What must arrive waits its turn, in order; what may be dropped never delays it."""

import asyncio
import itertools
import math
from collections.abc import Coroutine

import pytest

from adapters.pacing import Pace, Pacer

FREE = Pace(1000, 1.0)
GAP = Pace(1000, 10.0, gap=0.03)
FEW = Pace(4, 0.2)


async def times(pacer: Pacer, pace: Pace, count: int, chat: str = "a") -> list[float]:
    loop = asyncio.get_running_loop()
    taken = []
    for _ in range(count):
        await pacer.wait(chat, pace)
        taken.append(loop.time())
    return taken


def at_once(waiting: Coroutine[object, object, None]) -> bool:
    """Whether it ends without giving way to anything else."""
    try:
        waiting.send(None)
    except StopIteration:
        return True
    waiting.close()
    return False


async def test_two_messages_keep_their_distance() -> None:
    taken = await times(Pacer(FREE), GAP, 4)
    assert all(after - before >= 0.029 for before, after in itertools.pairwise(taken))


async def test_so_many_at_once_and_then_no_more_for_a_while() -> None:
    pacer = Pacer(FREE)
    assert [at_once(pacer.wait("a", FEW)) for _ in range(5)] == [True, True, True, True, False]
    taken = await times(Pacer(FREE), FEW, 9)
    assert taken[4] - taken[0] >= 0.199
    assert taken[8] - taken[4] >= 0.199


async def test_all_chats_together_keep_the_overall_pace() -> None:
    pacer = Pacer(Pace(2, 0.1))
    chats = [times(pacer, FREE, 2, chat) for chat in "abc"]
    taken = sorted(moment for chat in await asyncio.gather(*chats) for moment in chat)
    assert all(third - first >= 0.099 for first, third in zip(taken, taken[2:], strict=False))


async def test_those_who_wait_are_served_in_order() -> None:
    pacer, served = Pacer(FREE), []

    async def one(number: int) -> None:
        await pacer.wait("a", GAP)
        served.append(number)

    await asyncio.gather(*(one(number) for number in range(5)))
    assert served == [0, 1, 2, 3, 4]


async def test_one_who_gives_up_takes_no_turn() -> None:
    pacer, slow = Pacer(FREE), Pace(1, 0.05)
    await pacer.wait("a", slow)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pacer.wait("a", slow), 0.01)
    assert not pacer.take("a", slow)
    await asyncio.sleep(0.06)
    assert pacer.take("a", slow)


async def test_what_may_be_dropped_leaves_room_for_what_must_arrive() -> None:
    pacer = Pacer(FREE)
    assert [pacer.take("a", FEW) for _ in range(4)] == [True, True, True, False]
    assert at_once(pacer.wait("a", FEW))


async def test_nothing_is_to_spare_while_somebody_waits() -> None:
    pacer = Pacer(FREE)
    await pacer.wait("a", GAP)
    waiting = asyncio.create_task(pacer.wait("a", GAP))
    await asyncio.sleep(0)
    assert not pacer.take("a", GAP)
    assert pacer.take("b", GAP)
    await waiting


async def test_overall_there_may_be_nothing_to_spare() -> None:
    pacer = Pacer(Pace(4, 10.0))
    assert [pacer.take(chat, FREE) for chat in "abcd"] == [True, True, True, False]
    assert not pacer.take_overall("e", FREE)


async def test_a_sign_counts_overall_and_not_in_its_chat() -> None:
    pacer, one = Pacer(Pace(4, 10.0)), Pace(1, 10.0)
    assert [pacer.take_overall("a", one) for _ in range(4)] == [True, True, True, False]
    await pacer.wait("a", one)


async def test_a_chat_is_held_as_long_as_the_platform_asks() -> None:
    pacer = Pacer(FREE)
    pacer.hold("a", FREE, 0.06)
    pacer.hold("a", FREE, 0.01)
    assert not pacer.take("a", FREE)
    assert not pacer.take_overall("a", FREE)
    assert pacer.take("b", FREE)
    before = asyncio.get_running_loop().time()
    await pacer.wait("a", FREE)
    assert asyncio.get_running_loop().time() - before >= 0.059


async def test_chats_that_fell_silent_are_forgotten_and_busy_ones_are_not() -> None:
    pacer, quick, slow = Pacer(Pace(10**6, 1.0)), Pace(1, 0.001), Pace(1, 60.0)
    await pacer.wait("busy", slow)
    for number in range(2000):
        assert pacer.take(str(number), quick)
        if number % 200 == 0:
            await asyncio.sleep(0.002)
    assert len(pacer._lanes) <= 600
    assert not pacer.take("busy", slow)
    assert math.isfinite(pacer._lanes["busy"].sent[-1])
