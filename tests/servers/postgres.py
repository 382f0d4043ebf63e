"""A throw-away PostgreSQL on a free port of this machine, gone when it is let go.

It is started from the machine's own binaries, with everything that makes data outlive a crash of
the machine switched off. Started by root it runs as another user: PostgreSQL refuses root.
"""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

USER = "taleturn"
_PATIENCE = 30  # seconds for it to start on a busy machine
_HASTE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=150")


class NoPostgres(Exception):
    """This machine has no PostgreSQL binaries."""


class Server:
    """A running server; each test takes a database of its own from it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count(1)

    def url(self, name: str, *, user: str = USER) -> str:
        """The address of one of its databases."""
        return f"postgresql://{user}@127.0.0.1:{self._port}/{name}"

    def new_database(self) -> str:
        """Make an empty database; returns its address."""
        name = f"test{next(self._numbers)}"
        self._do("CREATE DATABASE {}", name)
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._do("DROP DATABASE {} WITH (FORCE)", url.rpartition("/")[2])

    def _do(self, command: LiteralString, name: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as db:
            db.execute(SQL(command).format(Identifier(name)))


@contextmanager
def a_server() -> Iterator[Server]:
    """Start a server and stop it at the end. Raises NoPostgres."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="taleturn-postgres-") as folder:
        how = _as_a_user(Path(folder))
        data = str(Path(folder) / "data")
        _make_cluster(binaries, data, how)
        port = _free_port()
        settings = [part for setting in _HASTE for part in ("-c", setting)]
        address = ("-h", "127.0.0.1", "-p", str(port), "-k", folder)
        process = subprocess.Popen([binaries / "postgres", "-D", data, *address, *settings], **how)
        try:
            server = Server(port)
            _wait_for(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # nothing of it is to be kept
            process.wait()


def _binaries() -> Path:
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgres("no PostgreSQL server binaries (initdb, postgres) on this machine")


def _as_a_user(folder: Path) -> dict[str, Any]:
    """How to run a command: quiet, in the folder, and not as root."""
    how: dict[str, Any] = {
        "cwd": folder,
        "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    if os.geteuid() != 0:
        return how
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return how | {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _make_cluster(binaries: Path, data: str, how: dict[str, Any]) -> None:
    command = [str(binaries / "initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8"]
    subprocess.run([*command, "--no-sync", "--no-instructions"], check=True, **how)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the throw-away PostgreSQL did not start")
