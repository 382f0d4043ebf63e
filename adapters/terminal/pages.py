"""Pages: how a reply looks in a terminal, and how it reads as plain lines.

What people and models wrote is shown as the letters it is: no markup, no escape sequences.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from adapters.terminal.hints import Hint, hints
from core.session.messages import Reply

_WIDEST = 76  # columns of a line of text; longer ones are hard to follow
_MARGIN = 2
_GAP = "   "  # between two hints
_AROUND = 3  # lines kept free around a text that grows: margin, cursor, the line typed in
# Overrides and isolates turn letters around, those of the lines after them too.
_TURNS_AROUND = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


def harmless(text: str) -> str:
    """Return the text without what a terminal would obey rather than show."""
    return "".join(
        char
        for char in text.translate(_TURNS_AROUND).expandtabs(4)
        if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"}
    )


def plain(reply: Reply, *, heading: bool) -> str:
    """Return a reply as lines for a pipe: heading, text, note, question."""
    parts = [f"{reply.heading}\n" if heading and reply.heading else "", reply.text]
    return "\n".join(harmless(part) for part in (*parts, *_small_print(reply)) if part)


def finished(reply: Reply, console: Console, *, heading: bool, text: bool) -> Iterator[Padding]:
    """Yield the blocks of a final reply, as it stays on the screen."""
    if heading and reply.heading:
        yield _block(Text(harmless(reply.heading), style="bold"), console)
    if text and reply.text:
        yield _block(Text(harmless(reply.text)), console)
    small = [Text(harmless(line), style="italic bright_black") for line in _small_print(reply)]
    small += _packed(hints(reply).rows, _columns(console))
    if small:
        yield _block(Text("\n").join(small), console)


def being_written(reply: Reply, console: Console, *, heading: bool) -> RenderableType:
    """Return a reply that grows: its end, where the whole would not fit the screen."""
    text = Text(harmless(reply.text).rstrip())
    if heading and reply.heading:
        text = Text("\n\n").join([Text(harmless(reply.heading), style="bold"), text])
    lines = (text + Text(" ▌", style="cyan")).wrap(console, _columns(console))
    return _block(Group(*lines[-max(1, console.height - _AROUND) :]), console)


def waiting(console: Console) -> RenderableType:
    """Return what stands there until there is a text."""
    return _block(Spinner("dots", style="cyan"), console)


def _small_print(reply: Reply) -> list[str]:
    asks = reply.asks if reply.asks != reply.text else ""
    return [line for line in (reply.note, asks) if line]


def _shown(hint: Hint) -> Text:
    typed = Text(hint.typed, style="cyan")
    return typed + Text(f" {harmless(hint.label)}", style="bright_black") if hint.label else typed


def _packed(rows: Sequence[Sequence[Hint]], columns: int) -> Iterator[Text]:
    """Yield a list's numbered hints line by line, and those of a passage side by side."""
    line = Text()
    for row in rows:
        for hint in row:
            shown = _shown(hint)
            listed = len(row) == 1 and hint.numbered
            if line and (listed or line.cell_len + len(_GAP) + shown.cell_len > columns):
                yield line
                line = Text()
            line = line + Text(_GAP) + shown if line else shown
    if line:
        yield line


def _columns(console: Console) -> int:
    return max(10, min(_WIDEST, console.width - 2 * _MARGIN))


def _block(content: RenderableType, console: Console) -> Padding:
    right = max(0, console.width - _columns(console) - _MARGIN)
    return Padding(content, (0, right, 1, _MARGIN))
