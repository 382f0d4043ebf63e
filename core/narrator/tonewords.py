"""What the words of a sentence say about how it feels: counts a head can weigh.

Negation, who speaks and what is told beside the speech are kept apart, since "Great," said Father
when the wheel came off: the words are glad, and the sentence is not.
"""

import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from core.narrator.headings import plain
from core.narrator.wordforms import stem

FEELINGS = ("joy", "sadness", "fear", "anger", "mirth", "calm")
_GLAD = frozenset({"joy", "mirth", "calm"})
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_NEGATIONS = frozenset(
    "not no never nobody nothing none nowhere without neither nor cannot".split()
)
_REACH = 6  # words that a negation turns round, as far as its clause goes
# "Never so happy", "nothing better": here a negation makes more of what follows.
_RAISING = frozenset("so such more better happier prouder kinder worse sadder ever only".split())
_CLAUSE = re.compile(r"[,;:.!?\"]|\b(?:but|and then|for|because|until|so that)\b")
_SPOKEN = re.compile(r'"[^"]*"?')
_PRAISE = re.compile(
    r"\b(?:great|lovely|wonderful|brilliant|perfect|fine|thanks|hero|well done|nice|best|splendid|"
    r"lucky|luck|clever|kind|generous|charming|delight\w*|treat|fun|love|friend|good|funny|sweet|"
    r"happy|cosy|safe|welcome|fond|rich|thoughtful|fine|feast|hilarious)\b"
)
_OPENING = re.compile(
    r"\W*(?:oh|what an?|how|such|just|so|sure|great|lovely|wonderful|brilliant|perfect|a fine|very|"
    r"thanks|my hero|well done|nice|best|splendid|lucky|good job)\b"
)
_SCOLDING = re.compile(
    r"\b(?:awful|terrible|horrible|hate|worst|wicked|disaster|misery|poor|useless|fool|dreadful|"
    r"cruel|never|dying|shut up|woe|bad|monster|oh no|fearsome|brute|wreck|bloodthirsty|help)\b"
)
_LAUGHTER = re.compile(r"\b(?:laugh|giggl|grin|chuckl|wink|beam|cheer|smil|teas|fond|happil|kiss)")
_SNARL = re.compile(
    r"\b(?:snapp|growl|snarl|mutter|cold|angr|yell|roar|glar|teeth|slamm|stamp|shout|push|sigh|"
    r"tears|cried|cry|empty|whisper|hiss|shook)\w*"
)
_BESIDE = re.compile(r"\b(?:as|when|while|looking|pointed|holding|wiping|with|for|after|to the)\b")
_SHORT = 4  # words beside a speech that only say who spoke
_GOOD_IDIOM = re.compile(
    r"n't stop (?:smil|laugh|danc|giggl|sing)|n't wait|n't believe (?:her|his|their) (?:luck|eye)|"
    r"n't imagine how|nothing could spoil|no need to|nothing to (?:fear|cry|worry)|"
    r"nothing was wrong|not (?:half |so |all )?bad|n't (?:half )?bad|without a (?:single )?mistake|"
    r"n't have been (?:happier|prouder|better|more)|after all|was not to blame|in the end|"
    r"n't mind|not mind|no harm|not give up|n't give up|did not lose|n't lose|"
    r"only (?:the|a) (?:wind|cat)"
)
_BAD_IDIOM = re.compile(
    r"no one (?:to|would|came|wav)|nobody (?:came|want|remember|ask|pick|ever|like|would|answer)|"
    r"nothing could (?:stop|save|make)|not dare|n't dare|never (?:c[ao]me|saw|see|return)\b|"
    r"nothing left|no way|nowhere|for good|all alone|not fair|n't fair|not pleased|not amused|"
    r"could(?: not|n't) (?:find|move|fly|swim|stand|save|get|scream|see|run)|not listen|not happy"
)
_TURNED = re.compile(r"\b(?:any ?more|any longer|no longer|never again)\b")


@dataclass(slots=True)
class _Counts:
    """How many words of each feeling stand in a text; those a negation reaches stand apart."""

    right: dict[str, int] = field(default_factory=dict)
    turned: dict[str, int] = field(default_factory=dict)
    negations: int = 0
    glad: float = 0.0  # points of VADER's lexicon, a negation's words turned round
    grim: float = 0.0

    def balance(self) -> float:
        """Glad words against grim ones."""
        total = 0
        for feeling in FEELINGS:
            weight = 1 if feeling in _GLAD else -1
            total += weight * (self.right.get(feeling, 0) - self.turned.get(feeling, 0))
        return max(-3, min(3, total - self.turned.get("need", 0)))


def tone_features(text: str) -> list[float]:
    """The counts of a text, always as many; `tone_names` says what they are."""
    return [float(value) for _, value in _features(plain(text))]


def tone_names() -> list[str]:
    """What each of the counts is."""
    return [name for name, _ in _features("")]


def compound(text: str) -> float:
    """VADER's judgement, from -1 to 1."""
    return float(analyzer().polarity_scores(text)["compound"]) if text.strip() else 0.0


def balance(text: str) -> float:
    """Glad words against grim ones; those a negation reaches count the other way."""
    counts = _count(text.lower())
    return sum(
        (1 if feeling in _GLAD else -1)
        * (counts.right.get(feeling, 0) - counts.turned.get(feeling, 0))
        for feeling in FEELINGS
        if feeling != "calm"  # it is neither
    )


