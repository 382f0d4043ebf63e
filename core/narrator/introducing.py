"""A premise with its hero introduced: "Mara finds a shell", "a girl named Mara who finds a shell".

Most premises that a narrator learns from are of the second kind, as they were found in stories that
begin by telling who they are about. After one of the first kind, a small model loses its hero, and
of "The cat steals a fish" it makes "The cat steals stood in the park".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.narrator.firstnames import BOYS, GIRLS
from core.narrator.lexicon import starter_words
from core.narrator.tense import they_did
from core.narrator.wordforms import third_person

_KINDS = dict.fromkeys(GIRLS, "girl") | dict.fromkeys(BOYS, "boy")
_PRONOUNS = {
    "girl": re.compile(r"\b(?:she|her|hers|herself)\b"),
    "boy": re.compile(r"\b(?:he|him|his|himself)\b"),
}
_SOMEBODY = "child"
_HERO = re.compile(r"\s*([A-Z][a-z]+) (?=([a-z]+))")
_NAMED = re.compile(
    r"\s*([Aa]n?|[Tt]he) ((?:[a-z]+ ){1,4})(?:named|called) ([A-Z][a-z]+) (?=([a-z]+))"
)
_CALLED = re.compile(r"\s*(?:(?!who )[A-Za-z]+ )+named ([A-Z][a-z]+) who ")
# What a name is followed by where nothing tells yet what it does.
_NO_VERB = frozenset(
    "a an and as at but by for from in into near of on or over the that to under who whom whose "
    "with without".split()
)
_ARTICLES = frozenset({"a", "an", "the"})
_NUMBERS = frozenset("two three four five six seven some many".split())
_HELPING = frozenset("can cannot could may might must should will would".split())
_WORD = re.compile(r"[a-z]+")
_NOBODY = _NO_VERB | {"named", "called"}  # the last two introduce somebody already
_MOST = 5  # words of who it is and of the verb


@dataclass(frozen=True, slots=True)
class Hero:
    """Who begins a premise and is more than a name: "a", "fox", perhaps "Leo", "sells his hat".

    Several have no article: "two foxes".
    """

    article: str
    who: str
    name: str
    does: str


def introduced(premise: str) -> str:
    """The premise as it stands in a heading; the same where nobody begins it who does something.

    A name is one of our lists, or a word with a capital that is no word of plain English.
    """
    hero = described(premise)
    if hero:
        named = f" named {hero.name}" if hero.name else ""
        return f"{hero.article} {hero.who}{named} who {hero.does}".strip()
    found = _HERO.match(premise)
    if not found or found[2] in _NO_VERB:
        return premise
    name, rest = found[1], premise[found.end() :]
    if name not in _KINDS and name.lower() in starter_words():
        return premise
    return f"a {_kind(name, rest)} named {name} who {rest}"


def hero_named(premise: str) -> str:
    """What the hero is called who is introduced; nothing where nobody is, or has no name."""
    found = _CALLED.match(introduced(premise))
    return found[1] if found else ""


def described(premise: str) -> Hero | None:
    """Who begins a premise and is told of with a word for them; None where that is not plain."""
    first, *words = premise.split() or [""]
    article = first.lower()
    if article in _NUMBERS:
        return _several(article, words)
    if article not in _ARTICLES:
        return None
    for at, word in enumerate(words[:_MOST]):
        if not _WORD.fullmatch(word) or word in _NOBODY:
            break
        if at and _a_verb(word):
            return Hero(article, " ".join(words[:at]), "", " ".join(words[at:]))
    named = _NAMED.match(premise)
    if named and _a_verb(named[4]):
        return Hero(article, named[2].strip(), named[3], premise[named.end() :])
    return None


def _several(number: str, words: Sequence[str]) -> Hero | None:
    for at, word in enumerate(words[:_MOST]):
        if not _WORD.fullmatch(word) or word in _NOBODY:
            return None
        if at and (word in _HELPING or they_did(word) != word):
            return Hero("", " ".join((number, *words[:at])), "", " ".join(words[at:]))
    return None


def _a_verb(word: str) -> bool:
    return word in _HELPING or third_person(word, starter_words())


def _kind(name: str, rest: str) -> str:
    """Who it is, as far as name and pronouns agree."""
    heard = [kind for kind, pronouns in _PRONOUNS.items() if pronouns.search(rest)]
    listed = _KINDS.get(name)
    if listed is None:
        return heard[0] if len(heard) == 1 else _SOMEBODY
    return listed if not heard or listed in heard else _SOMEBODY
