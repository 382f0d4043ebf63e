"""Training documents: a tale with true headings, cut for the tasks a narrator is given.

What a narrator is told (headings) is read but not learnt by heart: only stories, their ends and
proposed titles count in the loss.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.learning import describe
from core.learning.corpus import Tale
from core.learning.describe import WordWeights
from core.learning.names import names_in, rename, swap_names
from core.learning.roughen import roughen
from core.narrator.headings import START_OF_HEADING, Field, heading
from core.story.recap import recap
from core.story.sentences import spans

Line = tuple[Field, str]

# Shares of documents; the rest has one heading at the front and often one inside.
PLAIN, TITLE, REFINE, RECAP, GUIDED = 0.56, 0.03, 0.06, 0.07, 0.10
INLINE = 0.45  # of the documents with a heading: one more inside the text
ENDING = 600  # characters, about 150 tokens: an ending is no longer
LONG = 1500  # characters: a text that does not fit the window with its heading
_SENTENCES_OF_AN_OPENING = 7
# Moods are as rare as this in the text, so the rare ones are drawn more often.
_MOOD_WEIGHTS = {"happy": 1.0, "calm": 4.0, "funny": 3.0, "sad": 5.0, "scary": 6.0, "": 0.0}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document; what is not `learnt` is read only."""

    text: str
    learnt: bool = True


@dataclass(frozen=True, slots=True)
class Document:
    """Pieces in order. `ends`: the story ends here, so its end is learnt."""

    pieces: tuple[Piece, ...]
    ends: bool = True


def renamed(tale: Tale, rng: random.Random) -> Tale:
    """The tale with other names throughout."""
    swaps = swap_names(tale.text, rng)
    return replace(
        tale,
        text=rename(tale.text, swaps),
        title=rename(tale.title, swaps),
        premise=rename(tale.premise, swaps),
    )


def document(tale: Tale, weights: WordWeights, rng: random.Random) -> Document:
    """One document of a tale, of a kind drawn by the shares above."""
    draw = rng.random()
    if draw < PLAIN:
        return Document((Piece(tale.text),), ends=tale.whole)
    if draw < PLAIN + TITLE:
        return _title_task(tale, weights, rng)
    if draw < PLAIN + TITLE + REFINE:
        return refine_task(tale, weights, rng)
    if draw < PLAIN + TITLE + REFINE + RECAP or len(tale.text) > LONG:
        return _with_recap(tale, weights, rng)
    if draw < PLAIN + TITLE + REFINE + RECAP + GUIDED:
        return _guided(tale, weights, rng)
    front = heading(_front(tale, tale.text, weights, rng))
    return _told(front, tale.text, tale, weights, rng)


def _told(front: str, text: str, tale: Tale, weights: WordWeights, rng: random.Random) -> Document:
    """The text after its heading, often with a second heading before one of its passages."""
    pieces = [Piece(front, learnt=False)] if front else []
    cut = _inline(text, tale, weights, rng) if rng.random() < INLINE else None
    if cut:
        at, lines = cut
        pieces.append(Piece(text[:at].rstrip()))
        pieces.append(Piece("\n\n" + heading(lines), learnt=False))
        pieces.append(Piece(text[at:]))
    else:
        pieces.append(Piece(text))
    return Document(tuple(pieces), ends=tale.whole)


def _guided(tale: Tale, weights: WordWeights, rng: random.Random) -> Document:
    """The tale in passages of some sentences, each after a heading that is true of it.

    One mood and a few words in a whole story teach a small model nothing; one before every few
    sentences does.
    """
    text, places = tale.text, spans(tale.text)
    pieces: list[Piece] = []
    first = 0
    while first < len(places):
        last = min(len(places), first + rng.randint(2, 5)) - 1
        passage = text[places[first][0] : places[last][1]]
        lines = _asked(passage, weights, rng)
        if tale.whole and last == len(places) - 1 and rng.random() < 0.7:
            lines.append((Field.TASK, "end"))
        if not pieces and rng.random() < 0.5:
            lines.append((Field.STYLE, tale.style))
        blank = "\n\n" if pieces else ""
        pieces += [Piece(blank + heading(lines), learnt=False), Piece(passage)]
        first = last + 1
    return Document(tuple(piece for piece in pieces if piece.text), ends=tale.whole)


