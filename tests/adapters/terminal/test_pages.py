"""Pages show people's letters as letters, and fit the window they are in."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from adapters.terminal import pages
from core.session.commands import Open
from core.session.messages import Action, Reply

HOSTILE = (
    "[bold red]x[/] :smile: \x1b[2J\x1b]0;title\x07 \x9b31m a\tb \u202eevil \u2066x \x00\x7f\r{0}"
)


def drawn(reply: Reply, *, width: int = 60, height: int = 24) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=width, height=height)
    for block in pages.finished(reply, console, heading=True, text=True):
        console.print(block)
    return out.getvalue()


@given(st.text())
def test_nothing_a_terminal_would_obey_is_left(text: str) -> None:
    shown = pages.harmless(text)
    assert not any(ord(char) < 32 and char != "\n" for char in shown)
    assert not set(map(chr, range(0x7F, 0xA0))) & set(shown)
    shown.encode()  # nor half of a character


def test_markup_and_escapes_in_texts_are_letters_everywhere() -> None:
    reply = Reply(
        HOSTILE,
        heading=HOSTILE,
        note=HOSTILE,
        asks=HOSTILE + "?",
        actions=((Action(HOSTILE, Open(1)),),),
    )
    plain = pages.plain(reply, heading=True)
    assert plain.count("[bold red]x[/] :smile: [2J]0;title 31m") == 4
    out = drawn(reply, width=400)
    assert out.count("[bold red]x[/] :smile: [2J]0;title 31m") == 5
    for harm in ("\x1b[2J", "\x1b]0", "\x9b", "\u202e", "\x00", "\x07"):
        assert harm not in plain + out


@pytest.mark.parametrize("width", [5, 20, 80, 200])
def test_lines_keep_to_the_window_and_to_what_eyes_can_follow(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width)
    reply = Reply("The keeper put the shell to her ear. " * 9 + "灯塔看守人" * 30)
    for block in pages.finished(reply, console, heading=True, text=True):
        console.print(block)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert max(map(cell_len, lines)) <= min(width, 78)


def test_a_text_that_outgrows_the_window_shows_its_end() -> None:
    out = io.StringIO()
    console = Console(file=out, width=40, height=10)
    words = " ".join(f"word{number}" for number in range(200))
    console.print(pages.being_written(Reply(words), console, heading=False))
    assert "word199 ▌" in out.getvalue()
    assert "word0 " not in out.getvalue()
    assert len(out.getvalue().splitlines()) < 10


def test_a_growing_text_stands_under_its_title() -> None:
    out = io.StringIO()
    console = Console(file=out, width=40)
    reply = Reply("Once", heading="Lamp", final=False)
    console.print(pages.being_written(reply, console, heading=True))
    assert [line.strip() for line in out.getvalue().splitlines()] == ["Lamp", "", "Once ▌", ""]


def test_a_question_that_is_the_text_is_asked_once() -> None:
    assert pages.plain(Reply("What about?", asks="What about?"), heading=True) == "What about?"
    assert pages.plain(Reply("A list", asks="Which?"), heading=True) == "A list\nWhich?"
