"""From a turn to an assignment: what the narrator is told about the story and what is asked."""

from collections.abc import Sequence

from core.insight.explain import lore_for
from core.narrator.narrator import Assignment, Mode
from core.session.messages import Place
from core.session.turns import Turn
from core.story.model import Passage


def assignment(
    turn: Turn,
    mode: Mode,
    path: Sequence[Passage],
    *,
    draft: str = "",
    wish: str = "",
    seed: int | None = None,
    earlier: str | None = None,
) -> Assignment:
    """Return what the narrator needs to write the passage after `path`, or `draft` again.

    `earlier` is the story before `path`; None: `path` begins where the turn's does.
    """
    story = turn.told
    style = story.style
    texts = tuple(passage.text for passage in path)
    return Assignment(
        mode=mode,
        seed=turn.seed if seed is None else seed,
        title=story.title if path else "",
        premise=story.premise,
        genre=style.genre,
        mood=style.mood,
        lore=tuple(entry.text for entry in story.lore if entry.always),
        fired=tuple(entry.text for entry in lore_for(story.lore, texts or (story.premise,), wish)),
        path=texts,
        recaps=tuple(passage.recap for passage in path),
        earlier=turn.earlier if earlier is None else earlier,
        draft=draft,
        wish=wish,
        length=style.length,
        preset=style.preset,
        banned=style.banned,
        place=place_key(turn.request.place),
        lora=turn.lora,
    )


def place_key(place: Place) -> str:
    """Return one word for a place."""
    return f"{place.platform}/{place.chat}/{place.topic}"
