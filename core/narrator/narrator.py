"""The Narrator protocol and the Assignment: what a story asks of a language model.

An assignment is complete: with the same narrator it gives the same text again. The prompt is the
text it becomes for one model; `core.narrator.prompt` builds it.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from core.narrator.reading import Reading
from core.story.model import Length, Preset

BASE = "base"  # in place of a LoRA: the model as it is


class Mode(StrEnum):
    """What is to be written."""

    OPEN = "open"  # the first passage, from the premise
    CONTINUE = "continue"  # the next passage
    FINISH = "finish"  # the last passage
    REFINE = "refine"  # `draft` again, better told, as `wish` says
    TITLE = "title"  # a title for what has been told


@dataclass(frozen=True, slots=True)
class Assignment:
    """One thing for the narrator to write. All texts are as people typed them: never trusted."""

    mode: Mode
    seed: int
    title: str = ""
    premise: str = ""
    genre: str = ""
    mood: str = ""
    words: tuple[str, ...] = ()  # should appear in what is written
    lore: tuple[str, ...] = ()  # always-on facts
    fired: tuple[str, ...] = ()  # facts called up by the newest passages
    path: tuple[str, ...] = ()  # texts of the newest passages, oldest first
    recaps: tuple[str, ...] = ()  # the story up to and with each passage of `path`, in brief
    earlier: str = ""  # the story before `path`, in brief; empty: `path` is the whole story
    draft: str = ""  # the passage to refine
    wish: str = ""
    length: Length = Length.MEDIUM
    preset: Preset = Preset.LIVELY
    banned: tuple[str, ...] = ()
    place: str = ""  # who waits for it: the queue is fair between places
    lora: str = ""  # a LoRA's folder, or BASE; empty: the live one. Many are mixed in one batch


@dataclass(frozen=True, slots=True)
class Fit:
    """How an assignment filled the context window."""

    used: int  # tokens of the prompt
    window: int  # tokens the model can see, prompt and passage together
    left_out: int  # passages at the start of `path` that did not fit
    recap: str = ""  # what stands for them in the prompt
    lore_left_out: tuple[str, ...] = ()
    shortened: tuple[str, ...] = ()  # what is there only in part: "premise", "passage", "rough"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A word of a passage that the model found unlikely where it stands."""

    word: str
    at: int  # its number among the words of the passage
    likelihood: float  # log, in nats
    rather: tuple[tuple[str, float], ...]  # likelier words there, the likeliest first, as likely


class Narrator(Protocol):
    """A language model that tells stories."""

    @property
    def model(self) -> str:
        """The model's name, for provenance."""

    @property
    def lora(self) -> str | None:
        """The live LoRA's name, for provenance; None: the model as it is."""

    def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        """Write the passage: the text so far, longer each time; the last one is whole.

        Each text yielded begins with the one before, but for an unfinished tail that the last one
        may lack: it ends at a sentence. Raises NarratorError.
        """

    async def use(self, lora: Path | None) -> None:
        """Make the LoRA of a folder the live one; None: the model as it is.

        What is being written is finished with the LoRA it was begun with; what begins after this
        returns has the new one. Raises LoraRefused with the reason, and changes nothing then.
        """

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """Return each text's mean log-likelihood as the passage asked for, in nats a token."""

    async def weigh(self, variants: Sequence[Assignment], text: str) -> list[float]:
        """Return a text's mean log-likelihood as the passage of each, in nats a token.

        All of them are written with the LoRA of the first.
        """

    async def doubts(self, assignment: Assignment, text: str, most: int) -> tuple[Doubt, ...]:
        """Return the words of a text that the model found least likely, those first."""

    async def fit(self, assignment: Assignment) -> Fit:
        """Return what of the assignment the model would see."""

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        """Return how each text feels, and a place whose neighbours are texts like it."""

    async def close(self) -> None:
        """Finish what is being written and let the model go."""
