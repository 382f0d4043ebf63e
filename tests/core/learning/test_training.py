"""What training makes of feedback, on a tiny model."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.errors import LearningError, TooLittle
from core.learning import guided, training, writing
from core.learning.discriminator import read_head
from core.learning.examples import Examples, Side
from core.learning.likelihood import Texts, losses, with_lora
from core.learning.lora import matrices, read_change, write_lora
from core.learning.plan import LearningSettings, Progress
from core.learning.recipes import Method, Recipe, TrainingSettings, training_settings
from core.narrator.loras import PARTS, read_lora
from core.narrator.weights import read_sizes
from tests.core.learning.lessons import sampled
from tests.core.learning.pupils import FRONT, LIKED, OTHER, examples, thumbs

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The narrator's guards refuse most of what random weights write, and half of a row will do."""
    monkeypatch.setattr(writing, "write", sampled)
    monkeypatch.setattr(guided, "_KEPT_LENGTH", 48)


def taught(model, out, given=None, tell=lambda _: None, **settings):
    settings = {"rank": 4, "rate": 3.0, "leash": 1.0, "fresh": 56, "tilt": 0.3} | settings
    return training.teach(given or examples(), TrainingSettings(**settings), model, out, tell)


def gain(model, lora):
    """By how much more likely liked passages became than others, nats a token."""
    passages = [(FRONT, text) for text in (*LIKED, *OTHER)]
    before, after = (losses(model, each, Texts((), passages)) for each in (None, lora))
    gains = [old - new for old, new in zip(before, after, strict=True)]
    return sum(gains[:3]) - sum(gains[3:])


@pytest.mark.parametrize(
    ("recipe", "method"),
    [
        (Recipe.SFT, Method.LORA),
        (Recipe.KTO, Method.LORA),
        (Recipe.DPO, Method.FULL),
        (Recipe.GUIDED, Method.LORA),
        (Recipe.SFT_DPO, Method.LORA),
        (Recipe.SFT, Method.ADALORA),
        (Recipe.SFT, Method.PREFIX),
        (Recipe.KTO, Method.PREFIX),
        (Recipe.GUIDED, Method.PREFIX),
        (Recipe.DPO, Method.PREFIX),
    ],
)
def test_every_recipe_makes_what_was_liked_likelier(recipe, method, model, tmp_path):
    trained = taught(model, tmp_path / "out", recipe=recipe, method=method)
    assert gain(model, trained.folder) > 0
    assert read_lora(trained.folder, *read_sizes(model)).rank == trained.facts["rank"]
    assert list((tmp_path / "out" / "tensorboard").rglob("events*"))
    assert json.loads(str(trained.facts["curves"]))


def test_what_a_prefix_learnt_is_in_the_lora_but_for_a_part_that_is_told(model, tmp_path):
    trained = taught(model, tmp_path / "out", recipe=Recipe.SFT, method=Method.PREFIX)
    moved, lost = (trained.facts[f"{name}, nats"] for name in ("prefix moved", "lost in the LoRA"))
    assert 0 < lost < 0.5 * moved
    assert "1-sft/distilled" in json.loads(str(trained.facts["curves"]))
    assert not list((tmp_path / "out").rglob("checkpoint-*"))


def test_a_lora_may_stand_on_another_and_holds_both(model, tmp_path):
    first = taught(model, tmp_path / "one", recipe=Recipe.SFT)
    settings = TrainingSettings(recipe=Recipe.SFT, rank=4, rate=1e-6, leash=1.0)
    second = training.teach(
        examples(), settings, model, tmp_path / "two", lambda _: None, over=first.folder
    )
    old, new = read_change(first.folder), read_change(second.folder)
    assert all(torch.allclose(old[name], new[name], atol=1e-3) for name in old)


def test_a_groups_own_lora_leaves_all_but_the_attention_as_everybodys_has_it(model, tmp_path):
    asked = LearningSettings(recipe="sft", own=True, threads=1)
    everybodys = taught(model, tmp_path / "one", recipe=Recipe.SFT)
    alone = training.teach(
        examples(), training_settings(asked), model, tmp_path / "alone", lambda _: None
    )
    over = training.teach(
        examples(),
        training_settings(asked),
        model,
        tmp_path / "two",
        lambda _: None,
        over=everybodys.folder,
    )
    sizes = read_sizes(model)
    live, first, second = (read_lora(each.folder, *sizes) for each in (everybodys, alone, over))
    assert {name[4:] for name in first.parts} == {"attn.c_attn"}
    assert {name[4:] for name in second.parts} == set(PARTS)
    assert {name[4:] for name in second.in_place_of(live).parts} == {"attn.c_attn"}


