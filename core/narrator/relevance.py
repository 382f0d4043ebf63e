"""How well a passage follows from what was asked for, as the model itself sees it.

A small model forgets its premise in one take and keeps it in another. What was asked for, the
premise and the story so far above all, makes a passage that follows from it likelier than it would
be of itself, and one that has nothing to do with it no likelier: their pointwise mutual
information, by which Li et al. chose answers ("A Diversity-Promoting Objective Function for Neural
Conversation Models", 2016). Nobody need have rated anything.

A longer text says more, but a sum over n tokens strays by the root of n too, and by that alone the
longest take would be chosen too often: so it is divided by that root.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from core.narrator.narrator import Assignment

_CHARACTERS = 4  # of a token, more or less


class Scores(Protocol):
    """What a narrator knows of texts."""

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """Return each text's mean log-likelihood as the passage asked for, in nats a token."""


async def relevance(narrator: Scores, assignment: Assignment, texts: Sequence[str]) -> list[float]:
    """How much likelier each text is for what was asked for: nats over the root of its tokens.

    -inf for one that is empty or has no likelihood. Raises NarratorError.
    """
    asked = await narrator.score(assignment, texts)
    anyway = await narrator.score(_of_nothing(assignment), texts)
    return list(map(_follows, texts, asked, anyway))


def _follows(text: str, asked: float, anyway: float) -> float:
    """`asked`, `anyway`: its mean log-likelihoods for that and for nothing, in nats a token."""
    if not (math.isfinite(asked) and math.isfinite(anyway)):
        return -math.inf
    return (asked - anyway) * math.sqrt(len(text) / _CHARACTERS)


def _of_nothing(assignment: Assignment) -> Assignment:
    """The same passage, asked for with no word of what it shall be."""
    return replace(
        assignment,
        title="",
        premise="",
        genre="",
        mood="",
        words=(),
        lore=(),
        fired=(),
        path=(),
        recaps=(),
        earlier="",
    )
