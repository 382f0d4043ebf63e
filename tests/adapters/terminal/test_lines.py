"""Lines come from a keyboard or a pipe, and end kindly."""

import io
import os
import pty
import readline
import select
import subprocess
import sys

import pytest

from adapters.terminal.lines import complete_with, completer, piped, typed


def test_a_pipe_is_read_line_by_line_to_its_end() -> None:
    read = piped(io.StringIO("one\ntwo"))
    assert [read("> "), read("> ")] == ["one\n", "two"]
    with pytest.raises(EOFError):
        read("> ")


def test_tab_completes_the_names_of_commands_only() -> None:
    complete = completer(["retry", "refine", "undo"])
    assert [complete("/re", number) for number in range(3)] == ["/retry ", "/refine ", None]
    assert complete("re", 0) is None
    assert complete("", 0) is None


def test_completion_is_what_readline_asks() -> None:
    complete_with(["retry"])
    found = readline.get_completer()
    assert found is not None
    assert found("/r", 0) == "/retry "


def test_the_end_of_what_is_typed_begins_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n"))
    assert typed("> ") == "hello"
    with pytest.raises(EOFError):
        typed("> ")
    assert capsys.readouterr().out == "> > \n"


SCRIPT = """
import fcntl, os, signal, termios
os.setsid()
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C on this terminal is ours
from adapters.terminal.lines import typed
while True:
    try:
        print("got", typed("> "), flush=True)
    except EOFError:
        print("end", flush=True)
        break
"""


def at_a_keyboard(*keys: bytes) -> str:
    """Return what stands on a tty whose keys are pressed, each at the next prompt."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as program:
        os.close(theirs)
        seen = ""
        for key in keys:
            seen += until(ours, "> ")
            os.write(ours, key)
        seen += until(ours, "end\r\n", again=keys[-1])
    os.close(ours)
    assert program.returncode == 0
    return seen


def until(terminal: int, end: str, *, again: bytes = b"") -> str:
    """Return what stands there up to `end`; a key that changed nothing is pressed again.

    A signal that comes just before the process begins to wait for a key does not wake it.
    """
    seen = ""
    for _ in range(20):
        while select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 1000).decode()
            if seen.endswith(end):
                return seen
        os.write(terminal, again)
    raise AssertionError(seen)


@pytest.mark.parametrize("end", [b"\x04", b"\x03"], ids=["Ctrl-D", "Ctrl-C"])
def test_a_keyboard_is_read_until_ctrl_d_or_ctrl_c(end: bytes) -> None:
    seen = at_a_keyboard(b"hello\n", end)
    assert "got hello\r\n" in seen
