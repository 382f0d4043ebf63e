"""Draws the README's picture: a real session in a terminal, with the bundled model.

    python -m tests.docs.picture [--seed N]

Writes session.svg beside this file.
"""

import argparse
import asyncio
import io
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from adapters.terminal.adapter import PLATFORM, TerminalAdapter
from adapters.terminal.screens import LiveScreen
from bot import wiring
from bot.settings import Secrets, Settings, inside
from core.session.messages import Author

PICTURE = Path(__file__).parent / "session.svg"
TYPED = (
    "/new A lighthouse keeper finds a shell that sings",
    "The keeper put the shell to her ear.",
    "/continue",
    "/retry",
    "/refine shorter",
)
WIDTH = 84
# The viewer's own fixed-width font: a picture should fetch nothing.
LAYOUT = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def typing(console: Console) -> Callable[[str], str]:
    """Return what types the lines, one a prompt, as they would stand on the screen."""
    lines = iter(TYPED)

    def read(prompt: str) -> str:
        line = next(lines, None)
        if line is None:
            raise EOFError
        console.print(Text(f"{prompt}{line}", style="bold"))
        return line

    return read


def draw(seed: int, model: str) -> str:
    """Play the session and return it as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=False)
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        settings = inside(Settings(), Path(folder))
        narrator = settings.narrator.model_copy(update={"model": model})
        settings = settings.model_copy(update={"narrator": narrator})
        with wiring.opened_library(settings) as library:
            teller = wiring.build_narrator(settings, Secrets())
            engine = wiring.build_engine(settings, library, teller, seed=seed)
            screen = LiveScreen(console, Path(folder))
            me = Author(PLATFORM, "me", "you", admin=True)
            TerminalAdapter(engine, screen, typing(console), me, default_language="en").run(runner)
            runner.run(teller.close())
    return console.export_svg(title="make play", code_format=LAYOUT)


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--model", default="starter", help="another model's folder")
    arguments = parser.parse_args()
    PICTURE.write_text(draw(arguments.seed, arguments.model) + "\n", "utf-8")


if __name__ == "__main__":
    main()
