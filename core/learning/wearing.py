"""Which phrases are worn: counted in the stories whose voice the starter has.

    python -m core.learning.wearing --corpus DIR

writes core/narrator/worn.txt.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.learning.corpus import MIXTURE, tales
from core.narrator import worn

_PACKS = ("en_tinystories", "en_tinystories2")  # four fifths of what the starter has read
_FILE = Path(worn.__file__).with_name("worn.txt")


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=_FILE)
    options = parser.parse_args()
    packs = [pack for pack in MIXTURE if pack.name in _PACKS]
    texts = [tale.text for pack in packs for tale in tales(pack, options.corpus)]
    if not texts:
        parser.error(f"{options.corpus} has none of {', '.join(_PACKS)}.")
    shares = counted(texts)
    worn.write_shares(shares, options.out)
    said = f"{len(shares):,} worn phrases of {len(texts):,} stories in {options.out}"
    print(said)  # noqa: T201 - a command


def counted(stories: Iterable[str]) -> dict[str, float]:
    """Of a thousand stories, how many have each phrase that is worn."""
    found: Counter[str] = Counter()
    total = 0
    for story in stories:
        total += 1
        found.update({"".join(run) for run in _runs(worn.pieces(story))})
    return {
        phrase: share
        for phrase, count in found.items()
        if (share := round(1000 * count / total, 1)) >= worn.LEAST
    }


def _runs(parts: list[str]) -> Iterator[tuple[str, ...]]:
    """Those that end with a word: where sentences end and lines break is no matter of taste."""
    for run in zip(*(parts[start:] for start in range(worn.LENGTH)), strict=False):
        if run[-1][-1].isalpha():
            yield run


if __name__ == "__main__":
    main()
