"""An endless stream of training documents in the proportions of the mixture."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.learning.corpus import MIXTURE, Pack, Tale, tales
from core.learning.describe import WordWeights
from core.learning.documents import Document, document, renamed

RENAMED = 0.3  # of the tales told once already: told again with other names


@dataclass(slots=True)
class _Supply:
    """A pack's tales in random order, read from the files anew for each epoch."""

    pack: Pack
    corpus: Path
    rng: random.Random
    left: list[Tale] = field(default_factory=list)
    epoch: int = 0
    seen: int = 0  # characters
    size: int = 0  # characters in the files now

    def worn(self, progress: float) -> bool:
        """Whether it was told often enough for this point of the run."""
        return self.size > 0 and self.seen / self.size > self.pack.most * progress + 1

    def draw(self) -> Tale | None:
        if not self.left:
            self.left = tales(self.pack, self.corpus)
            self.rng.shuffle(self.left)
            self.size = sum(len(tale.text) for tale in self.left)
            self.epoch += 1
        if not self.left:
            return None
        tale = self.left.pop()
        self.seen += len(tale.text)
        again = self.epoch > 1 and self.rng.random() < RENAMED
        return renamed(tale, self.rng) if again else tale


def stream(
    corpus: Path, weights: WordWeights, seed: int, progress: Callable[[], float]
) -> Iterator[Document]:
    """Documents without end; `progress` from 0 to 1 moves the mixture from early to late.

    The next pack is the one that is furthest behind its share, so the mixture holds exactly.
    """
    rng = random.Random(seed)
    supplies = [_Supply(pack, corpus, random.Random(rng.random())) for pack in MIXTURE]
    owed = [0.0] * len(supplies)
    while supplies:
        chosen = max(range(len(supplies)), key=lambda index: owed[index])
        tale = supplies[chosen].draw()
        if tale is None:  # an empty pack: the others have its share
            del supplies[chosen], owed[chosen]
            continue
        for index, share in enumerate(_shares(supplies, progress())):
            owed[index] += share * len(tale.text)
        owed[chosen] -= len(tale.text)
        yield document(tale, weights, rng)


def _shares(supplies: Sequence[_Supply], at: float) -> list[float]:
    """Each pack's share of the text now; together 1."""
    fresh = [not supply.worn(at) for supply in supplies]
    shares = [
        ((1 - at) * supply.pack.early + at * supply.pack.late) * (wanted or not any(fresh))
        for supply, wanted in zip(supplies, fresh, strict=True)
    ]
    return [share / sum(shares) for share in shares]
