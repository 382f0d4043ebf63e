import io
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.cli import main


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], root.level = handlers, level


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep out what this machine's user has set, and keep away from where they keep things."""
    for name in (
        "TALETURN_TELEGRAM_TOKEN",
        "TALETURN_DISCORD_TOKEN",
        "TALETURN_DATABASE_URL",
        "TALETURN_OPENAI_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@dataclass
class Shell:
    """A shell in which `taleturn` is called: what is printed, and how it ends."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    data: Path

    def __call__(self, *arguments: str, lines: str = "") -> str:
        """Return what a command that ends well prints."""
        code, out, err = self.ended(*arguments, lines=lines)
        assert (code, err) == (0, "")
        return out

    def fails(self, *arguments: str, lines: str = "") -> str:
        """Return the one line in which a command says why it ends with 1."""
        code, _, err = self.ended(*arguments, lines=lines)
        assert code == 1
        assert err.startswith("taleturn: ")
        assert err.count("\n") == 1
        return err.removeprefix("taleturn: ").rstrip()

    def ended(self, *arguments: str, lines: str = "") -> tuple[object, str, str]:
        """Return exit code, output and errors."""
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        out, err = self.capsys.readouterr()
        return ended.value.code, out, err


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    """Call `taleturn` as a shell would, with stories in a folder of this test's own."""
    monkeypatch.setenv("TALETURN__BOT__DATA", str(tmp_path / "data"))
    return Shell(monkeypatch, capsys, tmp_path / "data")
