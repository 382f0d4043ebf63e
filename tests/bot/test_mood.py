from pathlib import Path

from core.narrator.sentiment import HEAD
from tests.bot.conftest import Shell
from tests.core.learning.pupils import tiny_model


def test_a_models_head_is_trained_by_one_command(shell: Shell, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "model")
    assert "sentences it had not seen (VADER:" in shell("mood", "--model", str(model))
    assert (model / HEAD).exists()
