"""What an assignment asks of its passage beside the story: words, names, a mood, an end."""

import re

from core.narrator.introducing import described, hero_named
from core.narrator.narrator import Assignment, Mode
from core.narrator.tense import without_verbs
from core.narrator.wishes import Wishes

_MOST_WORDS = 4  # of the premise's words that the opening should hold
_MOST_WISHED = 8  # words; more would push each other aside
_MOST_NAMES = 3
_LONGEST = 40  # characters of a wished word
_READ = 1000  # characters of a premise or a wish
_MOODS = {
    "happier": "happy",
    "sadder": "sad",
    "scarier": "scary",
    "funnier": "funny",
    "calmer": "calm",
}
_KNOWN_WISHES = frozenset("polish shorter longer simpler vivid".split()) | _MOODS.keys()
_WORD = re.compile(r"\b[a-z]{3,14}\b")
_STOP = frozenset(
    "the and was were are for with his her him she they them their there then that this had has "
    "have not but you your our its who whose whom what when where which why how one two three "
    "very can could would will shall should may might must does did done get gets got gotten "
    "going goes went gone come comes came make makes made take takes took find finds found see "
    "sees saw seen meet meets met lose loses lost want wants wanted need needs needed try tries "
    "tried live lives lived become becomes became begin begins began start starts started help "
    "helps helped learn learns learned discover discovers discovered decide decides decided "
    "know knows knew think thinks thought tell tells told say says said ask asks asked give "
    "gives gave keep keeps kept let lets look looks looked turn turns turned follow follows "
    "followed until once upon time day from into onto about after before because while without "
    "over under out off all any each every some more most much many than too also just only "
    "never ever always again still away back now here being been story tale write please add "
    "less like him himself herself themselves someone something nobody nothing everyone "
    "everything named called cannot another".split()
)
# Words that begin a premise without being a name.
_BEGINNINGS = frozenset(
    "a an in on at it as by of to if my no we he two three four five six seven old young little "
    "long far deep high many most people children everybody somebody everyone another".split()
)
_NAME = re.compile(r"(?<![\w'])[A-Z][a-z]{1,14}(?![\w'])")


def wishes(assignment: Assignment) -> Wishes:
    """What the passage should hold."""
    words, mood = assignment.words, assignment.mood
    match assignment.mode:
        case Mode.TITLE:
            return Wishes(title=tuple(map(str.title, _title_words(assignment.premise))))
        case Mode.OPEN:
            words = (*words, *telling_words(assignment.premise))
        case Mode.REFINE:
            wished, more = understood(assignment.wish)
            words, mood = (*words, *more), wished or mood
        case Mode.CONTINUE | Mode.FINISH:
            pass
    return Wishes(
        words=tuple(dict.fromkeys(word[:_LONGEST] for word in words[:_MOST_WISHED])),
        names=() if assignment.mode is Mode.REFINE else tuple(names(assignment.premise)),
        hero=hero_named(assignment.premise) if assignment.mode is Mode.OPEN else "",
        mood=mood,
        end=assignment.mode is Mode.FINISH,
    )


def telling_words(premise: str) -> list[str]:
    """What a premise is about and its opening should hold, in small letters.

    Words, and of more than one who it is about: "lighthouse keeper".
    """
    read = _as_typed(premise)
    hero = described(read)
    who = hero.who if hero else ""
    # A verb of the present, wished for in what is told in the past, would be copied as it is.
    told = without_verbs(f"{who} who {hero.does}" if hero else read)
    known = {*_STOP, *who.split()}
    words = [word for word in dict.fromkeys(_WORD.findall(told)) if word not in known]
    return [*([who] if who and who not in _STOP else []), *words][:_MOST_WORDS]


def _title_words(premise: str) -> list[str]:
    """What a title may name; of somebody who has a name not what they are."""
    hero = described(_as_typed(premise))
    known = hero.who if hero and hero.name else ""
    return [word for word in telling_words(premise) if word != known]


def understood(wish: str) -> tuple[str, tuple[str, ...]]:
    """A wish as a mood and as words: "happier, with a dragon" is happy and has a dragon."""
    asked = re.findall(r"[a-z]+", wish[:_READ].lower())
    mood = next((_MOODS[word] for word in asked if word in _MOODS), "")
    words = [word for word in telling_words(wish) if word not in _KNOWN_WISHES]
    return mood, tuple(words)


def names(premise: str) -> list[str]:
    """Who the premise names: words with a capital that are no common ones."""
    read = premise[:_READ]
    if read.istitle() or read.isupper():  # then a capital says nothing
        return []
    found = dict.fromkeys(_NAME.findall(read))
    return [name for name in found if name.lower() not in _STOP | _BEGINNINGS][:_MOST_NAMES]


def _as_typed(premise: str) -> str:
    """The premise with its names as they are; in small letters where all have capitals."""
    read = premise[:_READ]
    return read.lower() if read.istitle() or read.isupper() else read