def _asked(passage: str, weights: WordWeights, rng: random.Random) -> list[Line]:
    """Its mood nearly always, some of its words often."""
    lines: list[Line] = []
    mood = describe.mood(passage)
    if mood and rng.random() < 0.85:
        lines.append((Field.MOOD, mood))
    found = describe.words(passage, weights, rng.randint(1, 3), rng)
    if found and rng.random() < 0.6:
        lines.append((Field.WORDS, ", ".join(found)))
    return lines


def _front(tale: Tale, text: str, weights: WordWeights, rng: random.Random) -> list[Line]:
    """A random choice of what is true of the text from its start on."""
    lines: list[Line] = [(Field.STYLE, tale.style)] if rng.random() < 0.7 else []
    genre = tale.genre or describe.genre(tale.text, rng)
    if genre and rng.random() < 0.4:
        lines.append((Field.GENRE, genre))
    title = tale.title or describe.title(tale.text, weights)
    if title and rng.random() < 0.4:
        lines.append((Field.TITLE, title))
    opening = _first(text, _SENTENCES_OF_AN_OPENING)
    lines += _premise_and_words(tale, text, opening, weights, rng)
    mood = describe.mood(opening)
    if mood and rng.random() < 0.15 * _MOOD_WEIGHTS[mood]:
        lines.append((Field.MOOD, mood))
    facts = list(describe.facts(text, rng).values())
    if facts and rng.random() < 0.2:
        lines += [(Field.LORE, fact) for fact in rng.sample(facts, min(len(facts), 2))]
    return lines


def _premise_and_words(
    tale: Tale, text: str, opening: str, weights: WordWeights, rng: random.Random
) -> list[Line]:
    premise = ""
    if rng.random() < 0.45:
        own = tale.premise if rng.random() < 0.6 else ""
        premise = own or describe.premise(tale.text, rng)
    wanted: list[str] = []
    if premise and rng.random() < 0.7:
        wanted = [word for word in weights.of(premise.lower()) if word in text.lower()]
        rng.shuffle(wanted)
        wanted = wanted[: rng.randint(2, 5)]
    elif rng.random() < 0.45:
        source = opening if rng.random() < 0.6 else text
        wanted = describe.words(source, weights, rng.randint(1, 5), rng)
        if tale.words and rng.random() < 0.4:
            wanted = [word for word in tale.words if word in text]
    lines: list[Line] = [(Field.PREMISE, premise)] if premise else []
    return [*lines, (Field.WORDS, ", ".join(wanted))] if wanted else lines


def _inline(
    text: str, tale: Tale, weights: WordWeights, rng: random.Random
) -> tuple[int, list[Line]] | None:
    """A place between two sentences and what is true of the passage that follows it."""
    places = spans(text)
    if len(places) < 4:
        return None
    starts = range(1, len(places))
    late = [index for index in starts if len(text) - places[index][0] <= ENDING]
    if tale.whole and late and rng.random() < 0.4:
        at = places[rng.choice(late)][0]
        lines: list[Line] = [(Field.TASK, "end")]
        passage = text[at:]
    else:
        at, passage = _passage(text, places, rng)
        lines = []
    mood = describe.mood(passage)
    if mood and rng.random() < 0.3 + 0.1 * _MOOD_WEIGHTS[mood]:
        lines.append((Field.MOOD, mood))
    if rng.random() < 0.5:
        found = describe.words(passage, weights, rng.randint(1, 4), rng)
        lines += [(Field.WORDS, ", ".join(found))] if found else []
    facts = describe.facts(text, rng)
    present = [facts[name] for name in names_in(text) if name in facts and name in passage]
    if present and rng.random() < 0.25:
        lines.append((Field.LORE, present[0]))
    return (at, lines) if lines else None


