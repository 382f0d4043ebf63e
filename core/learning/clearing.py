"""Which texts may be learned from, passage by passage, and on what basis.

A text may stand in training data only if all of this holds:

1. No place that ever told the story has said no, and at least one is known.
2. Its author is known (imported stories have none) and allows it: what the narrator wrote for
   somebody by default, a person's own text only after they opted in, where the operator lets the
   platform's own texts be used at all.
3. Where it rewrites another text (an edit, a refinement), that text may be used as well.
4. It quotes no run of eight words from a text of the story that may not be used.

Premises are their author's own text. Titles, lore, wishes and free words of genre and mood are
left out altogether: it is not kept who wrote them. To be an example of how to write, a text must
besides be screened as safe, and nobody may have reported it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.narrator.screening import Level, screen
from core.storage.consent import Consent
from core.storage.forgetting import GONE
from core.storage.gleaning import Gleanings, Person, Told
from core.story.likeness import quotes, runs
from core.story.model import Origin, Passage

_REWRITES = frozenset({Origin.EDITED, Origin.REFINED})


class Basis(StrEnum):
    """Why a text may be used."""

    NARRATOR = "narrator"  # by default: the narrator wrote it
    OWN = "own"  # its author opted in
    LICENCE = "licence"  # it was imported with one


@dataclass(frozen=True, slots=True)
class Cleared:
    """A story as it may be used."""

    story: Told
    usable: Mapping[int, Basis]  # passages
    good: frozenset[int]  # passages that may be an example of how to write
    premise: str  # empty where it may not be used

    def passage(self, number: int) -> Passage:
        """The passage of this id."""
        return next(passage for passage in self.story.passages if passage.id == number)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows."""

    own_text: frozenset[str] = frozenset({"telegram", "terminal"})  # platforms
    screening: Level = Level.STRICT  # of what may be an example


def cleared(gleanings: Gleanings, rules: Rules) -> tuple[Cleared, ...]:
    """The stories of which something may be used."""
    found = (_cleared(story, gleanings, rules) for story in gleanings.stories)
    return tuple(story for story in found if story.usable)


def may_judge(person: Person | None) -> bool:
    """Whether somebody's ratings and picks may be used."""
    return person is not None and person.consent is not Consent.NOTHING


def _cleared(story: Told, gleanings: Gleanings, rules: Rules) -> Cleared:
    if not story.places or story.places & gleanings.silent:
        return Cleared(story, {}, frozenset(), "")
    usable = {
        passage.id: basis
        for passage in story.passages
        if (basis := _basis(passage, gleanings.people, rules)) is not None
    }
    premise = story.premise if _premise_is_free(story, gleanings.people, rules) else ""
    usable = _without_rewritten(story, gleanings, usable)
    forbidden = _forbidden(story, usable, premise)
    usable = {
        passage.id: usable[passage.id]
        for passage in story.passages
        if passage.id in usable and not quotes(passage.text, forbidden)
    }
    good = frozenset(
        passage.id
        for passage in story.passages
        if passage.id in usable
        and passage.id not in gleanings.reported
        and screen(passage.text, rules.screening).safe
    )
    if not screen(premise, rules.screening).safe or quotes(premise, forbidden):
        premise = ""
    return Cleared(story, usable, good, premise)


def _basis(passage: Passage, people: Mapping[int, Person], rules: Rules) -> Basis | None:
    author = people.get(passage.author) if passage.author is not None else None
    if author is None or author.consent is Consent.NOTHING or passage.text == GONE:
        return None
    if passage.by_narrator:
        return Basis.NARRATOR
    return Basis.OWN if _opted_in(author, rules) else None


def _opted_in(author: Person | None, rules: Rules) -> bool:
    return (
        author is not None and author.consent is Consent.OWN and author.platform in rules.own_text
    )


def _premise_is_free(story: Told, people: Mapping[int, Person], rules: Rules) -> bool:
    """Whether who asked for the first passage, and so wrote the premise, opted in."""
    first = story.passages[0] if story.passages else None
    if first is None or first.author is None:
        return False
    return _opted_in(people.get(first.author), rules)


def _without_rewritten(
    story: Told, gleanings: Gleanings, usable: Mapping[int, Basis]
) -> dict[int, Basis]:
    """Leave out what rewrites a person's text that may not be used, and rewritings of those."""
    began = {rewriting.passage: rewriting.old for rewriting in gleanings.rewritings}
    kept: dict[int, Basis] = {}
    closed: dict[int | None, bool] = {}  # parents below which somebody's text may not be used
    for passage in story.passages:
        old = began.get(passage.id)
        rewrites = passage.origin in _REWRITES or old is not None
        tainted = closed.get(passage.parent, False) or (old is not None and old not in kept)
        if passage.id in usable and not (rewrites and tainted):
            kept[passage.id] = usable[passage.id]
        elif not passage.by_narrator or rewrites:
            closed[passage.parent] = True
    return kept


def _forbidden(
    story: Told, usable: Mapping[int, Basis], premise: str
) -> frozenset[tuple[str, ...]]:
    """The runs of words of people's texts that may not be used."""
    texts: Iterable[str] = (
        passage.text
        for passage in story.passages
        if passage.id not in usable and not passage.by_narrator
    )
    found = {run for text in texts for run in runs(text)}
    return frozenset(found if premise else found | runs(story.premise))
