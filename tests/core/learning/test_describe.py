import random

import pytest

from core.learning import describe
from core.learning.describe import WordWeights

TEXT = (
    "Once upon a time, there was a brave girl named Lily. One day, she found a golden bell in the "
    "garden. Lily was a good climber. The bell was stuck in a tree. She rang the bell, and Tom "
    "laughed. Tom loved the bell."
)


@pytest.mark.parametrize(
    ("passage", "mood"),
    [
        ("They hugged and laughed. It was a wonderful, happy day.", "happy"),
        ("She cried all night. Her dog was dead, and she was lonely.", "sad"),
        ("The monster growled in the dark. He was terrified and screamed.", "scary"),
        ("The clown fell in the cake. Everyone giggled. It was so silly and fun!", "funny"),
        ("He put the cup on the table. Then he sat down by the window.", "calm"),
    ],
)
def test_moods_are_told_apart(passage: str, mood: str) -> None:
    assert describe.mood(passage) == mood


def test_a_premise_says_who_and_what() -> None:
    made = {describe.premise(TEXT, random.Random(seed)) for seed in range(20)}
    assert any(
        "girl named Lily" in premise and "finds a golden bell" in premise for premise in made
    )
    assert all(3 <= len(premise.split()) <= 20 for premise in made)


def test_a_title_has_the_name_and_the_thing() -> None:
    weights = WordWeights({"bell": 4.0, "tree": 1.0})
    assert describe.title(TEXT, weights) == "Lily and the Bell"


def test_facts_are_about_names_of_the_text() -> None:
    facts = describe.facts(TEXT, random.Random(0))
    assert facts.keys() == {"Lily", "Tom"}
    assert "climber" in facts["Lily"]


def test_words_are_drawn_from_the_text_and_rare_ones_more_often() -> None:
    weights = WordWeights({"bell": 6.0, "tree": 0.2, "submarine": 9.0})
    drawn = [describe.words(TEXT, weights, 1, random.Random(seed))[0] for seed in range(60)]
    assert set(drawn) == {"bell", "tree"}
    assert drawn.count("bell") > 40


def test_a_genre_follows_the_words_of_the_text() -> None:
    text = "The king and the queen lived in a castle. A dragon came to the castle."
    assert describe.genre(text, random.Random(0)) == "fairy tale"
    assert not describe.genre("He said no.", random.Random(0))
