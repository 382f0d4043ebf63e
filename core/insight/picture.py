"""A card as a picture: what moved a passage, and the story's mood from passage to passage.

Readable on a phone, in light and dark chats: it brings its own background. Blocking; run in a
thread.
"""

import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _DPI = 7.2, 150  # inches; 1080 pixels
_INK, _PAPER, _FOR, _AGAINST, _LINE = "#22303c", "#fbf7ef", "#2a7f9e", "#c2643f", "#d9cfbd"
_LETTERS, _LINES = 46, 3  # of a cause
_LINE_HEIGHT = 0.27  # inches
_STRANGE = re.compile(r"[^\u0000-\u024f\u2010-\u205e\u2190-\u21ff]+")  # no glyphs in the font


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that moved the passage."""

    text: str
    effect: float


@dataclass(frozen=True, slots=True)
class Card:
    """What the picture shows; all words are in the reader's language."""

    title: str
    causes: str  # above the bars
    bars: Sequence[Bar]
    arc: str  # above the mood's line
    moods: Sequence[float]  # -1 to 1, a passage each, the explained one last
    glad: str
    grim: str


def draw(card: Card) -> bytes:
    """Return the card as a PNG."""
    import matplotlib as mpl  # noqa: PLC0415 - takes half a second, and only a card needs it

    mpl.use("agg")
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    lines = [_wrapped(bar.text) for bar in card.bars]
    heights = [_LINE_HEIGHT * (text.count("\n") + 1) + 0.42 for text in lines]
    arc = 2.1 if len(card.moods) > 1 else 0.0
    height = 1.0 + sum(heights) + (0.3 if lines else 0.0) + arc
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor=_PAPER)
    page = figure.add_axes((0, 0, 1, 1))  # in inches, from the top
    page.set_xlim(0, _WIDTH)
    page.set_ylim(height, 0)
    page.axis("off")
    page.text(0.35, 0.42, _plain(card.title), size=17, weight="bold", color=_INK, va="center")
    top = 0.85
    if lines:
        page.text(0.35, top, _plain(card.causes), size=12, color=_INK, va="center", alpha=0.75)
        _draw_bars(page, card.bars, lines, heights, top + 0.25)
    if arc:
        _draw_arc(figure, page, card, height)
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor=_PAPER)
    return out.getvalue()


def _draw_bars(
    page: "Axes", bars: Sequence[Bar], lines: Sequence[str], heights: Sequence[float], top: float
) -> None:
    longest = max(*(abs(bar.effect) for bar in bars), 1e-9)
    for bar, text, height in zip(bars, lines, heights, strict=True):
        page.text(0.35, top + 0.05, text, size=13, color=_INK, va="top", linespacing=1.25)
        length = (_WIDTH - 0.7) * abs(bar.effect) / longest
        colour = _FOR if bar.effect >= 0 else _AGAINST
        under = top + height - 0.29  # nearer to its own words than to the next
        page.barh(under, length, height=0.1, left=0.35, color=colour)
        page.barh(under, _WIDTH - 0.7, height=0.1, left=0.35, color=_LINE, zorder=0)
        top += height


def _draw_arc(figure: "Figure", page: "Axes", card: Card, height: float) -> None:
    page.text(0.35, height - 1.95, _plain(card.arc), size=12, color=_INK, va="center", alpha=0.75)
    axes = figure.add_axes((0.16, 0.28 / height, 0.78, 1.4 / height), facecolor=_PAPER)
    places = range(1, len(card.moods) + 1)
    axes.axhline(0, color=_LINE, linewidth=1.5)
    axes.plot(places, card.moods, color=_FOR, linewidth=2.5, marker="o", markersize=6)
    axes.plot(places[-1:], card.moods[-1:], color=_AGAINST, marker="o", markersize=11)
    axes.set_ylim(-1.1, 1.1)
    axes.set_yticks((-0.8, 0.8), labels=(_plain(card.grim), _plain(card.glad)), size=11)
    axes.set_xticks(())
    axes.tick_params(length=0, colors=_INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(_plain(text), _LETTERS) or [""]
    cut = lines[:_LINES]
    if len(lines) > _LINES:
        cut[-1] = cut[-1].rstrip(" .,;") + " …"
    return "\n".join(cut)


def _plain(text: str) -> str:
    """The text without what the font has no letters for, and without matplotlib's own markup."""
    return _STRANGE.sub("□", text).replace("$", "\\$")
