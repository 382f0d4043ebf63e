"""The search for hyperparameters, on a tiny model."""

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from core.errors import LearningError, TooLittle
from core.learning import searching, training
from core.learning.examples import Side
from core.learning.files import CONFIG, WEIGHTS
from core.learning.plan import Progress
from core.learning.recipes import Recipe, TrainingSettings
from tests.core.learning.pupils import examples, side, tiny_model

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("tiny"))


def a_search(model, work, **changes):
    settings = TrainingSettings(recipe=Recipe.SFT, rank=4, leash=1.0, seed=3)
    given: dict[str, Any] = {"trials": 3, "minutes": 10.0, "side": side(16, 1000)} | changes
    return searching.Search(settings=settings, model=model, work=work, **given)


class School:
    """Teaches for real, and remembers what it was asked."""

    def __init__(self, search, stops=()):
        self.search, self.stops = search, list(stops)
        self.asked = []

    def __call__(self, settings, work, tell, watch):
        self.asked.append((work.name, settings))

        def seen(model):
            watch(model)
            if self.stops and self.stops[0] == work.name:
                self.stops.pop()
                raise KeyboardInterrupt

        return training.teach(examples(), settings, self.search.model, work, tell, watch=seen)

    def best(self, tell=lambda _: None):
        return searching.best(self.search, self, tell)


def kept(work):
    return json.loads((work / searching.TRIALS).read_text())


def same(trials):
    """All but the time that it took."""
    return [{key: value for key, value in one.items() if key != "seconds"} for one in trials]


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    """A search that was made to its end, what it came to, and what it told."""
    told: list[Progress] = []
    school = School(a_search(model, tmp_path_factory.mktemp("whole")))
    return school, school.best(told.append), told


def test_the_best_trial_is_taken_and_all_are_told(whole):
    school, trained, told = whole
    trials = kept(school.search.work)
    assert json.loads(trained.facts["trials"]) == trials
    assert len(trials) == 3
    first = school.asked[0][1]
    assert (first.rate, first.epochs, first.rank) == (1.0, 1.0, 4), "what is usual is tried first"
    assert len({one["numbers"]["rate"] for one in trials}) == 3
    worth = [one["worth"] for one in trials if one["worth"] is not None]
    best = trials[trained.facts["trial"] - 1]
    assert best["worth"] == max(worth) > 0
    assert trained.facts["rate"] == best["numbers"]["rate"]
    assert {path.name for path in trained.folder.iterdir()} >= {CONFIG, WEIGHTS}
    assert {progress.phase for progress in told} == {f"trial {at} of 3" for at in (1, 2, 3)}


def test_only_the_best_keeps_its_weights(whole):
    school, trained, _ = whole
    work = school.search.work
    assert [path.parent.parent for path in work.glob(f"*/lora/{WEIGHTS}")] == [
        trained.folder.parent
    ]
    assert len(list(work.glob("trial-*/tensorboard"))) == 3
    assert not list(work.rglob("checkpoint-*"))
    assert not list(work.rglob("*.writing"))


def test_a_search_that_was_broken_off_goes_on_and_finds_the_same(whole, model, tmp_path):
    school = School(a_search(model, tmp_path), stops=["trial-1"])
    with pytest.raises(KeyboardInterrupt):
        school.best()
    assert len(kept(tmp_path)) == 1
    school.best()
    assert [name for name, _ in school.asked] == ["trial-0", "trial-1", "trial-1", "trial-2"]
    found, wanted = same(kept(tmp_path)), same(kept(whole[0].search.work))
    assert [one["numbers"] for one in found] == [one["numbers"] for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one["seen"] == pytest.approx(other["seen"], rel=1e-3)
        assert one["why"] == other["why"]
    again = School(a_search(model, tmp_path))
    again.best()
    assert again.asked == [], "what is done is not done again"


def test_no_trial_is_begun_that_would_not_end_in_time(model, tmp_path):
    School(a_search(model, tmp_path, minutes=0.0)).best()
    assert len(kept(tmp_path)) == 1


@pytest.fixture(scope="module")
def little(model, tmp_path_factory):
    """What hardly any training comes to."""
    search = a_search(model, tmp_path_factory.mktemp("little"))
    settings = replace(search.settings, rate=1.0, epochs=0.1)
    return training.teach(examples(), settings, model, search.work, lambda _: None)


class Scripted:
    """A school whose trials come to what the test says, at four checkpoints each."""

    def __init__(self, trained, values):
        self.trained, self.values, self.steps = trained, values, []

    def __call__(self, _settings, work, _tell, watch):
        number = len(self.steps)
        self.steps.append(0)
        work.mkdir(parents=True)
        for _ in range(4):
            self.steps[number] += 1
            watch(self.values[number])
        if self.values[number] is None:
            raise LearningError("it ran away")
        return replace(self.trained, folder=shutil.copytree(self.trained.folder, work / "lora"))


def test_another_seed_draws_other_numbers(model, little, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "_worth", lambda _: lambda _value: 0.5)

    def drawn(seed, work):
        search = a_search(model, work, trials=2)
        search = replace(search, settings=replace(search.settings, seed=seed))
        searching.best(search, Scripted(little, [0.4, 0.6]), lambda _: None)
        return kept(work)[1]["numbers"]

    assert drawn(1, tmp_path / "1") != drawn(2, tmp_path / "2")


def test_a_trial_that_falls_behind_is_given_up(model, little, tmp_path, monkeypatch):
    monkeypatch.setattr(
        searching, "_worth", lambda _: lambda value: value if isinstance(value, float) else 0.5
    )
    school = Scripted(little, [0.4, 0.6, 0.1, 0.9])
    searching.best(a_search(model, tmp_path, trials=4), school, lambda _: None)
    assert school.steps == [4, 4, 3, 4]
    given_up = kept(tmp_path)[2]
    assert (given_up["worth"], given_up["why"]) == (None, "it fell behind the others")
    assert [one["worth"] is None for one in kept(tmp_path)] == [False, False, True, False]


def test_a_trial_that_runs_away_does_not_end_the_search(model, little, tmp_path, monkeypatch):
    monkeypatch.setattr(searching, "_worth", lambda _: lambda _value: 0.5)
    school = Scripted(little, [0.5, None, 0.5])
    trained = searching.best(a_search(model, tmp_path), school, lambda _: None)
    assert kept(tmp_path)[1]["why"] == "it ran away"
    assert trained.facts["trial"] in {1, 3}
    with pytest.raises(LearningError, match="ran away"):
        searching.best(a_search(model, tmp_path / "2"), Scripted(little, [None]), lambda _: None)


def test_a_search_needs_something_to_judge_by(model, tmp_path):
    with pytest.raises(TooLittle, match="without --search"):
        School(a_search(model, tmp_path, side=Side())).best()
    disliked = tuple(row for row in side(8).thumbs if not row.liked)
    with pytest.raises(TooLittle, match="without --search"):
        School(a_search(model, tmp_path, side=Side(thumbs=disliked))).best()


@pytest.mark.parametrize(
    ("recipe", "names"),
    [
        ("sft", {"rate", "epochs", "rank", "dropout"}),
        ("guided", {"rate", "epochs", "rank", "dropout", "tilt"}),
        ("sft+dpo", {"rate", "epochs", "rank", "dropout", "beta"}),
        ("adversarial", {"rate", "epochs", "rank", "dropout", "hold"}),
    ],
)
def test_what_is_drawn_is_what_the_recipe_listens_to(recipe, names):
    settings = TrainingSettings(recipe=Recipe(recipe))
    assert searching._space(settings).keys() == names
