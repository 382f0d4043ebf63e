"""What has learnt says the same again as often as before, by what it was counted to say."""

import math

import pytest
import torch

from core.learning import guided, levelling, training, writing
from core.learning.lora import read_change
from core.learning.plan import Progress
from core.learning.recipes import Method, TrainingSettings
from core.learning.writing import asked_for
from tests.core.learning.lessons import sampled
from tests.core.learning.pupils import examples

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(writing, "write", sampled)
    monkeypatch.setattr(guided, "_KEPT_LENGTH", 48)


def _taught(model, out, tell=lambda _: None, **more):
    settings = TrainingSettings(**{"rank": 4, "leash": 1.0, "fresh": 56, "epochs": 0.5} | more)
    return training.teach(examples(), settings, model, out, tell)


def _counts(monkeypatch, *found):
    """Have what is written count as this, one after the other."""
    left = list(found)

    def repeated(texts):
        assert len(texts) == 3 * 56
        one = left.pop(0)
        if isinstance(one, BaseException):
            raise one
        return one

    monkeypatch.setattr(levelling, "repeated", repeated)
    return left


def test_it_is_counted_in_what_was_asked_for_and_twice_as_much_more():
    asked = asked_for([], 20, 7)
    found = levelling.counted_in(asked, torch.nn.Linear(3, 2))
    assert found[:20] == asked
    assert [item.premise for item in found] == 3 * [item.premise for item in asked]
    assert len({item.seed for item in found}) == 60


def test_a_heavy_model_writes_less_to_be_counted_without_a_gpu(monkeypatch):
    asked = asked_for([], 20, 7)
    monkeypatch.setattr(levelling, "_HEAVY", 7)
    for gpu, written in ((False, 20), (True, 60)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda gpu=gpu: gpu)
        assert len(levelling.counted_in(asked, torch.nn.Linear(3, 2))) == written


def test_what_is_said_again_is_the_mean_of_all_texts():
    assert levelling.repeated(["a b c d", "a b c a b c"]) == pytest.approx(1 / 8)


@pytest.mark.parametrize(
    ("before", "now", "sign"),
    [(0.01, 0.012, 1), (0.01, 0.008, -1), (0.01, 0.0101, 0), (0.0, 0.01, 0), (0.01, 0.0, 0)],
)
def test_echoes_lose_where_there_are_more_and_gain_where_there_are_fewer(before, now, sign):
    nats = levelling.nats_against(before, now)
    assert math.copysign(1, nats) * bool(nats) == sign


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        (0.02, 0.005, 0.5),  # in logarithms
        (0.02, 0.01, 1.0),
        (0.02, 0.019, 1.25),  # hardly led anywhere
        (0.02, 0.03, 0.0),  # led the wrong way
        (0.005, 0.02, 0.5),
        (0.02, 0.0, 0.0),
    ],
)
def test_on_the_way_between_both_is_what_repeats_as_much_as_before(first, second, share):
    assert levelling.share_between(0.01, first, second) == pytest.approx(share)


def test_weights_between_two_are_set_and_kept(tmp_path):
    model, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    model.bias.requires_grad = False
    first, second = levelling.weights_of(model), levelling.weights_of(other)
    assert first.keys() == {"weight"}
    levelling.keep(second, tmp_path / "second.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["second.safetensors"]
    levelling.set_between(model, first, levelling.kept(tmp_path / "second.safetensors"), 0.25)
    assert torch.allclose(model.weight, 0.75 * first["weight"] + 0.25 * second["weight"])
    assert not torch.equal(model.bias, other.bias)


@pytest.fixture(scope="module")
def half(model, tmp_path_factory):
    """What is half of the way between the first and the second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "write", sampled)
        patch.setattr(guided, "_KEPT_LENGTH", 48)
        _counts(patch, 0.01, 0.02, 0.005)
        return _taught(model, tmp_path_factory.mktemp("half") / "out")


def test_a_lora_is_so_far_from_the_first_to_the_second_as_was_counted(
    half, model, tmp_path, monkeypatch
):
    left = _counts(monkeypatch, 0.01, 0.01, "never counted")
    none = _taught(model, tmp_path / "none")
    assert left
    _counts(monkeypatch, 0.01, 0.02, 0.01)
    first, between, second = (
        read_change(each.folder) for each in (none, half, _taught(model, tmp_path / "all"))
    )
    assert "share of then" not in none.facts
    for name, part in first.items():
        apart = (part - second[name]).norm()
        assert apart > 0
        assert (between[name] - (part + second[name]) / 2).norm() / apart < 0.3


def test_what_was_counted_is_told_and_nothing_is_left_of_it(half):
    assert (half.facts["repeated before"], half.facts["repeated at first"]) == (0.01, 0.02)
    assert (half.facts["repeated then"], half.facts["share of then"]) == (0.005, pytest.approx(0.5))
    out = half.folder.parent
    assert not [
        *out.rglob("*.model"),
        *out.glob("1-guided/*.safetensors"),
        *out.rglob("checkpoint-*"),
    ]


def test_all_matrices_may_be_levelled(model, tmp_path, monkeypatch):
    _counts(monkeypatch, 0.02, 0.01, 0.04)
    facts = _taught(model, tmp_path / "out", method=Method.FULL).facts
    assert facts["share of then"] == pytest.approx(0.5)


@pytest.mark.parametrize("learnt", ["first", "second"])
def test_a_run_that_was_killed_does_not_learn_again_what_it_has_learnt(
    learnt, half, model, tmp_path, monkeypatch
):
    counts = [0.01, 0.02, 0.005]
    until = counts.index(0.02 if learnt == "first" else 0.005)
    _counts(monkeypatch, *counts[:until], KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        _taught(model, tmp_path / "out")
    assert (tmp_path / "out" / "1-guided" / f"{learnt}.safetensors").exists()
    _counts(monkeypatch, *counts)
    told: list[Progress] = []
    found = read_change(_taught(model, tmp_path / "out", told.append).folder)
    assert bool([one for one in told if one.phase == "training"]) == (learnt == "first")
    whole = read_change(half.folder)
    assert all(torch.allclose(part, whole[name], atol=1e-4) for name, part in found.items())
