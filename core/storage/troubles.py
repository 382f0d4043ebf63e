"""What goes wrong with a database, said in one clear sentence with the way out."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import DatabaseUnavailable, StorageError

# https://www.sqlite.org/rescode.html; the longer names, e.g. SQLITE_IOERR_WRITE, begin with these.
_SQLITE = {
    "SQLITE_BUSY": "is locked by another program; wait until that has finished, or stop it",
    "SQLITE_LOCKED": "is locked by another program; wait until that has finished, or stop it",
    "SQLITE_FULL": "cannot grow: the disk is full; free some space",
    "SQLITE_READONLY": "may only be read; let this user write the file and its folder",
    "SQLITE_CANTOPEN": "cannot be opened; its folder must exist and this user must be able to "
    "write there",
    "SQLITE_IOERR": "cannot be read or written; look after the disk it is on",
    "SQLITE_CORRUPT": "is damaged; put a backup back",
    "SQLITE_NOTADB": "is no SQLite database; name another file, or put a backup back",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html; a class is its first two letters.
_POSTGRESQL = {
    "28": "does not let this user in; check the user and the password",
    "3D": "does not exist on its server; create it",
    "53100": "cannot grow: its server's disk is full; free some space",
    "53300": "has no connection left; raise max_connections, or stop another program",
    "55P03": "is locked by another program; wait until that has finished, or stop it",
    "40P01": "was asked for the same thing from two sides at once; try again",
    "25006": "may only be read; name the server that takes writes",
    "42501": "does not let this user write; grant the rights on its tables",
}
_GONE = "cannot be reached; check that its server runs and that the address is right"


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what the database's driver raises inside into errors of ours.

    `where` names the database as people may see it: without a password.
    """
    try:
        yield
    except StatementError as error:
        if isinstance(error.orig, StorageError):
            raise error.orig from None
        raise _explanation(error, where) from error
    except PoolTimeout as error:
        raise DatabaseUnavailable(
            f"The database {where} is busy: no connection came free in time; try again soon."
        ) from error
    except (ArgumentError, NoSuchModuleError):
        # Without the cause: it may quote the address, and with it a password.
        raise DatabaseUnavailable(
            "The database's address is not understood; write sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST/NAME."
        ) from None


def _explanation(error: StatementError, where: str) -> StorageError:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "")
        found = [words for code, words in _SQLITE.items() if name.startswith(code)]
    else:
        state = getattr(cause, "sqlstate", None) or ""
        found = [words for code, words in _POSTGRESQL.items() if state.startswith(code)]
    if found:
        return DatabaseUnavailable(f"The database {where} {found[0]}.")
    if isinstance(error, OperationalError) or _was_cut_off(error):
        return DatabaseUnavailable(f"The database {where} {_GONE}.")
    return StorageError(f"The database {where} refused what it was asked ({cause}).")


def _was_cut_off(error: StatementError) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated
