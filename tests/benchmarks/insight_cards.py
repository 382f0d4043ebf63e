"""How long cards take, and whether what they quote is the story's: rows of `make bench-insight`.

    python -m tests.benchmarks.insight_cards [--model DIR] [--stories N]

Cards are asked of a whole engine, on a database, with the model: what the person who asks waits
for. The stories whose quotations are checked are written by the narrator.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import torch

from core.insight.people import who_is_who
from core.insight.themes import moral_in, theme_of
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.settings import NarratorSettings
from core.session import spelling
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request
from core.storage.database import open_database
from core.storage.library import Library
from core.story.sentences import sentences
from tests.benchmarks.insight_explain import FILLING
from tests.benchmarks.stories_asked import PREMISES

_STARTER = Path(__file__).parents[2] / "core" / "narrator" / "starter"
_TIMED = 5
_PASSAGES = 5  # of a story whose quotations are checked
_LONG = 100  # passages of a story that is ten times as long as the context
GOALS = {
    "quick card, 400 words, seconds": "<= 1.5",
    "full card with picture, 400 words, seconds": "<= 4",
    "full card, a person's one word, seconds": "<= 4",
    "full card, ten times the context, seconds": "<= 4",
    "story card with picture, ten times the context, seconds": "<= 4",
    "sentences in recap, people, theme and moral that are not the story's": "0",
}


class Table:
    """A chat with the engine in a place of its own."""

    def __init__(self, engine: Engine, chat: str) -> None:
        self._engine = engine
        self._place, self._me = Place("bench", chat), Author("bench", "me", "me", "en")
        self._asked = 0

    async def ask(self, line: str) -> Reply:
        """Return the last reply to a line."""
        self._asked += 1
        asked = spelling.from_line(line)
        request = Request(f"{self._place.chat}-{self._asked}", self._place, self._me, asked)
        async with aclosing(self._engine.handle(request)) as replies:
            return [reply async for reply in replies][-1]

    async def seconds(self, line: str) -> float:
        """Return how long the reply takes, as a median; its own heading shows that it is one."""
        taken = []
        for _ in range(_TIMED):
            start = time.perf_counter()
            reply = await self.ask(line)
            taken.append(time.perf_counter() - start)
            if not reply.heading or ("quick" not in line and not reply.media):
                raise SystemExit(f"{line} was not explained: {reply.text}")
        return median(taken)


async def told_400(table: Table) -> None:
    """A story of 400 words, its last passage by the narrator."""
    await table.ask("/new Mia and Ben find a lantern in the garden")
    for number in range(7):
        await table.ask(" ".join(FILLING[number:] + FILLING[:number]))
    await table.ask("/continue")


async def unsupported(engine: Engine, library: Library, stories: int) -> int:
    """Sentences that a story's card would quote, and that do not stand in the story."""
    wrong = 0
    for number, (_, premise) in zip(range(stories), itertools.cycle(PREMISES), strict=False):
        table = Table(engine, f"quotes-{number}")
        await table.ask(f"/new {premise}")
        for _ in range(_PASSAGES - 1):
            await table.ask("/continue")
        with library.begin() as tx:
            story = tx.story(number + 1)
            path = tx.path(story.head, _PASSAGES) if story and story.head else ()
        texts = [passage.text for passage in path]
        whole = _plain(" ".join(texts))
        theme = theme_of(texts)
        quoted = [
            *sentences(path[-1].recap),
            *(sentence for _, sentence in who_is_who(texts)),
            *([theme.shown_by] if theme else []),
            *filter(None, [moral_in(texts)]),
        ]
        wrong += sum(_plain(sentence) not in whole for sentence in quoted)
    return wrong


def _plain(text: str) -> str:
    return " ".join(text.split())


async def measured(folder: Path, stories: int) -> dict[str, float]:
    """All rows."""
    narrator = Gpt2Narrator(NarratorSettings(model=str(folder)))
    await narrator.ready()
    with TemporaryDirectory() as home:
        database = open_database(f"sqlite:///{home}/stories.db")
        library = Library(database)
        engine = Engine(library, narrator, seeds=itertools.count(1).__next__)
        try:
            wrong = await unsupported(engine, library, stories)
            short, long = Table(engine, "short"), Table(engine, "long")
            await told_400(short)
            quick, full = await short.seconds("/explain quick"), await short.seconds("/explain")
            await short.ask("Why?")
            word = await short.seconds("/explain")
            for _ in range(_LONG):
                await long.ask(" ".join(FILLING) * 2)
            await long.ask("/continue")
            far, story = await long.seconds("/explain"), await long.seconds("/explain story")
        finally:
            await narrator.close()
            database.close()
    return dict(zip(GOALS, (quick, full, word, far, story, wrong), strict=True))


def rows(found: dict[str, float]) -> Iterator[str]:
    """The rows of a Markdown table."""
    for name, value in found.items():
        shown = f"{value:.2f}" if "seconds" in name else f"{value:.0f}"
        yield f"| {name} | {shown} | {GOALS[name]} |"


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=_STARTER)
    parser.add_argument("--stories", type=int, default=40)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for row in rows(asyncio.run(measured(asked.model, asked.stories))):
        print(row)


if __name__ == "__main__":
    main()
