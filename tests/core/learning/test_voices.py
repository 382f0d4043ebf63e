from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.learning.voices import NEWCOMER, STRENGTHS, standings
from core.story.likeness import distance

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
counts = st.lists(st.integers(1, 300), min_size=1, max_size=12)


def counted(numbers, joined=None):
    voices = [author for author, number in enumerate(numbers) for _ in range(number)]
    joined = dict.fromkeys(range(len(numbers)), LONG_AGO) | (joined or {})
    return standings(voices, joined, now=NOW)


def test_a_flood_of_one_author_counts_as_thirty_where_others_say_ten():
    weights = counted([1000, *[10] * 9])
    assert round(weights[0] * 1000) == 30
    assert all(weights[author] == 1 for author in range(1, 10))


def test_fifty_accounts_of_today_count_as_five():
    today = {author: NOW - timedelta(hours=2) for author in range(2, 52)}
    weights = counted([10, 10, *[1] * 50], today)
    assert round(sum(weights[author] for author in today), 6) == 5
    assert weights[0] == 1


def test_who_writes_alone_is_not_held_back():
    assert counted([300]) == {0: 1.0}


def test_a_day_later_a_newcomer_counts_whole():
    joined = {0: NOW - timedelta(days=1), 1: NOW - timedelta(hours=23)}
    assert counted([1, 1], joined) == {0: 1.0, 1: NEWCOMER}


def test_nobody_says_nothing():
    assert standings([], {}, now=NOW) == {}


@given(counts)
def test_nobody_counts_more_than_one_a_voice_nor_more_than_the_most(numbers):
    weights = counted(numbers)
    middle = sorted(numbers)[len(numbers) // 2]  # at least the median
    for author, number in enumerate(numbers):
        assert 0 < weights[author] <= 1
        assert weights[author] * number <= max(10, 3 * middle) + 1e-9


@given(counts, st.integers(1, 10_000))
def test_saying_more_never_counts_for_less_in_all(numbers, more):
    weight, louder = counted(numbers)[0], counted([numbers[0] + more, *numbers[1:]])[0]
    assert louder * (numbers[0] + more) >= weight * numbers[0] - 1e-9


def test_an_edit_says_no_as_far_as_it_went_and_a_mended_typo_nothing():
    old = "The lamp was lit and teh boat came home to the little harbour"
    assert STRENGTHS.of_distance(distance(old, old.replace("teh", "the"))) == 0
    new = "A storm rose and nobody ever saw that boat again"
    assert STRENGTHS.of_distance(distance(old, new)) > 0.8
