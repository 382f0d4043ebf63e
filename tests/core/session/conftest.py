from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage.database import open_database
from core.storage.library import Library
from tests.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An engine on a database of its own."""
    database = open_database(f"sqlite:///{tmp_path / 'stories.db'}")
    yield Stage(Library(database))
    database.close()
