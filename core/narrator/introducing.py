"""A premise with its hero introduced: "Mara finds a shell", "a girl named Mara who finds a shell".

Most premises that a narrator learns from are of the second kind, as they were found in stories that
begin by telling who they are about. After one of the first kind, a small model loses its hero, and
of "The cat steals a fish" it makes "The cat steals stood in the park".
"""

import re

from core.narrator.firstnames import BOYS, GIRLS
from core.narrator.lexicon import starter_words
from core.narrator.wordforms import third_person

_KINDS = dict.fromkeys(GIRLS, "girl") | dict.fromkeys(BOYS, "boy")
_PRONOUNS = {
    "girl": re.compile(r"\b(?:she|her|hers|herself)\b"),
    "boy": re.compile(r"\b(?:he|him|his|himself)\b"),
}
_SOMEBODY = "child"
_HERO = re.compile(r"\s*([A-Z][a-z]+) (?=([a-z]+))")
# What a name is followed by where nothing tells yet what it does.
_NO_VERB = frozenset(
    "a an and as at but by for from in into near of on or over the that to under who whom whose "
    "with without".split()
)
_ARTICLES = frozenset({"a", "an", "the"})
_HELPING = frozenset("can cannot could may might must should will would".split())
_WORD = re.compile(r"[a-z]+")
_NOBODY = _NO_VERB | {"named", "called"}  # the last two introduce somebody already
_MOST = 5  # words of who it is and of the verb


def introduced(premise: str) -> str:
    """The premise as it stands in a heading; the same where nobody begins it who does something.

    A name is one of our lists, or a word with a capital that is no word of plain English.
    """
    somebody = nameless(premise)
    if somebody:
        return "{} {} who {}".format(*somebody)
    found = _HERO.match(premise)
    if not found or found[2] in _NO_VERB:
        return premise
    name, rest = found[1], premise[found.end() :]
    if name not in _KINDS and name.lower() in starter_words():
        return premise
    return f"a {_kind(name, rest)} named {name} who {rest}"


def nameless(premise: str) -> tuple[str, str, str] | None:
    """Who begins a premise without a name, and what it does: "a", "fox", "sells his shadow".

    None where that is not plain to see.
    """
    first, *words = premise.split() or [""]
    article = first.lower()
    if article not in _ARTICLES:
        return None
    for at, word in enumerate(words[:_MOST]):
        if not _WORD.fullmatch(word) or word in _NOBODY:
            return None
        if at and (word in _HELPING or third_person(word, starter_words())):
            return article, " ".join(words[:at]), " ".join(words[at:])
    return None


def _kind(name: str, rest: str) -> str:
    """Who it is, as far as name and pronouns agree."""
    heard = [kind for kind, pronouns in _PRONOUNS.items() if pronouns.search(rest)]
    listed = _KINDS.get(name)
    if listed is None:
        return heard[0] if len(heard) == 1 else _SOMEBODY
    return listed if not heard or listed in heard else _SOMEBODY
