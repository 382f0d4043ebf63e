"""A passage to be written by the running batch, and what the batch knows of one that has a slot."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import NarratorError
from core.narrator.loras import Lora
from core.narrator.pen import Pen
from core.narrator.prefixes import common
from core.narrator.sampling import Sampling
from core.narrator.stretch import Stretch


@dataclass(slots=True, eq=False)
class Job:
    """A passage to be written. The batch's thread writes the fields after `news`."""

    prompt: tuple[int, ...]
    room: int  # tokens it may write at most
    pen: Pen
    sampling: Sampling
    seed: str
    place: str
    news: Callable[[], None]  # called from the batch's thread whenever something is new
    lora: Lora | None = None  # added to the model for this passage alone
    text: str = ""  # the finished words so far
    ended: bool = False
    error: NarratorError | None = None
    cancelled: bool = False  # set by whoever no longer wants it

    def end(self, error: NarratorError | None = None) -> None:
        """Nothing more will come."""
        self.error = error
        self.ended = True
        self.news()


@dataclass(slots=True, eq=False)
class Row:
    """A job in a slot."""

    job: Job
    chance: random.Random
    read: int = 0  # tokens of its text that the slot holds
    drawn: int | None = None  # the next token, which the pen has not taken yet
    barred: frozenset[int] | None = None  # what the row's mask bars
    leaning: Mapping[int, float] | None = None  # and what it favours
    kept: Any = None  # what was computed for the tokens read, on the way to another batch
    hopeless: bool = False  # memory was short for it alone, the last time that it was short

    @property
    def length(self) -> int:
        """Tokens of its text so far."""
        return len(self.job.prompt) + len(self.job.pen.ids)

    @property
    def last(self) -> int:
        """The newest of them."""
        return (self.job.pen.ids or self.job.prompt)[-1]

    @property
    def text(self) -> tuple[int, ...]:
        """The tokens whose keys and values the slot holds."""
        return (*self.job.prompt, *self.job.pen.ids)[: self.read]

    @property
    def unread(self) -> tuple[int, ...]:
        """What the slot must hold besides before it writes, but for the last token.

        The step reads that one, or who reads the others.
        """
        whole = (*self.job.prompt, *self.job.pen.ids)
        return whole[self.read : self.length - (self.drawn is None)]

    def stretch(self, slot: int, count: int) -> Stretch:
        """The next so many tokens of what is unread; with the last of them come the logits."""
        ids = self.unread[:count]
        asks = self.drawn is None and len(ids) == len(self.unread)
        return Stretch(slot, (*ids, self.last) if asks else ids, self.read, self.job.lora, asks)

    def begins_like(self, other: "Row") -> int:
        """How many tokens its slot is to hold that the other's is to hold as well."""
        if self.job.lora is not other.job.lora:
            return 0
        return common((*self.text, *self.unread), other.unread)

    def put_back(self) -> None:
        """Leave the slot, and remember nothing of it."""
        self.read, self.barred, self.leaning = 0, None, None
