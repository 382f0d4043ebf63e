"""What the passage should hold, as a gentle push on the odds: words, names, a mood, an end.

A small model forgets what its heading asked for. A push of a few nats finds the place where a
word fits best anyway; it grows while the word is missing, and stops when it has been written.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.narrator.tokens import Tokens
from core.narrator.tone import mood_known, tone

_CALLED = 5.0  # for the hero's, where somebody is called something for the first time
_CALLED_SO = 3.0  # for what ends it there: "Mara" might become "Marah"
_AFTER_NAME = (".", ",", " who")
_END_MISSED = 10.0  # for the end of the story, by the end of the room
_STEPS = 8  # in which a push grows


@dataclass(frozen=True, slots=True)
class _Push:
    """Nats for a wanted word: at the start, more by the end, and for its rest once it has begun."""

    at_first: float
    missed: float
    going_on: float = 5.0


_WORD = _Push(1.2, 5.0)
_NAME = _Push(1.0, 0.0)
_IN_TITLE = _Push(5.0, 0.0, going_on=9.0)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wished of one passage."""

    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    hero: str = ""  # who is called so before anybody else is called anything
    mood: str = ""
    end: bool = False  # the story should come to its end
    title: tuple[str, ...] = ()  # one of these should be in it, which is a title


@dataclass(slots=True)
class _Wanted:
    """A word to be written: how it is spelled, and how it is found."""

    spellings: tuple[tuple[int, ...], ...]
    pattern: re.Pattern[str]
    push: _Push


@dataclass(slots=True)
class Leaning:
    """The push of some wishes at each step of a passage."""

    tokens: Tokens
    wishes: Wishes
    now: Mapping[int, float] = field(default_factory=dict)  # nats for tokens, at this step
    _left: list[_Wanted] = field(default_factory=list)
    _mood: str = ""
    _tone: Mapping[int, float] = field(default_factory=dict)
    _step: float = -1.0  # of the room, when the tone was last heard

    def __post_init__(self) -> None:
        self._mood = mood_known(self.wishes.mood)
        for word in self.wishes.words:
            self._want(word, (f" {word}",), _WORD)
        for name in self.wishes.names:
            self._want(name, (f" {name}", name), _NAME)
        for word in self.wishes.title:
            self._want(word, (f" {word}",), _IN_TITLE)
        self.follow("", (), 0.0)

    def follow(self, text: str, ids: Sequence[int], done: float) -> None:
        """Lean as the text so far asks for; `done`: the share of its room that is filled."""
        left = [word for word in self._left if not word.pattern.search(text)]
        self._left = [] if self.wishes.title and len(left) < len(self._left) else left
        done = int(done * _STEPS) / _STEPS
        if self._mood and done != self._step:
            self._step, self._tone = done, tone(self._mood, text, self.tokens)
        pushes = dict(self._tone)
        self._call(text, pushes)
        for word in self._left:
            for spelled in word.spellings:
                _push(pushes, spelled[0], word.push.at_first + word.push.missed * done)
                for begun in range(1, len(spelled)):
                    if tuple(ids[-begun:]) == spelled[:begun]:
                        _push(pushes, spelled[begun], word.push.going_on)
        if self.wishes.end and done:
            pushes[self.tokens.end] = _END_MISSED * done**2
        if pushes != self.now:
            self.now = pushes

    def _call(self, text: str, pushes: dict[int, float]) -> None:
        """Whoever is called something first is the hero."""
        _, named, told = text.partition(" named")
        if not (named and self.wishes.hero):
            return
        name = f" {self.wishes.hero}"
        if not told:
            _push(pushes, self.tokens.encode(name)[0], _CALLED)
        elif told == name:
            for follows in _AFTER_NAME:
                _push(pushes, self.tokens.encode(follows)[0], _CALLED_SO)

    def _want(self, word: str, forms: Iterable[str], push: _Push) -> None:
        if word.strip():
            pattern = re.compile(rf"(?<!\w){re.escape(word)}", re.IGNORECASE)
            self._left.append(_Wanted(tuple(map(self.tokens.encode, forms)), pattern, push))


def _push(pushes: dict[int, float], token: int, nats: float) -> None:
    pushes[token] = max(pushes.get(token, 0.0), nats)
