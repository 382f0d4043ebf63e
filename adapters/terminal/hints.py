"""Hints: a reply's buttons as the lines that can be typed for them.

Most buttons stand for a line: "/continue", "/rate up". Those that name something no line can, such
as a story by its id, get a number, and are typed as "/1".
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from core.errors import Refusal
from core.session.commands import Command
from core.session.messages import Action, Reply
from core.session.spelling import from_line, name_of

# The words of ours that a line spells otherwise than the command's fields do.
_WORDS = ("", "up", "down", "yes", "archived")


@dataclass(frozen=True, slots=True)
class Hint:
    """What to type, and what the button would have said."""

    typed: str
    label: str
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Hints:
    """The hints of one reply, in its rows, and the commands behind its numbers."""

    rows: tuple[tuple[Hint, ...], ...] = ()
    numbered: tuple[Command, ...] = ()


def hints(reply: Reply) -> Hints:
    """Return what can be typed under a reply."""
    numbered: list[Command] = []
    rows = tuple(tuple(_hint(action, numbered) for action in row) for row in reply.actions)
    return Hints(rows, tuple(numbered))


def _hint(action: Action, numbered: list[Command]) -> Hint:
    line = line_for(action.command)
    if line is None:
        numbered.append(action.command)
        return Hint(f"/{len(numbered)}", action.label, numbered=True)
    said = line.casefold().endswith(action.label.casefold())
    return Hint(line, "" if said else action.label)


def line_for(command: Command) -> str | None:
    """Return the line that asks for this command; None: no line does."""
    given = asdict(command)
    if "at" in given:
        given["at"] = None  # a line is about the head, and so is what a terminal shows last
    for words in _words(given):
        line = f"/{name_of(command)} {words}".strip()
        try:
            read = from_line(line)
        except Refusal:
            continue
        if type(read) is type(command) and asdict(read) == given:
            return line
    return None


def _words(given: dict[str, object]) -> Iterator[str]:
    yield from _WORDS
    yield from (str(value) for value in given.values() if value)
