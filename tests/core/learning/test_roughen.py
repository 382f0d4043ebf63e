import random

from core.learning.roughen import roughen

PASSAGE = (
    '"Where is my hat?" asked Tom. He looked under the bed, behind the door and in the garden. '
    "It was on his head. Everybody laughed, and Tom laughed as well."
)


def test_a_roughened_passage_is_never_the_passage() -> None:
    for seed in range(300):
        assert roughen(PASSAGE, random.Random(seed)) != PASSAGE
        assert roughen("Yes.", random.Random(seed)) != "Yes."


def test_most_of_the_words_stay() -> None:
    kept = []
    for seed in range(200):
        rough = set(roughen(PASSAGE, random.Random(seed)).lower().split())
        words = PASSAGE.lower().split()
        kept.append(sum(word in rough for word in words) / len(words))
    assert sum(kept) / len(kept) > 0.7


def test_the_same_seed_makes_the_same_slips() -> None:
    assert roughen(PASSAGE, random.Random(5)) == roughen(PASSAGE, random.Random(5))
