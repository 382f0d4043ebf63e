"""The story so far, explained by its own sentences: what happened, who is who, what it may mean."""

from core.insight.causes import Depth
from core.insight.people import who_is_who
from core.insight.themes import moral_in, theme_of
from core.narrator.narrator import Narrator
from core.narrator.reading import mixed
from core.session import cards
from core.session import commands as c
from core.session.explaining import Asked
from core.session.messages import Action, Reply
from core.session.texts import short
from core.session.turns import Turn
from core.session.wording import Voice

_QUOTE = 140  # characters


async def retold(narrator: Narrator, turn: Turn, asked: Asked) -> Reply:
    """Explain the story as far as a passage."""
    say, passage = turn.say, asked.passage
    texts = [each.text for each in (*asked.path, passage)]
    moods = [reading.mood for reading in await narrator.read(texts)]
    whole = mixed(moods)
    key = {1: "story_glad", 0: "story_even", -1: "story_grim"}[whole.sign]
    parts = [
        say("recap.text", recap=passage.recap),
        *_people(say, texts),
        *_meaning(say, texts),
        say(f"explain.{key}", feeling=say(f"explain.feeling_{whole.feeling}")),
    ]
    if asked.earlier:
        parts.append(say("explain.newest", count=len(texts)))
    title = turn.told.title
    full = asked.depth is Depth.FULL
    return Reply(
        text="\n\n".join(parts),
        heading=say("explain.story"),
        media=await cards.story_picture(say, title, texts, moods, last=passage.depth)
        if full
        else (),
        actions=(
            (
                Action(say("button.explain_passage"), c.Explain(passage.id)),
                Action(say("button.whatif"), c.WhatIf()),
            ),
        ),
        private=True,
    )


def _people(say: Voice, texts: list[str]) -> list[str]:
    lines = [f"{name}: “{short(sentence, _QUOTE)}”" for name, sentence in who_is_who(texts)]
    return ["\n".join([say("explain.who"), *lines])] if lines else []


def _meaning(say: Voice, texts: list[str]) -> list[str]:
    """A theme with the sentence that shows it, and a moral: the story's own, else the theme's."""
    theme, moral = theme_of(texts), moral_in(texts)
    found = []
    if theme is not None:
        name = say(f"theme.{theme.name}")
        found.append(say("explain.theme", theme=name, sentence=short(theme.shown_by, _QUOTE)))
    if moral:
        found.append(say("explain.moral_told", sentence=short(moral, _QUOTE)))
    elif theme is not None:
        found.append(say("explain.moral", moral=say(f"moral.{theme.name}")))
    else:
        found.append(say("explain.no_theme"))
    return found
