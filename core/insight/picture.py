"""A card as a picture: the passage with its doubted words, what moved it, the story's mood.

Readable on a phone, in light and dark chats: it brings its own background. Blocking; run in a
thread.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from core.insight import fonts

_WIDTH, _MARGIN, _MOST_HEIGHT = 1080, 56, 4000
_INNER = _WIDTH - 2 * _MARGIN
_INK, _FAINT, _PAPER = "#22303c", "#5c6872", "#fbf7ef"
_FOR, _AGAINST, _RAIL, _MARK = "#2a7f9e", "#c2643f", "#e3dac9", "#f6d9a8"
_TITLE, _HEAD, _BODY, _SMALL = 52, 34, 38, 30  # pixels: on a phone a third of it
_PASSAGE_LINES, _CAUSE_LINES = 12, 3
_ARC = 300
_SMOOTH = 3  # times larger, then smaller: Pillow's own lines are jagged
_MOST_NUMBERS = 16


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
    first: int = 1  # the number of the first of these passages
    turns: Sequence[str] = ()  # what is said below the line
    passage: str = ""
    doubts: str = ""  # above the passage
    doubted: Sequence[tuple[int, int]] = ()  # where its marked words stand
    no_letters: str = ""  # said where the machine has no font for some


@dataclass(slots=True)
class _Sheet:
    """A page being filled from the top."""

    image: Image.Image
    y: int = _MARGIN
    whole: bool = True  # all letters could be drawn
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.image)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    marked: bool
    width: float


def draw(card: Card) -> bytes:
    """Return the card as a PNG."""
    sheet = _Sheet(Image.new("RGB", (_WIDTH, _MOST_HEIGHT), _PAPER))
    _write(sheet, card.title, _TITLE, most=2, bold=True)
    if card.passage:
        _head(sheet, card.doubts)
        _write(sheet, card.passage, _BODY, most=_PASSAGE_LINES, marked=card.doubted)
    if card.bars:
        _head(sheet, card.causes)
        _draw_bars(sheet, card.bars)
    if len(card.moods) > 1:
        _head(sheet, card.arc)
        _draw_arc(sheet, card)
        for turn in card.turns:
            sheet.y += 10
            _write(sheet, turn, _BODY, most=_CAUSE_LINES)
    if not sheet.whole and card.no_letters:
        sheet.y += 16
        _write(sheet, card.no_letters, _SMALL, most=2, colour=_FAINT)
    out = io.BytesIO()
    sheet.image.crop((0, 0, _WIDTH, sheet.y + _MARGIN - 12)).save(out, format="png", optimize=True)
    return out.getvalue()


def _head(sheet: _Sheet, text: str) -> None:
    sheet.y += 34
    _write(sheet, text, _HEAD, most=2, colour=_FAINT)
    sheet.y += 6


def _draw_bars(sheet: _Sheet, bars: Sequence[Bar]) -> None:
    longest = max(*(abs(bar.effect) for bar in bars), 1e-9)
    for bar in bars:
        sheet.y += 8
        _write(sheet, bar.text, _BODY, most=_CAUSE_LINES)
        length = round(_INNER * abs(bar.effect) / longest)
        top = sheet.y + 8
        _rail(sheet, top, _INNER, _RAIL)
        if length:
            _rail(sheet, top, length, _FOR if bar.effect >= 0 else _AGAINST)
        sheet.y = top + 16 + 18


def _rail(sheet: _Sheet, top: int, length: int, colour: str) -> None:
    sheet.draw.rectangle((_MARGIN, top, _MARGIN + length - 1, top + 15), fill=colour)


def _draw_arc(sheet: _Sheet, card: Card) -> None:
    left = 44 + max(round(_width(label, _SMALL)) for label in (card.glad, card.grim))
    high, n = _ARC * _SMOOTH, _SMOOTH
    tile = Image.new("RGB", (_INNER * n, high), _PAPER)
    pen = ImageDraw.Draw(tile)
    step = (_INNER - left - 40) / (len(card.moods) - 1)

    def place(at: int, mood: float) -> tuple[float, float]:
        return (left + 16 + at * step) * n, high / 2 - max(-1.0, min(1.0, mood)) * high * 0.42

    pen.line((left * n, high / 2, _INNER * n, high / 2), fill=_RAIL, width=3 * n)
    points = [place(at, mood) for at, mood in enumerate(card.moods)]
    pen.line(points, fill=_FOR, width=6 * n, joint="curve")
    for x, y in points:
        _dot(pen, x, y, 8 * n, _FOR)
    _dot(pen, *points[-1], 15 * n, _AGAINST)
    small = tile.resize((_INNER, _ARC), Image.Resampling.LANCZOS)
    sheet.image.paste(small, (_MARGIN, sheet.y))
    middle = sheet.y + _ARC // 2
    for label, y in ((card.glad, middle - 0.42 * _ARC), (card.grim, middle + 0.42 * _ARC)):
        _put(sheet, label, _MARGIN, round(y) - _SMALL // 2 - 4, _SMALL, _FAINT)
    sheet.y += _ARC + 4
    every = -(-len(card.moods) // _MOST_NUMBERS)
    for at in range(0, len(card.moods), every):
        number = str(card.first + at)
        x = _MARGIN + points[at][0] / n - _width(number, _SMALL) / 2
        _put(sheet, number, round(x), sheet.y, _SMALL, _FAINT)
    sheet.y += _SMALL + 14


def _dot(pen: ImageDraw.ImageDraw, x: float, y: float, radius: int, colour: str) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _write(
    sheet: _Sheet,
    text: str,
    size: int,
    *,
    most: int,
    colour: str = _INK,
    bold: bool = False,
    marked: Sequence[tuple[int, int]] = (),
) -> None:
    """Write a text over as many lines as it takes, cut where they would be too many."""
    high = round(size * 1.36)
    sheet.whole = sheet.whole and fonts.drawable(text)[1]
    lines = _lines(_words(text, size, marked, bold=bold), size)
    for number, line in enumerate(lines[:most]):
        cut = number == most - 1 and len(lines) > most
        x = float(_MARGIN)
        for word in line:
            if word.marked:
                box = (x - 6, sheet.y - 1, x + word.width + 6, sheet.y + high - 5)
                sheet.draw.rounded_rectangle(box, radius=8, fill=_MARK)
            _put(sheet, word.text, round(x), sheet.y, size, colour, bold=bold)
            x += word.width
        if cut:
            at = min(round(x), _WIDTH - _MARGIN)
            _put(sheet, " …", at, sheet.y, size, colour)
        sheet.y += high


def _words(
    text: str, size: int, marked: Sequence[tuple[int, int]], *, bold: bool
) -> Iterator[_Word]:
    """The text in pieces between which a line may break, and the spaces before them."""
    start, omitted = 0, False
    cuts = sorted({edge for span in marked for edge in span} | {len(text)})
    for end in cuts:
        inside = any(first <= start < last for first, last in marked)
        for piece in _pieces(" ".join(f"<{text[start:end]}>".split())[1:-1]):
            told = fonts.drawable(piece)[0]
            if omitted and told == fonts.OMITTED:
                continue  # one mark is enough for all that is missing
            omitted = told == fonts.OMITTED
            width = _width(told, size, bold=bold)
            yield _Word(told, inside and not told.isspace(), width)
        start = end


def _pieces(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        wide = char >= "\u2e80"  # scripts without spaces: a line may break before any sign
        if char == " " or wide:
            if word:
                yield word
            yield char
            word = ""
        else:
            word += char
    if word:
        yield word


def _lines(words: Iterator[_Word], size: int) -> list[list[_Word]]:
    lines: list[list[_Word]] = [[]]
    at = 0.0
    for word in words:
        for part in [word] if word.width <= _INNER else _broken(word, size):
            if at + part.width > _INNER and not part.text.isspace():
                tail = _unended(lines[-1])
                lines.append(tail)
                at = sum(each.width for each in tail)
            if part.text.isspace() and not lines[-1]:
                continue
            lines[-1].append(part)
            at += part.width
    return [line for line in lines if line]


def _unended(line: list[_Word]) -> list[_Word]:
    """Take back from a line what belongs to the word that goes on the next one."""
    tail: list[_Word] = []
    while len(line) > 1 and not line[-1].text.isspace() and line[-1].text < "\u2e80":
        tail.insert(0, line.pop())
    if len(line) <= 1 and tail:  # one word as long as the line
        line.extend(tail)
        return []
    return tail


def _broken(word: _Word, size: int) -> Iterator[_Word]:
    """A word that is longer than a line, in parts."""
    each = max(1, int(len(word.text) * _INNER / word.width) - 1)
    for start in range(0, len(word.text), each):
        part = word.text[start : start + each]
        yield _Word(part, word.marked, _width(part, size))


def _width(text: str, size: int, *, bold: bool = False) -> float:
    total = 0.0
    for path, run in fonts.runs(text, bold=bold):
        face = fonts.font(path, size)
        total += face.getlength(run) * size / face.size
    return total


def _put(
    sheet: _Sheet, text: str, x: int, y: int, size: int, colour: str, *, bold: bool = False
) -> None:
    """Draw a text on one line; letters that are pictures are made as small as the others."""
    for path, run in fonts.runs(text, bold=bold):
        face = fonts.font(path, size)
        if face.size == size:
            ascent = face.getmetrics()[0]
            sheet.draw.text((x, y + round(size * 0.98)), run, colour, face, anchor="ls")
            x += round(face.getlength(run)) if ascent else 0
            continue
        length = max(1, round(face.getlength(run)))
        tile = Image.new("RGBA", (length, round(face.size * 1.2)))
        ImageDraw.Draw(tile).text((0, 0), run, font=face, embedded_color=True)
        scale = size / face.size
        shown = tile.resize((max(1, round(length * scale)), round(tile.height * scale)))
        sheet.image.paste(shown, (x, y), shown)
        x += shown.width
