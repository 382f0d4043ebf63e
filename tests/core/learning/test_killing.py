"""Real runs, killed without warning at random moments from their very start to their end."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from core.learning import dataset as datasets
from core.learning import files
from core.learning.lora import write_lora
from core.storage.database import open_database
from core.storage.library import Library
from core.storage.loras import NewLora
from core.storage.runs import EVERYBODY, RunState
from tests.core.learning.lessons import MODEL
from tests.core.learning.pupils import tiny_model
from tests.core.learning.studies import LONG_AGO, judge

HOUSE = Path(__file__).parents[3]


class Runs:
    """Runs in processes of their own, to be killed."""

    def __init__(self, data: Path) -> None:
        self._said = (data.parent / "said.txt").open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.core.learning.lessons", str(data)],
            cwd=HOUSE,
            env=os.environ | {"PYTHONPATH": str(HOUSE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
        )
        assert self._line() == "ready"

    def whole(self) -> float:
        """A run to its end; the seconds it took."""
        began = time.monotonic()
        self._begin()
        assert self._line() == "0", Path(self._said.name).read_text(encoding="utf-8")[-2000:]
        return time.monotonic() - began

    def killed_after(self, seconds: float) -> None:
        """A run that is killed, unless it has ended by then."""
        process = self._begin()
        time.sleep(seconds)
        with suppress(ProcessLookupError):  # it has ended already
            os.kill(process, signal.SIGKILL)
        assert self._line() in {"0", "-9"}

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def _begin(self) -> int:
        assert self._process.stdin
        print(file=self._process.stdin, flush=True)
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A tiny model, a judged library, and a LoRA that is live."""
    folder = tmp_path_factory.mktemp("killed")
    tiny_model(folder / MODEL)
    database = open_database(f"sqlite:///{folder / 'stories.db'}")
    judge(Library(database))
    _live(folder, Library(database))
    database.close()
    return folder


@pytest.fixture(scope="module")
def runs(data):
    found = Runs(data)
    yield found
    found.end()


@pytest.fixture
def library(data):
    database = open_database(f"sqlite:///{data / 'stories.db'}")
    yield Library(database)
    database.close()


def _live(data: Path, library: Library) -> None:
    folder = data / "loras" / "live"
    write_lora({"h.0.mlp.c_fc": torch.ones(32, 128)}, folder, base=data / MODEL)
    with library.begin() as tx:
        tx.add_lora(
            NewLora(
                name="live",
                scope=EVERYBODY,
                base="starter",
                base_hash="",
                hash=files.sha256(folder / files.WEIGHTS),
                folder="loras/live",
                parent=None,
                run=None,
                dataset=None,
                facts={},
                environment={},
            ),
            now=LONG_AGO,
        )
        tx.promote_lora("live", now=LONG_AGO)


def whole(library: Library, data: Path) -> None:
    """What is live is untouched, and each LoRA and dataset under its own name is whole."""
    with library.begin() as tx:
        assert tx.live_loras()[EVERYBODY].name == "live"
        known = tx.loras()
    folders = {path.name for path in (data / "loras").glob("[!.]*")}
    assert folders <= {lora.name for lora in known} | _open_one(library)
    for lora in known:
        files.check(lora, data)
    for folder in (data / "datasets").glob("[!.]*"):
        datasets.load(folder)


def _open_one(library: Library) -> set[str]:
    """The LoRA of a run that was killed before it could be put into the registry."""
    with library.begin() as tx:
        return {f"lora-{run.id}" for run in tx.open_runs()}


def ended(library: Library, data: Path) -> None:
    """Nothing is left open, and nothing is left over, hidden or not."""
    with library.begin() as tx:
        assert tx.open_runs() == []
        done = tx.runs(1)[0]
        known = {lora.name for lora in tx.loras()}
    assert done.state is RunState.DONE
    assert (data / "runs" / str(done.id) / "evaluation" / "report.html").is_file()
    assert {path.name for path in (data / "loras").iterdir()} == known
    assert {path.name for path in data.iterdir()} - {MODEL, "loras", "runs", "datasets"} <= {
        f"stories.db{end}" for end in ("", "-wal", "-shm")
    }
    for path in data.rglob("*"):
        assert not path.name.startswith((".", "checkpoint-", "tmp")), path
        assert path.suffix not in {".part", ".writing", ".tmp"}, path
        if path.suffix == ".json" and path.is_file():
            json.loads(path.read_text(encoding="utf-8"))


def killed(number: int, runs: Runs, library: Library, data: Path) -> None:
    """Kill so many runs at random moments; after each, the next one ends as if nothing had been."""
    draw = random.Random(7)
    takes = runs.whole()
    whole(library, data)
    ended(library, data)
    for _ in range(number):
        runs.killed_after(draw.uniform(0, takes))
        whole(library, data)
        runs.whole()
        whole(library, data)
        ended(library, data)


@pytest.mark.timeout(600)
def test_a_real_run_killed_at_some_moments_is_taken_up(runs, library, data) -> None:
    killed(2, runs, library, data)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_real_run_killed_at_thirty_random_moments_is_taken_up(runs, library, data) -> None:
    killed(30, runs, library, data)
