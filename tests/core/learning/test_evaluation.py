"""The gate: what it measures, and when it lets a candidate through."""

import math
from dataclasses import replace

import pytest
import torch

from core.learning import measures, report
from core.learning.discriminator import Verdicts, auc, fit, reader, verdicts
from core.learning.evaluation import Told, compare, parts_of, win_rate
from core.learning.plan import Evaluation, LearningSettings, Measure, Trained
from core.learning.promotion import COPIED, DISTINCT, LOSS, SAFE, WIN_RATE, decide
from core.narrator.narrator import Assignment, Mode
from tests.core.learning.pupils import FRONT, LIKED, OTHER, thumbs, tiny_model

_SETTINGS = LearningSettings()
_FINE = (
    Measure(WIN_RATE, None, 0.7, 0.6, 0.8),
    Measure(LOSS, 2.0, 2.02, 2.0, 2.04),
    Measure(DISTINCT, 0.6, 0.59, 0.57, 0.61),
    Measure(COPIED, 0.02, 0.025, 0.02, 0.03),
    Measure(SAFE, 1.0, 1.0, 1.0, 1.0),
)


def with_one(name, **changed):
    return Evaluation(tuple(replace(one, **changed) if one.name == name else one for one in _FINE))


def test_what_surely_wins_and_loses_nothing_goes_live():
    decision = decide(Evaluation(_FINE), _SETTINGS)
    assert decision.promote
    assert "70%" in decision.reasons[0]


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        (WIN_RATE, {"low": 0.5}, "may be chance"),
        (WIN_RATE, {"low": math.nan}, "nobody can say"),
        (LOSS, {"new": 2.04}, "story loss got worse by 2.0 %"),
        (LOSS, {"new": math.nan}, "story loss"),
        (DISTINCT, {"new": 0.55}, "distinct-2 got worse by 8.3 %"),
        (COPIED, {"new": 0.04}, "copied 8-grams got worse by 2.0 points"),
        (SAFE, {"new": 0.97}, "safe passages got worse"),
    ],
)
def test_one_fall_is_enough_to_stay(name, changed, reason):
    decision = decide(with_one(name, **changed), _SETTINGS)
    assert not decision.promote
    assert reason in decision.reasons[0]


def test_without_a_judge_nothing_goes_live():
    decision = decide(Evaluation(_FINE[1:]), _SETTINGS)
    assert not decision.promote
    assert "too few" in decision.reasons[0]


def _judge(rng, rows=40, features=24):
    """Ratings of a taste that is the first feature, as noisy as people's."""
    seen = torch.randn(rows, features, generator=rng)
    liked = (seen[:, 0] + torch.randn(rows, generator=rng) > 0).float()
    return Verdicts(seen, liked, torch.ones(rows), tuple(map(str, range(rows))))


def test_a_gate_with_nothing_new_behind_it_lets_hardly_any_through():
    promoted = 0
    for seed in range(200):
        rng = torch.Generator().manual_seed(seed)
        judge = _judge(rng)
        old, new = torch.randn(2, 60, 24, generator=rng)
        promoted += win_rate(judge, old, new, seed, times=60).low > _SETTINGS.margin
    assert promoted <= 10


def test_a_gate_sees_what_the_raters_would_like_more():
    rng = torch.Generator().manual_seed(3)
    judge = _judge(rng, rows=120)
    old = torch.randn(100, 24, generator=rng)
    new = old.clone()
    new[:, 0] += 1.5
    new[:20, 0] -= 3.0
    won = win_rate(judge, old, new, 0, times=60)
    assert won.low > 0.5
    assert won.new == pytest.approx(0.8, abs=0.05)


def test_the_same_passages_win_half_and_no_more():
    rng = torch.Generator().manual_seed(4)
    old = torch.randn(50, 24, generator=rng)
    won = win_rate(_judge(rng), old, old, 0, times=40)
    assert (won.low, won.new, won.high) == (0.5, 0.5, 0.5)


def test_an_interval_is_that_of_the_change():
    found = compare("length", [1.0, 5.0, 9.0], [2.0, 6.0, 10.0], seed=1)
    assert (found.old, found.new) == (5.0, 6.0)
    assert (found.low, found.high) == pytest.approx((6.0, 6.0))
    assert math.isnan(measures.bootstrap(0, lambda _: 0.0, 1)[0])


def test_passages_are_split_as_they_were_asked_for():
    parts = parts_of(LearningSettings(passages=30))
    assert (parts.free, parts.mooded, parts.rough) == (30, 8, 12)
    texts = tuple(map(str, range(30 + 3 * 8 + 12)))
    asked = tuple(Assignment(mode=Mode.OPEN, seed=number) for number in range(len(texts)))
    free, moods, rough = parts.split(Told(asked, texts, texts))
    assert (free.old[0], free.new[-1]) == ("0", "29")
    assert (moods.asked[0].seed, moods.old[-1]) == (30, "53")
    assert (rough.old[0], rough.new[-1]) == ("54", "65")


def test_measures_count_what_they_say():
    text = "the cat sat and the cat sat"
    assert measures.repetition(text) == pytest.approx(1 / 5)
    assert measures.repetition("the cat") == measures.repetition("") == 0
    assert measures.distinct_2([measures.grams(text, 2)]) == pytest.approx(4 / 6)
    known = measures.memory(["one two three four five six seven eight nine"])
    assert measures.copied("one two three four five six seven eight ten", known) == 0.5
    assert measures.bleu("a big dog ran home", "a big dog ran home") == pytest.approx(1.0)
    assert measures.bleu("a big dog", "a big dog ran home") < 0.7
    assert measures.bleu("", "a dog") == 0.0


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    return reader(tiny_model(tmp_path_factory.mktemp("tiny")))


def test_a_head_learns_a_taste(reading):
    head = fit(verdicts(reading, thumbs(24)))
    assert head.auc > 0.9
    takes = [OTHER[0], LIKED[1], OTHER[2]]
    liked = head.score(reading.features([(FRONT, text) for text in takes]))
    assert liked.argmax() == 1


def test_a_head_needs_both_kinds(reading):
    liked = tuple(row for row in thumbs(12) if row.liked)
    with pytest.raises(ValueError, match="both kinds"):
        fit(verdicts(reading, liked))
    assert math.isnan(auc(torch.tensor([1.0]), torch.tensor([1.0])))


def test_a_report_shows_every_measure_and_escapes_every_text(tmp_path):
    curves = '{"1-sft": [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}], "2-x": []}'
    trials = (
        '[{"numbers": {"rate": 1.0}, "worth": 0.25, "seconds": 9.0, "why": ""},'
        ' {"numbers": {"rate": 3.0}, "worth": null, "seconds": 4.0, "why": "it <fell> behind"}]'
    )
    trained = Trained(tmp_path, {"recipe": "sft", "curves": curves, "trials": trials})
    told = [("a <b> premise", "old <script>", "new & better")]
    page = report.write(tmp_path / "report.html", _FINE, trained, told, _SETTINGS).read_text()
    assert all(one.name in page for one in _FINE)
    assert "<script>" not in page
    assert "<td>1<td class=n>1<td class=n>0.2500<td class=n>9<td></tr>" in page
    assert "<td>2<td class=n>3<td class=n><td class=n>4<td>it &lt;fell&gt; behind</tr>" in page
    assert page.count("data:image/png;base64,") == 2
