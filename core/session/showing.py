"""Refine and explain: the narrator tells a passage better, and shows what a passage rests on."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace

from core.errors import StaleAction
from core.insight.explain import Explanation, explain
from core.narrator.narrator import Assignment, Mode, Narrator
from core.session import commands as c
from core.session import menus
from core.session.assignments import assignment
from core.session.messages import Reply
from core.session.moving import passage_at
from core.session.turns import WINDOW, Turn, add_passage, before, parent_of
from core.storage.library import Transaction
from core.story.model import Origin, Passage, Provenance

CANDIDATES = 3
POLISH = "polish"


@dataclass(frozen=True, slots=True)
class Refining:
    """A passage to be told better."""

    old: Passage
    after: Passage | None
    assignment: Assignment


def wishes(tx: Transaction, turn: Turn, command: c.Refine) -> Reply:
    """Ask how the passage should be told."""
    return menus.wishes(turn.say, _to_refine(tx, turn, command).id)


def _to_refine(tx: Transaction, turn: Turn, command: c.Refine) -> Passage:
    """Return the passage meant: the head, or another take of it."""
    passage = turn.head if command.at is None else passage_at(tx, turn, command.at)
    if passage.id != turn.head.id and passage.id not in tx.takes(turn.told.id, turn.head):
        raise StaleAction
    return passage


def plan_refining(tx: Transaction, turn: Turn, command: c.Refine, wish: str) -> Refining:
    """Decide which passage is to be told better, and how."""
    old = _to_refine(tx, turn, command)
    wanted = assignment(turn, Mode.REFINE, before(turn.path, turn.head), draft=old.text, wish=wish)
    return Refining(old, parent_of(tx, turn, old), wanted)


async def candidates(narrator: Narrator, refining: Refining) -> list[tuple[str, int]]:
    """Return several tellings with their seeds, written side by side."""
    seeds = [refining.assignment.seed + number for number in range(CANDIDATES)]
    texts = await asyncio.gather(*(_told(narrator, refining.assignment, seed) for seed in seeds))
    return [(text, seed) for text, seed in zip(texts, seeds, strict=True) if text]


async def _told(narrator: Narrator, wanted: Assignment, seed: int) -> str:
    text = ""
    async with aclosing(narrator.write(replace(wanted, seed=seed))) as texts:
        async for text in texts:  # noqa: B007  # the last one is whole
            pass
    return text


async def best(
    narrator: Narrator, refining: Refining, told: list[tuple[str, int]]
) -> tuple[str, int] | None:
    """Return the likeliest telling in the story's context; None if none betters the passage.

    A polished passage must read better than before. Where the wish changes what is told, there is
    nothing to compare with, and the likeliest telling wins.
    """
    new = [(text, seed) for text, seed in told if text.split() != refining.old.text.split()]
    if not new:
        return None
    texts = [refining.old.text, *(text for text, _ in new)]
    before_, *scores = await narrator.score(refining.assignment, texts)
    score, telling = max(zip(scores, new, strict=True))
    better = refining.assignment.wish != POLISH or score > before_
    return telling if better else None


def keep_refined(
    tx: Transaction, turn: Turn, refining: Refining, text: str, provenance: Provenance
) -> Reply:
    """Keep the refined passage as another take, and show it with the way back."""
    new, story = add_passage(
        tx, turn, text, after=refining.after, origin=Origin.REFINED, provenance=provenance
    )
    takes = tx.takes(story.id, new)
    return menus.refined(turn.say, story, new, refining.old, takes, refining.assignment.wish)


def to_explain(tx: Transaction, turn: Turn, at: int | None) -> tuple[Passage, tuple[Passage, ...]]:
    """Return the passage to explain and the newest of those before it, oldest first."""
    passage = turn.head if at is None else passage_at(tx, turn, at)
    return passage, () if passage.parent is None else tx.path(passage.parent, WINDOW + 1)


async def explained(
    narrator: Narrator, turn: Turn, passage: Passage, path: tuple[Passage, ...]
) -> Reply:
    """Explain a passage in words."""
    earlier = path[0].recap if len(path) > WINDOW else ""
    path = path[-WINDOW:]
    wanted = assignment(turn, Mode.CONTINUE if path else Mode.OPEN, path, earlier=earlier)
    fit = await narrator.fit(wanted)
    told = explain(passage, path, turn.told.lore, turn.told.premise, fit)
    return Reply(
        text="\n\n".join(_paragraphs(turn, told)),
        heading=turn.say("explain.heading", number=passage.depth),
        private=True,
    )


def _paragraphs(turn: Turn, told: Explanation) -> list[str]:
    say = turn.say
    parts = [say("explain.recap", recap=told.recap) if told.recap else say("explain.opening")]
    if told.provenance is not None:
        facts = told.provenance
        key = "explain.narrator" if facts.lora is None else "explain.narrator_lora"
        parts.append(
            say(
                key,
                model=facts.model,
                lora=facts.lora or "",
                seed=facts.seed,
                preset=facts.preset,
            )
        )
        if facts.wish:
            parts.append(say("explain.wish", wish=facts.wish))
    else:
        parts.append(say("explain.person"))
    lore = [*told.always, *told.lore]
    if lore:
        parts.append("\n".join([say("explain.lore"), *(f"· {entry.text}" for entry in lore)]))
    if told.left_out:
        parts.append(say("explain.left_out", count=told.left_out))
    percent = round(100 * told.used / told.window)
    parts.append(say("explain.window", percent=percent, used=told.used, window=told.window))
    return parts
