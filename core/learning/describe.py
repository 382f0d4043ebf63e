"""What a heading may truthfully say about a text, found by rule in the text itself."""

import functools
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from core.learning.names import names_in
from core.story.sentences import sentences

MOODS = ("happy", "sad", "scary", "funny", "calm")
_HAPPY, _SAD, _FEAR, _CALM, _FUN = 0.5, -0.25, -0.1, 0.2, 0.2  # VADER compounds

_SCARY_WORDS = re.compile(
    r"\b(?:scar(?:y|ed)|afraid|fright\w*|fear\w*|monsters?|ghosts?|dark|growl\w*|roar\w*|scream\w*|"
    r"danger\w*|witch|shadows?|trembl\w*|terri\w*|creep\w*|wolf|wolves|storm)\b",
    re.IGNORECASE,
)
_FUNNY_WORDS = re.compile(
    r"\b(?:laugh\w*|giggl\w*|funny|silly|jokes?|tickl\w*|sneez\w*|oops|hilarious|clown|burp\w*)\b",
    re.IGNORECASE,
)
_GENRES: dict[str, re.Pattern[str]] = {
    genre: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for genre, words in {
        "adventure": r"adventure|explore\w*|journey|treasure|map|island|cave|mountain|pirate",
        "sea": r"sea|ship|boat|sail\w*|whale|ocean|waves|harbo\w*|shell",
        "fairy tale": r"king|queen|prince|princess|castle|witch|fairy|dragon|giant|knight",
        "magic": r"magic\w*|wizard|spell|wand|wish(?:es)?|potion|unicorn",
        "animals": r"rabbit|bear|fox|lion|mouse|elephant|turtle|frog|monkey|squirrel|owl|hare",
        "friendship": r"friends?|friendship|together|share\w*|play(?:ed|mate)?",
        "family": r"mom|mommy|dad|daddy|mother|father|sister|brother|grand\w+|family",
        "mystery": r"mystery|clue\w*|detective|secret|strange|missing|puzzle|solve\w*",
        "bedtime": r"bed|sleepy|asleep|dream\w*|moon|stars?|night|pillow|blanket",
        "funny": r"funny|silly|giggl\w*|laugh\w*|joke\w*",
        "nature": r"garden|seed\w*|flower\w*|forest|river|tree\w*|rain|farm\w*|plant\w*",
        "scary": r"scary|ghost|monster|afraid|dark",
        "school": r"school|teacher|class|lesson|classroom",
    }.items()
}
_WORD = re.compile(r"\b[a-z]{3,14}\b")
_STOP = frozenset(
    "the and was were are for with his her him she they them their there then that this had has "
    "have not but you your one day very saw said went got get from out into when what who all can "
    "could would will did does about some more than too again how its our let over just like back "
    "now after before because been being off down upon onto also any every each other such only "
    "own same don didn wasn couldn isn won ever never once while until where which these those "
    "here why yes may might must shall should much many most make made came come put took take "
    "see look looked want wanted know knew time way thing things always away something first else "
    "even sometimes others going still soon next become became using really quickly suddenly "
    "tried started good".split()
)
_VERBS = {
    "was": "is",
    "were": "are",
    "had": "has",
    "went": "goes",
    "found": "finds",
    "saw": "sees",
    "wanted": "wants",
    "loved": "loves",
    "liked": "likes",
    "lived": "lives",
    "got": "gets",
    "lost": "loses",
    "met": "meets",
    "decided": "decides",
    "heard": "hears",
    "made": "makes",
    "took": "takes",
    "could": "can",
    "did": "does",
    "felt": "feels",
    "ran": "runs",
    "came": "comes",
    "helped": "helps",
    "learned": "learns",
    "needed": "needs",
    "played": "plays",
}
_OPENING = re.compile(
    r"^(?:(?:Once upon a time|Once|Long ago|One day|One (?:morning|night|evening|afternoon)|"
    r"A long time ago|Many years ago)(?:,| there)? ?)+",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"^(?:in [^,]+, )?(?:there )?(?:was|lived|were)(?: once)? (an? [^.!?]{3,70}?)[.!?]?$",
    re.IGNORECASE,
)
_EVENT = re.compile(
    r"^(?:she|he|they|it|[A-Z][a-z]+) ((?:" + "|".join(_VERBS) + r")\b[^.!?\"]{6,80})"
)
_FACT = re.compile(
    r"^([A-Z][a-z]+) ((?:was an?|had an?|loved|liked|lived|wanted|was)\b[^.!?,\"]{4,60})[.!]?$"
)


@functools.cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def compound(text: str) -> float:
    """VADER's judgement of a passage, -1 to 1."""
    return float(_analyzer().polarity_scores(text)["compound"])


