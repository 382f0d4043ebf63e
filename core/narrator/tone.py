"""A mood as a push on the odds of words, steered by how the passage sounds so far.

Which words are glad or grim says `feelings.toml`, chosen by hand; its count of the text so far says
how hard to push. VADER has no part in it, so that it can measure what came of it. English only:
elsewhere a mood stays with its heading.
"""

import functools
import re
from collections.abc import Mapping

from core.narrator.tokens import Tokens
from core.narrator.tonewords import balance, feeling_words
from core.narrator.wordforms import stem

_PUSH, _PUSH_MORE = 1.2, 2.8  # nats for each point of a word's valence
_DAMP = 6.0  # the same, away from every word that is glad or grim, for a calm passage
_FAR = 2  # glad words more than grim ones, from which on a text is clearly of one kind
_POINTS = {"joy": 2.0, "mirth": 1.0, "sadness": -2.0, "anger": -1.0, "fear": -1.5}
_HARSH = frozenset(
    "kill killed kills killing murder dead death die dies dying hate hated hates hell damn stupid "
    "ugly idiot devil violent violence blood war weapon gun attack attacked torture".split()
)
# Small words that sound glad beside no feeling of their own; a grim or calm passage has few.
_GLAD_TOO = frozenset(
    "like liked likes play played playing help helped helping helps please thanks okay interesting "
    "interested special ready smart clever pretty fun funny want friends friend friendly cool wow "
    "gift hope hoped sure true useful care careful curious amazed amazing surprised share shared "
    "smiled laughed giggled agreed nice good great kind loved love happy glad proud safe".split()
)
# Words that stir, gladly or not: a calm passage has none of either.
_STIRRING = frozenset(
    "yummy thankful heart hearts important foolish careless shy happiest sadder ignorant "
    "intelligent frustrated frustrating worse fallen terrified relieved dizzy fit join joined "
    "excited fancy super delighted joyful curious brave bravely clever wise proudly happily "
    "sadly angrily eager cheerful wonderful beautiful gorgeous lovely amazing awesome fantastic "
    "perfect favorite favourite best better worst impressed surprised surprise confused "
    "embarrassed ashamed guilty grumpy jealous lonely worried nervous anxious upset sorry hurt "
    "pain painful cry cried crying tears scream screamed scary scared afraid fear fearful "
    "monster danger dangerous trouble problem problems mistake wrong bad mean rude naughty "
    "silly stupid mad angry fight fighting stop stopped no lost losing broke broken weird "
    "strange dirty stuck trapped poor sick tired bored alone missed careful warned warning yell "
    "yelled shout shouted attack hit kick push win won winner prize reward gift treasure treat "
    "treats celebrate party joy laugh laughing smile smiling grin hug hugged kiss generous "
    "gentle grateful honest helpful polite patient strong popular useful valuable special "
    "creative active adventure energetic determined reliable shiny sparkle sparkling sweet well "
    "welcome worth yes hero huge easy original obedient sincere sunny fresh feast".split()
)
# Words after which hardly anything but a feeling comes; a calm passage has few.
_LEADING_TO_IT = "so very too really felt feel feels feeling lot"
_STRONGEST = 2.2  # points
_LEAST = 3  # letters of a word that says something
_OWN = 1.5  # nats for the words that only this mood has

_SIGNS = {"happy": 1, "funny": 1, "sad": -1, "scary": -1, "calm": 0}
_WORDS = {
    "scary": "dark scared afraid monster ghost shadow shadows screamed growled danger dangerous "
    "fear trembled creepy strange howled cold teeth claws hid hide suddenly",
    "funny": "funny laughed giggled silly laugh joke tickled sneezed oops tripped clown danced "
    "wobbled hat bounced fell mess sticky",
    "calm": "quiet quietly slowly soft softly still sat leaves water sky clouds evening "
    "walked watched listened slept river wind window moon stars",
}


def mood_known(mood: str) -> str:
    """The mood meant, among those there are words for; empty if none is."""
    return next((word for word in re.findall(r"[a-z]+", mood.lower()) if word in _SIGNS), "")


def tone(mood: str, text: str, tokens: Tokens) -> dict[int, float]:
    """Nats for tokens, so that a text that began like this comes to sound as asked for."""
    sign, sounds = _SIGNS[mood], balance(text)
    if sign:
        far = sign * sounds >= _FAR
        strength = sign * (_PUSH if far else _PUSH_MORE)
        pushes = {token: strength * valence for token, valence in valences(tokens).items()}
    else:
        back = -sounds * _PUSH / _FAR
        stirring = _whole(" ".join(sorted(_STIRRING)), tokens)
        pushes = {
            token: back * valence - _DAMP * abs(valence)
            for token, valence in valences(tokens).items()
        }
        pushes |= dict.fromkeys(stirring, -2 * _DAMP)
        pushes |= dict.fromkeys(_whole(_LEADING_TO_IT, tokens), -_DAMP)
    for token in _whole(_WORDS.get(mood, ""), tokens):
        pushes[token] = _OWN
    return pushes


@functools.lru_cache(maxsize=4)
def valences(tokens: Tokens) -> Mapping[int, float]:
    """How glad or grim each token is that is a whole word, in points."""
    points: dict[str, float] = {}
    for feeling, value in _POINTS.items():
        for word in feeling_words()[feeling]:
            points[stem(word)] = points.get(stem(word), 0.0) + value
    found = {}
    for token in range(tokens.size):
        spelled = tokens.bytes_of(token).decode(errors="ignore")
        word = spelled.strip().lower()
        if (spelled.startswith(" ") or spelled[:1].isupper()) and len(word) >= _LEAST:
            valence = 0.0 if word in _HARSH else points.get(stem(word), 0.0)
            valence = 2.0 if word in _GLAD_TOO else valence
            if valence:
                found[token] = max(-_STRONGEST, min(_STRONGEST, valence))
    return found


@functools.lru_cache(maxsize=64)
def _whole(words: str, tokens: Tokens) -> tuple[int, ...]:
    spelled = [tokens.encode(f" {word}") for word in words.split()]
    return tuple(ids[0] for ids in spelled if len(ids) == 1)
