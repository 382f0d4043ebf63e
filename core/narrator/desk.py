"""What one replica of the narrator answers, whatever carries it there and back."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from pathlib import Path

from core.errors import NarratorError
from core.narrator import wire
from core.narrator.narrator import BASE, Narrator

_BEAT = 5.0  # seconds of silence, and a replica says that it is still at it


class Desk:
    """Answers what `ServedNarrator` asks."""

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator
        self.live = ""  # what `use` was told last; empty: nothing so far

    async def use(self, live: str) -> None:
        """Make a LoRA the live one, unless it is. Raises LoraRefused."""
        if live and live != self.live:
            await self._narrator.use(None if live == BASE else Path(live))
            self.live = live

    async def write(self, said: wire.Json) -> AsyncGenerator[str]:
        """Answer `/write`: lines, the last of them whole or an error."""
        try:
            await self.use(said.get("live", ""))
            text = ""
            async with aclosing(self._narrator.write(wire.assignment_from(said))) as texts:
                async for longer in _with_beats(texts):
                    text = longer or text
                    yield wire.line({"text": longer}) if longer else "\n"
            yield wire.line({"whole": text})
        except NarratorError as error:
            yield wire.error_line(error)

    async def answer(self, path: str, said: wire.Json) -> str:
        """Answer any other question with one line."""
        try:
            match path:
                case "/score":
                    await self.use(said.get("live", ""))
                    assignment = wire.assignment_from(said)
                    return wire.line(
                        {"scores": await self._narrator.score(assignment, said["texts"])}
                    )
                case "/weigh":
                    await self.use(said.get("live", ""))
                    variants = [wire.assignment_from({"assignment": v}) for v in said["variants"]]
                    scores = await self._narrator.weigh(variants, said["text"])
                    return wire.line({"scores": scores})
                case "/doubts":
                    await self.use(said.get("live", ""))
                    assignment = wire.assignment_from(said)
                    found = await self._narrator.doubts(assignment, said["text"], said["most"])
                    return wire.line({"doubts": [asdict(doubt) for doubt in found]})
                case "/fit":
                    fit = await self._narrator.fit(wire.assignment_from(said))
                    return wire.line({"fit": asdict(fit)})
                case _:
                    about = {"model": self._narrator.model, "lora": self.live}
                    return wire.line(about | {"process": os.getpid()})
        except NarratorError as error:
            return wire.error_line(error)


async def _with_beats(texts: AsyncGenerator[str]) -> AsyncGenerator[str]:
    """The texts, and an empty one whenever none came for a while."""
    coming = asyncio.ensure_future(anext(texts, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=_BEAT)
            if not coming.done():
                yield ""
                continue
            if (text := coming.result()) is None:
                return
            yield text
            coming = asyncio.ensure_future(anext(texts, None))
    finally:
        coming.cancel()
        await asyncio.wait({coming})
