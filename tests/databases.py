"""Databases for tests: every test that asks for one runs on SQLite and on PostgreSQL.

Tables are made once, by the migrations. SQLite's file is copied for each test; PostgreSQL's tables
are emptied, which is ten times faster than to copy a database.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
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
def postgres_tables(postgres: Server) -> str:
    """The address of a PostgreSQL database with tables, which may not be empty."""
    url = postgres.new_database()
    upgrade(url)
    return url


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


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a SQLite file with empty tables."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'stories.db')}"


@pytest.fixture
def postgres_url(postgres_tables: str) -> str:
    """The address of a PostgreSQL database with empty tables."""
    with psycopg.connect(postgres_tables) as db:
        # All the rest belongs to one of these.
        db.execute(
            "DELETE FROM stories; DELETE FROM places; DELETE FROM authors; DELETE FROM loras;"
            "DELETE FROM runs; DELETE FROM datasets; DELETE FROM leases"
        )
    return postgres_tables


@pytest.fixture(params=_BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with empty tables."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


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
