import pytest

from tests.benchmarks import stories_measures as measures

STORY = "The red kite flew over the wide river. The red kite flew over the wide river. It sang."


def test_repeated_sentences_and_runs_of_words_are_counted() -> None:
    assert measures.repeated_sentences([STORY]) == pytest.approx(1 / 3)
    assert measures.repeated_sentences(["One kite. Two kites."]) == 0
    # 18 words have 15 runs of four; those inside the second telling, five, stood there before.
    assert measures.repeated_4_grams([STORY]) == pytest.approx(5 / 15)


def test_distinct_pairs_are_counted_over_all_stories_together() -> None:
    assert measures.distinct_2(["a b c", "a b d"]) == pytest.approx(3 / 4)


def test_copied_runs_are_those_of_the_training_text() -> None:
    memory = measures.Memory(["Once upon a time there was a small grey mouse."])
    assert memory.copied(["Once upon a time there was a small dog here."]) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("word", "text", "used"),
    [
        ("kite", "Two kites!", True),
        ("dig", "They were digging.", True),
        ("dance", "She was dancing", True),
        ("row", "a brown arrow", False),
        ("share", "They shared it.", True),
    ],
)
def test_a_word_is_used_in_its_regular_forms_too(word: str, text: str, used: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert measures.uses(text, word) == used


def test_moods_are_measured_by_sign() -> None:
    assert measures.mood_obeyed("It was a wonderful, happy day.", "happy")
    assert measures.mood_obeyed("She cried. It was awful.", "sad")
    assert measures.mood_obeyed("He put the cup on the table.", "calm")
    assert not measures.mood_obeyed("He put the cup on the table.", "sad")
