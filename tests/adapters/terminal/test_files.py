"""Files are written beside one another, whole or not at all."""

import resource
from pathlib import Path

import pytest

from adapters.terminal.files import keep


def test_nothing_is_written_over(tmp_path: Path) -> None:
    paths = [keep("The Lamp.md", f"{n}".encode(), tmp_path / "new") for n in range(3)]
    assert [path.name for path in paths] == ["The Lamp.md", "The Lamp-2.md", "The Lamp-3.md"]
    assert [path.read_bytes() for path in paths] == [b"0", b"1", b"2"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../passwd"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    assert keep(name, b"", tmp_path) == tmp_path / "passwd"


def test_a_file_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            keep("The Lamp.md", b"x" * 100_000, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
