import random
from dataclasses import replace
from datetime import timedelta

import pytest

from core.learning.trials import ALPHA, Standing, gets_challenger, standing
from core.storage.loras import Heard, Trial
from tests.factories import BEGUN

TRIAL = Trial(1, "old", "new", 0.25, BEGUN, None, "")


def thumbs(*said):
    """Thumbs as (author, lora, value), each in a story of its own author's."""
    return [
        Heard(author, author, lora, value, BEGUN + timedelta(minutes=n))
        for n, (author, lora, value) in enumerate(said)
    ]


def looked_at_each_pair(draw, share, most):
    """The verdict of a trial that somebody looks at after every pair, if there ever is one."""
    wins = losses = 0
    for _ in range(most):
        won = draw.random() < share
        wins, losses = wins + won, losses + (not won)
        found = Standing(wins, losses)
        if found.decided:
            return found
    return None


def test_looking_after_every_pair_calls_equals_unequal_in_less_than_one_of_twenty_trials():
    """Not by sampling: the chance of every way that a thousand fair pairs can go is counted."""
    open_ = {0: 1.0}  # wins -> chance of being there with no verdict yet
    called = 0.0
    for pairs in range(1, 1001):
        after: dict[int, float] = {}
        for wins, chance in open_.items():
            for more in (0, 1):
                after[wins + more] = after.get(wins + more, 0.0) + chance / 2
        verdicts = {wins for wins in after if Standing(wins, pairs - wins).decided}
        called += sum(after[wins] for wins in verdicts)
        open_ = {w: chance for w, chance in after.items() if w not in verdicts and chance > 1e-12}
    assert 0.01 < called <= ALPHA


def test_equal_loras_by_chance_are_called_unequal_about_that_often():
    draw = random.Random(11)
    wrong = sum(looked_at_each_pair(draw, 0.5, 200) is not None for _ in range(1000))
    assert wrong / 1000 <= ALPHA + 0.014  # two standard errors


def test_a_clearly_better_one_is_found_and_soon():
    draw = random.Random(12)
    found = [looked_at_each_pair(draw, 0.75, 200) for _ in range(100)]
    assert sum(one is not None and one.challenger_wins for one in found) >= 95
    lengths = sorted(one.wins + one.losses for one in found if one)
    assert lengths[len(lengths) // 2] < 60


def test_the_interval_holds_the_truth_at_all_times():
    draw = random.Random(13)
    missed = 0
    for _ in range(100):
        wins = losses = 0
        outside = False
        for _ in range(60):
            won = draw.random() < 0.6
            wins, losses = wins + won, losses + (not won)
            found = Standing(wins, losses)
            low, high = found.interval
            outside = outside or not low <= 0.6 <= high
        missed += outside
    assert missed <= 100 * ALPHA + 3


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (9, 0), (0, 9), (40, 12), (500, 500)])
def test_one_is_better_when_half_is_outside_the_interval(wins, losses):
    found = Standing(wins, losses)
    low, high = found.interval
    assert found.decided == (not low <= 0.5 <= high)
    assert found.challenger_wins == (found.decided and wins > losses)


def test_each_author_is_heard_once_a_story_whatever_they_click():
    flood = [(1, "old", 1)] * 50 + [(1, "new", -1)] * 50
    found = standing(TRIAL, thumbs(*flood, (2, "old", 1), (2, "new", 1), (3, "new", -1)))
    assert (found.wins, found.losses, found.ties) == (0, 1, 1)
    assert not found.decided


def test_thumbs_that_come_to_nothing_are_no_verdict():
    found = standing(TRIAL, thumbs((1, "new", 1), (1, "new", -1), (2, "old", 1)))
    assert (found.wins, found.losses, found.ties) == (0, 0, 0)


def test_a_place_hears_the_same_lora_all_through_a_trial_and_a_share_hears_the_new_one():
    places = [f"telegram/{number}/" for number in range(2000)]
    first = [gets_challenger(place, TRIAL) for place in places]
    assert [gets_challenger(place, TRIAL) for place in places] == first
    assert sum(first) / 2000 == pytest.approx(0.25, abs=0.03)
    assert [gets_challenger(place, replace(TRIAL, id=2)) for place in places] != first
    assert not any(gets_challenger(place, replace(TRIAL, share=0)) for place in places)
