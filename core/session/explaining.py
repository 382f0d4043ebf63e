"""Explain: why a passage is as it is. A card of text and one picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import NoLikelihoods, Refusal
from core.insight.causes import Cause, Depth, causes, seen
from core.insight.explain import Explanation, explain
from core.narrator.narrator import BASE, Assignment, Doubt, Mode, Narrator
from core.narrator.reading import Mood
from core.session import cards
from core.session import commands as c
from core.session.assignments import assignment
from core.session.messages import Action, Reply
from core.session.moving import passage_at
from core.session.texts import short
from core.session.turns import WINDOW, Turn
from core.session.wording import Voice
from core.storage.library import Transaction
from core.story.cleaning import one_line
from core.story.model import Origin, Passage, Provenance

_CAUSES = 3  # in words; the picture has more
_LEAST = 0.01  # nats a token; less is as good as nothing
_DOUBTS = 4
_UNLIKELY = math.log(0.05)  # of a word; a likelier one is no surprise
_STORY = {"story", "故事", "全文"}
_PASSAGE = {"passage", "段落", "这一段"}
_DEPTHS = {"quick": Depth.QUICK, "full": Depth.FULL, "简": Depth.QUICK, "详": Depth.FULL}
_DIGITS = 9
_MODES = {Origin.OPENED: Mode.OPEN, Origin.FINISHED: Mode.FINISH}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained: a passage, or the story as far as it, and how closely."""

    passage: Passage
    path: tuple[Passage, ...]  # the newest before it, oldest first
    earlier: str  # the story before those, in brief
    whole: bool
    depth: Depth


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured; None where the narrator's server tells no likelihoods."""

    causes: tuple[Cause, ...] | None
    doubts: tuple[Doubt, ...] | None
    torn: int = 0  # between so many tokens it chose at each step


def to_explain(tx: Transaction, turn: Turn, command: c.Explain, depth: Depth) -> Asked:
    """Find the passage that is asked about; `depth` is what holds where nothing is said of it."""
    passage = turn.head if command.at is None else passage_at(tx, turn, command.at)
    whole = False
    for word in one_line(command.text).lower().split():
        if word in _STORY:
            whole = True
        elif word in _DEPTHS:
            depth = _DEPTHS[word]
        elif word.isdecimal() and len(word) <= _DIGITS:
            passage = _numbered(tx, turn, int(word))
        elif word not in _PASSAGE:
            raise Refusal("refusal.explain_form")
    path, earlier = path_before(tx, passage)
    return Asked(passage, path, earlier, whole, depth)


def path_before(tx: Transaction, passage: Passage) -> tuple[tuple[Passage, ...], str]:
    """Return the newest passages before one, oldest first, and the story before those in brief."""
    path = () if passage.parent is None else tx.path(passage.parent, WINDOW + 1)
    return path[-WINDOW:], path[0].recap if len(path) > WINDOW else ""


def _numbered(tx: Transaction, turn: Turn, number: int) -> Passage:
    head = turn.head
    found = tx.ancestor(head.id, number) if 0 < number <= head.depth else None
    if found is None:
        raise Refusal("refusal.no_such_passage", number=number, count=head.depth)
    return found


def as_written(turn: Turn, passage: Passage, path: Sequence[Passage], earlier: str) -> Assignment:
    """Return what the narrator was asked for a passage, or would have been for a person's."""
    mode = _MODES.get(passage.origin, Mode.CONTINUE if path else Mode.OPEN)
    facts = passage.provenance
    wanted = assignment(turn, mode, path, earlier=earlier, seed=facts.seed if facts else None)
    return replace(wanted, preset=facts.preset) if facts else wanted


def lora_of(narrator: Narrator, turn: Turn, facts: Provenance) -> str | None:
    """Return what an assignment's `lora` was; None: that LoRA is at work no more."""
    if facts.lora is None:
        return BASE
    if turn.lora and Path(turn.lora).name == facts.lora:
        return turn.lora
    return "" if facts.lora == narrator.lora else None


async def explained(narrator: Narrator, turn: Turn, asked: Asked) -> Reply:
    """Explain a passage."""
    say, passage, full = turn.say, asked.passage, asked.depth is Depth.FULL
    texts = [each.text for each in (*asked.path, passage)]
    moods = [reading.mood for reading in await narrator.read(texts if full else texts[-1:])]
    wanted = as_written(turn, passage, asked.path, asked.earlier)
    facts = passage.provenance
    lora = lora_of(narrator, turn, facts) if facts else ""
    wanted = replace(wanted, lora=turn.lora if lora is None else lora)
    fit = await narrator.fit(wanted)
    found = await _found(narrator, seen(wanted, fit), passage.text, asked.depth)
    told = explain(passage, asked.path, turn.told.lore, turn.told.premise, fit)
    parts = [*_why(say, found), *_sure(say, passage, found), _mood(say, moods[-1])]
    parts += _paragraphs(say, told, gone=lora is None)
    picture = (
        await cards.passage_picture(
            say,
            passage.text,
            number=passage.depth,
            causes=found.causes or (),
            doubts=found.doubts or (),
            moods=moods,
        )
        if full
        else ()
    )
    return Reply(
        text="\n\n".join(parts),
        heading=say("explain.heading", number=passage.depth),
        media=picture,
        actions=_actions(say, asked),
        private=True,
    )


