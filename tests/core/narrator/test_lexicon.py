"""Words that a model knows, and that it makes up."""

from pathlib import Path

import pytest

from core.narrator.guard import Guard
from core.narrator.lexicon import WORDS, Lexicon, read_words, words_of
from core.narrator.storyteller import _BUNDLED

KNOWN = frozenset(("the", "cat", "sat", "don't"))


@pytest.mark.parametrize("word", ["cat", "Cat", "cat's", "cat’s", "the", "don't", "猫", "кот"])
def test_a_word_that_was_read_is_known(word: str) -> None:
    assert Lexicon(KNOWN).knows(word)


@pytest.mark.parametrize("word", ["catatatat", "Samnd", "dogs'", "e" * 41])
def test_a_word_that_nobody_wrote_is_none(word: str) -> None:
    assert not Lexicon(KNOWN | {"e" * 41}).knows(word)


def test_a_letter_is_no_word_but_where_somebody_wrote_it() -> None:
    letters = KNOWN | {"a", "i", "p"}
    assert Lexicon(letters).knows("A")
    assert Lexicon(letters).knows("I")
    assert not Lexicon(letters).knows("P")
    assert Lexicon(letters, ["P the pirate"]).knows("P")


def test_the_words_of_the_story_are_known_too() -> None:
    lexicon = Lexicon(KNOWN, ["Zuri's kite", "Wellington-on-Sea"])
    assert all(map(lexicon.knows, ("Zuri", "zuri's", "kite", "Wellington", "Sea")))


def test_a_guard_with_a_lexicon_refuses_what_is_made_up() -> None:
    text = "The cat sat. The Buke"
    guard = Guard((), (), Lexicon(KNOWN))
    assert not guard.refuses(text, 0, 12)
    assert guard.refuses(text, 12, len(text))
    assert not Guard((), ()).refuses(text, 0, len(text))


def test_a_folder_without_a_list_knows_no_words(tmp_path: Path) -> None:
    assert read_words(tmp_path) == frozenset()
    (tmp_path / WORDS).write_text("cat\ndog\n")
    assert read_words(tmp_path) == {"cat", "dog"}


def test_the_starter_knows_the_words_of_simple_stories() -> None:
    text = "Once upon a time there was a little girl who didn't like her grandmother's elephant."
    assert words_of(text) <= read_words(_BUNDLED)
