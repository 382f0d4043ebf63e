"""Databases for tests: every test that asks for one runs on SQLite and on PostgreSQL.

A database is made once, by the migrations, and copied for each test.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.storage.database import Database, open_database, upgrade
from core.storage.library import Library
from tests.servers.postgres import NoPostgres, Server, a_server

_BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running PostgreSQL; skips the test where the machine has none."""
    try:
        with a_server() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with empty tables."""
    file = tmp_path_factory.mktemp("template") / "stories.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: Server) -> str:
    """The name of a PostgreSQL database with empty tables."""
    url = postgres.new_database()
    upgrade(url)
    return url.rpartition("/")[2]


@pytest.fixture(params=_BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'stories.db'}"
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture(params=_BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with empty tables."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'stories.db')}"
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.new_database(request.getfixturevalue("postgres_template"))
    yield url
    server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with empty tables."""
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture
def library(database: Database) -> Library:
    """An empty library."""
    return Library(database)
