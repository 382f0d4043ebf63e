"""Passages written by the narrator itself, many at a time: what training and measuring read."""

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from core.errors import NarratorError
from core.narrator.firstnames import BOYS, GIRLS
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Assignment, Mode
from core.narrator.settings import STARTER, NarratorSettings
from core.story.model import Length

# Premises for where a group's own are too few: who, and what happens.
_HEROES = ("", "", "", "a boy named ", "a girl named ", "a mouse named ", "a little bear named ")
_EVENTS = (
    "finds a key in the garden",
    "loses a red ball in the river",
    "wants to bake bread for the whole village",
    "hears somebody sing in the well",
    "cannot sleep because of the wind",
    "plants a tree that grows too fast",
    "meets a stranger with a big hat",
    "breaks a blue cup and hides it",
    "wins a race and loses a friend",
    "builds a house of snow",
    "finds a lost puppy at the station",
    "is afraid of the old bridge",
    "paints a door on the wall",
    "shares a warm coat",
    "gets lost at the market",
    "learns to play the drum",
    "sees a light on the hill at night",
    "saves a bird with a broken wing",
    "finds a letter without a name",
    "wants to be as tall as a tower",
    "makes a kite out of paper",
    "forgets a promise",
    "grows the biggest pumpkin",
    "waits for the first train",
)


def write(
    assignments: Sequence[Assignment], model: str = STARTER, lora: Path | None = None
) -> list[str]:
    """The passages, in order; empty where the model found nothing to write. NarratorError."""
    return asyncio.run(_write(assignments, model, lora))


def write_once(
    assignments: Sequence[Assignment], model: str, lora: Path | None, kept: Path
) -> list[str]:
    """The same; once written they are read from a file, so that a killed run goes on from there."""
    if kept.exists():
        texts: list[str] = json.loads(kept.read_text(encoding="utf-8"))
        return texts
    texts = write(assignments, model, lora)
    unfinished = kept.with_suffix(".writing")
    unfinished.write_text(json.dumps(texts), encoding="utf-8")
    unfinished.replace(kept)
    return texts


def asked_for(
    known: Sequence[Assignment], number: int, seed: int, length: Length = Length.MEDIUM
) -> list[Assignment]:
    """So many assignments, each with a seed of its own: those known, then premises of ours."""
    rng = random.Random(f"premises {seed}")
    chosen = [item for item in known if item.mode in {Mode.OPEN, Mode.CONTINUE}]
    rng.shuffle(chosen)
    while len(chosen) < number:
        hero, name = rng.choice(_HEROES), rng.choice((*GIRLS, *BOYS))
        premise = f"{hero}{name} {rng.choice(_EVENTS)}"
        chosen.append(Assignment(mode=Mode.OPEN, seed=0, premise=premise, length=length))
    return [replace(item, seed=rng.randrange(2**31), place="") for item in chosen[:number]]


async def _write(assignments: Sequence[Assignment], model: str, lora: Path | None) -> list[str]:
    settings = NarratorSettings(model=model, lora=lora, waiting=max(1, len(assignments)))
    narrator = Gpt2Narrator(settings)
    try:
        return await asyncio.gather(*(_last(narrator, item) for item in assignments))
    finally:
        await narrator.close()


async def _last(narrator: Gpt2Narrator, assignment: Assignment) -> str:
    told = ""
    try:
        async with aclosing(narrator.write(assignment)) as texts:
            async for text in texts:
                told = text
    except NarratorError:
        if not told:
            return ""
        raise
    return told
