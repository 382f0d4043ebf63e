from hypothesis import given
from hypothesis import strategies as st

from core.story.likeness import distance, quotes, runs

OWN = "Grandmother kept the silver key under a loose board in the attic"
words = st.lists(st.sampled_from("the cat sat on a red mat".split()), max_size=12).map(" ".join)


def test_the_distance_of_an_edit_is_the_share_of_words_changed():
    assert distance("The lamp was lit.", "The lamp was lit.") == 0
    assert distance("The lamp was lit.", "The lamp was out.") == 0.25
    assert distance("The lamp was lit.", "") == 1
    assert distance("", "") == 0


def test_a_long_rewriting_counts_as_changed_from_its_first_word_to_its_last():
    old = "So it began. " + "one two " * 400 + "The end."
    new = "So it began. " + "three four " * 400 + "The end."
    assert distance(old, new) == 800 / 805


@given(words, words, words)
def test_a_distance_is_a_distance(one, two, three):
    most = max(len(text.split()) for text in (one, two, three)) or 1

    def steps(a, b):
        return distance(a, b) * max(len(a.split()), len(b.split()))

    assert distance(one, two) == distance(two, one)
    assert 0 <= distance(one, two) <= 1
    assert (distance(one, two) == 0) == (one == two)
    assert steps(one, three) <= steps(one, two) + steps(two, three) + 1e-9 * most


def test_eight_words_of_somebody_are_found_whatever_their_case_and_points():
    taken = "Then GRANDMOTHER kept the silver key, under a loose board!"
    assert quotes(taken, runs(OWN))
    assert not quotes("She kept the silver key under a tree", runs(OWN))


def test_a_short_text_is_found_whole_and_a_very_short_one_never():
    assert quotes("He said: my name is Ann Smith. So be it.", runs("My name is Ann Smith"))
    assert not quotes("He said yes and left the house.", runs("He said yes"))
    assert not quotes("", runs(OWN))
