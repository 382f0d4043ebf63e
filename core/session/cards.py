"""The picture of a card, in the words of whoever asked."""

import asyncio
from collections.abc import Sequence

from core.insight import fonts
from core.insight.causes import Cause, Kind
from core.insight.picture import Bar, Card, draw
from core.narrator.narrator import Doubt
from core.narrator.reading import Mood
from core.session.messages import Media
from core.session.texts import short
from core.session.wording import Voice
from core.story.words import word_spans

_BARS = 5
_TITLE = 60  # characters
_QUOTE = 110
_MOST_ALT = 1000  # characters; Discord takes 1024
_ENGLISH = "en"  # its letters are there on every machine


def told(say: Voice, cause: Cause) -> str:
    """Return a cause as a line."""
    text = short(cause.text, _QUOTE)
    match cause.kind:
        case Kind.SENTENCE | Kind.STRETCH:
            return f"“{text}”"
        case Kind.RECAP | Kind.LORE | Kind.PREMISE | Kind.TITLE | Kind.GENRE | Kind.MOOD:
            return say(f"explain.cause_{cause.kind}", text=text)


async def passage_picture(
    say: Voice,
    passage: str,
    *,
    number: int,
    causes: Sequence[Cause],
    doubts: Sequence[Doubt],
    moods: Sequence[Mood],
) -> tuple[Media, ...]:
    """Draw what is told of a passage; none where there is nothing to see."""
    if not causes and not doubts and len(moods) == 1:
        return ()
    speaks = _readable(say)
    spans = word_spans(passage)
    card = Card(
        title=speaks("explain.heading", number=number),
        causes=speaks("explain.causes"),
        bars=[Bar(told(speaks, cause), cause.effect) for cause in causes[:_BARS]],
        arc=speaks("explain.arc"),
        moods=[mood.valence for mood in moods],
        glad=speaks("explain.glad"),
        grim=speaks("explain.grim"),
        first=number - len(moods) + 1,
        passage=passage if doubts else "",
        doubts=speaks("explain.marked"),
        doubted=[spans[doubt.at] for doubt in doubts],
        no_letters=speaks("explain.no_letters"),
    )
    parts = []
    if doubts:
        marked = ", ".join(doubt.word for doubt in doubts)
        parts.append(say("explain.alt_marked", words=marked))
    if card.bars:
        listed = " ".join(f"{told(say, cause)}: {cause.effect:+.2f}." for cause in causes[:_BARS])
        parts.append(say("explain.alt", causes=listed))
    return await _drawn(card, parts, say, moods)


async def story_picture(
    say: Voice, title: str, texts: Sequence[str], moods: Sequence[Mood], *, last: int
) -> tuple[Media, ...]:
    """Draw the mood of a story up to a passage; none for a single one."""
    if len(moods) == 1:
        return ()
    speaks = _readable(say)
    first = last - len(moods) + 1
    turns = _turns(speaks, texts, moods, first)
    card = Card(
        title=short(title, _TITLE),
        causes="",
        bars=(),
        arc=speaks("explain.arc"),
        moods=[mood.valence for mood in moods],
        glad=speaks("explain.glad"),
        grim=speaks("explain.grim"),
        first=first,
        turns=turns,
        no_letters=speaks("explain.no_letters"),
    )
    return await _drawn(card, _turns(say, texts, moods, first), say, moods)


def _turns(say: Voice, texts: Sequence[str], moods: Sequence[Mood], first: int) -> list[str]:
    """The gladdest and the grimmest passage, with how they begin."""
    order = sorted(range(len(moods)), key=lambda at: moods[at].valence)
    return [
        say(f"explain.{key}", number=first + at, text=short(texts[at], _QUOTE))
        for key, at in (("gladdest", order[-1]), ("grimmest", order[0]))
        if moods[at].sign == (1 if key == "gladdest" else -1)
    ]


async def _drawn(
    card: Card, parts: Sequence[str], say: Voice, moods: Sequence[Mood]
) -> tuple[Media, ...]:
    alt = list(parts)
    if len(moods) > 1:
        signs = {1: say("explain.glad"), 0: say("explain.even"), -1: say("explain.grim")}
        line = ", ".join(signs[mood.sign] for mood in moods)
        alt.append(say("explain.alt_arc", moods=line))
    content = await asyncio.to_thread(draw, card)
    return (
        Media(
            name="explained.png",
            mime="image/png",
            content=content,
            alt=short(" ".join(alt), _MOST_ALT),
        ),
    )


def _readable(say: Voice) -> Voice:
    """The voice, or English where no font of this machine has the letters of its language."""
    whole = fonts.drawable(say("explain.causes") + say("explain.glad"))[1]
    return say if whole else Voice.of(_ENGLISH, _ENGLISH)
