"""Criticism: what the discriminator of the LoRA a place hears has to say while chats go on."""

import asyncio
from collections.abc import Sequence

from bot.following import Following
from bot.learning import base_folder
from bot.settings import Settings
from core.errors import SettingsError
from core.learning.scoring import Scorer
from core.narrator.narrator import Assignment
from core.session.critic import UNTAUGHT, Critic

_PATIENCE = 1.0  # seconds that a passage waits to be judged
_SHARE = 4  # the part of the narrator's slots that takes to choose from may have: a fourth


def build_critic(settings: Settings, following: Following) -> Critic:
    """Return the critic; one that knows nothing where the model is none that is trained here."""
    told = settings.learning
    try:
        scorer = Scorer(base_folder(settings))
    except SettingsError:
        return UNTAUGHT

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

    return Critic(
        knows=lambda place: following.head_for(place) is not None,
        odds=odds,
        best_of=told.rerank,
        ask_share=told.ask_share,
        room=asyncio.Semaphore(max(1, settings.narrator.slots // (_SHARE * told.rerank))),
    )
