"""A guide that leans no further to what is varied, or to what is alike, than the model did."""

import pytest
import torch

from core.learning import guided, steady, writing
from core.learning.leaning import Lean
from core.learning.likelihood import with_lora
from core.learning.plan import Progress
from core.learning.recipes import TrainingSettings
from core.learning.writing import asked_for
from core.narrator.weights import read_weights
from tests.core.learning.lessons import sampled
from tests.core.learning.pupils import examples


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(writing, "write", sampled)


def _lean(plain):
    rng = torch.Generator().manual_seed(7)
    words = plain.get_parameter("lm_head.weight").detach()
    width = words.shape[1]
    turn = torch.randn(width, width, generator=rng) / (4 * width**0.5)
    return Lean(turn, torch.randn(width, generator=rng) / 4, words)


@torch.no_grad()
def test_a_model_that_leans_has_the_odds_of_one_and_its_lean(model, tmp_path):
    plain = with_lora(model, None)
    lean = _lean(plain)
    steady.save(steady.leaning_model(plain, lean), model, tmp_path / "leaning")
    ids = torch.arange(3, 60)[None]
    out = plain(input_ids=ids, output_hidden_states=True)
    wanted = (out.logits + lean.at(out.hidden_states[-1])).log_softmax(-1)
    assert (wanted - out.logits.log_softmax(-1)).abs().max() > 0.1
    read = with_lora(tmp_path / "leaning", None)(input_ids=ids).logits.log_softmax(-1)
    assert torch.allclose(read, wanted, atol=1e-3)


def test_the_narrator_reads_it_too(model, tmp_path):
    plain = with_lora(model, None)
    found = steady.leaning_model(plain, _lean(plain))
    steady.save(found, model, tmp_path / "leaning")
    read = read_weights(tmp_path / "leaning", torch.device("cpu"))
    assert torch.equal(read.head, found.get_parameter("lm_head.weight").t())
    assert torch.equal(read.tokens, plain.get_parameter("transformer.wte.weight"))


def test_the_model_it_was_made_from_is_left_as_it_was(model):
    plain = with_lora(model, None)
    before = {name: weight.clone() for name, weight in plain.named_parameters()}
    steady.leaning_model(plain, _lean(plain))
    assert all(torch.equal(before[name], weight) for name, weight in plain.named_parameters())


@pytest.mark.parametrize(("slope", "start"), [(0.25, 0.14), (0.4, -0.21), (0.7, 0.15), (0.4, 0.0)])
def test_a_change_is_brought_near_to_nought(slope, start):
    asked: list[float] = []

    def change(share, attempt):
        assert attempt == len(asked)
        asked.append(share)
        return start + slope * (share - 0.3)

    share = steady.settle(change, 0.3)
    assert abs(start + slope * (share - 0.3)) <= 0.02
    assert len(asked) <= 3


def test_where_nothing_comes_near_the_nearest_is_taken():
    found = [0.3, 0.1, -0.2, None]
    asked = []

    def change(share, attempt):
        asked.append(share)
        return found[attempt]

    assert steady.settle(change, 0.0) == asked[1]
    assert len(asked) == 3


def test_passages_under_a_guide_are_a_little_less_varied_than_before(model, tmp_path):
    plain = with_lora(model, None)
    pupil = guided.Pupil(plain, model, None, 256)
    settings = TrainingSettings(fresh=192, tilt=0.5)
    (tmp_path / "work").mkdir()
    told: list[Progress] = []
    lean = guided.lesson(examples(), settings, pupil, tmp_path / "work", told.append).guide.lean
    assert lean is not None
    written = sorted(path.name for path in (tmp_path / "work").iterdir())
    assert written[0] == "steady-0.json"
    assert not [name for name in written if name.endswith(".model")]
    assert [(one.phase, one.step) for one in told[:2]] == [("writing", 0), ("writing", 1)]
    assert {one.steps for one in told} == {4}
    asked = asked_for([], 192, 5)
    steady.save(steady.leaning_model(plain, lean), model, tmp_path / "leaning")
    before, now = (sampled(asked, str(folder)) for folder in (model, tmp_path / "leaning"))
    assert steady.variety(now) / steady.variety(before) == pytest.approx(0.96, abs=0.07)
