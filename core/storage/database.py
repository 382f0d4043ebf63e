"""Opens the database: SQLite in a file, or PostgreSQL; one transaction at a time; its schema.

SQLite lets one writer in, and the others poll with sleeps between. So the threads of this process
queue for one connection, which is the pool's business, and only other processes ever poll.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SQLite

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from core.errors import DatabaseMismatch, DatabaseUnavailable, StorageError
from core.storage.troubles import explained

# The newest revision in migrations/versions. It stands here so that a start need not import
# Alembic to learn that there is nothing to do.
HEAD = "0004"
MIGRATIONS = Path(__file__).parents[2] / "migrations"
_PATIENCE = 5  # seconds to wait for another process's lock, or for a server to answer
_CONNECTIONS = 10  # to PostgreSQL; each serves some 100 transactions a second
_VERSION_TABLE = "alembic_version"


class Database:
    """An open database. `transaction` is the only way in."""

    def __init__(self, url: str) -> None:
        self.engine, self.name = _engine(url)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of it is kept, or nothing: commits at the end, undoes when anything is raised."""
        with explained(self.name), self.engine.begin() as db:
            yield db

    def close(self) -> None:
        """Let the connections go."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open the database; an empty one gets its tables.

    Raises DatabaseUnavailable or DatabaseMismatch.
    """
    database = Database(url)
    try:
        with explained(database.name):
            empty = _is_empty(database.engine)
        if empty:
            upgrade(url)
        check(database.engine)
    except BaseException:
        database.close()
        raise
    return database


def check(engine: Engine) -> None:
    """Raise DatabaseMismatch unless the schema is the one this program knows."""
    name = _name(engine.url)
    with explained(name):
        found = _revision(engine)
    if found == HEAD:
        return
    if found is None:
        raise DatabaseMismatch(
            f"The database {name} holds no tables of Taleturn's; name an empty one, or run "
            "`taleturn db upgrade` to add them."
        )
    if found > HEAD:
        raise DatabaseMismatch(
            f"The database {name} is newer (revision {found}) than this program (revision {HEAD}); "
            "install the newer Taleturn, or put a backup back."
        )
    raise DatabaseMismatch(
        f"The database {name} is older (revision {found}) than this program (revision {HEAD}); "
        "make a backup, then run `taleturn db upgrade`."
    )


def current(url: str) -> str | None:
    """The revision of the schema; None: it has no tables of ours."""
    engine, name = _engine(url)
    with _disposed(engine), explained(name):
        return _revision(engine)


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up to a revision, from whatever it is at, all or nothing."""
    _migrate(url, revision, up=True)


def downgrade(url: str, revision: str) -> None:
    """Take the schema back to a revision; "base" removes every table and what is in them."""
    _migrate(url, revision, up=False)


def _migrate(url: str, revision: str, *, up: bool) -> None:
    from alembic import command  # noqa: PLC0415 - 0.15 s that only a migration should cost
    from alembic.config import Config  # noqa: PLC0415 - the same
    from alembic.util import CommandError  # noqa: PLC0415 - the same

    # Rebuilding a table of SQLite's drops the old one, which would delete all that refers to it.
    engine, name = _engine(url, references=False)
    config = Config()
    # Alembic reads the option through configparser, to which a percent sign is special.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _disposed(engine), explained(name), engine.begin() as db:
        _keep_others_out(db)
        config.attributes["connection"] = db
        try:
            (command.upgrade if up else command.downgrade)(config, revision)
        except CommandError as error:
            raise DatabaseMismatch(
                f"The database {name} cannot be taken to revision {revision!r}: {error}. "
                f"This program knows the revisions up to {HEAD}."
            ) from error
        _look_for_broken_references(db, name)


def _keep_others_out(db: Connection) -> None:
    """Two programs started at once on an empty database must not both fill it."""
    if db.dialect.name == "postgresql":
        db.execute(text("SELECT pg_advisory_xact_lock(hashtext('taleturn migrations'))"))


def _look_for_broken_references(db: Connection, name: str) -> None:
    if db.dialect.name == "sqlite" and (
        broken := db.exec_driver_sql("PRAGMA foreign_key_check").first()
    ):
        raise StorageError(
            f"The database {name} was left as it was: in the new schema, table {broken[0]} would "
            f"refer to rows of {broken[2]} that are not there; put a backup back."
        )


def _is_empty(engine: Engine) -> bool:
    with engine.connect() as db:
        return not set(inspect(db).get_table_names()) - {_VERSION_TABLE}


def _revision(engine: Engine) -> str | None:
    with engine.connect() as db:
        if not inspect(db).has_table(_VERSION_TABLE):
            return None
        found: str | None = db.scalar(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 - a constant
        return found


def _name(url: URL) -> str:
    """The database as people may see it: no user, no password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return URL.create(
        "postgresql", host=url.host, port=url.port, database=url.database
    ).render_as_string()


def _engine(url: str, *, references: bool = True) -> tuple[Engine, str]:
    """The engine and the name of the database. Nothing is connected yet."""
    with explained("named in the settings"):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed, references=references), _name(parsed)
        if parsed.get_backend_name() == "postgresql":
            return _postgresql(parsed), _name(parsed)
    raise DatabaseUnavailable(
        f"Taleturn keeps its stories in SQLite or PostgreSQL, not in {parsed.get_backend_name()}; "
        "write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
    )


def _sqlite(url: URL, *, references: bool) -> Engine:
    if url.database in {None, "", ":memory:"}:
        raise DatabaseUnavailable(
            "A database in memory forgets its stories; write sqlite:///FILE with the file's path."
        )
    engine = create_engine(
        url.set(drivername="sqlite+locking"),
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": _PATIENCE},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: SQLite, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if references else 'OFF'}")
        # SQLite itself knows only the small letters of English.
        connection.create_function("lower", 1, str.lower, deterministic=True)
        connection.create_function("strpos", 2, _strpos, deterministic=True)

    return engine


class LockingSQLite(SQLiteDialect_pysqlite):
    """SQLite whose transactions take the lock for writing when they begin.

    By default one takes it when it first writes: of two that have read the same by then, one fails.
    SQLAlchemy's event for this would slow down every statement.
    """

    supports_statement_cache = True

    def do_begin(self, dbapi_connection: DBAPIConnection) -> None:
        """Begin a transaction."""
        dbapi_connection.cursor().execute("BEGIN IMMEDIATE")


registry.register("sqlite.locking", __name__, LockingSQLite.__name__)


def _strpos(text: str, part: str) -> int:
    return text.find(part) + 1


def _postgresql(url: URL) -> Engine:
    # What a turn reads is in memory. At the cost of a spinning disk, a plan made while the tables
    # were small, which a prepared statement keeps, would read them whole when they are large.
    settings = f"-c lock_timeout={_PATIENCE}s -c random_page_cost=1.1"
    options = {"connect_timeout": str(_PATIENCE), "options": settings}
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=_CONNECTIONS,
        pool_timeout=_PATIENCE,
        pool_pre_ping=True,  # a server that was restarted in the night costs nobody a turn
        hide_parameters=True,
        connect_args=options | dict(url.query),
    )


@contextmanager
def _disposed(engine: Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()
