"""What has learnt says the same again as often as before, by what it was counted to say."""

import json
import math

import pytest
import torch

from core.learning import guided, levelling, training, writing
from core.learning.learnable import learnable
from core.learning.likelihood import with_lora
from core.learning.recipes import Method, TrainingSettings
from core.learning.steady import Known
from core.learning.writing import asked_for
from tests.core.learning.lessons import sampled
from tests.core.learning.pupils import examples

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


USUAL = 0.01  # how much was repeated before


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(writing, "write", lambda asked, *_: [item.premise for item in asked])


def _counts(monkeypatch, *found, takes=(5, 4, 5)):
    """Have what is written count as this, one after the other, each in so many takes."""
    left, expected = list(found), [56 * each for each in takes]

    def repeated(texts):
        assert len(texts) == expected.pop(0)
        one = left.pop(0)
        if isinstance(one, BaseException):
            raise one
        return one

    monkeypatch.setattr(levelling, "repeated", repeated)
    return left


def test_it_is_counted_in_three_takes_of_each_assignment():
    asked = asked_for([], 20, 7)
    found = levelling.counted_in(asked, 3)
    assert found[:20] == asked
    assert [item.premise for item in found] == 3 * [item.premise for item in asked]
    assert len({item.seed for item in found}) == 60


@pytest.mark.parametrize(("gpu", "takes"), [(False, [1, 1, 1]), (True, [5, 4, 5])])
def test_a_heavy_model_writes_less_to_be_counted_without_a_gpu(
    gpu, takes, model, tmp_path, monkeypatch
):
    monkeypatch.setattr(levelling, "_HEAVY", 7)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    left = _counts(monkeypatch, 0.01, 0.02, 0.005, takes=takes)
    _Pupil(model, tmp_path).level()
    assert not left


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


class _Pupil:
    """A model that learns one of everything, and later two more."""

    def __init__(self, folder, work, method=Method.LORA):
        plain = with_lora(folder, None)
        asked = asked_for([], 56, 7)
        known = Known(plain, folder, [], [], asked)
        self.model = learnable(plain, TrainingSettings(rank=4, method=method), 1)
        self.began = levelling.weights_of(self.model)
        self.before = levelling.Before(with_lora(folder, None), known, None, work, lambda _: None)
        self.learnt: list[float] = []

    def level(self):
        levelling.level(self.model, self.before, lambda: self._add(0, 1), lambda n: self._add(n, 2))

    def gained(self):
        """What was added to its weights, the same for all."""
        now = levelling.weights_of(self.model)
        found = {round(float((now[name] - was).mean()), 4) for name, was in self.began.items()}
        assert len(found) == 1
        return found.pop()

    @torch.no_grad()
    def _add(self, nats, much):
        self.learnt.append(nats)
        for weight in self.model.parameters():
            if weight.requires_grad:
                weight.add_(much)


@pytest.mark.parametrize("method", [Method.LORA, Method.FULL])
@pytest.mark.parametrize(
    ("now", "then", "gained"),
    [
        (0.01, None, 1.0),  # it was level at once
        (0.02, 0.01, 3.0),
        (0.02, 0.005, 2.0),
        (0.005, 0.02, 2.0),
        (0.02, 0.03, 1.0),  # it was led the wrong way
    ],
)
def test_a_model_goes_as_far_as_was_counted_and_a_little_more_is_repeated(
    now, then, gained, method, model, tmp_path, monkeypatch
):
    left = _counts(monkeypatch, USUAL, now, *([] if then is None else [then]))
    pupil = _Pupil(model, tmp_path, method)
    pupil.level()
    assert not left
    assert pupil.gained() == pytest.approx(gained, abs=1e-3)
    assert [math.copysign(1, nats) for nats in pupil.learnt[1:]] == (
        [] if then is None else [math.copysign(1, now - 0.01)]
    )


@pytest.mark.parametrize(("until", "learns"), [(1, [4.0]), (2, [])])
def test_a_run_that_was_killed_does_not_learn_again_what_it_has_learnt(
    until, learns, model, tmp_path, monkeypatch
):
    counts = [USUAL, 0.02, 0.005]
    _counts(monkeypatch, *counts[:until], KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        _Pupil(model, tmp_path).level()
    _counts(monkeypatch, *counts)
    again = _Pupil(model, tmp_path)
    again.level()
    assert again.learnt == learns
    first, second = (levelling.kept(tmp_path / f"{one}.safetensors") for one in ("first", "second"))
    for name, weight in levelling.weights_of(again.model).items():
        assert torch.allclose(weight, (first[name] + second[name]) / 2, atol=1e-5)


def test_a_real_run_is_levelled_and_leaves_nothing_of_it(model, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "write", sampled)
    monkeypatch.setattr(guided, "_KEPT_LENGTH", 48)
    _counts(monkeypatch, USUAL, 0.02, 0.005)
    settings = TrainingSettings(rank=4, leash=1.0, fresh=56, epochs=0.5)
    out = tmp_path / "out"
    facts = training.teach(examples(), settings, model, out, lambda _: None).facts
    assert (facts["repeated before"], facts["repeated at first"]) == (USUAL, 0.02)
    assert facts["repeated then"] == 0.005
    assert facts["share of then"] == pytest.approx(0.5)
    curves = json.loads(str(facts["curves"]))
    assert curves.keys() == {"1-guided", "1-guided/again"}
    assert not [
        *out.rglob("*.model"),
        *out.glob("1-guided/*.safetensors"),
        *out.rglob("checkpoint-*"),
    ]
