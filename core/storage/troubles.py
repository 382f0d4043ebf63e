"""What goes wrong with a database, said in one clear sentence with the way out."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, StatementError
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
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "53100": "cannot grow: its server's disk is full; free some space",
    "55P03": "is locked by another program; wait until that has finished, or stop it",
    "40P01": "was asked for the same thing from two sides at once; try again",
    "25006": "may only be read; name the server that takes writes",
    "42501": "does not let this user write; grant the rights on its tables",
}


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
    # The lines after the first may quote what was to be written.
    reason = str(cause).partition("\n")[0].strip()
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorname", "")
        found = next((words for name, words in _SQLITE.items() if code.startswith(name)), None)
    else:
        found = _POSTGRESQL.get(getattr(cause, "sqlstate", None) or "")
        if found is None and isinstance(error, OperationalError):
            found = f"cannot be reached ({reason}); check its address and that its server runs"
    if found is not None:
        return DatabaseUnavailable(f"The database {where} {found}.")
    return StorageError(f"The database {where} refused what it was asked: {reason}.")
