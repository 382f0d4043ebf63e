"""Which words are refused."""

import pytest

from core.narrator.guard import Guard, banned_pattern


def told(text: str, *, banned: tuple[str, ...] = (), before: tuple[str, ...] = ()) -> str:
    """What of a text comes through, read word by word; a refused word is left out."""
    guard = Guard(banned, before)
    passed = ""
    for word in text.split(" "):
        longer = f"{passed} {word}".strip()
        if not guard.refuses(f"{longer} ", len(passed), len(longer)):
            passed = longer
    return passed


@pytest.mark.parametrize("word", ["cat", "Cat", "CAT", '"Cat!"', "cat's", "black-cat"])
def test_a_banned_word_is_refused_in_every_form(word: str) -> None:
    assert told(f"a {word} slept", banned=("caT",)) == "a slept"


def test_a_word_that_only_holds_a_banned_one_is_not_refused() -> None:
    text = "a catalogue of scattered ducats"
    assert told(text, banned=("cat",)) == text


def test_a_banned_word_is_refused_in_all_its_forms() -> None:
    assert told("Cats ran and a cat's tail wags", banned=("cat", "run", "wag")) == "and a tail"


def test_a_banned_phrase_is_refused_at_its_last_word() -> None:
    assert told("near the lake, the sea", banned=("THE  lake",)) == "near the the sea"


def test_a_banned_word_of_a_script_without_spaces_is_found_inside() -> None:
    pattern = banned_pattern(("猫", "  "))
    assert pattern
    assert pattern.search("小猫在这里")
    assert banned_pattern(("", " ")) is None


def test_four_words_do_not_come_again_in_a_row() -> None:
    assert told("He ran to the sea, and he ran to the hill") == (
        "He ran to the sea, and he ran to hill"
    )


def test_a_word_does_not_come_three_times_in_a_row() -> None:
    assert told("It was very very very very cold") == "It was very very cold"


def test_nobody_is_joined_with_himself() -> None:
    assert told("Tom and Tom and Mara went") == "Tom and and Mara went"
    assert told("afraid of the dark and the dark") == "afraid of the dark and the"


def test_nobody_gets_the_name_of_somebody_else_in_the_passage() -> None:
    assert told("Hana had a crab named Hana who sang") == "Hana had a crab named who sang"
    assert (
        told("There was a crab named Hana. Hana sang") == "There was a crab named Hana. Hana sang"
    )
    assert told("The dog was named after the dog") == "The dog was named after the dog"
    assert told("a crab named Hana", before=("Hana slept.",)) == "a crab named Hana"


def test_a_sentence_is_not_told_twice() -> None:
    assert told("She smiled. The sea sang. She smiled. Tom") == "She smiled. The sea sang. She Tom"
    assert told('"Yes!" he said. "Yes!"') == '"Yes!" he said. "Yes!"'


def test_a_sentence_of_the_newest_passages_is_not_told_again() -> None:
    before = ("Mara slept well. The sea sang.",)
    assert told("Tom woke. Mara slept well. Then", before=before) == "Tom woke. Mara slept Then"


def test_long_stretches_of_the_newest_passages_are_not_told_again() -> None:
    before = ("Once upon a time there was a little keeper by the sea",)
    assert told("Once upon a time there was a little girl by the sea", before=before) == (
        "Once upon a time there was little girl by the sea"
    )


def test_a_name_in_an_unspaced_script_may_come_again_but_no_long_stretch() -> None:
    guard = Guard((), ())
    text = "小红帽走进森林。小红帽看见一只狼在森林里走来走去,小红帽看见一只狼在森林里走"
    passed = [at for at in range(len(text)) if not guard.refuses(text, at, at + 1)]
    assert passed[: text.index(",") + 6] == list(range(text.index(",") + 6))
    assert len(passed) < len(text)
