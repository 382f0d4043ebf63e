"""What may be shown of a passage while it is written, and where it ends."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.narrator.guard import Guard, is_sentence_end
from core.narrator.pen import Pen
from core.narrator.sampling import Measure
from core.narrator.tokens import Tokens

LONG = Measure(least=5, target=1000, most=1000)


def write(
    tokens: Tokens, text: str, measure: Measure = LONG, *, banned: tuple[str, ...] = ()
) -> Pen:
    """A pen that took the text's tokens one by one, until it ended."""
    pen = Pen(tokens, measure, Guard(banned, ()))
    for token in tokens.encode(text):
        if not pen.ended:
            pen.take(token)
    return pen


def test_words_are_shown_when_they_are_finished(tokens: Tokens) -> None:
    assert write(tokens, "Mara found a").shown == "Mara found"
    assert write(tokens, "Mara found a ").shown == "Mara found a"


def test_characters_in_several_tokens_are_shown_whole(tokens: Tokens) -> None:
    pen = Pen(tokens, LONG, Guard((), ()))
    for token in tokens.encode("Ah 👍 und 海 x"):
        pen.take(token)
        assert "\N{REPLACEMENT CHARACTER}" not in pen.shown
    assert pen.shown == "Ah 👍 und 海"


def test_a_script_without_spaces_is_shown_by_the_character(tokens: Tokens) -> None:
    assert write(tokens, "海里有贝").shown == "海里有"


def test_a_passage_ends_with_the_first_sentence_after_its_target(tokens: Tokens) -> None:
    target = len(tokens.encode("Mara slept. Tom"))
    pen = write(tokens, "Mara slept. Tom woke. The sea was loud.", Measure(2, target, 99))
    assert pen.ended
    assert pen.result == "Mara slept. Tom woke."


def test_a_paragraph_may_end_it_a_little_earlier(tokens: Tokens) -> None:
    measure = Measure(2, len(tokens.encode("Mara slept on.")) + 4, 99)
    assert not write(tokens, "Mara slept on. Tom woke", measure).ended
    assert write(tokens, "Mara slept on.\n\nTom woke", measure).result == "Mara slept on."


def test_it_does_not_end_inside_a_quotation(tokens: Tokens) -> None:
    told = '"Go home. The sea is cold now," said Mara. Tom went'
    assert write(tokens, told, Measure(2, 5, 99)).result == (
        '"Go home. The sea is cold now," said Mara.'
    )


def test_a_passage_that_gets_too_long_is_cut_after_its_last_sentence(tokens: Tokens) -> None:
    told = "Mara slept. " + "and the wind blew " * 20
    pen = write(tokens, told, Measure(2, 500, 20))
    assert pen.ended
    assert pen.result == "Mara slept."


def test_a_cut_closes_the_quotation_it_cannot_avoid(tokens: Tokens) -> None:
    told = '"We must go. The sea is rising and the boats are far'
    assert write(tokens, told, Measure(2, 500, 30)).result == '"We must go."'
    told = "Mara slept. The sea rose. “Come back. The night was long and all the boats were far"
    assert write(tokens, told, Measure(2, 500, 35)).result == "Mara slept. The sea rose."
    told = "「来吧。我们走了很远很远"
    assert write(tokens, told, Measure(2, 500, 30)).result == "「来吧。」"


def test_a_sentence_without_an_end_gets_its_full_stop(tokens: Tokens) -> None:
    told = "Mara walked along the shore, and the wind, " * 3
    result = write(tokens, told, Measure(2, 500, 30)).result
    assert result.startswith("Mara walked along the shore")
    assert result.endswith(".")
    assert not result.endswith(",.")
    assert write(tokens, "海里有很多很多贝和鱼", Measure(2, 500, 25)).result.endswith("。")


def test_nothing_but_marks_is_nothing(tokens: Tokens) -> None:
    assert write(tokens, '"! ... ' * 9, Measure(2, 3, 20)).result == ""


def test_the_story_may_end_after_a_sentence_only(tokens: Tokens) -> None:
    pen = write(tokens, "Mara slept", Measure(2, 500, 900))
    assert tokens.end in pen.barred
    pen.take(tokens.encode(".")[0])
    assert tokens.end not in pen.barred
    pen.take(tokens.end)
    assert pen.result == "Mara slept."


def test_the_story_may_not_end_before_its_least_length(tokens: Tokens) -> None:
    assert tokens.end in write(tokens, "Mara slept.", Measure(50, 500, 900)).barred


def test_an_ending_goes_on_until_the_end(tokens: Tokens) -> None:
    measure = Measure(2, 10, 200, open_end=True)
    pen = write(tokens, "Mara slept. Tom woke. They lived on. The", measure)
    assert not pen.ended
    assert write(tokens, "Mara slept on. The end. Tom woke", measure).result == (
        "Mara slept on. The end."
    )


def test_an_ending_tells_something_before_it_says_so(tokens: Tokens) -> None:
    pen = write(tokens, "Mara slept on. The end. ", Measure(60, 100, 200, open_end=True))
    assert not pen.ended
    assert pen.shown == "Mara slept on. The"


