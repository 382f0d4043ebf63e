"""The card as a picture."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.insight import fonts
from core.insight.picture import Bar, Card, draw


def a_card(bars: list[Bar], moods: list[float]) -> Card:
    return Card("Passage 3", "Why:", bars, "Mood:", moods, "glad", "grim")


def size(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


def test_a_card_is_as_wide_as_a_phone_and_as_high_as_its_bars() -> None:
    one = size(draw(a_card([Bar("It rained.", 0.2)], [0.1])))
    more = size(draw(a_card([Bar("It rained.", 0.2), Bar("It snowed. " * 9, -0.1)], [0.1])))
    assert one[0] == more[0] == 1080
    assert one[1] < more[1]


def test_the_longest_bar_fills_the_row_and_the_others_less() -> None:
    png = draw(a_card([Bar("One.", 0.4), Bar("Two.", 0.1)], [0.1]))
    pixels = Image.open(io.BytesIO(png)).convert("RGB")
    blue = (0x2A, 0x7F, 0x9E)
    rows = np.asarray(pixels)
    lengths = (rows == blue).all(axis=2).sum(axis=1).tolist()
    longest = max(lengths)
    assert longest > 900
    assert any(abs(length - longest / 4) < 5 for length in lengths)


@pytest.mark.parametrize("text", ["$\\frac{1}{0}$ and $", "月亮 🌙 rose", "", "x" * 500, "a\nb"])
def test_any_text_can_be_drawn(text: str) -> None:
    assert size(draw(a_card([Bar(text, 0.0)], [0.5, -0.5])))[0] == 1080


def test_doubted_words_are_marked() -> None:
    plain = Card("Passage 3", "", [], "", [0.1], "", "", passage="The xylophone sang.", doubts="!")
    marked = replace(plain, doubted=[(4, 13)])
    counts = [
        (np.asarray(Image.open(io.BytesIO(draw(card)))) == (0xF6, 0xD9, 0xA8)).all(axis=2).sum()
        for card in (plain, marked)
    ]
    assert counts[0] == 0
    assert counts[1] > 1000


def test_an_endless_passage_is_cut() -> None:
    card = Card("P", "", [], "", [0.1], "", "", passage="So it went on. " * 600, doubts="!")
    assert size(draw(card))[1] < 1200
    assert size(draw(replace(card, passage="y" * 9000)))[1] < 1200


def test_letters_without_a_font_are_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    card = a_card([Bar("月亮", 1.0)], [0.1])
    monkeypatch.setattr(fonts, "drawable", lambda _: ("⋯", False))
    without = size(draw(card))[1]
    assert without < size(draw(replace(card, no_letters="Some letters are missing.")))[1]


def test_a_mood_alone_is_a_line() -> None:
    assert (
        size(draw(a_card([], [0.5, -0.5, 0.1])))[1]
        < size(draw(a_card([Bar("One.", 1.0)], [0.5, -0.5, 0.1])))[1]
    )
