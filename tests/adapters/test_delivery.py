"""Delivery shows what it can, and lets a story be written to its end whatever the platform does."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

import pytest

from adapters.delivery import NotShown, deliver
from core.session.commands import Continue
from core.session.messages import Author, Place, Reply, Request

REQUEST = Request("r1", Place("terminal", "1"), Author("terminal", "1", "Ada"), Continue())


@dataclass
class Ledger:
    """The part of an engine that delivery talks to: it notes where requests were shown."""

    noted: list[tuple[str, str]] = field(default_factory=list)

    async def shown(self, request: Request, ref: str) -> None:
        self.noted.append((request.id, ref))


@dataclass
class Wall:
    """A screen that keeps everything it was shown, or breaks as it was told to."""

    interval: float = 0.0
    ref: str = ""
    breaks: Callable[[Reply], Exception | None] = lambda _: None
    takes: float = 0.0  # seconds
    first: asyncio.Event = field(default_factory=asyncio.Event)
    texts: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def show(self, reply: Reply) -> None:
        await asyncio.sleep(self.takes)
        if error := self.breaks(reply):
            raise error
        self.texts.append(reply.text)
        self.first.set()
        self.times.append(asyncio.get_running_loop().time())
        self.ref = self.ref or "message 7"


@dataclass
class Telling:
    """Replies "1", "12", "123" ...: the last is final. Knows how far it came and that it closed."""

    count: int
    pause: float = 0.0
    fails_at: int = 0
    told: int = 0
    closed: bool = False

    async def replies(self) -> AsyncGenerator[Reply]:
        try:
            for number in range(1, self.count + 1):
                if number == self.fails_at:
                    raise LookupError("the engine broke")
                self.told = number
                text = "".join(str(n) for n in range(1, number + 1))
                final = number == self.count
                yield Reply(text, passage=1 if final else None, final=final)
                await asyncio.sleep(self.pause)
        finally:
            self.closed = True


async def delivered(telling: Telling, wall: Wall) -> Ledger:
    ledger = Ledger()
    await deliver(ledger, REQUEST, telling.replies(), wall)  # type: ignore[arg-type]  # of an engine, delivery asks only what a ledger does
    return ledger


async def test_the_first_reply_is_shown_at_once_and_the_final_one_always() -> None:
    wall = Wall(interval=60)
    await delivered(Telling(5, pause=0.001), wall)
    assert wall.texts == ["1", "12345"]


async def test_the_newest_reply_wins_and_edits_keep_their_distance() -> None:
    wall = Wall(interval=0.02)
    await delivered(Telling(9, pause=0.005), wall)
    assert wall.texts[0] == "1"
    assert wall.texts[-1] == "123456789"
    assert len(wall.texts) < 9
    gaps = [after - before for before, after in zip(wall.times, wall.times[1:-1], strict=False)]
    assert all(gap >= 0.0199 for gap in gaps)


async def test_a_slow_screen_is_shown_fewer_replies() -> None:
    wall = Wall(takes=0.02)
    await delivered(Telling(9, pause=0.002), wall)
    assert wall.texts[-1] == "123456789"
    assert len(wall.texts) <= 4


async def test_a_repeated_request_shows_nothing() -> None:
    wall = Wall()
    ledger = await delivered(Telling(0), wall)
    assert (wall.texts, ledger.noted) == ([], [])


async def test_the_engine_learns_once_where_a_turn_is_shown() -> None:
    ledger = await delivered(Telling(4, pause=0.001), Wall())
    assert ledger.noted == [("r1", "message 7")]


async def test_the_engine_learns_of_a_message_that_comes_late() -> None:
    wall = Wall(breaks=lambda reply: None if reply.final else NotShown("too fast"))
    ledger = await delivered(Telling(3, pause=0.001), wall)
    assert ledger.noted == [("r1", "message 7")]


async def test_a_reply_that_is_not_shown_in_between_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wall = Wall(breaks=lambda reply: NotShown("too fast") if len(reply.text) == 2 else None)
    await delivered(Telling(3, pause=0.002), wall)
    assert wall.texts == ["1", "123"]
    assert caplog.messages == []


async def test_a_platform_that_takes_nothing_does_not_stop_the_story_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    telling = Telling(4, pause=0.001)
    await delivered(telling, Wall(breaks=lambda _: NotShown("the chat is gone")))
    assert (telling.told, telling.closed) == (4, True)
    assert caplog.messages == ["terminal did not show the answer to r1: the chat is gone"]


async def test_a_screen_that_breaks_is_told_of_after_the_story_was_written() -> None:
    telling = Telling(4, pause=0.001)
    with pytest.raises(ZeroDivisionError):
        await delivered(telling, Wall(breaks=lambda _: ZeroDivisionError()))
    assert (telling.told, telling.closed) == (4, True)


async def test_an_engine_that_breaks_is_told_of_after_the_newest_reply_was_shown() -> None:
    telling, wall = Telling(9, pause=0.001, fails_at=4), Wall(interval=60)
    with pytest.raises(LookupError):
        await delivered(telling, wall)
    assert wall.texts == ["1", "123"]


async def test_cancelled_it_closes_the_replies_before_it_ends() -> None:
    telling, wall = Telling(9, pause=60), Wall()
    task = asyncio.create_task(delivered(telling, wall))
    await wall.first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert telling.closed


@pytest.mark.parametrize(
    ("reply", "topic", "found"),
    [
        (Reply("The shelf is empty."), "", False),
        (Reply("A light.", passage=3), "", True),
        (Reply("What is it about?", asks="Write", answer=Continue()), "", True),
        (Reply("The shelf is empty."), "12", True),
    ],
)
async def test_a_message_is_noted_where_it_may_have_to_be_found_again(
    reply: Reply, topic: str, *, found: bool
) -> None:
    async def replies() -> AsyncGenerator[Reply]:
        yield reply

    ledger, place = Ledger(), Place("terminal", "1", topic)
    request = Request("r1", place, REQUEST.author, Continue())
    await deliver(ledger, request, replies(), Wall())  # type: ignore[arg-type]  # as above
    assert ledger.noted == ([("r1", "message 7")] if found else [])
