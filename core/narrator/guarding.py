"""The guard of an assignment: what must not be written in its passage, wherever it is written."""

from collections.abc import Iterable, Sequence

from core.narrator.guard import Guard
from core.narrator.introducing import described, introduced
from core.narrator.lexicon import Lexicon
from core.narrator.narrator import Assignment, Mode
from core.narrator.tokens import Tokens
from core.narrator.wordforms import forms

_AFTER_THERE = (2, 3)  # where the verb stands in "Once there was" and "Once, there was"
_NEWEST = 3  # passages whose sentences are not told again
# What ends a story, and would leave nothing to tell where it is to go on.
_FAREWELLS = ("the end", "happily ever", "the moral", "from that day")


def guard_for(assignment: Assignment, words: frozenset[str]) -> Guard:
    """The guard of its passage; `words`: all that the model has read, empty if nobody knows."""
    goes_on = assignment.mode in {Mode.OPEN, Mode.CONTINUE}
    banned = (*assignment.banned, *_FAREWELLS) if goes_on else assignment.banned
    return Guard(banned, assignment.path[-_NEWEST:], _lexicon(assignment, words))


def barred_tokens(banned: Sequence[str], tokens: Tokens) -> frozenset[int]:
    """Tokens that are a banned word whole: the guard would only refuse them later."""
    spelled = {
        cased
        for word in banned
        for form in (word, *forms(word.strip()))
        for cased in (form, form.lower(), form.upper(), form.capitalize())
    }
    return _whole_tokens(spelled, tokens)


def barred_beginnings(assignment: Assignment, tokens: Tokens) -> dict[int, frozenset[int]]:
    """Tokens that must not stand in the first places of an opening, by place.

    Of a small model's stories most would begin with the same seven words, "Once upon a time, there
    was a", and stories that begin alike go on alike; "Once there was a" tells as much. And where
    somebody is to be introduced, "One day, a boy named Tom." is no sentence, and of several there
    was none: "Once there was a three foxes".
    """
    if assignment.mode is not Mode.OPEN:
        return {}
    introduces = " named " in introduced(assignment.premise)
    barred = {0: _whole_tokens(("One",) * introduces, tokens), 1: _whole_tokens(("upon",), tokens)}
    hero = described(assignment.premise)
    if hero and not hero.article:
        barred |= dict.fromkeys(_AFTER_THERE, _whole_tokens(("was",), tokens))
    return barred


def _whole_tokens(words: Iterable[str], tokens: Tokens) -> frozenset[int]:
    """The tokens that are one of these words whole, with a space before it or none."""
    spelled = (f"{space}{word}" for word in words for space in ("", " "))
    return frozenset(ids[0] for ids in map(tokens.encode, spelled) if len(ids) == 1)


def _lexicon(assignment: Assignment, words: frozenset[str]) -> Lexicon | None:
    """The model's words and the story's own; a refined passage may keep every word it had."""
    if not words:
        return None
    told = (
        *(assignment.title, assignment.premise, assignment.draft, assignment.wish),
        *(*assignment.words, *assignment.lore, *assignment.fired, *assignment.path),
    )
    return Lexicon(words, told)
