"""Working fakes: they pass the same contract tests as what they stand in for."""

import asyncio
import itertools
import math
import random
import re
import zlib
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import LoraRefused, NarratorError
from core.narrator.narrator import BASE, Assignment, Doubt, Fit, Mode
from core.narrator.reading import Reading, plain_readings
from core.story.model import Length
from core.story.words import word_spans

_WHO = "Mara|The keeper|Old Tom|A grey cat|Her brother|The captain|A small girl|The baker".split(
    "|"
)
_DID = "found|carried|lost|painted|hid|mended|followed|dreamt of|asked about|waited for".split("|")
_WHAT = "a shell|the lamp|a red kite|the last map|an empty boat|a letter|the bell".split("|")
_WHERE = "by the sea|under the stairs|in the snow|at dawn|behind the mill|on the roof".split("|")
_SENTENCES = {Length.SHORT: 2, Length.MEDIUM: 4, Length.LONG: 7}
_DRAWS = 200  # sentences tried until one has no banned word


class StandInNarrator:
    """A narrator without a language model: seeded sentences, word by word.

    `upcoming` holds what it is to write next instead: a text, or an error to raise after the
    first word. `assigned` keeps what it was asked, oldest first; `writing` counts the passages
    being written at this moment, `most_writing` the most there ever were at once.
    """

    def __init__(
        self, *, delay: float = 0.0, window: int = 300, model: str = "stand-in", lora: str = ""
    ) -> None:
        self.delay = delay  # seconds before each word
        self.upcoming: deque[str | NarratorError] = deque()
        self.assigned: list[Assignment] = []
        self.writing = 0
        self.most_writing = 0
        self.closed = False
        self._window = window  # in words
        self._model = model
        self._lora, self._lora_before = lora, ""

    @property
    def model(self) -> str:
        return self._model

    @property
    def lora(self) -> str | None:
        return self._lora or None

    async def write(self, assignment: Assignment) -> AsyncGenerator[str]:
        if self.closed:
            raise NarratorError("The narrator has been closed.")
        # The live one and the one before are in memory, whatever became of their files.
        if assignment.lora not in {"", BASE}:
            folder = Path(assignment.lora)
            if folder.name not in {self._lora, self._lora_before}:
                _needs_lora(folder)
        self.assigned.append(assignment)
        planned = self.upcoming.popleft() if self.upcoming else self._told(assignment)
        text = "Then" if isinstance(planned, NarratorError) else planned
        self.writing += 1
        self.most_writing = max(self.most_writing, self.writing)
        try:
            for word in re.finditer(r"\S+", text):
                await asyncio.sleep(self.delay)
                if self.closed:
                    raise NarratorError("The narrator was closed while it wrote.")
                yield text[: word.end()]
        finally:
            self.writing -= 1
        if isinstance(planned, NarratorError):
            raise planned

    def _told(self, assignment: Assignment) -> str:
        lora = Path(assignment.lora).name if assignment.lora else self._lora
        return _told(replace(assignment, lora="" if lora == BASE else lora))

    async def use(self, lora: Path | None) -> None:
        await asyncio.sleep(0)
        if lora:
            _needs_lora(lora)
        self._lora, self._lora_before = lora.name if lora else "", self._lora

    async def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        await asyncio.sleep(0)
        return [
            -1 - zlib.crc32(f"{assignment.path}{text}".encode()) / 2**32 if text else -math.inf
            for text in texts
        ]

    async def weigh(self, variants: Sequence[Assignment], text: str) -> list[float]:
        return [(await self.score(each, [text]))[0] for each in variants]

    async def doubts(self, assignment: Assignment, text: str, most: int) -> tuple[Doubt, ...]:
        await asyncio.sleep(0)
        chance = random.Random(repr((assignment.path, text)))
        found = [
            Doubt(text[start:end], at, -1 - 9 * chance.random(), (("something", -0.5),))
            for at, (start, end) in enumerate(word_spans(text))
        ]
        return tuple(sorted(found, key=lambda doubt: doubt.likelihood)[:most])

    async def fit(self, assignment: Assignment) -> Fit:
        await asyncio.sleep(0)
        room = self._window - _words(assignment.premise) - sum(map(_words, assignment.lore))
        left_out = 0
        while left_out < len(assignment.path) and _room_taken(assignment, left_out) > room:
            left_out += 1
        recap = assignment.recaps[left_out - 1] if left_out else assignment.earlier
        used = min(self._window, self._window - room + _room_taken(assignment, left_out))
        return Fit(used=used, window=self._window, left_out=left_out, recap=recap)

    async def read(self, texts: Sequence[str]) -> list[Reading]:
        await asyncio.sleep(0)
        return plain_readings(texts)

    async def close(self) -> None:
        self.closed = True


def _needs_lora(lora: Path) -> None:
    if not (lora / "adapter_model.safetensors").is_file():
        raise LoraRefused(f"{lora} holds no LoRA.")


def _words(text: str) -> int:
    return len(text.split())


def _room_taken(assignment: Assignment, left_out: int) -> int:
    return sum(map(_words, assignment.path[left_out:]))


def _told(assignment: Assignment) -> str:
    """The passage: the same for the same assignment, another for another seed."""
    chance = random.Random(repr(replace(assignment, place="")))
    if assignment.mode is Mode.TITLE:
        return _sentence(chance, assignment.banned).split()[-1].rstrip(".").capitalize()
    told = [
        _sentence(chance, assignment.banned) for _ in range(_SENTENCES[_length_asked(assignment)])
    ]
    told += [f"There was talk of {word}." for word in assignment.words]
    if assignment.mode is Mode.FINISH:
        told.append("And that was how it ended.")
    return " ".join(told)


def _length_asked(assignment: Assignment) -> Length:
    if assignment.mode is not Mode.REFINE:
        return assignment.length
    return {"shorter": Length.SHORT, "longer": Length.LONG}.get(assignment.wish, Length.MEDIUM)


def _sentence(chance: random.Random, banned: Sequence[str]) -> str:
    for _ in itertools.repeat(None, _DRAWS):
        said = " ".join(chance.choice(words) for words in (_WHO, _DID, _WHAT, _WHERE)) + "."
        if not any(re.search(rf"\b{re.escape(word)}\b", said, re.IGNORECASE) for word in banned):
            return said
    raise NarratorError("Every sentence holds a banned word.")
