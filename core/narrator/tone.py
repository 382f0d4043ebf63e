"""A mood as a push on the odds of words, steered by how the passage sounds so far.

VADER's lexicon says how glad or grim a word is (Hutto and Gilbert, 2014); its judgement of the
text so far says how hard to push. It knows English only: elsewhere a mood stays with its heading.
"""

import functools
import re
from collections.abc import Mapping

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from core.narrator.tokens import Tokens

_PUSH, _PUSH_MORE = 0.5, 1.8  # nats for each point of a word's valence, -4 to 4
_DAMP = 2.5  # the same, away from every word that is glad or grim, for a calm passage
_FAR = 0.4  # VADER's compound from here on is clearly of one kind
_NEAR = 0.1  # and below is neither
_STRONGEST = 2.2  # points: harsher words are pushed no more than sad ones
_HARSH = frozenset(
    "kill killed kills killing murder dead death die dies dying hate hated hates hell damn stupid "
    "ugly idiot devil violent violence blood war weapon gun attack attacked torture".split()
)
_OWN = 1.5  # nats for the words that only this mood has

_SIGNS = {"happy": 1, "funny": 1, "sad": -1, "scary": -1, "calm": 0}
_WORDS = {
    "scary": "dark scared afraid monster ghost shadow shadows screamed growled danger dangerous "
    "fear trembled creepy strange howled cold teeth claws hid hide suddenly",
    "funny": "funny laughed giggled silly laugh joke tickled sneezed oops tripped clown danced "
    "wobbled hat bounced fell mess sticky",
    "calm": "quiet quietly slowly soft softly still gently sat leaves water sky clouds evening "
    "walked watched listened slept river wind window moon stars",
}


def mood_known(mood: str) -> str:
    """The mood meant, among those there are words for; empty if none is."""
    return next((word for word in re.findall(r"[a-z]+", mood.lower()) if word in _SIGNS), "")


def tone(mood: str, text: str, tokens: Tokens) -> dict[int, float]:
    """Nats for tokens, so that a text that began like this comes to sound as asked for."""
    sign, sounds = _SIGNS[mood], _compound(text)
    if sign:
        far = sign * sounds > _FAR
        strength = sign * (_PUSH if far else _PUSH_MORE)
        pushes = {token: strength * valence for token, valence in valences(tokens).items()}
    else:
        back = -sounds * _PUSH_MORE if abs(sounds) > _NEAR else 0.0
        pushes = {
            token: back * valence - _DAMP * abs(valence)
            for token, valence in valences(tokens).items()
        }
    for token in _whole(_WORDS.get(mood, ""), tokens):
        pushes[token] = _OWN
    return pushes


@functools.lru_cache(maxsize=4)
def valences(tokens: Tokens) -> Mapping[int, float]:
    """How glad or grim each token is that is a whole word, in VADER's points."""
    lexicon: Mapping[str, float] = _analyzer().lexicon
    found = {}
    for token in range(tokens.size):
        spelled = tokens.bytes_of(token).decode(errors="ignore")
        word = spelled.strip()
        if spelled.startswith(" ") or word[:1].isupper():
            valence = 0.0 if word.lower() in _HARSH else lexicon.get(word.lower(), 0.0)
            if valence:
                found[token] = max(-_STRONGEST, min(_STRONGEST, valence))
    return found


@functools.lru_cache(maxsize=64)
def _whole(words: str, tokens: Tokens) -> tuple[int, ...]:
    spelled = [tokens.encode(f" {word}") for word in words.split()]
    return tuple(ids[0] for ids in spelled if len(ids) == 1)


def _compound(text: str) -> float:
    return float(_analyzer().polarity_scores(text)["compound"]) if text else 0.0


@functools.cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()
