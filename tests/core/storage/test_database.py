"""Opening a database, and what goes wrong with SQLite."""

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text

from core.errors import DatabaseMismatch, StorageError
from core.storage.database import HEAD, Database, check, current, open_database, upgrade
from core.storage.library import Library
from tests.core.storage.steps import NOW, a_session, a_story, grow, told, unavailable


def pragma(database: Database, name: str) -> object:
    with database.transaction() as db:
        return db.exec_driver_sql(f"PRAGMA {name}").scalar()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    database = open_database(sqlite_url)
    yield database
    database.close()


# ---------------------------------------------------------------- opening
def test_an_empty_database_gets_its_tables_and_is_opened_again(empty_url: str) -> None:
    database = open_database(empty_url)
    told(Library(database), "One.")
    database.close()
    database = open_database(empty_url)
    with Library(database).begin() as tx:
        assert a_session(tx).story is not None
    database.close()
    assert current(empty_url) == HEAD


def test_sqlite_is_set_up_for_many_readers_and_a_kill_at_any_moment(sqlite: Database) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    assert [pragma(sqlite, name) for name in names] == ["wal", 1, 1, 5000]


def test_the_threads_of_one_process_share_one_connection_to_sqlite(sqlite: Database) -> None:
    """With more they would poll for SQLite's lock, which is several times slower."""
    made: list[object] = []
    event.listen(sqlite.engine, "connect", lambda connection, _record: made.append(connection))
    sqlite.close()  # the one that opening it made
    library = Library(sqlite)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: told(library, "One."), range(16)))
    assert len(made) == 1


@pytest.mark.parametrize("revision", ["0000", "9999", None])
def test_another_schema_is_refused_with_the_remedy(empty_url: str, revision: str | None) -> None:
    upgrade(empty_url)
    database = Database(empty_url)
    with database.transaction() as db:
        db.execute(text("DELETE FROM alembic_version"))
        if revision:
            db.execute(text("INSERT INTO alembic_version VALUES (:at)"), {"at": revision})
    with pytest.raises(DatabaseMismatch) as refusal:
        check(database.engine)
    said = str(refusal.value)
    assert database.name in said
    assert ("newer" if revision == "9999" else "taleturn db upgrade") in said
    with pytest.raises(DatabaseMismatch):
        open_database(empty_url)
    database.close()


def test_a_database_of_something_else_is_left_alone(empty_url: str) -> None:
    database = Database(empty_url)
    with database.transaction() as db:
        db.execute(text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(DatabaseMismatch, match="no tables of Taleturn's"):
        open_database(empty_url)
    with database.transaction() as db:
        db.execute(text("DROP TABLE theirs"))
    database.close()
    assert current(empty_url) is None


# ---------------------------------------------------------------- what goes wrong
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rubbish:hush", "not understood"),
        ("foo://ann:hush@host/name", "not in foo"),
        ("mysql://ann:hush@host/name", "not in mysql"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:////no/such/folder/stories.db", "its folder must exist"),
        ("postgresql://ann:hush@127.0.0.1:1/name?password=hush", "Connection refused"),
    ],
)
def test_an_address_that_leads_nowhere_is_named_without_its_password(url: str, words: str) -> None:
    with unavailable(words):
        open_database(url)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "stories.db"
    file.write_text("Once upon a time. " * 1000)
    with unavailable("is no SQLite database"):
        open_database(f"sqlite:///{file}")
    assert file.read_text().startswith("Once upon a time.")


def test_a_locked_file_is_said_to_be_locked(sqlite: Database) -> None:
    pragma(sqlite, "busy_timeout = 20")
    with closing(sqlite3.connect(sqlite.name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with unavailable("locked by another program"):
            told(Library(sqlite), "One.")
        other.execute("ROLLBACK")
    told(Library(sqlite), "One.")


def test_a_full_disk_keeps_what_was_written_before(sqlite: Database) -> None:
    library = Library(sqlite)
    (first,), story = told(library, "One.")
    pragma(sqlite, f"max_page_count = {pragma(sqlite, 'page_count')}")
    with unavailable("disk is full"), library.begin() as tx:
        grow(tx, story, "Two. " * 10_000)
    with library.begin() as tx:
        assert tx.volume(story.id).passages == (first,)


def test_a_file_that_may_only_be_read_is_said_to_be(sqlite_url: str) -> None:
    database = open_database(sqlite_url.replace("///", "///file:") + "?mode=ro&uri=true")
    with unavailable("may only be read"):
        told(Library(database), "One.")
    database.close()


def test_a_damaged_file_is_said_to_be_damaged(sqlite: Database) -> None:
    library = Library(sqlite)
    _, story = told(library, *(f"Sentence {number}. " * 50 for number in range(50)))
    sqlite.close()
    size = Path(sqlite.name).stat().st_size
    with Path(sqlite.name).open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with unavailable("is damaged"), library.begin() as tx:
        tx.volume(story.id)


def test_a_table_that_is_gone_is_a_storage_error(sqlite: Database) -> None:
    with sqlite.transaction() as db:
        db.exec_driver_sql("DROP TABLE ratings")
    (passage,), _ = told(Library(sqlite), "One.")
    with pytest.raises(StorageError, match="no such table"), Library(sqlite).begin() as tx:
        tx.tally(passage.id)


def test_what_people_wrote_is_in_no_error(library: Library) -> None:
    diary = "my diary\0"
    with pytest.raises(StorageError) as trouble, library.begin() as tx:
        a_story(tx, premise=diary)
    assert "diary" not in str(trouble.value)
    assert trouble.value.__cause__ is None
    with pytest.raises(StorageError) as trouble, library.begin() as tx:
        tx.rate(4711, a_session(tx, name="my diary").author, 1, now=NOW)
    assert "diary" not in f"{trouble.value} {trouble.value.__cause__}"
