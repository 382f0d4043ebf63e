"""The gate's judge: what the ratings that training did not see say of other passages.

A ridge regression on the passages' features, solved in the space of the ratings: those are few, so
hundreds of samples of them are judged in a blink, and how unsure the judge is shows.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.learning.discriminator import Verdicts, both_kinds

_LEASH = 0.3  # the ridge's penalty, for features of unit variance


@dataclass(frozen=True, slots=True)
class Judge:
    """Ratings, and how alike the passages they are of are."""

    verdicts: Verdicts
    mean: Tensor  # (features,)
    scale: Tensor  # (features,)
    alike: Tensor  # (ratings, ratings)

    @property
    def rows(self) -> int:
        """How many ratings there are."""
        return len(self.verdicts.stories)

    def likens(self, features: Tensor) -> Tensor:
        """How alike passages are to those rated: (passages, ratings)."""
        return self._scaled(features) @ self._scaled(self.verdicts.features).T / len(self.mean)

    def head(self, chosen: Tensor) -> Tensor:
        """What some of the ratings, of any multiplicity, say of what is like each: (ratings,).

        Times how alike a passage is to each rated one, it is how much that passage is liked.
        """
        liked, weight = self.verdicts.liked[chosen], self.verdicts.weight[chosen]
        # A rating of little weight is one of great noise.
        noise = torch.diag(_LEASH / weight.clamp(min=1e-3))
        by_row = torch.linalg.solve(self.alike[chosen][:, chosen] + noise, liked - liked.mean())
        return torch.zeros(self.rows).index_add(0, chosen, by_row)

    def sample(self, rng: torch.Generator) -> Tensor:
        """As many ratings, drawn with replacement, some liked and some not."""
        while True:
            chosen = torch.randint(self.rows, (self.rows,), generator=rng)
            if both_kinds(self.verdicts.liked[chosen]):
                return chosen

    def _scaled(self, features: Tensor) -> Tensor:
        scaled: Tensor = (features - self.mean) / self.scale
        return scaled


def judge_of(verdicts: Verdicts) -> Judge:
    """A judge of these ratings; there must be some of either kind."""
    mean = verdicts.features.mean(0)
    scale = verdicts.features.std(0, correction=0).clamp(min=1e-4)
    scaled = (verdicts.features - mean) / scale
    return Judge(verdicts, mean, scale, scaled @ scaled.T / len(mean))
