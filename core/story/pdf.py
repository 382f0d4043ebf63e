"""A story as a PDF, in the letters that DejaVu Serif has.

fpdf2 sets no text that runs from right to left, and the font has no Chinese: such a story is
refused with the way out rather than printed as boxes. A lone emoji becomes a box.
"""

import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path

import matplotlib as mpl
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont
from matplotlib.ft2font import FT2Font

from core.errors import Refusal
from core.story.model import Passage, Story

_FONT = "DejaVu Serif"
_BOX = "□"
_RIGHT_TO_LEFT = {"R", "AL"}
_A5 = (148.0, 210.0)  # millimetres
_MARGIN = 22.0


class _Pages(FPDF):
    """Numbered pages of a book."""

    def footer(self) -> None:
        """Put the page's number at its foot."""
        self.set_y(-_MARGIN / 1.5)
        self.set_font(_FONT, size=9)
        self.cell(0, 5, str(self.page_no()), align="C")


def pdf(story: Story, path: Sequence[Passage]) -> bytes:
    """Return the path of a story as A5 pages. Raises Refusal for letters it cannot set."""
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    letters = frozenset(FT2Font(str(fonts / "DejaVuSerif.ttf")).get_charmap())
    title, premise = _settable(story.title, letters), _settable(story.premise, letters)
    texts = [_settable(passage.text, letters) for passage in path]
    pages = _Pages(format=_A5)
    pages.set_margin(_MARGIN)
    pages.set_auto_page_break(auto=True, margin=_MARGIN)
    pages.set_creation_date(story.told)
    pages.set_title(title)
    pages.add_font(_FONT, fname=fonts / "DejaVuSerif.ttf")
    pages.add_font(_FONT, style="I", fname=fonts / "DejaVuSerif-Italic.ttf")
    pages.add_page()
    _write(pages, title, size=20, align="C", after=8)
    _write(pages, premise, size=10, style="I", align="C", after=10)
    for text in texts:
        for paragraph in text.split("\n\n"):
            _write(pages, paragraph, size=11, align="J", after=3)
    content = bytes(pages.output())
    for font in pages.fonts.values():
        if isinstance(font, TTFFont):
            font.close()  # fpdf2 would leave the files open
    return content


def _write(pages: FPDF, text: str, *, size: int, align: str, after: float, style: str = "") -> None:
    """Set one paragraph; `after` is the room below it, in millimetres."""
    pages.set_font(_FONT, style=style, size=size)
    pages.multi_cell(
        0,
        size * 0.55,  # a line's height in millimetres: some 1.5 times the letters' size in points
        text,
        align=align,
        new_x=XPos.LMARGIN,
        new_y=YPos.NEXT,
    )
    pages.ln(after)


def _settable(text: str, letters: Collection[int]) -> str:
    """Return the text with a box for each sign the font lacks; refuses letters it lacks."""
    for char in text:
        strange = ord(char) not in letters and unicodedata.category(char).startswith("L")
        if strange or unicodedata.bidirectional(char) in _RIGHT_TO_LEFT:
            raise Refusal("refusal.pdf_letters", letter=char)
    # What an emoji is joined and varied with has no width of its own.
    visible = (
        char
        for char in text
        if unicodedata.category(char) not in {"Cf", "Mn"} or ord(char) in letters
    )
    return "".join(char if ord(char) in letters or char.isspace() else _BOX for char in visible)
