"""Long texts are split where a reader would pause, and nothing of them is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.splitting import split, utf16

LETTERS = st.text(st.sampled_from("abc . ! \n 。」 👍🏽 👩‍👩‍👧 e\u0301 \U0001d509 …"), max_size=300)


def inked(text: str) -> str:
    return "".join(text.split())


@given(LETTERS, st.integers(8, 60), st.sampled_from([len, utf16]))
def test_every_part_fits_and_no_letter_is_lost(text: str, limit: int, size: object) -> None:
    assert callable(size)
    parts = split(text, limit, size)
    assert all(0 < size(part) <= limit for part in parts)
    assert all(part == part.strip() for part in parts)
    assert inked("".join(parts)) == inked(text)


@given(st.text())
def test_utf16_counts_code_units(text: str) -> None:
    assert utf16(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_a_short_text_stays_whole() -> None:
    assert split("  It rained.\n", 20) == ["It rained."]
    assert split(" \n ", 20) == []


def test_a_text_is_cut_after_a_sentence() -> None:
    assert split("It rained all day. Then the sun came.", 25) == [
        "It rained all day.",
        "Then the sun came.",
    ]


def test_closing_quotes_stay_with_their_sentence() -> None:
    assert split("“It rained all day.” Then the sun came.", 25) == [
        "“It rained all day.”",
        "Then the sun came.",
    ]


def test_chinese_is_cut_after_its_full_stop_and_quote() -> None:
    text = "雨下了一整天。「太阳出来了。」他说。"
    assert split(text, 10) == ["雨下了一整天。", "「太阳出来了。」", "他说。"]


def test_a_paragraph_is_a_better_place_than_a_sentence() -> None:
    text = "It rained. It blew.\n\nThen it stopped. And"
    assert split(text, 37) == ["It rained. It blew.", "Then it stopped. And"]


def test_a_paragraph_that_would_leave_a_part_nearly_empty_is_not() -> None:
    text = "Hm.\n\nIt rained and it blew. Then it stopped at last."
    assert split(text, 30) == ["Hm.\n\nIt rained and it blew.", "Then it stopped at last."]


def test_a_sentence_without_end_is_cut_between_words() -> None:
    assert split("and then and then and then", 12) == ["and then and", "then and", "then"]


def test_a_word_without_end_is_cut_anywhere() -> None:
    assert split("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@pytest.mark.parametrize("sign", ["👩‍👩‍👧", "👍🏽", "e\u0301\u0302"])
def test_no_sign_is_torn(sign: str) -> None:
    text = "x" + sign * 12
    for limit in range(8, 14):
        assert all(
            part.removeprefix("x").count(sign) * len(sign) == len(part.removeprefix("x"))
            for part in split(text, limit)
        )


def test_marks_without_end_are_torn_in_the_end() -> None:
    assert [len(part) for part in split("e" + "\u0301" * 30, 10)] == [10, 10, 10, 1]


def test_a_growing_text_keeps_its_first_part() -> None:
    text = "It rained all day. Then the sun came. All was well again."
    firsts = {split(text[:end], 25)[0] for end in range(30, len(text))}
    assert firsts == {"It rained all day."}
