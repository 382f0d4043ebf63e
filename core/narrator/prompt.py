"""The prompt of an assignment: what fits into the context window, chosen on purpose.

    <|endoftext|> front heading, passage, blank line, passage, blank line, heading of the new one

The front heading and the older passages stay the same tokens from turn to turn, so that what was
computed for them can be used again. What falls out at the beginning is replaced by its recap.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.narrator.asking import telling_words, understood
from core.narrator.headings import START_OF_HEADING, Field, heading, plain
from core.narrator.introducing import introduced
from core.narrator.narrator import Assignment, Fit, Mode
from core.narrator.sampling import Measure, measure
from core.narrator.tense import in_the_past
from core.narrator.tokens import Tokens, tidy
from core.story.sentences import sentences

LEAST_WINDOW = 256  # tokens; a smaller one holds no heading and passage
STYLE = "tale"

# Shares of the window that a line may have at most. With the longest passage, a tenth of the
# window is left for the story itself at the very worst.
_SHARES = {
    Field.GENRE: 1 / 40,
    Field.TITLE: 1 / 32,
    Field.PREMISE: 1 / 11,
    Field.MOOD: 1 / 40,
    Field.WORDS: 1 / 24,
    Field.RECAP: 1 / 9,
    Field.ROUGH: 1 / 4,
}
_ALWAYS, _FIRED = 1 / 12, 1 / 16  # shares of always-on and of called-up lore
_KEPT = 0.75  # of the room for passages is still filled after the oldest were dropped
_STEP = 32  # tokens; the room kept for the last heading grows in such steps
_CONTEXT_OF_DRAFT = 1 / 4  # of the window: what stands before a passage to be refined
_CHARACTERS = 24  # of a value are read for each token it may have


@dataclass(frozen=True, slots=True)
class Prompt:
    """The tokens a model reads, how they fit, and how long the passage is to be."""

    ids: tuple[int, ...]
    fit: Fit
    measure: Measure


@dataclass(slots=True)
class _Page:
    """Lines of one heading, and what of them did not fit."""

    tokens: Tokens
    window: int
    lines: list[tuple[Field, str]] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)
    lore_left_out: list[str] = field(default_factory=list)

    def put(self, kind: Field, value: str) -> None:
        """Add a line, cut to its share; none for an empty value."""
        cut, whole = self._fitted(kind, value, int(self.window * _SHARES[kind]))
        if cut:
            self.lines.append((kind, cut))
        if not whole:
            self.shortened.append(kind.lower())

    def put_lore(self, facts: Sequence[str], share: float) -> None:
        """Add as many facts as their share holds; only the first may be cut to fit."""
        left = most = int(self.window * share)
        for fact in facts:
            cut, whole = self._fitted(Field.LORE, fact, left)
            if not cut or not (whole or left == most):
                self.lore_left_out.append(fact)
                continue
            if not whole:
                self.shortened.append(Field.LORE.lower())
            self.lines.append((Field.LORE, cut))
            left -= len(self.tokens.encode(f"{START_OF_HEADING}{Field.LORE}: {cut}"))

    def encoded(self) -> tuple[int, ...]:
        """The heading's tokens."""
        return self.tokens.encode(heading(self.lines))

    def _fitted(self, kind: Field, value: str, most: int) -> tuple[str, bool]:
        """What of a value fits into a line of so many tokens, and whether that is all of it."""
        most -= len(self.tokens.encode(f"{START_OF_HEADING}{kind}:"))
        if most <= 0:
            return "", not value.strip()
        read = value[: most * _CHARACTERS]
        line = " ".join(plain(read).split())
        cut = self.tokens.clipped(f" {line}", most).strip()
        return cut, cut == line and not value[len(read) :].strip()


def build(assignment: Assignment, tokens: Tokens, window: int) -> Prompt:
    """The prompt of an assignment; with the passage it asks for it never exceeds the window."""
    match assignment.mode:
        case Mode.TITLE:
            return _titling(assignment, tokens, window)
        case Mode.REFINE:
            return _refining(assignment, tokens, window)
        case Mode.OPEN | Mode.CONTINUE | Mode.FINISH:
            return _telling(assignment, tokens, window)


def _telling(assignment: Assignment, tokens: Tokens, window: int) -> Prompt:
    asked = measure(assignment, 0, window)
    passages = [tokens.read(text) for text in assignment.path]
    front, last = _front(assignment, tokens, window), _Page(tokens, window)
    _put_asked(last if any(passages) else front, assignment)
    free = window - asked.most - 1  # the first token says that a text begins
    room = free - len(front.encoded()) - _stepped(len(last.encoded()))
    blank = len(tokens.blank_line)
    lengths = [len(ids) + blank for ids in passages]
    left_out = 0
    if sum(lengths) > room or assignment.earlier:
        left_out = _left_out(lengths, room - int(window * _SHARES[Field.RECAP]))
        front.put(Field.RECAP, _brief(_recap(assignment, left_out), tokens, window))
    room = free - len(front.encoded()) - len(last.encoded())
    told, cut = _joined(passages[left_out:], assignment.path, tokens, room)
    ids = (tokens.end, *front.encoded(), *told, *last.encoded())
    recap = next((value for kind, value in front.lines if kind is Field.RECAP), "")
    return _prompt(ids, [front, last], asked, Fit(0, window, left_out, recap), ["passage"] * cut)


