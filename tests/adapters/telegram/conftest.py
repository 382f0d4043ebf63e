import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage.database import open_database
from core.storage.library import Library
from tests.stage import Stage


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path) -> Iterator[Stage]:
    """An engine on a database of its own."""
    database = open_database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'stories.db')}")
    yield Stage(Library(database))
    database.close()


@pytest.fixture(autouse=True)
def _nothing_breaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test that breaks something on purpose clears the log."""
    yield
    ours = [r for r in caplog.get_records("call") if r.name.startswith(("adapters.", "core."))]
    assert [r.getMessage() for r in ours if r.levelno >= logging.ERROR] == []
