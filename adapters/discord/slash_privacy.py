"""Slash commands about oneself: what may be learned from, one's data; comments and reports."""

from discord.app_commands import Range

from adapters.discord.client import Asked
from adapters.discord.slash_making import Slash, ask, slash
from core.session import commands as c
from core.session.privacy import MOST_COMMENT

_ALLOWED = ("nothing", "narrator", "own", "here-on", "here-off")


@slash()
async def _comment(asked: Asked, comment: Range[str, 1, MOST_COMMENT] = "") -> None:
    ask(asked, c.Comment(comment))


@slash()
async def _report(asked: Asked, reason: Range[str, 1, MOST_COMMENT] = "") -> None:
    ask(asked, c.Report(reason))


@slash(choices={"allowed": _ALLOWED})
async def _privacy(asked: Asked, allowed: str = "") -> None:
    ask(asked, c.Privacy(allowed))


@slash()
async def _mydata(asked: Asked) -> None:
    ask(asked, c.MyData())


@slash()
async def _forgetme(asked: Asked) -> None:
    ask(asked, c.ForgetMe())


PRIVACY: tuple[Slash, ...] = (_comment, _report, _privacy, _mydata, _forgetme)
