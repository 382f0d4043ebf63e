"""`taleturn play` tells with what was learned here; once that is gone, with the model as it is."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from bot import criticism
from bot.learning import base_folder
from bot.settings import Settings
from core.learning import files
from core.learning.discriminator import fit, reader, verdicts
from core.learning.lora import write_lora
from core.narrator.weights import read_sizes
from core.storage.database import open_database
from core.storage.library import Library
from core.storage.loras import NewLora
from core.storage.runs import EVERYBODY
from tests.bot.conftest import Shell
from tests.core.learning.pupils import thumbs

NEW = "/new A lighthouse keeper finds a shell that sings\n"
EXPLAIN = f"{NEW}/explain quick\n"


@pytest.fixture
def learned(tmp_path: Path) -> Path:
    """A data folder with a LoRA that is live, for the bundled model, and its discriminator."""
    data, base = tmp_path / "data", base_folder(Settings())
    folder = data / "loras" / "lora-1"
    folder.parent.mkdir(parents=True)
    part = "h.0.mlp.c_fc.weight"
    size = read_sizes(base)[0][part]
    change = {part.removesuffix(".weight"): 0.05 * torch.ones(size)}
    write_lora(change, folder, base=base)
    fit(verdicts(reader(base), thumbs(12))).save(folder / files.HEAD)
    now = datetime.now(UTC)
    database = open_database(f"sqlite:///{data / 'taleturn.db'}")
    new = NewLora(
        name="lora-1",
        scope=EVERYBODY,
        base="starter",
        base_hash="",
        hash=files.sha256(folder / files.WEIGHTS),
        folder="loras/lora-1",
        parent=None,
        run=None,
        dataset=None,
    )
    with Library(database).begin() as tx:
        tx.add_lora(new, now=now)
        tx.promote_lora("lora-1", now=now)
    database.close()
    return folder


@pytest.mark.usefixtures("learned")
def test_what_was_learned_writes_and_chooses(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(criticism, "_PATIENCE", 60.0)
    told = shell("play", "--seed", "5", lines=EXPLAIN)
    assert "model starter with LoRA lora-1" in told
    assert re.search(r"the best of \d takes", told)
    shell("loras", "rollback")
    plain = shell("play", "--seed", "5", lines=EXPLAIN)
    assert "with LoRA" not in plain
    assert "the best of 4 takes" in plain


def test_a_lora_whose_file_was_changed_is_not_played_with(shell: Shell, learned: Path) -> None:
    (learned / files.WEIGHTS).write_bytes(b"something else")
    assert "with LoRA" not in shell("play", lines=EXPLAIN)
