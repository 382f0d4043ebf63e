import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.story.sentences import sentences, spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('"Stop!" said Ann. She ran.', ['"Stop!" said Ann.', "She ran."]),
        ('"Why?" he asked. "Because."', ['"Why?" he asked.', '"Because."']),
        ("Mr. Fox met Dr. Owl at St. Ives. Then J. Hare came.", None),
        ("Well... maybe not. Hm… she sighed.", ["Well... maybe not.", "Hm… she sighed."]),
        ("It cost 3.50 coins. Cheap!", ["It cost 3.50 coins.", "Cheap!"]),
        ("A title\n\nThe story. Its end", ["A title", "The story.", "Its end"]),
        ("他笑了。「好！」她說。走吧！", ["他笑了。", "「好！」", "她說。", "走吧！"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_sentences_end_where_a_reader_would_say(text: str, expected: list[str] | None) -> None:
    whole = ["Mr. Fox met Dr. Owl at St. Ives.", "Then J. Hare came."]
    assert sentences(text) == (whole if expected is None else expected)


@given(st.text(alphabet='ab .!?"\n。A', max_size=60))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans(text))
