"""Criticism: what the discriminator of the LoRA a place hears has to say while chats go on."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.following import Following
from bot.learning import base_folder
from bot.settings import Settings
from bot.wiring import untaught
from core.errors import SettingsError
from core.learning.scoring import Scorer
from core.narrator.narrator import Assignment
from core.session.critic import Critic

_PATIENCE = 1.0  # seconds that a passage waits to be judged


def build_critic(settings: Settings, following: Following) -> Critic:
    """Return the critic; one that knows no taste where the model is none that is trained here."""
    try:
        scorer = Scorer(base_folder(settings))
    except SettingsError:
        return untaught(settings)

    async def odds(
        place: int, assignment: Assignment, texts: Sequence[str]
    ) -> Sequence[float] | None:
        head = following.head_for(place)
        if head is None:
            return None
        reading = asyncio.to_thread(scorer.odds, head, assignment, texts)
        try:
            return await asyncio.wait_for(reading, _PATIENCE)
        except TimeoutError:  # it loads its model, or the machine is busy: next time, perhaps
            return None

    return replace(
        untaught(settings),
        knows=lambda place: following.head_for(place) is not None,
        odds=odds,
        ask_share=settings.learning.ask_share,
    )
