"""Lines: what is typed on a tty, with history and completion, or comes through a pipe."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO


def typed(prompt: str) -> str:
    """Read a line from the person at the keyboard; Ctrl-D and Ctrl-C are the end. EOFError."""
    try:
        return input(prompt)
    except (EOFError, KeyboardInterrupt):
        print()  # noqa: T201  # the shell's prompt begins a line of its own
        raise EOFError from None


def piped(source: TextIO) -> Callable[[str], str]:
    """Return a reader of a pipe's lines, which raises EOFError at their end."""

    def read(_prompt: str) -> str:
        line = source.readline()
        if not line:
            raise EOFError
        return line

    return read


def complete_with(names: Sequence[str]) -> None:
    """Let Tab complete the names of commands, and the arrow keys bring lines back."""
    with suppress(ImportError):  # not every system has it; the lines are read without it, too
        import readline  # noqa: PLC0415  # importing it is what changes `input`, so only for a tty

        readline.set_completer_delims("")
        readline.set_completer(completer(names))
        readline.parse_and_bind("tab: complete")


def completer(names: Sequence[str]) -> Callable[[str, int], str | None]:
    """Return the n-th "/name " that begins with what is typed, as readline asks for them."""

    def complete(line: str, number: int) -> str | None:
        found = [f"/{name} " for name in names if line and f"/{name}".startswith(line)]
        return found[number] if number < len(found) else None

    return complete
