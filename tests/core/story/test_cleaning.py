from hypothesis import given
from hypothesis import strategies as st

from core.story.cleaning import clean, one_line


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet=st.characters(categories=["Cc", "L", "Cs"]), max_size=40))
def test_no_control_character_is_left_but_line_and_tab(text):
    assert not [char for char in clean(text) if char < " " and char not in "\n\t"]


def test_marks_that_turn_text_around_are_gone_and_hebrew_stays():
    assert clean("a\u202eb\u2066c") == "abc"
    assert clean("שלום") == "שלום"


def test_lines_end_alike_and_many_blank_ones_are_one():
    assert clean("a\r\nb\r\r\n \n\nc") == "a\nb\n\nc"


def test_one_line_is_one_line():
    assert one_line(" a \n\n b\t c ") == "a b c"


def test_letters_in_two_forms_become_one():
    assert clean("e\u0301") == "é"


def test_emoji_families_stay_whole():
    assert clean("👩‍👧") == "👩‍👧"