def _front(assignment: Assignment, tokens: Tokens, window: int) -> _Page:
    front = _Page(tokens, window)
    front.lines.append((Field.STYLE, STYLE))
    front.put(Field.GENRE, assignment.genre)
    front.put(Field.TITLE, assignment.title)
    front.put(Field.PREMISE, in_the_past(introduced(assignment.premise)))
    front.put_lore(assignment.lore, _ALWAYS)
    return front


def _put_asked(page: _Page, assignment: Assignment) -> None:
    """What is true of the passage to be written, and only of it."""
    page.put(Field.MOOD, assignment.mood)
    words = list(assignment.words)
    if assignment.mode is Mode.OPEN:
        words += [word for word in telling_words(assignment.premise) if word not in words]
    page.put(Field.WORDS, ", ".join(words))
    page.put_lore(assignment.fired, _FIRED)
    if assignment.mode is Mode.FINISH:
        page.lines.append((Field.TASK, "end"))


def _left_out(lengths: Sequence[int], room: int) -> int:
    """How many of the oldest passages are dropped.

    As the story grows, passages fall out several at a time, when the room is full, and stay out;
    in between the prompt only grows at its end.
    """
    start, total = 0, 0
    for end, length in enumerate(lengths):
        total += length
        if total > room:
            while start < end and total > room * _KEPT:
                total -= lengths[start]
                start += 1
    return start


def _recap(assignment: Assignment, left_out: int) -> str:
    """What is told of the story before the passages that are left."""
    told = assignment.recaps[left_out - 1 : left_out] if left_out else ()
    return told[0] if told else assignment.earlier


def _brief(recap: str, tokens: Tokens, window: int) -> str:
    """The newest of its sentences that fit its line; the premise says who it is about."""
    found = sentences(recap[-window * _CHARACTERS :])
    most = int(window * _SHARES[Field.RECAP]) - len(
        tokens.encode(f"{START_OF_HEADING}{Field.RECAP}:")
    )
    while len(found) > 1 and len(tokens.encode(" " + " ".join(found))) > most:
        del found[0]
    return " ".join(found)


def _joined(
    passages: Sequence[tuple[int, ...]], path: Sequence[str], tokens: Tokens, room: int
) -> tuple[list[int], bool]:
    """The passages' tokens, each with a blank line after it; whether the newest had to be cut."""
    blank = tokens.blank_line
    told = [token for ids in passages if ids for token in (*ids, *blank)]
    if len(told) <= room:
        return told, False
    most = room - len(blank)  # the shares of the headings leave some room for certain
    return [*tokens.encode(tokens.tail(tidy(path[-1][-most * _CHARACTERS :]), most)), *blank], True


def _titling(assignment: Assignment, tokens: Tokens, window: int) -> Prompt:
    """The story from its beginning, as far as it fits, then the question."""
    asked = measure(assignment, 0, window)
    question = (*tokens.blank_line, *tokens.encode(f"{START_OF_HEADING}{Field.TITLE}:"))
    room = window - asked.most - len(question) - 1
    told: list[int] = []
    for number, text in enumerate(assignment.path or (assignment.premise,)):
        ids = (*(tokens.blank_line if told else ()), *tokens.read(text))
        if len(told) + len(ids) > room:
            cut = tokens.clipped(tidy(text[: room * _CHARACTERS]), room)
            told = told or list(tokens.encode(cut))
            return _prompt(
                (tokens.end, *told, *question),
                [],
                asked,
                Fit(0, window, len(assignment.path) - number),
                ["passage"] * (number == 0),
            )
        told += ids
    return _prompt((tokens.end, *told, *question), [], asked, Fit(0, window, 0), [])


def _refining(assignment: Assignment, tokens: Tokens, window: int) -> Prompt:
    """The end of the story so far, the draft in a heading; then its better form."""
    page = _Page(tokens, window)
    page.put(Field.ROUGH, assignment.draft)
    mood, words = understood(assignment.wish)
    page.put(Field.MOOD, mood or assignment.mood)
    page.put(Field.WORDS, ", ".join((*assignment.words, *words)))
    newest = assignment.path[-1:]
    told, cut = _joined(
        [tokens.read(text) for text in newest], newest, tokens, int(window * _CONTEXT_OF_DRAFT)
    )
    draft = next((value for kind, value in page.lines if kind is Field.ROUGH), "")
    asked = measure(assignment, len(tokens.encode(draft)), window)
    return _prompt(
        (tokens.end, *told, *page.encoded()),
        [page],
        asked,
        Fit(0, window, max(0, len(assignment.path) - 1)),
        ["passage"] * cut,
    )


def _prompt(
    ids: tuple[int, ...], pages: Sequence[_Page], asked: Measure, fit: Fit, shortened: list[str]
) -> Prompt:
    lore_left_out = tuple(fact for page in pages for fact in page.lore_left_out)
    cut = [name for page in pages for name in page.shortened] + shortened
    whole = replace(
        fit, used=len(ids), lore_left_out=lore_left_out, shortened=tuple(dict.fromkeys(cut))
    )
    return Prompt(ids, whole, asked)


def _stepped(length: int) -> int:
    return -(-length // _STEP) * _STEP
