"""The doctor says what is wrong with the remedy, and ends with 1 where something is."""

import os
import re
import shutil
from pathlib import Path

import pytest

from bot import doctor
from core.storage.database import HEAD
from tests.bot.conftest import Shell


def lines(out: str) -> dict[str, tuple[str, str]]:
    """Return what was said about each thing, and how it is."""
    found = re.findall(r"^(ok|warn|fail) +(\w+(?: \w+)?)  +(.*)$", out, re.MULTILINE)
    return {about: (level, said.strip()) for level, about, said in found}


def examined(shell: Shell, *arguments: str) -> tuple[object, dict[str, tuple[str, str]]]:
    shell.monkeypatch.setenv("COLUMNS", "400")
    code, out, err = shell.ended("doctor", *arguments)
    assert err == ""
    return code, lines(out)


def test_a_fresh_machine_is_well(shell: Shell) -> None:
    code, said = examined(shell)
    assert code == 0
    assert said["program"][1].startswith("Taleturn 20")
    assert said["settings"] == ("ok", "no config.toml here: the defaults")
    assert said["data folder"][1].startswith(f"{shell.data}, ")
    assert said["database"] == ("ok", f"{shell.data}/taleturn.db: will be made at the first start")
    assert re.fullmatch(r"starter, loaded in \d\.\d s", said["model"][1])
    assert said["platforms"][0] == "warn"
    assert not shell.data.exists()  # looking changes nothing


def test_a_machine_in_use_is_well(shell: Shell) -> None:
    shell("play", lines="A lamp shone.\n")
    Path("config.toml").write_text('[bot]\nlanguage = "en"\n')
    code, said = examined(shell)
    assert code == 0
    assert said["settings"] == ("ok", "config.toml")
    assert said["database"] == ("ok", f"{shell.data}/taleturn.db, revision {HEAD}")


def test_a_database_that_cannot_be_understood_fails(shell: Shell) -> None:
    shell.monkeypatch.setenv("TALETURN_DATABASE_URL", "mysql://ada:hush@db/tales")
    code, said = examined(shell)
    assert (code, said["database"][0]) == (1, "fail")
    assert "hush" not in str(said)


def test_wrong_settings_are_the_one_thing_said(shell: Shell) -> None:
    Path("config.toml").write_text("[narrator]\ndevise = 1\n")
    code, said = examined(shell)
    assert code == 1
    assert said["settings"][0] == "fail"
    assert "did you mean narrator.device" in said["settings"][1]
    assert "model" not in said


def test_what_is_missing_fails_with_the_remedy(shell: Shell, tmp_path: Path) -> None:
    Path("mine.toml").write_text(
        '[telegram]\nenabled = true\n[discord]\nenabled = true\n[narrator]\nmodel = "./none"\n'
    )
    data = tmp_path / "kept"
    data.mkdir()
    (data / "taleturn.db").write_text("no tables " * 99)
    code, said = examined(shell, "--config", "mine.toml", "--data", str(data))
    assert code == 1
    assert said["settings"] == ("ok", "mine.toml")
    assert said["database"][0] == "fail"
    assert "name another file" in said["database"][1]
    assert said["model"][0] == "fail"
    assert "narrator.model" in said["model"][1]
    assert said["telegram"][0] == "fail"
    assert "TALETURN_TELEGRAM_TOKEN is not set" in said["telegram"][1]
    assert said["discord"][0] == "fail"


def test_a_folder_nobody_can_write_to_fails(shell: Shell) -> None:
    shell.data.write_text("a file in the way")
    code, said = examined(shell)
    assert code == 1
    assert said["data folder"][0] == "fail"
    assert "name another one with bot.data" in said["data folder"][1]


@pytest.mark.parametrize(("free", "level"), [(20, "fail"), (500, "warn"), (5000, "ok")])
def test_a_disk_that_fills_is_told_of(shell: Shell, free: int, level: str) -> None:
    usage = shutil._ntuple_diskusage(10**10, 0, free * 2**20)
    shell.monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    code, said = examined(shell)
    assert said["data folder"][0] == level
    assert ("free some" in said["data folder"][1]) == (level != "ok")
    assert code == (1 if level == "fail" else 0)


def test_a_gpu_that_torch_cannot_use_is_told_of(shell: Shell, tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    shell.monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    shell.monkeypatch.setattr(doctor, "version", lambda _: "2.13.0+cpu")
    assert examined(shell)[1]["torch"][0] == "warn"
    shell.monkeypatch.setattr(doctor, "version", lambda _: "2.13.0")
    assert examined(shell)[1]["torch"] == ("ok", "2.13.0, with an NVIDIA GPU")
