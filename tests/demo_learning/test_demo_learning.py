"""The demonstration of learning plays to its end: with a stand-in trainer here, whole when slow."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from bot import following
from bot.settings import Settings, data_folder
from core.learning.run import learn
from core.storage.library import Library
from tests.core.learning.studies import Pupil, a_study
from tests.demo.session import NotSeen
from tests.demo_learning.__main__ import small
from tests.demo_learning.session import STEPS, Size, by_timetable, demonstrate
from tests.fakes import StandInNarrator

SIZE = Size(evenings=40, fresh=8, trial=20)


class Lessons:
    """What the timetable does, with a pupil who learns at once."""

    def __init__(self, pupil: Pupil) -> None:
        self.pupil = pupil

    async def __call__(self, settings: Settings, library: Library) -> None:
        study = a_study(library, data_folder(settings), self.pupil)
        learn(replace(study, clock=lambda: datetime.now(UTC), newcomer=timedelta(0)))


async def played(data: Path, lessons: Lessons) -> str:
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    settings = small(data, minimum=SIZE.minimum, minutes=1)
    await demonstrate(console, settings, SIZE, narrator=StandInNarrator(), learns=lessons)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes live is heard at once, and nobody waits for it."""
    monkeypatch.setattr(following, "_PAUSE", 0.1)


@pytest.mark.usefixtures("quick")
@pytest.mark.timeout(300)  # the commands are processes of their own, on a machine that may be busy
@pytest.mark.parametrize("better", [True, False])
async def test_every_step_is_seen(tmp_path: Path, *, better: bool) -> None:
    told = await played(tmp_path, Lessons(Pupil(better=better)))
    assert [step for step in STEPS if step not in told] == []
    for words in (
        "80 ratings kept",
        "lora-1 is live",
        "the first chat on lora-1",
        "the first chat on the model as it is",
        "Trial: lora-1 in 50% of the places beside the model as it is",
        "You are forgotten",
        "live, to be rebuilt",
        "the files of lora-1 are deleted",
        "retired, taken back",
    ):
        assert words in told, words
    assert ("BY HAND" in told) is not better
    assert f"live: {'lora-2' if better else 'the model'}" in told


async def test_a_step_that_is_not_seen_ends_it(tmp_path: Path) -> None:
    async def nothing(_settings: Settings, _library: Library) -> None:
        """Learn nothing at all."""

    with pytest.raises(NotSeen, match="a run that was done to its end"):
        await played(tmp_path, nothing)  # type: ignore[arg-type]  # it is called the same


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_it_is_played_with_the_real_narrator_and_a_real_run(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200, soft_wrap=True)
    size = Size()
    settings = small(tmp_path, minimum=size.minimum, minutes=1.0)
    await demonstrate(console, settings, size, learns=by_timetable)
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert re.search(r"… training, step \d+ of \d+, loss", told)
    assert "win rate: " in told
