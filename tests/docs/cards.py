"""Draws the README's two cards: a passage and a story explained, with the bundled model.

    python -m tests.docs.cards [--seed N] [--model DIR]

Writes passage.png and story.png beside this file, and prints what the cards say in words.
"""

import argparse
import asyncio
import sys
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import wiring
from bot.settings import Secrets, Settings, inside
from core.session import spelling
from core.session.engine import Engine
from core.session.messages import Author, Place, Reply, Request

FOLDER = Path(__file__).parent
TYPED = (
    "/new A lighthouse keeper finds a shell that sings",
    "/lore shell: The shell sings only at night",
    "The keeper was afraid of the dark sea. She put the shell to her ear.",
    "/continue",
    "A storm came, and the lamp went out. The keeper was lost and cried.",
    "Then the shell sang, and her old friend Tom followed the song to the lighthouse.",
    "/continue",
)
CARDS = {"passage.png": "/explain", "story.png": "/explain story"}


async def ask(engine: Engine, number: int, line: str) -> Reply:
    """Return the last reply to a line."""
    me = Author("docs", "me", "you", "en")
    request = Request(str(number), Place("docs", "here"), me, spelling.from_line(line))
    async with aclosing(engine.handle(request)) as replies:
        return [reply async for reply in replies][-1]


async def draw(seed: int, model: str) -> dict[str, Reply]:
    """Tell the story and return its cards."""
    with TemporaryDirectory() as folder:
        settings = inside(Settings(), Path(folder))
        narrator = settings.narrator.model_copy(update={"model": model})
        settings = settings.model_copy(update={"narrator": narrator})
        with wiring.opened_library(settings) as library:
            teller = wiring.build_narrator(settings, Secrets())
            engine = wiring.build_engine(settings, library, teller, seed=seed)
            for number, line in enumerate(TYPED):
                await ask(engine, number, line)
            cards = {
                name: await ask(engine, len(TYPED) + number, line)
                for number, (name, line) in enumerate(CARDS.items())
            }
            await teller.close()
    return cards


def main() -> None:
    """Draw the cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--model", default="starter", help="another model's folder")
    arguments = parser.parse_args()
    for name, reply in asyncio.run(draw(arguments.seed, arguments.model)).items():
        [picture] = reply.media
        (FOLDER / name).write_bytes(picture.content)
        sys.stdout.write(f"{reply.heading}\n\n{reply.text}\n\n[{picture.alt}]\n\n")


if __name__ == "__main__":
    main()
