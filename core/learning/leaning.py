"""Which tokens a model shall lean to: a regression of credit on the tokens and what they follow.

How much a token is worth is a bilinear form of its embedding and the last hidden state before it,
in a few directions of each. Centred by the model's own odds these are the features that go with a
policy gradient (Sutton et al., 2000), so what least squares finds is the natural gradient: the
shift of the odds that gains most for its KL divergence.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.learning.credit import Course

_WORDS, _CONTEXT = 64, 8  # directions of tokens, and of what stands before them
_CONTEXT_COUNTS = 0.3  # how much the second are trusted beside a token's worth anywhere
_RIDGE = 1000.0  # for features of unit variance
_NOTHING = 1e-9  # credit, squared, that is none
_TOGETHER = 1024  # tokens whose odds are in memory at once
_MEASURED = 3000  # tokens on which the tilt is measured
_STEEPEST = 1000.0
_ATTEMPTS, _EXACT = 20, 1e-4  # at finding it, and the share that it may be off


@dataclass(frozen=True, slots=True)
class Lean:
    """A shift of the last hidden state, and what it does to the odds of each token."""

    turn: Tensor  # (width, width)
    push: Tensor  # (width,)
    words: Tensor  # the tokens as the model writes them, (vocabulary, width)

    def at(self, states: Tensor) -> Tensor:
        """Nats for each token, after each state: (..., width) to (..., vocabulary)."""
        shift = states @ self.turn.to(states) + self.push.to(states)
        return shift @ self.words.to(states).T

    def times(self, strength: float) -> "Lean":
        """The same, more or less of it."""
        return replace(self, turn=strength * self.turn, push=strength * self.push)


@dataclass(frozen=True, slots=True)
class Ways:
    """Where to lean: towards what is wanted, and besides so much towards what is held."""

    space: "_Space"
    words: Tensor  # (vocabulary, width)
    states: Tensor  # on which a lean's divergence is measured, (tokens, width)
    wanted: Tensor  # (features,), of unit divergence to second order, as is the next one
    held: Tensor  # (features,)
    foreseen: float  # how much of the second keeps what is held as it is, to first order
    tilt: float  # nats a token

    @torch.no_grad()
    def lean(self, share: float) -> Lean:
        """As far as every other one, with so much of `held` for one of `wanted`."""
        by_context = (self.wanted + share * self.held).view(1 + _CONTEXT, -1)
        turn = self.space.context @ by_context[1:] @ self.space.words.T
        push = by_context[0] @ self.space.words.T - self.space.middle @ turn
        lean = Lean(turn, push, self.words)
        return lean.times(_strength(lean, self.states, self.tilt))


@torch.no_grad()
def ways(words: Tensor, course: Course, wanted: Tensor, held: Tensor, tilt: float) -> Ways:
    """Towards tokens with `wanted` credit, and with that for what is to be held as it is.

    `words`: (vocabulary, width); both credits: (tokens,); `tilt`: nats a token away from the model.
    """
    space = _space(words, course)
    gram, gains = _moments(space, words, course, torch.stack([wanted, held], 1))
    gram.diagonal().add_(_RIDGE)
    found = torch.linalg.solve(gram, gains)  # (features, 2)
    towards, keeping = (found / (found * gains).sum(0).clamp(min=_NOTHING).sqrt()).T
    return Ways(
        space=space,
        words=words,
        states=course.states,
        wanted=towards,
        held=keeping,
        foreseen=-float(towards @ gram @ keeping),
        tilt=tilt,
    )


@dataclass(frozen=True, slots=True)
class _Space:
    """Directions of unit variance."""

    words: Tensor  # (width, directions)
    context: Tensor  # (width, directions)
    middle: Tensor  # the mean state, (width,)


def _space(words: Tensor, course: Course) -> _Space:
    """Those in which the tokens that may come, and the states before them, differ most."""
    mean_odds = torch.zeros(len(words))
    for states in torch.split(course.states, _TOGETHER):
        mean_odds += (states @ words.T).softmax(-1).sum(0)
    mean_odds /= len(course.states)
    apart = words - mean_odds @ words
    spread, axes = torch.linalg.eigh((apart * mean_odds[:, None]).T @ apart)
    axes, spread = axes[:, -_WORDS:], spread[-_WORDS:].clamp(min=1e-9)
    middle = course.states.mean(0)
    about = course.states - middle
    how_far, context = torch.linalg.eigh(about.T @ about / len(about))
    context, how_far = context[:, -_CONTEXT:], how_far[-_CONTEXT:].clamp(min=1e-9)
    return _Space(axes / spread.sqrt(), _CONTEXT_COUNTS * context / how_far.sqrt(), middle)


def _moments(space: _Space, words: Tensor, course: Course, found: Tensor) -> tuple[Tensor, Tensor]:
    """Features times features, and times each credit: (features, features), (features, credits)."""
    placed = words @ space.words  # (vocabulary, directions)
    size = (1 + space.context.shape[1]) * placed.shape[1]
    gram, gains = torch.zeros(size, size), torch.zeros(size, found.shape[1])
    for chosen in torch.split(torch.arange(len(course.tokens)), _TOGETHER):
        states = course.states[chosen]
        expected = (states @ words.T).softmax(-1) @ placed
        surprise = placed[course.tokens[chosen]] - expected
        context = torch.cat(
            [torch.ones(len(chosen), 1), (states - space.middle) @ space.context], 1
        )
        features = (context[:, :, None] * surprise[:, None]).flatten(1)
        gram += features.T @ features
        gains += features.T @ found[chosen]
    return gram, gains


def _strength(lean: Lean, states: Tensor, tilt: float) -> float:
    """How much of a lean is so many nats a token of divergence.

    Divergence grows nearly with the square of a lean, so a few steps find it.
    """
    some = states[:: max(1, math.ceil(len(states) / _MEASURED))]
    plain = (some @ lean.words.T).log_softmax(-1)
    added = lean.at(some)
    strength = 1.0
    for _ in range(_ATTEMPTS):
        tilted = (plain + strength * added).log_softmax(-1)
        divergence = float((tilted.exp() * (tilted - plain)).sum(-1).mean())
        if abs(divergence - tilt) <= _EXACT * tilt:
            break
        strength = min(_STEEPEST, strength * math.sqrt(tilt / max(divergence, _NOTHING)))
    return strength
