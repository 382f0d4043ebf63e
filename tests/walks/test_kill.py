"""kill -9 at random moments while eight places write; then everything answered must be there."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from core.session import commands as c
from core.storage.database import open_database
from core.storage.tables import passages, turns
from tests.walks.writer import asked

ROOT = Path(__file__).parents[2]
PLACES = 8
LONGEST = 0.6  # seconds from that report to the kill
WRITES = (c.New, c.Say, c.Continue, c.Retry)


@dataclass(frozen=True, slots=True)
class Death:
    """When a writer is killed: so long after it first reported this."""

    after: str
    seconds: float


@dataclass
class Walk:
    """A database, and what the people of its places have been told so far."""

    url: str
    seed: int
    following: list[int] = field(default_factory=lambda: [0] * PLACES)
    answered: dict[str, dict[str, Any]] = field(default_factory=dict)

    def live(self, death: Death | None) -> list[dict[str, Any]]:
        """Run a writer until its death and return what it reported."""
        rest = ["--rest"] if death is None else []
        arguments = [self.url, str(self.seed), json.dumps(self.following), *rest]
        command = [sys.executable, "-m", "tests.walks.writer", *arguments]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            events = list(_read(child, child.stdout, death))
            assert child.wait(timeout=30) == (0 if death is None else -signal.SIGKILL)
        self._learn(events)
        return events

    def _learn(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["event"] in {"answered", "resumed"}:
                assert event["request"] not in self.answered, "answered twice"
                self.answered[event["request"]] = event
            if event["event"] in {"answered", "repeated"}:
                place, number = map(int, event["request"].split("-"))
                self.following[place] = number + 1

    def left_open(self) -> set[str]:
        """Return the requests whose turns are open while nobody runs."""
        database = open_database(self.url)
        with database.transaction() as db:
            found = db.execute(select(turns.c.request).where(turns.c.outcome.is_(None)))
            left = {row.request for row in found}
        database.close()
        return left


def _read(
    child: subprocess.Popen[str], lines: Iterable[str], death: Death | None
) -> Iterator[dict[str, Any]]:
    """Yield what a writer reports, and kill it when its time has come."""
    for line in lines:
        event = json.loads(line)
        yield event
        if death is not None and event["event"] == death.after:
            time.sleep(death.seconds)
            child.kill()
            death = None


def everything_holds(walk: Walk) -> None:
    """Check the database against what people were told."""
    database = open_database(walk.url)
    with database.transaction() as db:
        texts = {row.id: row.text for row in db.execute(select(passages.c.id, passages.c.text))}
        closed = {
            row.request: row
            for row in db.execute(select(turns.c.request, turns.c.outcome, turns.c.passage))
        }
    database.close()
    assert None not in {row.outcome for row in closed.values()}
    for request, answer in walk.answered.items():
        if answer["passage"] is not None:
            assert texts[answer["passage"]] == answer["text"], f"{request} is lost"
    said = Counter(text for text in texts.values() if " was said." in text)
    assert set(said.values()) <= {1}, "a passage is doubled"
    written = [
        row.passage
        for request, row in closed.items()
        if row.outcome == "answered" and isinstance(_command(walk, request), WRITES)
    ]
    # Each turn that wrote has a passage of its own, and no passage came from anywhere else.
    assert sorted(written) == sorted(texts)


def _command(walk: Walk, request: str) -> c.Command:
    place, number = map(int, request.split("-"))
    return asked(walk.seed, place, number).command


def killed_again_and_again(url: str, *, kills: int, seed: int) -> None:
    walk = Walk(url, seed)
    chance = random.Random(seed)
    for kill in range(kills):
        # Every fourth dies while it finishes what the one before it left open.
        early = kill % 4 == 3
        one_life(
            walk, Death(after="begun" if early else "ready", seconds=chance.uniform(0, LONGEST))
        )
    one_life(walk, None)
    assert walk.left_open() == set()
    everything_holds(walk)
    assert len(walk.answered) > kills * PLACES


def one_life(walk: Walk, death: Death | None) -> None:
    """Run a writer once; whoever was left without an answer by the last one has had a word."""
    before = walk.left_open()
    events = walk.live(death)
    without_a_word = before - set(walk.answered) - walk.left_open()
    if any(event["event"] == "ready" for event in events):
        assert without_a_word == set()
    else:  # killed between the commit and the word of the one it was at
        assert len(without_a_word) <= 1


def test_no_answered_passage_is_lost_or_doubled_by_eight_kills(database_url: str) -> None:
    killed_again_and_again(database_url, kills=8, seed=8)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_answered_passage_is_lost_or_doubled_by_two_hundred_kills(database_url: str) -> None:
    killed_again_and_again(database_url, kills=200, seed=200)
