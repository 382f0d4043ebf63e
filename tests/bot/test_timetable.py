"""When the narrator learns by itself."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.settings import Settings, inside, load
from bot.timetable import Timetable, due, environment_of
from core.errors import SettingsError
from core.learning.run import learn
from core.storage.consent import Consent
from core.storage.database import open_database
from core.storage.library import Library
from core.storage.runs import EVERYBODY
from tests.core.learning.studies import LONG_AGO, Pupil, a_study, judge

NOW = LONG_AGO + timedelta(days=20)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def library(data: Path) -> Iterator[Library]:
    database = open_database(f"sqlite:///{data / 'taleturn.db'}")
    yield Library(database)
    database.close()


def settings(data: Path, **learning: object) -> Settings:
    variables = {f"TALETURN__LEARNING__{key.upper()}": str(v) for key, v in learning.items()}
    return inside(load(environment=variables), data)


def test_a_run_is_due_when_enough_was_said_and_enough_of_it_is_new(
    library: Library, data: Path
) -> None:
    asked = settings(data, minimum=50, minimum_new=30)
    assert due(asked, library, NOW) == []
    judge(library)
    assert due(asked, library, NOW) == [EVERYBODY]
    learn(a_study(library, data, Pupil()))
    assert due(asked, library, NOW) == []


def test_newcomers_alone_make_nothing_due(library: Library, data: Path) -> None:
    judge(library)
    assert due(settings(data, minimum=50), library, LONG_AGO + timedelta(hours=1)) == []


def test_what_somebody_took_back_makes_a_run_due(library: Library, data: Path) -> None:
    ann = judge(library)
    judge(library, author="ben")
    learn(a_study(library, data, Pupil()))
    asked = settings(data, minimum=50, minimum_new=1000)
    assert due(asked, library, NOW) == []
    with library.begin() as tx:
        tx.set_consent(ann, Consent.NOTHING, now=NOW)
    assert due(asked, library, NOW) == [EVERYBODY]


def test_a_group_that_said_enough_gets_its_own(library: Library, data: Path) -> None:
    judge(library)
    with library.begin() as tx:
        (place,) = tx.glean().stories[0].places
    assert due(settings(data, group_minimum=100), library, NOW) == [EVERYBODY, place]
    assert due(settings(data, group_minimum=500), library, NOW) == [EVERYBODY]


def test_a_schedule_that_is_none_stops_the_start(library: Library, data: Path) -> None:
    with pytest.raises(SettingsError, match=r"learning\.schedule"):
        Timetable(settings(data, schedule='"99 4 * * *"'), library)


def test_the_run_s_process_gets_the_same_settings(tmp_path: Path) -> None:
    asked = settings(tmp_path, recipe='"dpo"', schedule='"5 4 * * 0"', margin=0.52)
    assert load(environment=environment_of(asked)).learning == asked.learning
    assert load(environment=environment_of(asked)).narrator == asked.narrator
    assert load(environment=environment_of(asked)).database == asked.database


def test_of_two_processes_one_is_elected(library: Library, data: Path) -> None:
    judge(library)
    now = datetime.now(UTC)
    with library.begin() as tx:
        tx.take_lease("timetable", "elsewhere:1", until=now + timedelta(minutes=5), now=now)
    timetable = Timetable(settings(data), library)
    assert timetable._due(now) == []
    assert timetable._due(now + timedelta(minutes=6)) == [EVERYBODY]


async def test_the_run_is_a_process_of_its_own_that_tells_how_it_goes(
    library: Library, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    judge(library, stories=2)
    caplog.set_level(logging.INFO)
    asked = settings(data, minimum=1, minimum_new=1, newcomer_hours=0)
    await Timetable(asked, library).learn()
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "learning: collecting" in said
    assert "No story that was judged falls on the side for" in said
    assert [record.code for record in caplog.records if hasattr(record, "code")] == [1]


async def test_it_is_kept_until_the_service_ends(library: Library, data: Path) -> None:
    task = asyncio.create_task(Timetable(settings(data), library).run())
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
