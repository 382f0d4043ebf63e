"""The history of the schema: it builds what the tables say, and can be gone back."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Inspector, inspect

from core.errors import DatabaseMismatch, StorageError
from core.storage import database as databases
from core.storage.columns import metadata
from core.storage.database import (
    HEAD,
    MIGRATIONS,
    Database,
    current,
    downgrade,
    open_database,
    upgrade,
)
from core.storage.library import Library
from tests.core.storage.steps import told
from tests.servers.postgres import Server

HOUSE = Path(__file__).parents[2]
_AFTER_ALL = f"from alembic import op\nrevision, down_revision = '9999', '{HEAD}'\n"
OPENS = "import sys; from core.storage.database import open_database; open_database(sys.argv[1])"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def test_the_head_the_program_knows_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_migrations_build_what_the_tables_say(empty_url: str) -> None:
    upgrade(empty_url)
    with opened(empty_url) as database, database.transaction() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []


def test_the_migrations_build_the_tables_to_the_last_constraint(
    request: pytest.FixtureRequest, empty_url: str, tmp_path: Path
) -> None:
    """Alembic's own comparison looks at no checks, no partial indexes, no actions on delete."""
    upgrade(empty_url)
    other = f"sqlite:///{tmp_path / 'other.db'}"
    if empty_url.startswith("postgresql"):
        server: Server = request.getfixturevalue("postgres")
        other = server.new_database()
    with opened(other) as database, database.transaction() as db:
        metadata.create_all(db)
        wanted = described(inspect(db))
    with opened(empty_url) as database, database.transaction() as db:
        found = described(inspect(db))
    del found["alembic_version"]
    assert found == wanted


def described(inspector: Inspector) -> dict[str, Any]:
    """Everything that the database tells about its tables, in a fixed order."""

    return {
        table: {
            "columns": _in_order(inspector.get_columns(table)),
            "key": inspector.get_pk_constraint(table),
            "references": _in_order(inspector.get_foreign_keys(table)),
            "unique": _in_order(inspector.get_unique_constraints(table)),
            "checks": _in_order(inspector.get_check_constraints(table)),
            "indexes": _in_order(inspector.get_indexes(table)),
        }
        for table in inspector.get_table_names()
    }


def _in_order(found: Iterable[Any]) -> list[str]:
    return sorted(_spelled(one) for one in found)


def _spelled(one: Any) -> str:
    """Types and conditions are objects that equal nothing; their words do."""
    if isinstance(one, dict):
        return str({key: _spelled(value) for key, value in sorted(one.items())})
    return str(one)


def test_every_constraint_has_a_name(empty_url: str) -> None:
    """Without one SQLite could not change it later."""
    upgrade(empty_url)
    with opened(empty_url) as database, database.transaction() as db:
        inspector = inspect(db)
        named = [
            one["name"]
            for table in metadata.tables
            for one in (
                *inspector.get_foreign_keys(table),
                *inspector.get_unique_constraints(table),
                *inspector.get_check_constraints(table),
            )
        ]
    assert all(named)
    assert len(set(named)) == len(named) > 20


def test_the_schema_goes_up_and_down_and_up_again(empty_url: str) -> None:
    assert current(empty_url) is None
    for _ in range(2):
        upgrade(empty_url)
        upgrade(empty_url)
        assert current(empty_url) == HEAD
        with opened(empty_url) as database:
            told(Library(database), "One.", "Two.")
        downgrade(empty_url, "base")
        assert current(empty_url) is None
        with opened(empty_url) as database, database.transaction() as db:
            assert inspect(db).get_table_names() == ["alembic_version"]
    open_database(empty_url).close()
    assert current(empty_url) == HEAD


def test_a_revision_nobody_wrote_is_refused(empty_url: str) -> None:
    with pytest.raises(DatabaseMismatch, match="0815"):
        upgrade(empty_url, "0815")
    upgrade(empty_url)
    with pytest.raises(DatabaseMismatch, match="0815"):
        downgrade(empty_url, "0815")
    assert current(empty_url) == HEAD


