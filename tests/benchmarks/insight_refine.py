"""How well passages are refined: rows of `make bench-insight`.

    python -m tests.benchmarks.insight_refine [--model DIR] [--passages N]

Passages are from the valid parts of the packs, which nothing here was trained on.
"""

import argparse
import asyncio
import json
import lzma
import os
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.learning import roughen
from core.narrator.closeness import kept_names, names_in
from core.narrator.gpt2 import Gpt2Narrator
from core.narrator.narrator import Assignment, Mode, Narrator
from core.narrator.refining import refine
from core.narrator.settings import NarratorSettings
from core.narrator.tonewords import compound
from core.story.sentences import sentences

_ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("TALETURN_SHARED", _ROOT.parent / "shared"))
_PACKS = ("en_tinystories", "en_tinystories2")
_RATE = 0.12  # of the words are spoiled
_PIECE = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
_VOWELS = re.compile(r"[aeiouy]+")
WISHES = ("happier", "sadder", "shorter", "longer", "simpler")
GOALS = {
    "polish: fewer errors": ">= 60 %",
    "polish: entities kept": ">= 98 %",
    "polish: likelier in context": ">= 90 %",
    "wishes: the measure moves the right way": ">= 80 %",
    "wishes: entities kept": ">= 95 %",
}


@dataclass(frozen=True, slots=True)
class Clean:
    """A passage that nobody spoiled, and what stands before it."""

    text: str
    before: str


def passages(count: int) -> list[Clean]:
    """Four sentences each, after the two before them."""
    found = []
    for pack in _PACKS:
        path = SHARED / "corpus" / f"{pack}.valid.jsonl.xz"
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                told = sentences(" ".join(json.loads(line)["text"].split()))
                if len(told) > 8:
                    found.append(Clean(" ".join(told[2:6]), " ".join(told[:2])))
    return random.Random(7).sample(found, count)


def spoiled(text: str, chance: random.Random) -> str:
    """Typos, doubled words and broken agreement, as `core.learning.roughen` makes them."""
    kinds = (roughen._typo, roughen._doubled, roughen._disagreeing)
    out: list[str] = []
    while " ".join(out) in {"", text}:
        out = []
        for word in text.split():
            out += chance.choice(kinds)(word, chance) if chance.random() < _RATE else [word]
    return " ".join(out)


def errors(text: str, clean: str) -> int:
    """Words and marks to be changed, added or taken away."""
    a, b = _PIECE.findall(text), _PIECE.findall(clean)
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, two in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (one != two))
    return row[-1]


def flesch(text: str) -> float:
    """Flesch's reading ease: higher is simpler."""
    words = re.findall(r"[a-z]+", text.lower())
    syllables = sum(max(1, len(_VOWELS.findall(word.removesuffix("e")))) for word in words)
    return 206.8 - 1.015 * len(words) / max(1, len(sentences(text))) - 84.6 * syllables / len(words)


def moved(wish: str, old: str, new: str) -> bool:
    """Whether a measure that no candidate was chosen by moves the right way."""
    match wish:
        case "happier":
            return compound(new) > compound(old) or compound(new) == 1
        case "sadder" | "scarier":
            return compound(new) < compound(old)
        case "shorter":
            return len(new.split()) < len(old.split())
        case "longer":
            return len(new.split()) > len(old.split())
        case _:
            return flesch(new) > flesch(old)


async def polished(narrator: Narrator, clean: Sequence[Clean]) -> dict[str, float]:
    had = left = kept = named = likelier = shown = 0
    slowest = 0.0
    chance = random.Random(3)
    for passage in clean:
        rough = spoiled(passage.text, chance)
        wanted = Assignment(Mode.REFINE, seed=1, path=(passage.before,), draft=rough, wish="polish")
        start = time.perf_counter()
        best = await refine(narrator, wanted, lambda _: True)
        slowest = max(slowest, time.perf_counter() - start)
        new = best.text if best else rough
        names = names_in(passage.text)
        had += errors(rough, passage.text)
        left += errors(new, passage.text)
        named += len(names)
        kept += sum(name in new for name in names if name in rough) + sum(
            name not in rough for name in names
        )
        told = replace(wanted, mode=Mode.CONTINUE, draft="", wish="")
        before, after = await narrator.score(told, [rough, new])
        likelier += after > before
        shown += best is not None
    return {
        "polish: fewer errors": 1 - left / had,
        "polish: entities kept": kept / named,
        "polish: likelier in context": likelier / len(clean),
        "polish: passages bettered": shown / len(clean),
        "polish: slowest, s": slowest,
    }


async def wished(narrator: Narrator, clean: Sequence[Clean]) -> dict[str, float]:
    found: dict[str, float] = {}
    kept: list[float] = []
    share = len(clean) // len(WISHES)
    for number, wish in enumerate(WISHES):
        right = 0
        for passage in clean[number * share : (number + 1) * share]:
            wanted = Assignment(
                Mode.REFINE, seed=1, path=(passage.before,), draft=passage.text, wish=wish
            )
            best = await refine(narrator, wanted, lambda _: True)
            if best is not None:
                right += moved(wish, passage.text, best.text)
                kept.append(kept_names(passage.text, best.text))
        found[f"{wish}: the measure moves the right way"] = right / share
    found["wishes: the measure moves the right way"] = sum(found.values()) / len(found)
    found["wishes: entities kept"] = sum(kept) / len(kept)
    return found


async def measured(model: str, count: int) -> dict[str, float]:
    """All rows."""
    narrator = Gpt2Narrator(NarratorSettings(model=model, device="cpu"))
    try:
        clean = passages(count)
        return {**await polished(narrator, clean), **await wished(narrator, clean)}
    finally:
        await narrator.close()


def rows(found: dict[str, float]) -> Iterator[str]:
    yield "| what | found | goal |"
    yield "| --- | --- | --- |"
    for name, value in found.items():
        shown = f"{value:.2f}" if name.endswith(", s") else f"{value:.1%}"
        yield f"| {name} | {shown} | {GOALS.get(name, '')} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--passages", type=int, default=100)
    options = parser.parse_args()
    print("\n".join(rows(asyncio.run(measured(options.model, options.passages)))))


if __name__ == "__main__":
    main()