def test_a_stage_that_was_done_is_not_done_again(model, tmp_path):
    told: list[Progress] = []
    taught(model, tmp_path / "out", recipe=Recipe.SFT, tell=told.append)
    steps = len(told)
    again = taught(model, tmp_path / "out", recipe=Recipe.SFT, tell=told.append)
    assert len(told) == steps > 0
    assert again.folder.is_dir()


def test_a_change_that_reads_stories_worse_is_weakened(model, tmp_path):
    free = taught(model, tmp_path / "free", recipe=Recipe.SFT)
    held = taught(model, tmp_path / "held", recipe=Recipe.SFT, leash=-1.0)
    assert free.facts["strength"] == 1.0
    assert held.facts["strength"] == 0.1
    pair = [read_change(each.folder) for each in (free, held)]
    for name, whole in pair[0].items():
        assert torch.allclose(0.1 * whole, pair[1][name], atol=1e-3)


def test_the_head_of_the_ratings_comes_with_the_lora(model, tmp_path):
    trained = taught(model, tmp_path / "out", recipe=Recipe.SFT)
    assert trained.discriminator is not None
    assert read_head(trained.discriminator).auc > 0.9


def test_no_rows_for_a_recipe_is_said(model, tmp_path):
    given = Examples(Side(thumbs=thumbs(8)), Side(), Side())
    with pytest.raises(TooLittle, match="dpo"):
        taught(model, tmp_path / "out", given, recipe=Recipe.DPO)


def test_one_taste_cannot_be_seen_where_all_is_liked(model, tmp_path):
    liked = tuple(row for row in thumbs(12) if row.liked)
    with pytest.raises(TooLittle, match="no taste"):
        taught(model, tmp_path / "out", Examples(Side(thumbs=liked), Side(), Side()))


def test_an_unknown_recipe_is_refused_with_those_there_are():
    with pytest.raises(LearningError, match="guided"):
        training_settings(LearningSettings(recipe="magic"))
    assert training_settings(LearningSettings(recipe="sft+dpo")).recipe is Recipe.SFT_DPO


def test_a_change_is_written_at_the_rank_it_has(model, tmp_path):
    before = matrices(with_lora(model, None))
    changed = {name: torch.zeros_like(weight) for name, weight in before.items()}
    name = "h.0.mlp.c_fc"
    changed[name] = torch.randn(32, 3) @ torch.randn(3, 128)
    assert write_lora(changed, tmp_path / "lora", base=model) == 3
    found = read_change(tmp_path / "lora")
    assert torch.allclose(found[name], changed[name], atol=1e-4)
    assert not list(tmp_path.glob("*.writing"))


def test_a_change_that_is_no_number_is_never_written(model, tmp_path):
    with pytest.raises(LearningError, match="run away"):
        write_lora({"h.0.mlp.c_fc": torch.full((32, 128), torch.nan)}, tmp_path / "l", base=model)
    assert not (tmp_path / "l").exists()


_CHILD = """
import sys
from pathlib import Path
import transformers
from core.learning import guided, training, writing
from core.learning.recipes import Recipe, TrainingSettings
from tests.core.learning.pupils import examples
settings = TrainingSettings(recipe=Recipe(sys.argv[3]), rank=4, rate=3.0, leash=1.0, epochs=2)
model, out = map(Path, sys.argv[1:3])
training.teach(examples(), settings, model, out, lambda p: print(p.step, flush=True))
"""


def _killed_after(steps, model, out, recipe):
    """Kill a run as soon as it has told of so many steps; whether it was still running."""
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _CHILD, str(model), str(out), recipe],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    with child:
        for _ in range(steps):
            assert child.stdout
            child.stdout.readline()
        alive = child.poll() is None
        child.send_signal(signal.SIGKILL)
    return alive


def test_a_run_that_was_killed_goes_on_from_its_checkpoint(model, tmp_path):
    out = tmp_path / "out"
    assert _killed_after(5, model, out, "sft")
    assert not (out / "lora").exists()
    told: list[Progress] = []
    trained = taught(model, out, recipe=Recipe.SFT, epochs=2, tell=told.append)
    assert told[0].step > 1
    assert gain(model, trained.folder) > 0
    assert not list(out.rglob("checkpoint-*"))


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(30))
def test_a_run_killed_at_any_moment_leaves_no_half_file(moment, model, tmp_path):
    out = tmp_path / "out"
    _killed_after(moment // 3, model, out, ("sft", "dpo", "kto")[moment % 3])
    time.sleep(0.05 * (moment % 4))
    trained = taught(model, out, recipe=Recipe(("sft", "dpo", "kto")[moment % 3]), epochs=2)
    assert all(
        part.isfinite().all()
        for part in load_file(trained.folder / "adapter_model.safetensors").values()
    )
    assert not list(out.rglob("*.writing"))
