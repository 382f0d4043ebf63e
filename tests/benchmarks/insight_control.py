"""Whether what an author controls holds: rows of `make bench-insight`.

    python -m tests.benchmarks.insight_control [--model DIR] [--takes N]

Takes are written as the bot writes them. Loops are looked for on the plain text, by a rule of
its own.
"""

import argparse
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.narrator.narrator import Assignment, Mode
from core.narrator.wordforms import forms
from core.story.model import Length, Preset
from core.story.sentences import sentences
from tests.benchmarks.stories_asked import PREMISES
from tests.benchmarks.stories_measures import distinct_2
from tests.benchmarks.stories_teller import Teller

_STARTER = Path(__file__).parents[2] / "core" / "narrator" / "starter"
_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_BANNED = ("run", "happy", "dog", "smile", "big", "tree", "play", "friend")
_BANNED_TAKES = 80
GOALS = {
    "takes with a repeated sentence or a 4-gram loop": "0",
    "takes with a banned word in any form": "0",
}


def looped(take: str, before: str) -> bool:
    """Whether a take tells a sentence again, or loops on four words."""
    told = [tuple(_WORD.findall(each.lower())) for each in sentences(take)]
    known = {tuple(_WORD.findall(each.lower())) for each in sentences(before)}
    long = [sentence for sentence in told if len(sentence) > 1]
    words = _WORD.findall(take.lower())
    grams = Counter(zip(*(words[at:] for at in range(4)), strict=False))
    return (
        len(set(long)) < len(long)
        or not known.isdisjoint(long)
        or any(count > 1 for count in grams.values())
    )


def assignments(count: int) -> list[Assignment]:
    """Openings of all presets and lengths."""
    kinds = itertools.cycle(itertools.product(PREMISES, Preset, (Length.SHORT, Length.MEDIUM)))
    return [
        Assignment(Mode.OPEN, seed=seed, premise=premise, preset=preset, length=length)
        for seed, ((_, premise), preset, length) in zip(range(count), kinds, strict=False)
    ]


def measured(folder: Path, count: int) -> dict[str, float]:
    """Half of the takes are openings, half go on from them."""
    teller = Teller(folder)
    try:
        openings = assignments(count // 2)
        opened = [told.text for told in teller.tell(openings)]
        going = [
            replace(wanted, mode=Mode.CONTINUE, path=(text,), recaps=("",))
            for wanted, text in zip(openings, opened, strict=True)
        ]
        gone_on = [told.text for told in teller.tell(going)]
        banned = [replace(wanted, banned=_BANNED) for wanted in openings[:_BANNED_TAKES]]
        kept = [told.text for told in teller.tell(banned)]
    finally:
        teller.close()
    pairs = [*((text, "") for text in opened), *zip(gone_on, opened, strict=True)]
    return {
        "takes": len(pairs),
        "takes with a repeated sentence or a 4-gram loop": sum(looped(*pair) for pair in pairs),
        "takes with a banned word in any form": sum(map(_has_banned, kept)),
        "the same without a ban": sum(map(_has_banned, opened[:_BANNED_TAKES])),
        **_by_preset(openings, opened),
    }


def _has_banned(take: str) -> bool:
    words = set(_WORD.findall(take.lower()))
    return any(not words.isdisjoint(forms(word)) for word in _BANNED)


def _by_preset(asked: Sequence[Assignment], told: Sequence[str]) -> dict[str, float]:
    return {
        f"distinct-2, {preset}": distinct_2(
            [text for wanted, text in zip(asked, told, strict=True) if wanted.preset is preset]
        )
        for preset in Preset
    }


def rows(found: dict[str, float]) -> Iterator[str]:
    yield "| what | found | goal |"
    yield "| --- | --- | --- |"
    for name, value in found.items():
        yield f"| {name} | {value:.3g} | {GOALS.get(name, '')} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=_STARTER)
    parser.add_argument("--takes", type=int, default=1000)
    options = parser.parse_args()
    print("\n".join(rows(measured(options.model, options.takes))))


if __name__ == "__main__":
    main()
