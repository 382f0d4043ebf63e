import pytest

from core.narrator.lexicon import starter_words
from core.narrator.wordforms import forms, stem, third_person


@pytest.mark.parametrize(
    ("word", "others"),
    [
        ("run", "runs ran running"),
        ("running", "run runs ran"),
        ("story", "stories"),
        ("stories", "story"),
        ("stop", "stops stopped stopping"),
        ("stopped", "stop stops stopping"),
        ("love", "loves loved loving"),
        ("loved", "love loves loving"),
        ("box", "boxes"),
        ("wolves", "wolf wolf's"),
        ("gun", "guns gun's gun’s"),
        ("cries", "cry cried crying"),
    ],
)
def test_a_word_is_known_in_all_its_forms(word: str, others: str) -> None:
    assert set(others.split()) <= forms(word)


def test_a_word_has_no_forms_of_others() -> None:
    assert not {"runt", "rune", "gum"} & (forms("run") | forms("gun"))
    assert forms("3") == {"3"}
    assert forms("血") == {"血", "血's", "血’s"}
    assert forms("two words") == {"two words"}
    assert "bu" not in forms("bus")
    assert "boss" in forms("bosses")
    assert "the" not in forms("thing")
    assert "see" not in forms("seed")
    assert "even" not in forms("evening")


def test_forms_share_a_stem() -> None:
    assert len({stem(word) for word in ("hopped", "hopping", "hops", "hop")}) == 1
    assert len({stem(word) for word in ("cry", "cries", "cried", "crying")}) == 1
    assert stem("sing") == "sing"


@pytest.mark.parametrize(
    ("word", "does"),
    [
        *((word, True) for word in ("finds", "carries", "misses", "is", "has", "stops", "paints")),
        *(
            (word, False)
            for word in ("find", "keeper", "glass", "his", "bus", "princess", "wolves")
        ),
        *((word, False) for word in ("mice", "zorgs", "stairs", "always", "its", "s", "")),
    ],
)
def test_what_somebody_does_is_known_by_its_forms(word, does):
    assert third_person(word, starter_words()) is does