def mood(passage: str) -> str:
    """One of MOODS for a passage of some sentences; empty if it is nothing clear."""
    score = compound(passage)
    if score <= _FEAR and len(_SCARY_WORDS.findall(passage)) > 1:
        return "scary"
    if score <= _SAD:
        return "sad"
    if score >= _FUN and len(_FUNNY_WORDS.findall(passage)) > 1:
        return "funny"
    if score >= _HAPPY:
        return "happy"
    return "calm" if abs(score) < _CALM else ""


def genre(text: str, rng: random.Random) -> str:
    """The genre whose words stand out; drawn among the two best, since stories have several."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _GENRES.items()}
    best = sorted(counts, key=lambda name: -counts[name])[:2]
    named = [name for name in best if counts[name] > 1]
    return rng.choice(named) if named else ""


@dataclass(frozen=True, slots=True)
class WordWeights:
    """How telling each word is: rare words more, words seen hardly ever not at all."""

    weights: Mapping[str, float]

    @classmethod
    def counted(cls, texts: Iterable[str]) -> "WordWeights":
        """From the number of texts that hold each word."""
        counts: Counter[str] = Counter()
        total = 0
        for text in texts:
            counts.update(set(_WORD.findall(text)))
            total += 1
        rare = max(2, total // 5000)
        return cls(
            {
                word: math.log(total / count)
                for word, count in counts.items()
                if rare <= count < total / 8 and word not in _STOP
            }
        )

    def of(self, text: str) -> dict[str, float]:
        """The telling words of a text."""
        return {
            word: self.weights[word]
            for word in dict.fromkeys(_WORD.findall(text))
            if word in self.weights
        }


def words(text: str, weights: WordWeights, count: int, rng: random.Random) -> list[str]:
    """So many words that stand in the text, telling ones rather than common ones."""
    found = weights.of(text)
    # A weighted draw without replacement (Efraimidis and Spirakis, 2006).
    drawn = sorted(found, key=lambda word: -(rng.random() ** (1 / found[word])))
    return drawn[:count]


def premise(text: str, rng: random.Random) -> str:
    """What the story is about as somebody might type it: who, and what happens to them."""
    opening = sentences(text)[:7]
    who = next((match[1] for line in opening[:3] if (match := _WHO.match(_bare(line)))), "")
    event = next((match[1] for line in opening[1:] if (match := _EVENT.match(_bare(line)))), "")
    if who and event:
        line = f"{who} {rng.choice(('', 'who '))}{_now(event)}"
    elif who:
        line = who
    else:
        line = next((_bare(s) for s in opening if names_in(s) and '"' not in s), "")
    return _typed(line, rng)


def _bare(sentence: str) -> str:
    bare = _OPENING.sub("", sentence)
    return re.sub(r"^(?:there|,) ", "", bare) if bare != sentence else bare


def _now(event: str) -> str:
    first, _, rest = event.partition(" ")
    return f"{_VERBS.get(first, first)} {rest}"


def _typed(line: str, rng: random.Random) -> str:
    """With or without a capital and a full stop, and no longer than people type."""
    most = rng.randint(8, 20)
    cut = line.split()
    short = " ".join(cut[:most]).rstrip(" .,;:!?")
    if len(cut) > most:  # no dangling little words
        short = re.sub(
            r"(?: (?:a|an|the|and|but|to|of|in|on|with|his|her|that|was|is|for))+$", "", short
        )
    if len(short.split()) < 3:
        return ""
    short = short[0].upper() + short[1:] if rng.random() < 0.6 else short[0].lower() + short[1:]
    return short + "." if rng.random() < 0.4 else short


def facts(text: str, rng: random.Random) -> dict[str, str]:
    """A sentence-like fact for each name of the text that has one: what lore looks like."""
    found: dict[str, str] = {}
    for sentence in sentences(text):
        match = _FACT.match(sentence)
        if match and match[1] not in found:
            said = _now(match[2]) if rng.random() < 0.7 else match[2]
            found[match[1]] = rng.choice(
                (f"{match[1]} {said}.", f"{match[1]} {said}", f"{match[1]}: {said}")
            )
    names = set(names_in(text))
    return {name: fact for name, fact in found.items() if name in names}


def title(text: str, weights: WordWeights) -> str:
    """A name and the thing the story is about: "Lily and the Bell"; empty if there is neither."""
    names = names_in(text)
    things = Counter(re.findall(r"\b(?:the|a|an|his|her) ([a-z]{3,12})\b", text))
    telling = weights.of(text)
    scored = {
        thing: count * telling[thing]
        for thing, count in things.items()
        if thing in telling and count > 1
    }
    thing = max(scored, key=lambda word: scored[word], default="")
    if not thing:
        return f"{names[0]} and {names[1]}" if len(names) > 1 else ""
    return f"{names[0]} and the {thing.capitalize()}" if names else f"The {thing.capitalize()}"