def _passage(text: str, places: Sequence[tuple[int, int]], rng: random.Random) -> tuple[int, str]:
    """Start and text of a passage of 2 to 6 sentences; rare moods are drawn more often."""
    cuts = []
    for _ in range(5):
        first = rng.randrange(1, len(places))
        last = min(len(places), first + rng.randint(2, 6)) - 1
        cuts.append((places[first][0], text[places[first][0] : places[last][1]]))
    odds = [_MOOD_WEIGHTS[describe.mood(passage)] + 0.3 for _, passage in cuts]
    return rng.choices(cuts, odds)[0]


def _with_recap(tale: Tale, weights: WordWeights, rng: random.Random) -> Document:
    """The tale from somewhere in its middle on, with a recap of what came before."""
    text = tale.text
    places = spans(text)
    if len(places) < 6:
        return _told(heading(_front(tale, text, weights, rng)), text, tale, weights, rng)
    if len(text) > LONG and rng.random() < 0.4:  # the beginning, without its end
        return _beginning(tale, places, weights, rng)
    first = rng.randrange(3, len(places) - 1)
    at = places[first][0]
    rest, ends = _clipped(text[at:])
    before = recap(text[:at], sentences=rng.randint(1, 3))
    lines = [
        line
        for line in _front(tale, rest, weights, rng)
        if line[0] in {Field.STYLE, Field.GENRE, Field.TITLE, Field.PREMISE, Field.LORE}
        or rng.random() < 0.5
    ]
    front = heading([*lines, (Field.RECAP, " ".join(before))])
    return _told(front, rest, replace(tale, whole=tale.whole and ends), weights, rng)


def _beginning(
    tale: Tale, places: Sequence[tuple[int, int]], weights: WordWeights, rng: random.Random
) -> Document:
    fitting = [end for _, end in places if end <= LONG] or [places[0][1]]
    text = tale.text[: fitting[-1]]
    front = heading(_front(tale, text, weights, rng))
    return _told(front, text, replace(tale, whole=False), weights, rng)


def _title_task(tale: Tale, weights: WordWeights, rng: random.Random) -> Document:
    """A text, then its title."""
    title = tale.title or describe.title(tale.text, weights)
    text, _ = _clipped(tale.text)
    if not title:
        return Document((Piece(tale.text),), ends=tale.whole)
    if rng.random() < 0.4:
        text = _first(text, rng.randint(4, 10))
    asked = f"\n\n{START_OF_HEADING}{Field.TITLE}:"
    return Document((Piece(text), Piece(asked, learnt=False), Piece(f" {title}")))


def refine_task(tale: Tale, weights: WordWeights, rng: random.Random) -> Document:
    """Some context, a rough passage in a heading, the passage as it was, and often what follows."""
    text = tale.text
    places = spans(text)
    first = rng.randrange(max(1, len(places) - 2))
    context = places[max(0, first - rng.randint(0, 4))][0]
    last = min(len(places), first + rng.randint(1, 4)) - 1
    at, end = places[first][0], places[last][1]
    passage = text[at:end]
    lines: list[Line] = [(Field.ROUGH, roughen(passage, rng))]
    mood = describe.mood(passage)
    if mood and rng.random() < 0.5:
        lines.append((Field.MOOD, mood))
    if rng.random() < 0.3:
        lines.append((Field.WORDS, ", ".join(describe.words(passage, weights, 2, rng))))
    asked = heading([line for line in lines if line[1]])
    before = text[context:at].rstrip()
    pieces = (
        [Piece(before), Piece("\n\n" + asked, learnt=False)]
        if before
        else [Piece(asked, learnt=False)]
    )
    return Document((*pieces, Piece(" ".join(passage.split()))))


def _first(text: str, count: int) -> str:
    places = spans(text)
    return text[: places[min(count, len(places)) - 1][1]]


def _clipped(text: str) -> tuple[str, bool]:
    """As many sentences as fit the window, and whether these are all."""
    if len(text) <= LONG:
        return text, True
    fitting = [end for _, end in spans(text) if end <= LONG]
    return text[: fitting[-1] if fitting else LONG], False
