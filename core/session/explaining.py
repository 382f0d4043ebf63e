"""Explain: what a passage, or the story so far, rests on. A card of text and one picture."""

import asyncio
from collections.abc import Sequence

from core.errors import NoLikelihoods
from core.insight.causes import Cause, Kind, causes, seen
from core.insight.explain import Explanation, explain
from core.insight.people import who_is_who
from core.insight.picture import Bar, Card, draw
from core.narrator.narrator import Assignment, Mode, Narrator
from core.narrator.reading import Mood
from core.session import commands as c
from core.session.assignments import assignment
from core.session.messages import Action, Media, Reply
from core.session.moving import passage_at
from core.session.texts import short
from core.session.turns import WINDOW, Turn
from core.session.wording import Voice
from core.storage.library import Transaction
from core.story.cleaning import one_line
from core.story.model import Passage

_CAUSES = 3  # in words
_BARS = 5  # in the picture
_LEAST = 0.01  # nats a token; less is as good as nothing
_QUOTE = 110  # characters
_STORY = "story"


def to_explain(
    tx: Transaction, turn: Turn, command: c.Explain
) -> tuple[Passage, tuple[Passage, ...]]:
    """Return the passage to explain and the newest of those before it, oldest first."""
    passage = turn.head if command.at is None else passage_at(tx, turn, command.at)
    return passage, () if passage.parent is None else tx.path(passage.parent, WINDOW + 1)


async def explained(
    narrator: Narrator,
    turn: Turn,
    command: c.Explain,
    passage: Passage,
    path: tuple[Passage, ...],
) -> Reply:
    """Explain a passage, or the story as far as it."""
    earlier = path[0].recap if len(path) > WINDOW else ""
    path = path[-WINDOW:]
    readings = await narrator.read([each.text for each in (*path, passage)])
    moods = [reading.mood for reading in readings]
    if one_line(command.text).lower() == _STORY:
        return await _story(turn, passage, path, moods)
    wanted = assignment(turn, Mode.CONTINUE if path else Mode.OPEN, path, earlier=earlier)
    fit = await narrator.fit(wanted)
    found = await _causes(narrator, seen(wanted, fit), passage.text)
    told = explain(passage, path, turn.told.lore, turn.told.premise, fit)
    parts = [*_why(turn.say, found), _mood(turn.say, moods[-1]), *_paragraphs(turn, told)]
    heading = turn.say("explain.heading", number=passage.depth)
    return Reply(
        text="\n\n".join(parts),
        heading=heading,
        media=await _picture(turn.say, heading, found or (), moods),
        actions=((Action(turn.say("button.whatif"), c.WhatIf()),),),
        private=True,
    )


async def _causes(narrator: Narrator, wanted: Assignment, text: str) -> tuple[Cause, ...] | None:
    """Return what moved the passage; None where the narrator's server tells no likelihoods."""
    try:
        return await causes(narrator.weigh, wanted, text)
    except NoLikelihoods:
        return None


async def _story(
    turn: Turn, passage: Passage, path: Sequence[Passage], moods: Sequence[Mood]
) -> Reply:
    say, heading = turn.say, turn.say("explain.story")
    parts = [say("recap.text", recap=passage.recap)]
    people = who_is_who([each.text for each in (*path, passage)])
    if people:
        lines = [f"{name}: “{short(sentence, _QUOTE)}”" for name, sentence in people]
        parts.append("\n".join([say("explain.who"), *lines]))
    parts.append(_mood(say, moods[-1]))
    media = await _picture(say, turn.told.title, (), moods) if len(moods) > 1 else ()
    return Reply(text="\n\n".join(parts), heading=heading, media=media, private=True)


def _why(say: Voice, found: Sequence[Cause] | None) -> list[str]:
    if found is None:
        return [say("explain.unknown_causes")]
    strong = [cause for cause in found if cause.effect >= _LEAST][:_CAUSES]
    if not strong:
        return [say("explain.no_causes")]
    lines = [f"{number}. {_told(say, cause)}" for number, cause in enumerate(strong, 1)]
    return ["\n".join([say("explain.causes"), *lines])]


def _told(say: Voice, cause: Cause) -> str:
    text = short(cause.text, _QUOTE)
    match cause.kind:
        case Kind.SENTENCE | Kind.STRETCH:
            return f"“{text}”"
        case Kind.RECAP | Kind.LORE | Kind.PREMISE | Kind.TITLE | Kind.GENRE | Kind.MOOD:
            return say(f"explain.cause_{cause.kind}", text=text)


def _mood(say: Voice, mood: Mood) -> str:
    key = {1: "mood_glad", 0: "mood_even", -1: "mood_grim"}[mood.sign]
    return say(f"explain.{key}", feeling=say(f"explain.feeling_{mood.feeling}"))


async def _picture(
    say: Voice, title: str, found: Sequence[Cause], moods: Sequence[Mood]
) -> tuple[Media, ...]:
    """Draw the card; none where there is nothing to see."""
    bars = [Bar(_told(say, cause), cause.effect) for cause in found[:_BARS]]
    if not bars and len(moods) == 1:
        return ()
    card = Card(
        title=short(title, 48),
        causes=say("explain.causes"),
        bars=bars,
        arc=say("explain.arc"),
        moods=[mood.valence for mood in moods],
        glad=say("explain.glad"),
        grim=say("explain.grim"),
    )
    listed = " ".join(f"{bar.text}: {bar.effect:+.2f}." for bar in bars)
    alt = say("explain.alt", causes=listed) if bars else say("explain.alt_story")
    content = await asyncio.to_thread(draw, card)
    return (Media(name="explained.png", mime="image/png", content=content, alt=alt),)


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
