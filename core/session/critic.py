"""The critic: what is known of a place's taste. It chooses among takes, and asks when unsure.

Where nobody knows a taste yet, the take is chosen that follows best from what was asked for.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from core.errors import NarratorError
from core.narrator.choosing import Draft, best_of
from core.narrator.narrator import Assignment, Narrator
from core.narrator.relevance import relevance
from core.narrator.screening import Level, screen
from core.session.turns import Turn
from core.storage.library import Transaction

_TEACHES = 0.9  # of what a rating can teach at most: asked for between 34 % and 66 %


Odds = Callable[[int, Assignment, Sequence[str]], Awaitable[Sequence[float] | None]]


async def _unknown(_place: int, _assignment: Assignment, _texts: Sequence[str]) -> None:
    """Nobody has learned anything yet."""


@dataclass(frozen=True, slots=True)
class Critic:
    """How takes are chosen, and what a discriminator knows; where none was trained, nothing."""

    knows: Callable[[int], bool] = lambda _place: False  # whether there is one for a place
    # The log-odds that each text is liked in a place, as the passage asked for; None: unknown.
    odds: Odds = _unknown
    best_of: int = 1  # takes to choose from
    seconds: float = 2.0  # that writing takes, and then judging them, may hold a passage back
    ask_share: float = 0.0  # of the turns after which a rating may be asked for
    # Passages that may be chosen at once: beyond that, those who wait need the narrator more.
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


UNTAUGHT = Critic()


async def drafts(
    critic: Critic, narrator: Narrator, turn: Turn, wanted: Assignment, level: Level
) -> AsyncGenerator[Draft]:
    """Write a passage, the best of some takes.

    Where a group has fixed the seed, it wants that seed's passage and no other. Where a rating may
    be asked for, none is chosen: of what was chosen, it is known already that it is liked.
    """
    fixed = turn.story is not None and turn.story.style.seed is not None
    if critic.best_of == 1 or fixed or turn.may_ask or critic.room.locked():
        async with aclosing(narrator.write(wanted)) as texts:
            async for text in texts:
                yield Draft(text, wanted.seed)
        return

    async def judges(texts: Sequence[str]) -> Sequence[float] | None:
        place = turn.session.place
        if critic.knows(place):
            liked = await critic.odds(place, wanted, texts)
        else:
            liked = await _relevant(narrator, wanted, texts, critic.seconds)
        return liked and [
            odds if screen(text, level).safe else -math.inf
            for text, odds in zip(texts, liked, strict=True)
        ]

    chosen = best_of(narrator, wanted, critic.best_of, judges, critic.seconds)
    async with critic.room, aclosing(chosen) as found:
        async for draft in found:
            yield draft


async def _relevant(
    narrator: Narrator, wanted: Assignment, texts: Sequence[str], seconds: float
) -> Sequence[float] | None:
    """How well each text follows from what was asked for; None where that is not to be had soon."""
    try:
        return await asyncio.wait_for(relevance(narrator, wanted, texts), seconds)
    except (TimeoutError, NarratorError):
        return None


def may_ask(tx: Transaction, turn: Turn, share: float) -> bool:
    """Whether a rating may be asked for here: of so many turns in a row, in one at most."""
    if share <= 0:
        return False
    between = math.ceil(1 / share) - 1
    lately = tx.lately_asked(turn.session.place, between)
    return len(lately) == between and not any(lately)


def teaches(log_odds: float) -> float:
    """How much a rating would teach, 0 to 1: most where like and dislike are as likely."""
    chance = 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
    return 4 * chance * (1 - chance)


async def is_unsure(critic: Critic, turn: Turn, wanted: Assignment, text: str) -> bool:
    """Whether a rating of this passage would teach enough to ask for it."""
    odds = await critic.odds(turn.session.place, wanted, [text])
    return odds is not None and teaches(odds[0]) >= _TEACHES