@functools.cache
def analyzer() -> SentimentIntensityAnalyzer:
    """VADER (Hutto and Gilbert, 2014)."""
    return SentimentIntensityAnalyzer()


@functools.cache
def feeling_words() -> Mapping[str, frozenset[str]]:
    """The words of `feelings.toml`, by feeling."""
    read = tomllib.loads((Path(__file__).parent / "feelings.toml").read_text(encoding="utf-8"))
    return {feeling: frozenset(words.split()) for feeling, words in read["words"].items()}


@functools.cache
def _stems() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for feeling, words in feeling_words().items():
        for word in {*words, *map(stem, words)}:
            found[word] = (*found.get(word, ()), feeling)
    return found


def _features(text: str) -> Iterable[tuple[str, float]]:
    spoken = " ".join(_SPOKEN.findall(text))
    told = _SPOKEN.sub(" ", text)
    clauses = [part for part in _CLAUSE.split(text) if part and part.strip()]
    for name, part in (
        ("all", text),
        ("spoken", spoken),
        ("told", told if spoken else ""),
        ("first", clauses[0] if len(clauses) > 1 else ""),
        ("last", clauses[-1] if len(clauses) > 1 else ""),
    ):
        yield from _judged(name, part)
    yield from _counted(text.lower())
    yield from _against(text.lower(), spoken.lower(), told.lower())
    yield "good idiom", bool(_GOOD_IDIOM.search(text.lower()))
    yield "bad idiom", bool(_BAD_IDIOM.search(text.lower()))
    yield "exclaimed", min(2, text.count("!"))
    yield "asked", min(2, text.count("?"))
    yield "spoken", bool(spoken)


def _judged(name: str, text: str) -> Iterable[tuple[str, float]]:
    scores = analyzer().polarity_scores(text) if text.strip() else {}
    counts = _count(text.lower())
    yield f"{name}: VADER", scores.get("compound", 0.0)
    yield f"{name}: glad share", scores.get("pos", 0.0)
    yield f"{name}: grim share", scores.get("neg", 0.0)
    yield f"{name}: glad points", min(2.0, counts.glad / 3)
    yield f"{name}: grim points", min(2.0, counts.grim / 3)
    yield f"{name}: balance", counts.balance()


def _against(text: str, spoken: str, told: str) -> Iterable[tuple[str, float]]:
    """What is said against what is told: where they differ, somebody may not mean it."""
    beside = told if spoken else text
    praise, scolding = bool(_PRAISE.search(spoken or text)), bool(_SCOLDING.search(spoken or text))
    laughter, snarl = bool(_LAUGHTER.search(beside)), bool(_SNARL.search(beside))
    opening = bool(_OPENING.match(text))
    said, meant = _count(spoken).balance(), _count(told).balance()
    yield "laughter", laughter
    yield "snarl", snarl
    yield "opens with praise", opening
    yield "praise and snarl", praise and snarl and not laughter
    yield "praise, no laughter", praise and not laughter
    yield "opening praise, no laughter", praise and opening and not laughter
    yield "scolding and laughter", scolding and laughter and not snarl
    yield "scolding, no laughter", scolding and not laughter
    yield "glad words, grim deed", bool(spoken) and said > 0 and meant < 0
    yield "grim words, glad deed", bool(spoken) and said < 0 and meant > 0
    yield "said by told", said * meant / 3
    length = len(told.split()) if spoken else 0
    beside_it = length > _SHORT and bool(_BESIDE.search(told))
    yield "told beside speech", min(length, 14) / 7
    yield "plain praise", praise and bool(spoken) and length <= _SHORT
    yield "praise beside a deed", praise and beside_it and not laughter
    yield "called out", text.rstrip().endswith('!"') and praise
    yield "grim speech alone", bool(spoken) and said < 0 and length <= _SHORT
    before, colon, after = text.partition(":")
    yield "praise, then a colon", bool(colon) and bool(_PRAISE.search(before)) and bool(after)


def _counted(text: str) -> Iterable[tuple[str, float]]:
    counts = _count(text)
    for feeling in (*FEELINGS, "need"):
        yield f"{feeling} words", min(3, counts.right.get(feeling, 0))
        yield f"{feeling} words, negated", min(3, counts.turned.get(feeling, 0))
    yield "any feeling word", bool(counts.right) or bool(counts.turned)
    yield "negations", min(2, counts.negations)
    ended = bool(_TURNED.search(text))
    yield "no more", ended
    yield "no more by balance", ended * counts.balance()


def _count(text: str) -> _Counts:
    """The feeling words of a text in small letters."""
    counts, lexicon = _Counts(), analyzer().lexicon
    for clause in _CLAUSE.split(text):
        reach = 0
        for word in _WORD.findall(clause):
            if word in _NEGATIONS or word.endswith("n't"):
                counts.negations, reach = counts.negations + 1, _REACH
                continue
            if word in _RAISING:
                reach = 0
            kept = counts.turned if reach else counts.right
            for feeling in _stems().get(word) or _stems().get(stem(word), ()):
                kept[feeling] = kept.get(feeling, 0) + 1
            points = lexicon.get(word, 0.0) * (-0.7 if reach else 1.0)
            counts.glad, counts.grim = counts.glad + max(0, points), counts.grim + max(0, -points)
            reach = max(0, reach - 1)
    return counts
