"""The narrator from its settings: what it loads, what it refuses, how it starts and stops."""

import asyncio
import gc
import json
import math
import shutil
import subprocess
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import LoraRefused, ModelUnavailable, NarratorError, Overloaded
from core.narrator import runtimes, storyteller
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Assignment, Mode
from core.narrator.settings import NarratorSettings
from core.narrator.storyteller import load
from core.narrator.weights import Weights, read_weights
from tests.contracts.narrator_contract import TOLD, passage

HEAVY = ("torch", "transformers", "peft", "tokenizers", "huggingface_hub")


def settings(folder: Path, **changes: object) -> NarratorSettings:
    return replace(NarratorSettings(model=str(folder), device="cpu"), **changes)  # type: ignore[arg-type]  # each test knows


def test_building_a_narrator_imports_nothing_heavy() -> None:
    """So that a prompt can be shown while the model loads."""
    asked = (
        "import sys; from core.narrator.gpt2 import Gpt2Narrator; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_small_path_needs_no_transformers(speaking: Path) -> None:
    """They take seconds to import; only a name on the hub asks for the hub."""
    asked = (
        "import sys; from core.narrator.storyteller import load; "
        "from core.narrator.settings import NarratorSettings; "
        f"load(NarratorSettings(model={str(speaking)!r})).close(); "
        "print([n for n in ('transformers', 'peft', 'huggingface_hub') if n in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


async def test_building_reads_no_model_and_the_first_use_does(
    speaking: Path, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    narrator = Gpt2Narrator(settings(later))
    shutil.copytree(speaking, later)
    await narrator.ready()
    assert await passage(narrator, TOLD)
    await narrator.close()


async def test_a_narrator_is_known_by_its_model_and_lora(speaking: Path) -> None:
    narrator = Gpt2Narrator(settings(speaking))
    assert narrator.model == speaking.name
    assert narrator.lora is None
    await narrator.close()
    named = Gpt2Narrator(settings(speaking, model="starter", lora=Path("/loras/first")))
    assert (named.model, named.lora) == ("starter", "first")
    await named.close()


async def test_what_cannot_be_loaded_is_said_at_every_use(tmp_path: Path) -> None:
    narrator = Gpt2Narrator(settings(tmp_path))
    for _ in range(2):
        with pytest.raises(ModelUnavailable, match="holds no model"):
            await passage(narrator, TOLD)
    with pytest.raises(ModelUnavailable):
        await narrator.ready()
    await narrator.close()


async def test_a_cancelled_wait_for_the_model_leaves_it_loading(speaking: Path) -> None:
    narrator = Gpt2Narrator(settings(speaking))
    waiting = asyncio.create_task(narrator.ready())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await passage(narrator, TOLD)
    await narrator.close()


async def test_too_many_at_once_are_refused_and_the_others_written(speaking: Path) -> None:
    narrator = Gpt2Narrator(settings(speaking, slots=1, waiting=2))
    told = await asyncio.gather(
        *(passage(narrator, replace(TOLD, seed=seed)) for seed in range(12)),
        return_exceptions=True,
    )
    refused = [each for each in told if isinstance(each, Overloaded)]
    assert refused
    assert len([each for each in told if isinstance(each, str)]) == 12 - len(refused) >= 2
    await narrator.close()


async def test_a_passage_in_hand_is_written_to_its_end_at_close(speaking: Path) -> None:
    narrator = Gpt2Narrator(settings(speaking))
    whole = await passage(narrator, TOLD)
    async with aclosing(narrator.write(TOLD)) as texts:
        await anext(texts)
        closing = asyncio.create_task(narrator.close())
        last = [text async for text in texts][-1]
        await closing
    assert last == whole


async def test_nothing_to_write_is_an_error_after_a_second_try(
    speaking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that knows only marks and blanks finds no word."""
    monkeypatch.setattr(storyteller, "read_weights", _only_full_stops)
    narrator = Gpt2Narrator(settings(speaking))
    with pytest.raises(NarratorError, match="nothing to write"):
        await passage(narrator, replace(TOLD, mode=Mode.TITLE))
    await narrator.close()


def _only_full_stops(folder: Path, *more: Any) -> Weights:
    weights = read_weights(folder, *more)
    head = torch.zeros_like(weights.head)
    spelled = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    head[:, spelled["."]] = weights.norm[0].new_full((head.shape[0],), 0.0)
    # Every hidden state favours what has a large sum with ones; the norm's bias makes it sure.
    head[:, spelled["."]] = 5.0
    norm = (torch.zeros_like(weights.norm[0]), torch.ones_like(weights.norm[1]))
    return replace(weights, head=head, norm=norm)


async def test_a_broken_model_is_said_and_not_tried_again(
    speaking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storyteller, "read_weights", _broken)
    narrator = Gpt2Narrator(settings(speaking))
    with pytest.raises(NarratorError, match="NaN"):
        await passage(narrator, TOLD)
    await narrator.close()


def _broken(folder: Path, *more: Any) -> Weights:
    weights = read_weights(folder, *more)
    return replace(weights, head=torch.full_like(weights.head, torch.nan))


async def test_what_computes_is_made_anew_when_it_failed(
    speaking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrator = Gpt2Narrator(settings(speaking))
    try:
        told = await passage(narrator, TOLD)
        batches = (await narrator._storyteller())._lanes.batches

        def fail(*_: object) -> None:
            raise RuntimeError("a node failed")

        for batch in batches:
            monkeypatch.setattr(batch._runtime, "finish", fail)  # of these; new ones are whole
        with pytest.raises(NarratorError, match="a node failed"):
            await passage(narrator, TOLD)
        assert await passage(narrator, TOLD) == told
    finally:
        await narrator.close()


async def test_a_closed_loop_does_no_harm(speaking: Path) -> None:
    """Whoever started a passage and is gone, loop and all, is not missed."""

    async def begin(narrator: Gpt2Narrator) -> None:
        texts = narrator.write(replace(TOLD, seed=5))
        await anext(texts)
        gone.append(texts)

    gone: list[object] = []
    narrator = Gpt2Narrator(settings(speaking))
    await asyncio.to_thread(lambda: asyncio.run(begin(narrator)))
    gone.clear()
    gc.collect()
    assert await passage(narrator, TOLD)
    await narrator.close()


async def test_likely_words_score_better_than_unlikely_ones(speaking: Path) -> None:
    narrator = Gpt2Narrator(settings(speaking))
    told, shuffled = await narrator.score(
        TOLD, ["The shell sang of the deep blue sea.", "Sea blue the sang shell of deep the."]
    )
    assert told > shuffled + 0.5
    titles = await narrator.score(replace(TOLD, mode=Mode.TITLE), ["The Shell", "Qx zz " * 200])
    assert all(map(math.isfinite, titles))
    await narrator.close()


async def test_a_bare_assignment_has_a_score(speaking: Path) -> None:
    narrator = Gpt2Narrator(settings(speaking))
    (score,) = await narrator.score(Assignment(Mode.REFINE, seed=1), ["The sea."])
    assert score < 0
    await narrator.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "/nowhere/at/all"}, "a folder that is not there"),
        ({"model": "./nowhere"}, "a folder that is not there"),
        ({"model": "no/such/name/on/the/hub"}, "neither a folder here nor a model"),
        ({"device": "mps"}, "this machine has"),
        ({"lora": Path("/nowhere")}, "holds no LoRA"),
    ],
)
def test_settings_that_cannot_work_say_why(
    speaking: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(ModelUnavailable, match=said):
        load(settings(speaking, **changes))


def test_a_starter_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storyteller, "_BUNDLED", tmp_path)
    with pytest.raises(ModelUnavailable, match="SHA256SUMS is missing"):
        load(NarratorSettings())


def test_files_with_sums_are_checked(speaking: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(speaking, tmp_path / "model"))
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  model.safetensors\n")
    with pytest.raises(ModelUnavailable, match="SHA-256 differs"):
        load(settings(folder))


def test_a_window_too_small_for_a_story_is_refused(
    speaking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storyteller, "LEAST_WINDOW", 1000)
    with pytest.raises(ModelUnavailable, match="sees 256 tokens at once; a story needs 1000"):
        load(settings(speaking))


def test_a_tokenizer_of_another_model_is_refused(speaking: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(speaking, tmp_path / "model"))
    spelled = json.loads((folder / "tokenizer.json").read_text())
    spelled["model"]["vocab"]["zzzz"] = len(spelled["model"]["vocab"])
    (folder / "tokenizer.json").write_text(json.dumps(spelled))
    with pytest.raises(ModelUnavailable, match="do not belong together"):
        load(settings(folder))


def test_memory_decides_the_slots(speaking: Path) -> None:
    weights = read_weights(speaking, torch.device("cpu"))
    each = 2 * 256 * 420 * 4  # keys and values of one block
    assert runtimes.slots(weights, NarratorSettings(slot_megabytes=2)) == 2 * 2**20 // each
    assert runtimes.slots(weights, NarratorSettings(slots=3)) == 3


async def test_a_turn_that_began_with_the_lora_before_is_told_though_its_files_are_gone(
    speaking: Path, loras: tuple[Path, ...], tmp_path: Path
) -> None:
    before = tmp_path / "before"
    shutil.copytree(loras[0], before)
    reading_it = Gpt2Narrator(settings(speaking, lora=loras[1]))
    told = await passage(reading_it, replace(TOLD, lora=str(before)))
    await reading_it.close()
    narrator = Gpt2Narrator(settings(speaking, lora=before))
    await narrator.use(loras[1])
    shutil.rmtree(before)
    assert await passage(narrator, replace(TOLD, lora=str(before))) == told
    await narrator.use(None)
    with pytest.raises(LoraRefused):
        await passage(narrator, replace(TOLD, lora=str(before)))
    await narrator.close()
