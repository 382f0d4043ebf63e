from pathlib import Path

from core.learning.sentiment import STARTER
from core.narrator.sentiment import HEAD
from tests.bot.conftest import Shell


def test_a_models_head_is_trained_by_one_command(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in STARTER.iterdir():
        if file.name != HEAD:
            (folder / file.name).write_bytes(file.read_bytes())
    assert "sentences it had not seen (VADER:" in shell("mood", "--model", str(folder))
    assert (folder / HEAD).exists()
