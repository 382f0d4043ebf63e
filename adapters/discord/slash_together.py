"""Slash commands about the group: turn order, seats, votes, roles, sharing a story."""

from discord.app_commands import Range

from adapters.discord.client import Asked
from adapters.discord.slash_making import Slash, ask, slash
from core.session import group_commands as g
from core.session.texts import MOST_NAME

_MOST_TIME = 10  # characters: "30m", "12h", "2d"
_LETTERS = ("A", "B", "C")


@slash(choices={"order": ("free", "rounds", "vote")})
async def _order(asked: Asked, order: str = "", time: Range[str, 1, _MOST_TIME] = "") -> None:
    ask(asked, g.Order(f"{order} {time}".strip()))


@slash()
async def _seat(asked: Asked) -> None:
    ask(asked, g.Seat())


@slash()
async def _skip(asked: Asked) -> None:
    ask(asked, g.Skip())


@slash()
async def _pause(asked: Asked) -> None:
    ask(asked, g.Pause())


@slash(choices={"letter": _LETTERS})
async def _vote(asked: Asked, letter: str) -> None:
    ask(asked, g.Vote(number=_LETTERS.index(letter) + 1))


@slash()
async def _decide(asked: Asked) -> None:
    ask(asked, g.Decide())


@slash(choices={"role": ("host", "author", "reader")})
async def _role(asked: Asked, role: str = "", name: Range[str, 1, MOST_NAME] = "") -> None:
    ask(asked, g.Role(f"{role} {name}".strip()))


@slash()
async def _join(asked: Asked, code: Range[str, 1, MOST_NAME] = "") -> None:
    ask(asked, g.Join(code))


@slash()
async def _leave(asked: Asked) -> None:
    ask(asked, g.Leave())


TOGETHER: tuple[Slash, ...] = (
    _order,
    _seat,
    _skip,
    _pause,
    _vote,
    _decide,
    _role,
    _join,
    _leave,
)
