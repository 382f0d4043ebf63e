"""A scribe takes text in pieces of any size and writes what the pen would."""

import pytest

from core.narrator.guard import Guard
from core.narrator.sampling import Measure
from core.narrator.scribe import Scribe
from core.narrator.tokens import Tokens

MEASURE = Measure(least=1, target=12, most=40)


def scribe(tokens: Tokens, *banned: str, measure: Measure = MEASURE) -> Scribe:
    return Scribe(tokens, measure, Guard(banned, ()))


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_the_size_of_the_pieces_makes_no_difference(tokens: Tokens, size: int) -> None:
    text = " Mara found a shell.\n\nOld Tom kept the lamp burning all night. It rained."
    taking = scribe(tokens)
    for at in range(0, len(text), size):
        assert taking.read(text[at : at + size])
        if taking.ended:
            break
    taking.rest()
    taking.break_off()
    assert taking.result.startswith("Mara found a shell.\n\nOld Tom kept the lamp burning")


@pytest.mark.parametrize(
    ("begun", "shown"),
    [
        ("\n  , mara ran off", "Mara"),
        ('"Who is there?" she', '"Who is'),
        ("\x01\x02… élan vital was", "Élan"),
        ("3 boats came in", "Boats"),
    ],
)
def test_a_passage_begins_as_one_may(tokens: Tokens, begun: str, shown: str) -> None:
    taking = scribe(tokens)
    assert taking.read(begun)
    assert taking.shown == shown


def test_nothing_but_marks_is_no_beginning(tokens: Tokens) -> None:
    taking = scribe(tokens)
    assert taking.read(" \n… ")
    assert taking.ids == []
    assert not taking.stop()


def test_a_refused_word_is_taken_back_and_the_text_goes_on_from_before_it(tokens: Tokens) -> None:
    taking = scribe(tokens, "lamp")
    assert taking.read("Tom kept the ")
    assert not taking.read("lamp burning all night")
    assert taking.written == "Tom kept the"
    taking.again()
    assert taking.read(" bell in the")
    taking.rest()
    taking.break_off()
    assert taking.result == "Tom kept the bell in."


def test_the_last_word_is_judged_too(tokens: Tokens) -> None:
    taking = scribe(tokens, "lamp")
    assert taking.read("Tom kept the lamp")
    assert taking.rest()
    assert taking.written.endswith("lamp")
    assert not taking.read(" ") or not taking.read("x y")


def test_a_script_without_spaces_is_shown_as_it_comes(tokens: Tokens) -> None:
    taking = scribe(tokens, measure=Measure(least=1, target=60, most=200))
    for char in "玛拉在沙滩上捡到一枚红色的贝壳。它在唱歌":
        assert taking.read(char)
    assert taking.shown.startswith("玛拉在沙滩上捡到一枚红色的贝壳。")


def test_it_ends_where_a_sentence_does(tokens: Tokens) -> None:
    taking = scribe(tokens)
    taking.read("Mara found a shell")
    taking.rest()
    assert not taking.stop()
    taking.again()
    taking.read(". ")
    taking.rest()
    assert taking.stop()
    assert taking.result == "Mara found a shell."
