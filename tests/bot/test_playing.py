"""`taleturn play` tells stories with the bundled model, and says plainly what it cannot open."""

import os
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.playing import person
from core.narrator import gpt2
from tests.bot.conftest import Shell

ROOT = Path(__file__).parents[2]
STARTER = Path(gpt2.__file__).parent / "starter"
NEW = "/new A lighthouse keeper finds a shell that sings\n"


def test_a_story_is_told_and_found_again(shell: Shell) -> None:
    first = shell("play", lines=f"{NEW}/continue\nThe keeper laughed.\n")
    assert first.endswith("\n\nThe keeper laughed.\n\n")
    assert len(first.split()) > 40
    again = shell("play", lines="/undo\n")
    assert "The keeper laughed." in again
    assert "one step back" in again


def test_the_same_seed_writes_the_same_story(shell: Shell, tmp_path: Path) -> None:
    told = [
        shell("play", "--seed", seed, "--data", str(tmp_path / folder), lines=NEW)
        for seed, folder in (("5", "a"), ("5", "b"), ("6", "c"))
    ]
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_a_data_folder_holds_all_there_is(shell: Shell, tmp_path: Path) -> None:
    there = tmp_path / "deep" / "down"
    out = shell("play", "--data", str(there), lines="A lamp shone.\n/export txt\n")
    assert str(there / "exports" / "A lamp shone.txt") in out
    assert {path.name for path in there.iterdir()} >= {"taleturn.db", "exports"}
    assert not shell.data.exists()


def test_a_model_that_is_not_there_stops_it_with_the_remedy(shell: Shell) -> None:
    shell.monkeypatch.setenv("TALETURN__NARRATOR__MODEL", "./nowhere")
    assert "narrator.model names a folder that is not there" in shell.fails("play", lines=NEW)


def test_a_model_whose_weights_were_changed_stops_it(shell: Shell, tmp_path: Path) -> None:
    model = Path(shutil.copytree(STARTER, tmp_path / "model"))
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    shell.monkeypatch.setenv("TALETURN__NARRATOR__MODEL", str(model))
    assert "model.safetensors is not the file it should be" in shell.fails("play", lines=NEW)


def test_a_database_that_is_none_stops_it(shell: Shell) -> None:
    shell.data.mkdir()
    (shell.data / "taleturn.db").write_text("These are not the tables you are looking for. " * 99)
    assert "is no SQLite database" in shell.fails("play", lines=NEW)


def test_a_newer_database_stops_it(shell: Shell) -> None:
    shell("play", lines="A lamp shone.\n")
    with sqlite3.connect(shell.data / "taleturn.db") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    db.close()
    assert "install the newer Taleturn" in shell.fails("play", lines=NEW)


def test_a_data_folder_that_cannot_be_made_stops_it(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = shell.fails("play", "--data", str(tmp_path / "file" / "data"))
    assert f"{tmp_path}/file/data cannot be made (Not a directory)" in said
    assert "--data" in said


def test_a_person_at_a_terminal_writes_with_the_narrator_and_leaves(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "bot", "play", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT) as program:
        os.close(theirs)
        seen(ours, r"No story is told here yet.*> $")
        os.write(ours, NEW.encode())
        seen(ours, r"/continue.*> $")
        os.write(ours, b"\x04")
        seen(ours, r"\r\n$")
    os.close(ours)
    assert program.returncode == 0


def seen(terminal: int, pattern: str) -> None:
    """Wait until the end of what stands on a terminal is like this."""
    shown = ""
    while not re.search(pattern, shown, re.DOTALL):
        assert select.select([terminal], [], [], 30)[0], shown
        shown += os.read(terminal, 1000).decode()


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh-cn"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "en-gb"),
        ({"LANG": "C.UTF-8"}, ""),
        ({}, ""),
    ],
)
def test_the_person_speaks_what_their_system_speaks(
    environment: dict[str, str], language: str
) -> None:
    assert person(environment).language == language


def test_the_person_is_called_what_they_log_in_as() -> None:
    assert person({"USER": "ada"}).name == "ada"
    assert person({}).name == "you"
