"""A group teaches its narrator, from an empty database: `python -m tests.demo_learning`.

`make demo-learning` does the same. The engine, the bundled narrator, the timetable, the training in
a process of its own and the commands of `taleturn loras` are the real ones; only the people are
simulated, and their taste (short sentences) is told to nobody. Prints each step and what was seen
of it. Ends with 0 only if every step was seen.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bot import logs
from bot.settings import Settings, inside
from tests.demo.session import NotSeen
from tests.demo_learning.session import Size, demonstrate

_MINUTES = 1.5  # that a run may take for its training, and as much again for its gate


def small(data: Path, *, minimum: float, minutes: float) -> Settings:
    """Settings of a group that has little time: nobody is new, and runs are short."""
    plain = inside(Settings(), data)
    learning = plain.learning.model_copy(
        update={
            "enabled": True,
            "minimum": minimum,
            "minimum_new": minimum / 2,
            "newcomer_hours": 0.0,
            "minutes": minutes / 0.6,
        }
    )
    return plain.model_copy(update={"learning": learning})


def main() -> int:
    """Play it in this terminal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="keep everything in this folder, to look at it")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="of training in each run")
    options = parser.parse_args()
    if options.keep and (options.keep / "taleturn.db").exists():
        parser.error(f"{options.keep} holds stories already; the demonstration begins with none")
    console = Console(highlight=False, soft_wrap=True)
    logs.to_stream("console", "warning", [])
    with tempfile.TemporaryDirectory() as folder:
        data = (options.keep or Path(folder)).absolute()
        size = Size()
        settings = small(data, minimum=size.minimum, minutes=options.minutes)
        try:
            asyncio.run(demonstrate(console, settings, size))
        except NotSeen as missing:
            console.print(f"\n✗ {missing}", style="bold red")
            return 1
    console.print("\n✓ Every step was seen.", style="bold green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
