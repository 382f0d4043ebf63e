import hashlib
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file as read_safetensors
from transformers import AutoTokenizer, GPT2LMHeadModel

from core.learning.pretrain import PretrainSettings, pretrain, rate
from core.learning.pretrain_run import Run, begin, going_on
from core.learning.validation import bits_per_character
from tests.core.learning.packs import write_corpus


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> PretrainSettings:
    """A slice: seconds instead of hours, everything else as it is."""
    torch.set_num_threads(1)
    return PretrainSettings(
        corpus=write_corpus(tmp_path_factory.mktemp("corpus")),
        out=tmp_path_factory.mktemp("runs") / "slice",
        minutes=0.08,
        vocabulary=600,
        width=32,
        layers=2,
        heads=2,
        window=128,
        rows=4,
        accumulate=1,
        tokenizer_documents=200,
        checkpoint_minutes=0.01,
        validate_minutes=0.015,
        validation_stories=2,
        bf16=False,
        compiled=False,
    )


def quiet() -> Console:
    return Console(file=StringIO(), width=200)


@pytest.fixture(scope="module")
def run(settings: PretrainSettings) -> Run:
    return pretrain(settings, console=quiet())


def test_the_loss_falls(run: Run) -> None:
    bits = [entry["en_tinystories"] for entry in run.progress.history]
    assert len(bits) >= 2
    assert bits[-1] < bits[0] - 0.1


def test_the_clock_ends_the_run(run: Run) -> None:
    assert run.done == 1
    assert run.progress.elapsed == pytest.approx(60 * run.settings.minutes, abs=2)


def test_a_budget_of_tokens_ends_the_run_whatever_the_clock_says(
    settings: PretrainSettings, tmp_path: Path
) -> None:
    budget = replace(settings, out=tmp_path / "budget", tokens=3000, minutes=600, muon_rate=0.0)
    counted = pretrain(budget, console=quiet())
    assert 3000 <= counted.progress.tokens < 3000 + settings.rows * settings.window
    assert [type(optimizer) for optimizer in counted.optimizers] == [torch.optim.AdamW]


def test_the_bundle_loads_with_plain_transformers(run: Run) -> None:
    folder = run.settings.out / "bundle"
    model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = "Once upon a time, there was a little child named Lily."
    half = bits_per_character(model, tokenizer, [text])
    assert half == pytest.approx(bits_per_character(run.model, run.tokenizer, [text]), rel=0.01)


def test_the_bundles_hashes_are_right(run: Run) -> None:
    folder = run.settings.out / "bundle"
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_card_credits_and_measures(run: Run) -> None:
    folder = run.settings.out / "bundle"
    card = (folder / "README.md").read_text()
    assert f"{run.progress.step} steps" in card
    assert "| en_ccby |" in card
    assert "* Book 3, Author 3\n" in (folder / "CREDITS.md").read_text()


def test_a_run_goes_on_from_an_earlier_starter(run: Run, tmp_path: Path) -> None:
    earlier = run.settings.out / "bundle"
    later = begin(going_on(run.settings, earlier), run.tokenizer)
    assert later.settings.muon_rate < run.settings.muon_rate
    kept = read_safetensors(earlier / "model.safetensors")
    weight = later.learning["transformer.h.0.ln_1.weight"]
    assert torch.equal(weight.half(), kept["transformer.h.0.ln_1.weight"])
    again = pretrain(
        replace(run.settings, start=earlier, out=tmp_path / "later", minutes=0.02), console=quiet()
    )
    assert again.tokenizer.get_vocab() == run.tokenizer.get_vocab()
    digest = hashlib.sha256((earlier / "model.safetensors").read_bytes()).hexdigest()
    assert digest in (tmp_path / "later" / "bundle" / "README.md").read_text(encoding="utf-8")


def test_another_run_is_not_overwritten(run: Run) -> None:
    with pytest.raises(FileExistsError, match="resume it"):
        pretrain(run.settings, console=quiet())


def test_a_corpus_without_packs_is_refused(
    settings: PretrainSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.learning.corpus.OWN_STORIES", tmp_path)
    with pytest.raises(FileNotFoundError, match="no packs"):
        pretrain(replace(settings, corpus=tmp_path, out=tmp_path / "out"), console=quiet())


def test_the_rate_rises_stays_and_falls_to_nearly_nothing(settings: PretrainSettings) -> None:
    rates = [rate(settings, share / 100) for share in range(101)]
    assert rates[0] < rates[1] < rates[2] == 1 == rates[44]
    assert rates[50] > rates[75] > rates[99] > 0
    assert rates[100] == 0.01


def test_a_larger_model_learns_the_headings_as_a_lora(run: Run, tmp_path: Path) -> None:
    base, out = tmp_path / "larger", tmp_path / "lora"
    begin(run.settings, run.tokenizer).model.save_pretrained(base)  # it knows nothing yet
    run.tokenizer.save_pretrained(base)
    settings = replace(run.settings, base=base, out=out, minutes=0.03, lora_rank=2, lora_rate=5e-3)
    taught = pretrain(settings, console=quiet())
    plain = GPT2LMHeadModel.from_pretrained(base, dtype=torch.float32)
    text = "Once upon a time, there was a little child named Lily."
    before = bits_per_character(plain, run.tokenizer, [text])
    assert set(read_safetensors(out / "bundle" / "adapter_model.safetensors"))
    assert not (out / "bundle" / "model.safetensors").exists()
    assert bits_per_character(taught.model, taught.tokenizer, [text]) < before
    assert "works with larger only" in (out / "bundle" / "README.md").read_text()


KILLED = """
import sys
from pathlib import Path
import torch
from core.learning.pretrain import PretrainSettings, pretrain
torch.set_num_threads(1)
pretrain(PretrainSettings(
    corpus=Path(sys.argv[1]), out=Path(sys.argv[2]), minutes=5, vocabulary=600, width=32, layers=2,
    heads=2, window=128, rows=4, accumulate=1, tokenizer_documents=200, checkpoint_minutes=0.005,
    bf16=False, compiled=False))
"""


def test_a_killed_run_goes_on_from_its_checkpoint(
    settings: PretrainSettings, tmp_path: Path
) -> None:
    out = tmp_path / "killed"
    checkpoint = out / "checkpoint.pt"
    command = [sys.executable, "-c", KILLED, str(settings.corpus), str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ) as running:
        until = time.monotonic() + 60
        while not checkpoint.exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)  # some more checkpoints: the kill may fall into the writing of one
        running.send_signal(signal.SIGKILL)
    seen = torch.load(checkpoint, weights_only=True)["progress"]
    console = quiet()
    minutes = seen["elapsed"] / 60 + 0.03
    run = pretrain(
        replace(settings, out=out, minutes=minutes, validate_minutes=1),
        resume=True,
        console=console,
    )
    assert isinstance(console.file, StringIO)
    assert f"resumed at step {seen['step']}" in console.file.getvalue()
    assert run.progress.step > seen["step"] > 0
    text = "Once upon a time, there was a little child named Lily."
    assert bits_per_character(run.model, run.tokenizer, [text]) < math.log2(600) / 2
