import pytest

from core.story.lore import fired
from core.story.model import Lore

MARA = Lore(1, ("Mara", "keeper"), "Mara is afraid of birds.")
RAIN = Lore(2, (), "It always rains.", always=True)
LAMP = Lore(3, ("灯塔",), "灯塔从不熄灭。")


@pytest.mark.parametrize("text", ["then MARA came", "two keepers", "the keeper.", "keeper's hat"])
def test_a_keyword_that_was_told_calls_its_fact(text):
    assert fired([MARA], [text]) == (MARA,)


@pytest.mark.parametrize("text", ["Tamara came", "the housekeeperess", ""])
def test_a_keyword_inside_another_word_calls_nothing(text):
    assert fired([MARA], [text]) == ()


def test_a_script_without_spaces_needs_no_word_boundary():
    assert fired([LAMP], ["他走向灯塔的门"]) == (LAMP,)


def test_what_always_holds_is_not_called():
    assert fired([RAIN, MARA], ["Mara in the rain"]) == (MARA,)


def test_a_keyword_is_no_pattern():
    assert fired([Lore(1, ("a.c", "("), "x")], ["abc"]) == ()
