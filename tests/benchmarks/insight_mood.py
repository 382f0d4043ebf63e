"""How well moods are read and obeyed: rows of `make bench-insight`.

    python -m tests.benchmarks.insight_mood [--model DIR] [--takes N]

Reading is measured on the sentences that the head was not trained on; obeying by VADER, which has
no part in how a passage is written.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from core.learning.moods import labelled
from core.learning.sentiment import sign_by_vader
from core.narrator.narrator import Assignment, Mode
from core.narrator.sentiment import VALENCES, read_head, readings
from core.narrator.tokens import read_tokens
from core.narrator.weights import read_weights
from core.story.model import Length
from tests.benchmarks.stories_asked import PREMISES
from tests.benchmarks.stories_measures import mood_obeyed, share
from tests.benchmarks.stories_teller import Teller

_STARTER = Path(__file__).parents[2] / "core" / "narrator" / "starter"
_MOODS = ("happy", "sad", "scary", "calm")
_AS = {"scary": "sad"}  # grim, as far as VADER can tell
GOALS = {
    "sentiment, all": ">= 88 %",
    "sentiment, negation and irony": ">= 10 points above VADER",
    "mood asked = mood measured": ">= 75 %",
}


def read_well(folder: Path) -> dict[str, float]:
    """The head's and VADER's shares of right signs on the test part."""
    tests = [felt for felt in labelled() if felt.tested]
    weights, tokens = read_weights(folder, torch.device("cpu")), read_tokens(folder)
    head = read_head(folder)
    with torch.inference_mode():
        found = readings(weights, tokens, head, [felt.text for felt in tests])
    right = [VALENCES[r.mood.sign + 1] == f.valence for r, f in zip(found, tests, strict=True)]
    vader = [sign_by_vader(felt.text) == felt.valence for felt in tests]
    hard = [felt.part in {"negation", "irony"} for felt in tests]
    felt = [
        r.mood.feeling == f.feeling
        for r, f in zip(found, tests, strict=True)
        if f.feeling != "none"
    ]
    return {
        "sentiment, all": share(right),
        "sentiment, all, VADER": share(vader),
        "sentiment, negation and irony": share(r for r, h in zip(right, hard, strict=True) if h),
        "sentiment, negation and irony, VADER": share(
            v for v, h in zip(vader, hard, strict=True) if h
        ),
        "which of six feelings": share(felt),
    }


def obeyed(folder: Path, count: int) -> dict[str, float]:
    """Takes that go on from an opening in a mood, beside the same without one."""
    teller = Teller(folder)
    try:
        openings = [
            Assignment(Mode.OPEN, seed=seed, premise=PREMISES[seed % len(PREMISES)][1])
            for seed in range(count // len(_MOODS))
        ]
        told = [each.text for each in teller.tell(openings)]
        plain = [
            replace(wanted, mode=Mode.CONTINUE, path=(text,), recaps=("",), length=Length.MEDIUM)
            for wanted, text in zip(openings, told, strict=True)
        ]
        found = {
            mood: [
                mood_obeyed(each.text, _AS.get(mood, mood))
                for each in teller.tell([replace(wanted, mood=mood) for wanted in plain])
            ]
            for mood in _MOODS
        }
        free = [each.text for each in teller.tell(plain)]
    finally:
        teller.close()
    without = [mood_obeyed(text, _AS.get(mood, mood)) for mood in _MOODS for text in free]
    return {
        "mood asked = mood measured": share(was for each in found.values() for was in each),
        "the same, no mood asked": share(without),
        **{f"mood asked = mood measured, {mood}": share(each) for mood, each in found.items()},
    }


def rows(found: dict[str, float]) -> Iterator[str]:
    yield "| what | found | goal |"
    yield "| --- | --- | --- |"
    for name, value in found.items():
        yield f"| {name} | {value:.1%} | {GOALS.get(name, '')} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=_STARTER)
    parser.add_argument("--takes", type=int, default=200)
    options = parser.parse_args()
    found = {**read_well(options.model), **obeyed(options.model, options.takes)}
    print("\n".join(rows(found)))


if __name__ == "__main__":
    main()
