"""What authors can ask about the group that tells a story: order, seats, votes, roles, places."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """Set who writes next: "free", "rounds 12h", "vote 30m"; no text shows it."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Seat:
    """Take a seat in the rounds, or leave it."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Pass the turn on; `author` is whose turn the button was drawn for."""

    author: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Let the deadlines rest until somebody writes."""


@dataclass(frozen=True, slots=True)
class Vote:
    """Choose one of the takes on offer: by passage (button) or by its place in the row, from 1."""

    passage: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Decide:
    """Close the vote with the voices that are in; `at` is the passage the takes follow."""

    at: int | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """Make somebody a host, author or reader: `text` is "reader Ann"; none lists the roles."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """Tell another place's story here, by its code; no code shows this story's own."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """No longer tell this story here; it goes on where else it is told."""


GroupCommand = Order | Seat | Skip | Pause | Vote | Decide | Role | Join | Leave
