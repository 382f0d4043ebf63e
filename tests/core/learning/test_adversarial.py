"""Rounds of generator against discriminator, and what else writes passages to learn from."""

import json

import pytest
import torch

from core.learning import ranked
from core.learning.adversarial import Round, _advantages, _alike, compete
from core.learning.likelihood import with_lora
from core.learning.lora import matrices
from core.learning.plan import Progress
from core.learning.recipes import STAGES, Recipe, Stage, TrainingSettings
from core.learning.writing import asked_for, write
from core.narrator.narrator import Assignment, Mode
from tests.core.learning.pupils import examples, tiny_model

# PEFT asks transformers for a setting by its old name.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("tiny"))


def test_rounds_are_kept_with_their_curves(model, tmp_path):
    settings = TrainingSettings(recipe=Recipe.ADVERSARIAL, rounds=1, told=8, rank=2)
    plain = with_lora(model, None)
    before = {name: weight.clone() for name, weight in matrices(plain).items()}
    told: list[Progress] = []
    how = STAGES[Stage.ADVERSARIAL]
    after = compete(examples(12), settings, how, model, plain, tmp_path, told.append)
    curves = json.loads((tmp_path / "curves.json").read_text())
    assert [entry["step"] for entry in curves] == list(range(len(curves)))
    assert all(0 <= entry["auc"] <= 1 for entry in curves)
    assert len(told) == 1
    moved = any(not torch.equal(before[name], weight) for name, weight in matrices(after).items())
    alike = curves[-1]["distinct_2"] < 0.95 * curves[0]["distinct_2"]
    assert moved != alike  # a round that made passages alike is taken back


def test_the_advantage_of_a_take_is_over_the_others_of_its_assignment():
    found = _advantages(torch.tensor([1.0, 0.0, 0.0, 0.0, 5.0, 5.0, 5.0, 5.0]))
    assert found[0] > 0 > found[1]
    assert torch.equal(found[4:], torch.zeros(4))


def test_passages_that_become_alike_end_the_game():
    first, second = (Round(at, 0.9, distinct, 0.0, 0.0) for at, distinct in ((0, 0.6), (1, 0.56)))
    assert _alike([first, second])
    assert not _alike([first])


def test_ranked_takes_become_pairs_once(model, tmp_path):
    settings = TrainingSettings(premises=9, takes=2)
    learnt, checked = ranked.pairs(examples(12), settings, model, None, tmp_path)
    assert checked
    assert all(pair.chosen != pair.rejected for pair in (*learnt, *checked))
    kept = (tmp_path / "takes.json").read_bytes()
    assert ranked.pairs(examples(12), settings, model, None, tmp_path) == (learnt, checked)
    assert (tmp_path / "takes.json").read_bytes() == kept


def test_assignments_of_the_group_come_first_and_ours_fill_up(model):
    own = Assignment(mode=Mode.OPEN, seed=1, premise="A whale sings", place="telegram 5")
    title = Assignment(mode=Mode.TITLE, seed=1)
    asked = asked_for([own, title], 3, seed=4)
    assert [item.premise == "A whale sings" for item in asked] == [True, False, False]
    assert all(item.mode is not Mode.TITLE and not item.place for item in asked)
    assert asked_for([own], 3, seed=4) != asked_for([own], 3, seed=5)
    assert len({item.seed for item in asked}) == 3
    assert write(asked, str(model)) == write(asked, str(model))
