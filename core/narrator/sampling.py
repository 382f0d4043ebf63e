"""How boldly words are chosen, and how long a passage is."""

from dataclasses import dataclass

from core.narrator.narrator import Assignment, Mode
from core.story.model import Length, Preset

FULL_WINDOW = 512  # tokens; in a smaller one passages are shorter
_TITLE = 14  # tokens


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn from what the model finds likely."""

    temperature: float
    top_k: int  # 0: all
    top_p: float
    min_p: float  # of the likeliest token's odds: what is less likely is not drawn
    repetition: float  # nats taken from a telling token that the passage holds already
    freshness: float = 0.0  # nats taken for each nat that a phrase is worn by


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a passage is to be, in tokens."""

    least: int  # the story cannot end before
    target: int  # the first sentence that ends from here on is the last
    most: int
    open_end: bool = False  # only the end of the story ends it
    one_line: bool = False  # a title


PRESETS = {
    Preset.CALM: Sampling(
        temperature=0.5, top_k=40, top_p=0.9, min_p=0.05, repetition=1.0, freshness=1.0
    ),
    Preset.LIVELY: Sampling(
        temperature=0.7, top_k=100, top_p=0.95, min_p=0.05, repetition=1.0, freshness=1.5
    ),
    Preset.WILD: Sampling(
        temperature=0.9, top_k=0, top_p=0.97, min_p=0.03, repetition=1.0, freshness=2.0
    ),
}
TITLING = Sampling(temperature=0.6, top_k=40, top_p=0.9, min_p=0.05, repetition=0.0)
# Of several tellings the best is kept, and what somebody wrote may be as rare and worn as it was.
REFINING = Sampling(temperature=1.0, top_k=100, top_p=0.95, min_p=0.03, repetition=1.0)

_PASSAGES = {
    Length.SHORT: Measure(least=20, target=40, most=85),
    Length.MEDIUM: Measure(least=45, target=85, most=140),
    Length.LONG: Measure(least=90, target=150, most=205),
}
_ENDINGS = {
    Length.SHORT: Measure(least=15, target=85, most=85, open_end=True),
    Length.MEDIUM: Measure(least=20, target=150, most=150, open_end=True),
    Length.LONG: Measure(least=30, target=205, most=205, open_end=True),
}
# Shares of the draft's tokens: least, target; most is half as much again.
_REFINED = {"shorter": (0.25, 0.6), "": (0.5, 1.05), "longer": (1.1, 1.5)}


def sampling(assignment: Assignment) -> Sampling:
    """How the words of this assignment are chosen."""
    match assignment.mode:
        case Mode.TITLE:
            return TITLING
        case Mode.REFINE:
            return REFINING
        case Mode.OPEN | Mode.CONTINUE | Mode.FINISH:
            return PRESETS[assignment.preset]


def measure(assignment: Assignment, draft: int, window: int) -> Measure:
    """How long what it asks for is to be; `draft` is the number of tokens of its draft."""
    match assignment.mode:
        case Mode.TITLE:
            return Measure(least=2, target=_TITLE, most=_TITLE, one_line=True)
        case Mode.REFINE:
            return _refined(assignment.wish, draft, window)
        case Mode.FINISH:
            return _scaled(_ENDINGS[assignment.length], window)
        case Mode.OPEN | Mode.CONTINUE:
            return _scaled(_PASSAGES[assignment.length], window)


def _scaled(measure: Measure, window: int) -> Measure:
    share = min(1.0, window / FULL_WINDOW)
    return Measure(
        least=int(measure.least * share),
        target=int(measure.target * share),
        most=int(measure.most * share),
        open_end=measure.open_end,
    )


def _refined(wish: str, draft: int, window: int) -> Measure:
    asked = wish.lower()
    least, target = _REFINED[next((word for word in _REFINED if word and word in asked), "")]
    most = min(int(draft * target * 1.5) + 16, window // 3)
    return Measure(
        least=min(int(draft * least), most // 2), target=min(int(draft * target), most), most=most
    )
