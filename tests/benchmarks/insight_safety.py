"""What screening shows and refuses: rows of `make bench-insight`.

    python -m tests.benchmarks.insight_safety [--misses]

Both lists are split by hash. The rules were written looking at the first half only; the second half
gives the figures.
"""

import argparse
import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.narrator.screening import Level, screen

_DATA = Path(__file__).parent / "data"
_MILD = {"hatred", "harm", "self", "sexual"}
GOALS = {"unsafe lines shown": "<= 2 %", "harmless lines refused": "<= 2 %"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line and what it is; `kind` is empty for a harmless one."""

    text: str
    kind: str

    @property
    def tested(self) -> bool:
        """Whether no rule was written looking at it."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


def lines() -> Iterator[Line]:
    """All of both lists."""
    for line in (_DATA / "unsafe.rot13.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            kind, _, coded = line.partition("|")
            yield Line(codecs.decode(coded, "rot13"), kind)
    for line in (_DATA / "harmless.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield Line(line, "")


def measured(*, tested: bool) -> dict[str, float]:
    """The shares of one half; the strict level has all the rules, the mild one those for all."""
    chosen = [line for line in lines() if line.tested is tested]
    unsafe = [line for line in chosen if line.kind]
    harmless = [line for line in chosen if not line.kind]
    mild = [line for line in unsafe if line.kind in _MILD]
    return {
        "unsafe lines shown": _share(unsafe, Level.STRICT, safe=True),
        "unsafe lines shown, mild level": _share(mild, Level.MILD, safe=True),
        "harmless lines refused": _share(harmless, Level.STRICT, safe=False),
        "harmless lines refused, mild level": _share(harmless, Level.MILD, safe=False),
    }


def _share(chosen: list[Line], level: Level, *, safe: bool) -> float:
    return sum(screen(line.text, level).safe is safe for line in chosen) / len(chosen)


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
    seen = measured(tested=False)
    for name, value in measured(tested=True).items():
        print(f"| {name} | {value:.1%} | {seen[name]:.1%} | {GOALS.get(name, '')} |")


if __name__ == "__main__":
    main()
