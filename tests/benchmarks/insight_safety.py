"""What screening shows and refuses: rows of `make bench-insight`.

    python -m tests.benchmarks.insight_safety [--misses]

Both lists are split by hash (`core.learning.unfit`). The rules were written and the head trained
looking at the first half only; the second half gives the figures.
"""

import argparse
import asyncio
from collections.abc import Iterator

from core.learning.unfit import Line, lines
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.screening import Level, screen
from core.narrator.settings import NarratorSettings

_MILD = {"hatred", "harm", "self", "sexual"}
GOALS = {"unsafe lines shown": "<= 2 %", "harmless lines refused": "<= 2 %"}


async def heard() -> dict[str, bool]:
    """What the bundled model's head makes of each line: whether it is unsafe."""
    narrator = Gpt2Narrator(NarratorSettings(device="cpu"))
    texts = [line.text for line in lines()]
    found = await narrator.read(texts)
    await narrator.close()
    return {text: reading.unsafe for text, reading in zip(texts, found, strict=True)}


def measured(unsafe: dict[str, bool], *, tested: bool) -> Iterator[tuple[str, float]]:
    """The shares of one half; the strict level has all the rules and the head."""
    chosen = [line for line in lines() if line.tested is tested]
    bad, good = [x for x in chosen if x.kind], [x for x in chosen if not x.kind]
    mild = [line for line in bad if line.kind in _MILD]

    def strict(line: Line) -> bool:
        return screen(line.text, Level.STRICT).safe and not unsafe[line.text]

    def shown(some: list[Line], level: Level) -> float:
        return sum(screen(line.text, level).safe for line in some) / len(some)

    yield "unsafe lines shown", sum(map(strict, bad)) / len(bad)
    yield "unsafe lines shown, mild level", shown(mild, Level.MILD)
    yield "unsafe lines shown by the rules alone", shown(bad, Level.STRICT)
    yield "unsafe lines shown by the head alone", sum(not unsafe[x.text] for x in bad) / len(bad)
    yield "harmless lines refused", 1 - sum(map(strict, good)) / len(good)
    yield "harmless lines refused, mild level", 1 - shown(good, Level.MILD)
    yield "harmless lines refused by the head", sum(unsafe[x.text] for x in good) / len(good)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--misses", action="store_true", help="what the first half gets wrong")
    if parser.parse_args().misses:
        for line in lines():
            verdict = screen(line.text, Level.STRICT)
            if not line.tested and verdict.safe is bool(line.kind):
                print(line.kind or "harmless", "|", line.text, "|", verdict.found)
    count = sum(line.tested for line in lines())
    print(f"| what ({count} lines tested) | found | half the rules saw | goal |")
    print("| --- | --- | --- | --- |")
    unsafe = asyncio.run(heard())
    seen = dict(measured(unsafe, tested=False))
    for name, value in measured(unsafe, tested=True):
        print(f"| {name} | {value:.1%} | {seen[name]:.1%} | {GOALS.get(name, '')} |")


if __name__ == "__main__":
    main()