def test_a_title_ends_with_its_line(tokens: Tokens) -> None:
    most = len(tokens.encode(" The Shell and the lamp of the"))
    line = Measure(2, most, most, one_line=True)
    pen = write(tokens, ' "The Shell"\nMara', line)
    assert pen.ended
    assert pen.result == "The Shell"
    assert pen.shown == ""
    assert write(tokens, " The Shell and the lamp of the ", line).result == "The Shell and the lamp"
    pen = write(tokens, " The Shell", line)
    pen.take(tokens.end)
    assert pen.result == "The Shell"


def test_a_passage_begins_with_a_capital_or_a_quotation(tokens: Tokens) -> None:
    barred = Pen(tokens, LONG, Guard((), ())).barred
    assert {tokens.encode(text)[0] for text in ("and", ".", "\n\n", " ", "9")} <= barred
    assert barred.isdisjoint(tokens.encode(text)[0] for text in ("Mara", '"', "海", "Öl"))


def test_what_must_not_stand_in_a_place_is_barred_there_alone(tokens: Tokens) -> None:
    once, upon = (tokens.encode(text)[0] for text in ("Once", " upon"))
    pen = Pen(tokens, LONG, Guard((), ()), beginning={1: frozenset({upon})})
    usual = Pen(tokens, LONG, Guard((), ())).barred
    assert pen.barred == usual
    pen.take(once)
    assert upon in pen.barred
    pen.take(tokens.encode(" there")[0])
    assert upon not in pen.barred


def test_what_is_barred_is_in_memory_once_for_all_passages(tokens: Tokens) -> None:
    one, other = (Pen(tokens, LONG, Guard((), ()), barred=tokens.unwritable) for _ in range(2))
    assert one.barred is other.barred
    for pen in (one, other):
        pen.take(tokens.encode("Once")[0])
    assert tokens.end in one.barred
    assert one.barred is other.barred


def test_a_refused_word_is_taken_back_and_barred(tokens: Tokens) -> None:
    pen = write(tokens, "Mara found a shell", banned=("shell",))
    before = len(tokens.encode("Mara found a"))
    pen.take(tokens.encode(" on")[0])
    assert pen.shown == "Mara found a"
    assert len(pen.ids) == before
    assert tokens.encode(" shell")[0] in pen.barred
    for token in tokens.encode(" stone on"):
        pen.take(token)
    assert pen.shown == "Mara found a stone"


def test_a_refused_last_word_is_taken_back_too(tokens: Tokens) -> None:
    pen = write(tokens, "Mara slept. She found a shell.", banned=("shell",))
    pen.take(tokens.end)
    assert not pen.ended
    for token in tokens.encode(" stone."):
        pen.take(token)
    pen.take(tokens.end)
    assert pen.result == "Mara slept. She found a stone."


def test_a_blank_line_before_a_refused_word_stays(tokens: Tokens) -> None:
    pen = write(tokens, "Mara slept.\n\nMara slept.\n\n")
    assert pen.shown == "Mara slept.\n\nMara"
    assert not pen.ended


def test_a_passage_that_is_refused_too_often_ends_where_it_is(tokens: Tokens) -> None:
    pen = write(tokens, "Mara slept. Tom saw")
    for _ in range(300):
        for token in tokens.encode(" the sea and the sea and the sea and the sea and"):
            if not pen.ended:
                pen.take(token)
    assert pen.ended
    assert pen.result == "Mara slept."


def test_white_space_is_shown_tidy(tokens: Tokens) -> None:
    assert write(tokens, "Mara  slept.\n \n\n Tom\n woke. ").shown == "Mara slept.\n\nTom\nwoke."


@pytest.mark.parametrize(
    ("text", "at", "ends"),
    [
        ("Mara slept. Tom", 11, True),
        ("Mr. Tom", 3, False),
        ('"Stop!" she said.', 7, False),
        ('"Stop!" She ran.', 7, True),
        ("Mara slept.", 11, True),
        ("Mara slept", 10, False),
    ],
)
def test_where_a_sentence_ends(text: str, at: int, ends: bool) -> None:  # noqa: FBT001 - a fact of the table
    assert is_sentence_end(text, at) is ends


@given(st.lists(st.integers(0, 419), max_size=120), st.booleans())
@settings(max_examples=150, deadline=None)
def test_whatever_a_model_writes_what_is_shown_stays(
    tokens: Tokens,
    written: list[int],
    one_line: bool,  # noqa: FBT001 - drawn
) -> None:
    pen = Pen(tokens, Measure(4, 30, 60, one_line=one_line), Guard(("the",), ()))
    shown = ""
    for token in written:
        if pen.ended:
            break
        if token not in pen.barred | tokens.unwritable:
            pen.take(token)
            assert pen.shown.startswith(shown)
            shown = pen.shown
            assert " the " not in f" {shown.lower()} "
    if pen.ended and pen.result and not one_line:
        assert is_sentence_end(pen.result, len(pen.result)) or pen.result[-1] in '"”」』'
        whole = pen.result.rstrip('"”」』.。')
        assert shown.startswith(whole) or whole.startswith(shown)


def test_a_word_that_was_read_is_not_made_another_after_a_refusal(tokens: Tokens) -> None:
    pen = write(tokens, "Mara found a boat was ", banned=("was",))
    for token in tokens.encode("s and bread "):
        pen.take(token)
    assert pen.shown == "Mara found a boat and bread"
