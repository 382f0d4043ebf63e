"""What goes wrong with PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest

from core.errors import DatabaseUnavailable
from core.storage import database as databases
from core.storage.database import Database, open_database
from core.storage.library import Library
from tests.core.storage.steps import a_session, grow, told, unavailable
from tests.servers.postgres import Server

pytestmark = pytest.mark.postgres


@pytest.fixture
def server(postgres_url: str) -> Iterator[Database]:
    database = open_database(postgres_url)
    yield database
    database.close()


def test_a_database_that_the_server_does_not_have_is_named(postgres: Server) -> None:
    with unavailable('"nowhere" does not exist'):
        open_database(postgres.url("nowhere"))
    with unavailable('role "eve" does not exist'):
        open_database(postgres.url("postgres", user="eve:hush"))


@pytest.mark.parametrize(
    ("code", "words"),
    [("53100", "disk is full"), ("40P01", "try again"), ("57P01", "cannot be reached (gone)")],
)
def test_what_the_server_says_is_put_in_a_sentence(server: Database, code: str, words: str) -> None:
    with unavailable(words), server.transaction() as db:
        db.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'gone' USING ERRCODE = '{code}'; END $$")


def test_a_row_locked_by_another_process_is_said_to_be_locked(server: Database) -> None:
    _, story = told(Library(server), "One.")
    with Library(server).begin() as ours:
        grow(ours, story)
        with unavailable("locked by another program"), Library(server).begin() as tx:
            tx._db.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
            grow(tx, story)


def test_a_user_without_rights_is_told_so(server: Database) -> None:
    with server.transaction() as db:
        db.exec_driver_sql("DROP ROLE IF EXISTS reader")
        db.exec_driver_sql("CREATE ROLE reader")
    with unavailable("grant the rights"), Library(server).begin() as tx:
        tx._db.exec_driver_sql("SET LOCAL ROLE reader")
        a_session(tx)


def test_a_server_that_only_reads_is_said_to(server: Database) -> None:
    with unavailable("takes writes"), Library(server).begin() as tx:
        tx._db.exec_driver_sql("SET TRANSACTION READ ONLY")
        a_session(tx)


def test_a_cut_connection_costs_one_transaction(server: Database) -> None:
    library = Library(server)
    _, story = told(library, "One.")
    with unavailable("cannot be reached"), library.begin() as tx:
        _cut_all_but_one(server)
        grow(tx, story)
    with library.begin() as tx:
        assert tx.story(story.id) == story


def test_a_server_that_was_restarted_in_the_night_costs_nothing(server: Database) -> None:
    library = Library(server)
    _, story = told(library, "One.")
    _cut_all_but_one(server)
    with library.begin() as tx:
        assert tx.story(story.id) == story


def _cut_all_but_one(database: Database) -> None:
    address = database.engine.url.set(drivername="postgresql").render_as_string()
    with psycopg.connect(address, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_more_at_once_than_there_are_connections_is_said_to_be_busy(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_PATIENCE", 0.1)
    monkeypatch.setattr(databases, "_CONNECTIONS", 1)
    database = Database(postgres_url)
    with closing(database), ExitStack() as stack:
        for _ in range(1 + 10):  # the pool's size, and what SQLAlchemy lets it overflow by
            stack.enter_context(database.engine.connect())
        with pytest.raises(DatabaseUnavailable, match="is busy"):
            stack.enter_context(database.transaction())


def test_two_processes_that_serve_one_place_take_turns_there(server: Database) -> None:
    with Library(server).begin() as ours:
        a_session(ours)
    with Library(server).begin() as ours:
        a_session(ours)
        with Library(server).begin() as tx:
            a_session(tx, chat="another place")
        with unavailable("locked by another program"), Library(server).begin() as tx:
            tx._db.exec_driver_sql("SET LOCAL lock_timeout = '20ms'")
            a_session(tx)
