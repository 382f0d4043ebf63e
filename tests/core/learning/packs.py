"""A small corpus of made-up stories, as packs on disk."""

import json
import lzma
import random
from pathlib import Path

_NAMES = ("Lily", "Tom", "Mia", "Ben", "Sue", "Max")
_THINGS = ("kite", "boat", "drum", "lantern", "spade", "basket")
_PLACES = ("garden", "river", "market", "forest", "harbour", "meadow")


def story(rng: random.Random) -> str:
    """A story of some ten sentences that hangs together."""
    name, friend = rng.sample(_NAMES, 2)
    thing, place = rng.choice(_THINGS), rng.choice(_PLACES)
    return (
        f"Once upon a time, there was a little child named {name}. {name} had a red {thing}. "
        f"One day, {name} went to the {place} with the {thing}.\n\n"
        f"At the {place} {name} met {friend}. {friend} was crying and very sad. "
        f'"I lost my {thing}," said {friend}. "It is gone, and I am afraid."\n\n'
        f"So {name} and {friend} looked under the old bridge. They found it in the mud! "
        f"{friend} laughed, and {name} was happy. They played together until it was dark."
    )


def write_corpus(folder: Path, stories: int = 80) -> Path:
    """Two packs with a train and a valid part each."""
    rng = random.Random(4)
    for pack in ("en_tinystories", "en_ccby"):
        for split, count in (("train", stories), ("valid", 4)):
            rows = [
                {
                    "text": story(rng),
                    "source": "made/up:here",
                    "license": "CC0",
                    "title": f"Book {number}",
                    "author": f"Author {number}",
                }
                for number in range(count)
            ]
            with lzma.open(folder / f"{pack}.{split}.jsonl.xz", "wt", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder
