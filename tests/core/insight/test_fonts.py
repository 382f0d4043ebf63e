"""Letters are drawn by a font that has them, and told otherwise where none has."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped] # it has no types
from fontTools.pens.ttGlyphPen import (  # type: ignore[import-untyped] # it has no types
    TTGlyphPen,
)

from core.insight import fonts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine's folder of fonts, empty so far."""
    monkeypatch.setattr(fonts, "_FOLDERS", (str(tmp_path),))
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    fonts._others.cache_clear()
    fonts._font_for.cache_clear()
    fonts.font.cache_clear()


def make_font(path: Path, letters: str) -> None:
    """Write a font whose letters are squares."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    names = [".notdef", *(f"sign{n}" for n in range(len(letters)))]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): f"sign{n}" for n, c in enumerate(letters)})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Test", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)


def test_latin_greek_and_cyrillic_are_always_there(folder: Path) -> None:
    assert fonts.drawable("Café, “λόγος”, Мир … → ♥") == ("Café, “λόγος”, Мир … → ♥", True)
    assert not list(folder.iterdir())


def test_where_no_font_has_them_emoji_are_named_and_other_letters_are_left_out(
    folder: Path,
) -> None:
    assert fonts.drawable("A wolf 🐺 howls at 月亮.") == (
        f"A wolf [wolf face] howls at {fonts.OMITTED}.",
        False,
    )
    assert not list(folder.iterdir())


def test_a_font_of_the_machine_draws_what_it_has(folder: Path) -> None:
    make_font(folder / "NotoSansCJK-Regular.ttf", "月亮")
    assert fonts.drawable("月亮") == ("月亮", True)
    path, run = fonts.runs("at 月亮")[1]
    assert (path.name, run) == ("NotoSansCJK-Regular.ttf", "月亮")
    assert fonts.font(path, 30).getlength("月") == pytest.approx(24, abs=1)


def test_what_only_looks_like_a_font_is_passed_over(folder: Path) -> None:
    (folder / "NotoSansBroken.ttf").write_bytes(b"no font")
    (folder / "wqy-broken.ttc").write_bytes(b"no fonts")
    assert not fonts.drawable("月")[1]


def test_signs_nobody_sees_are_left_out(folder: Path) -> None:
    assert fonts.drawable("a\u200db\ufe0f\u202e\x07")[0] == "ab"
    assert not list(folder.iterdir())