def test_a_migration_that_breaks_half_way_changes_nothing(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(MIGRATIONS, tmp_path / "100% migrations")
    revision = copy / "versions" / "9999_breaks.py"
    revision.write_text(
        _AFTER_ALL + "def upgrade():\n"  # noqa: S608  # not SQL, a program
        "    op.drop_table('picks')\n"
        "    op.execute('INSERT INTO nowhere VALUES (1)')\n"
    )
    monkeypatch.setattr(databases, "MIGRATIONS", copy)
    upgrade(empty_url, HEAD)
    with pytest.raises(StorageError, match="nowhere"):
        upgrade(empty_url)
    with opened(empty_url) as database, database.transaction() as db:
        assert inspect(db).has_table("picks")
    assert current(empty_url) == HEAD


def test_a_migration_that_breaks_references_changes_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite does not look at references while tables are rebuilt; we do afterwards."""
    copy = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (copy / "versions" / "9999_breaks.py").write_text(
        _AFTER_ALL + "def upgrade():\n    op.execute('DELETE FROM stories')\n"  # noqa: S608  # not SQL, a program
    )
    monkeypatch.setattr(databases, "MIGRATIONS", copy)
    with opened(sqlite_url) as database:
        _, story = told(Library(database), "One.")
        with pytest.raises(StorageError, match="left as it was"):
            upgrade(sqlite_url)
        with Library(database).begin() as tx:
            assert tx.story(story.id) == story


def test_programs_started_at_once_on_an_empty_database_make_one_set_of_tables(
    empty_url: str,
) -> None:
    line = [sys.executable, "-c", OPENS, empty_url]
    started = [
        subprocess.Popen(line, cwd=HOUSE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    complaints = [process.communicate()[1] for process in started]
    assert complaints == [""] * 3
    assert current(empty_url) == HEAD


def test_the_migrations_are_found_wherever_the_program_is_started(tmp_path: Path) -> None:
    """An installed program has them beside `core`, and the current folder is anybody's."""
    for package in ("core", "core/storage", "core/story", "migrations", "migrations/versions"):
        folder = tmp_path / "site-packages" / package
        folder.mkdir(parents=True)
        for file in (HOUSE / package).glob("*.py"):
            shutil.copy(file, folder)
    url = f"sqlite:///{tmp_path / 'stories.db'}"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site-packages")}
    line = [sys.executable, "-c", OPENS, url]
    subprocess.run(line, cwd=tmp_path, env=environment, check=True)
    assert current(url) == HEAD


def test_what_is_packaged_holds_every_revision() -> None:
    packaging = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "migrations*" in packaging["packages"]["find"]["include"]
    assert (HOUSE / "migrations" / "versions" / "__init__.py").exists()


def test_a_start_on_an_up_to_date_database_does_not_import_alembic(sqlite_url: str) -> None:
    starts = f"{OPENS}; sys.exit('alembic' in sys.modules or 'psycopg' in sys.modules)"
    subprocess.run([sys.executable, "-c", starts, sqlite_url], cwd=HOUSE, check=True)


def test_a_developer_s_alembic_finds_the_migrations(sqlite_url: str) -> None:
    line = [sys.executable, "-m", "alembic", "-x", f"url={sqlite_url}", "check"]
    done = subprocess.run(line, cwd=HOUSE, capture_output=True, text=True, check=False)
    assert "No new upgrade operations" in done.stdout + done.stderr


def test_a_revision_that_alembic_writes_runs_as_it_stands(tmp_path: Path) -> None:
    copy = shutil.copytree(
        MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("0*.py")
    )
    config = Config()
    config.set_main_option("script_location", str(copy))
    with opened(f"sqlite:///{tmp_path / 'stories.db'}") as database, database.transaction() as db:
        config.attributes["connection"] = db
        command.revision(config, "Everything", autogenerate=True, rev_id="0001")
        command.upgrade(config, "head")
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
    (written,) = (copy / "versions").glob("0001*.py")
    assert "core." not in written.read_text()