async def _found(narrator: Narrator, wanted: Assignment, text: str, depth: Depth) -> Found:
    try:
        moved = await causes(narrator.weigh, wanted, text, depth)
    except NoLikelihoods:
        return Found(None, None)
    if depth is Depth.QUICK:
        return Found(moved, ())
    [likely] = await narrator.weigh([wanted], text)
    torn = round(math.exp(-likely)) if math.isfinite(likely) else 0
    try:
        doubts = await narrator.doubts(wanted, text, _DOUBTS)
    except NoLikelihoods:
        return Found(moved, None, torn)
    unsure = [each for each in doubts if each.rather and each.likelihood < _UNLIKELY]
    return Found(moved, tuple(unsure), torn)


def _actions(say: Voice, asked: Asked) -> tuple[tuple[Action, ...], ...]:
    at = asked.passage.id
    first = [Action(say("button.whatif"), c.WhatIf())]
    if asked.passage.by_narrator:
        first.append(Action(say("button.again"), c.Again(at)))
    second = [Action(say("button.explain_story"), c.Explain(at, "story"))]
    if asked.depth is Depth.QUICK:
        second.append(Action(say("button.explain_full"), c.Explain(at, "full")))
    return tuple(first), tuple(second)


def _why(say: Voice, found: Found) -> list[str]:
    if found.causes is None:
        return [say("explain.unknown_causes")]
    strong = [cause for cause in found.causes if cause.effect >= _LEAST][:_CAUSES]
    if not strong:
        return [say("explain.no_causes")]
    lines = [f"{number}. {cards.told(say, cause)}" for number, cause in enumerate(strong, 1)]
    return ["\n".join([say("explain.causes"), *lines])]


def _sure(say: Voice, passage: Passage, found: Found) -> list[str]:
    """How sure the narrator was of the words, and what it nearly wrote."""
    parts = []
    if found.torn:
        parts.append(say("explain.torn", count=found.torn))
    if found.doubts:
        key = "explain.doubts" if passage.by_narrator else "explain.doubts_person"
        lines = [
            say(
                "explain.rather",
                word=doubt.word,
                others=say("explain.or").join(f"“{other}”" for other, _ in doubt.rather),
            )
            for doubt in found.doubts
        ]
        parts.append("\n".join([say(key), *lines]))
    return parts


def _mood(say: Voice, mood: Mood) -> str:
    key = {1: "mood_glad", 0: "mood_even", -1: "mood_grim"}[mood.sign]
    return say(f"explain.{key}", feeling=say(f"explain.feeling_{mood.feeling}"))


def _paragraphs(say: Voice, told: Explanation, *, gone: bool) -> list[str]:
    """What came before it, what was seen of that, and who wrote it."""
    parts = [say("explain.recap", recap=told.recap) if told.recap else say("explain.opening")]
    lore = [*told.always, *told.lore]
    if lore:
        parts.append("\n".join([say("explain.lore"), *(f"· {entry.text}" for entry in lore)]))
    if told.left_out:
        parts.append(say("explain.left_out", count=told.left_out))
    if told.lore_left_out:
        listed = " · ".join(short(fact, 60) for fact in told.lore_left_out)
        parts.append(say("explain.lore_left_out", lore=listed))
    percent = round(100 * told.used / told.window)
    parts.append(say("explain.window", percent=percent, used=told.used, window=told.window))
    return [*parts, *_provenance(say, told.provenance, gone=gone)]


def _provenance(say: Voice, facts: Provenance | None, *, gone: bool) -> list[str]:
    if facts is None:
        return [say("explain.person")]
    key = "explain.narrator" if facts.lora is None else "explain.narrator_lora"
    told = say(key, model=facts.model, lora=facts.lora or "", seed=facts.seed, preset=facts.preset)
    parts = [told, say("explain.gone" if gone else "explain.same")]
    if facts.best_of > 1:
        parts.insert(1, say("explain.best_of", count=facts.best_of))
    return [" ".join(parts), *([say("explain.wish", wish=facts.wish)] if facts.wish else [])]
