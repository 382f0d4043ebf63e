"""Which token comes next, drawn for every row of a batch in its own way."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.narrator.sampling import Sampling

POISONED = -1
_LEAST = 1e-30  # of the likeliest token's odds: nothing below is ever drawn
_BLOCKS = 512  # of a row whose greatest odds tell which ones cannot be among the top-k
_Floats = NDArray[np.float32]
_Numbers = NDArray[np.int64]


class Drawing:
    """The sampling settings of the rows of a batch, as arrays."""

    def __init__(self, rows: Sequence[Sampling], vocabulary: int, device: torch.device) -> None:
        self._rows = rows
        cooling = np.array([[1 / row.temperature] for row in rows], np.float32)
        self._min_p = np.array([[max(_LEAST, row.min_p)] for row in rows], np.float32)
        self._cooled = bool((cooling != 1).any())
        self._top_k = np.array([row.top_k for row in rows])
        self._edges = np.arange(len(rows) + 1) * vocabulary  # of the rows, laid in one line
        self._cooling = torch.from_numpy(cooling).to(device)
        self._min_p_there = torch.from_numpy(self._min_p).to(device)
        # Filled anew by each draw: new memory for a large vocabulary takes several times as long.
        self._odds = torch.empty((len(rows), vocabulary), device=device)

    def draw(
        self,
        logits: Tensor,
        mask: Tensor,
        chances: Sequence[float],
        worn: Sequence[Mapping[int, float]] = (),
    ) -> list[int]:
        """A token for each row of logits, (rows, vocabulary), by a number from 0 to 1.

        It is one of the top-k, in the nucleus that top-p takes of all, and not below min-p.
        POISONED where the logits are none. The same logits and chance give the same token. The
        logits are used up. `mask`: what is added to them first. `worn`: nats that tokens of each
        row are worn by; of those that may be drawn, they are drawn less often.
        """
        logits += mask
        if self._cooled:
            logits *= self._cooling
        torch.softmax(logits, -1, out=self._odds)
        left = self._left_here if logits.is_cpu else self._left_there
        found, places = left(self._odds)
        edges = places.searchsorted(self._edges).tolist()
        drawn = []
        for at, row in enumerate(self._rows):
            theirs = slice(edges[at], edges[at + 1])
            odds, tokens = _greatest(found[theirs], places[theirs], row.top_k)
            factors = _factors(tokens - self._edges[at], worn[at], row.freshness) if worn else ()
            chosen = _draw(odds, row.top_p, chances[at], factors)
            drawn.append(chosen if chosen == POISONED else int(tokens[chosen] - self._edges[at]))
        return drawn

    def _left_here(self, odds: Tensor) -> tuple[_Floats, _Numbers]:
        """The odds that min-p leaves, a few of thousands, and where they lie.

        Both as of rows that lie in one line. No odds of a NaN are left. numpy finds those that
        are left in half of torch's time.
        """
        each = odds.numpy()  # (rows, vocabulary)
        least = each.max(-1, keepdims=True) * self._min_p
        left = each >= least
        if np.count_nonzero(left) > _BLOCKS * len(each):  # a model that is unsure, of what is not
            left = each >= np.maximum(least, self._least(each))
        places = left.ravel().nonzero()[0]
        return each.take(places), places

    def _least(self, odds: _Floats) -> _Floats:
        """What so many odds of a row reach as its top-k are, if not more: (rows, 1).

        As many blocks have one that does.
        """
        whole = odds[:, : odds.shape[1] // _BLOCKS * _BLOCKS]
        greatest = np.sort(whole.reshape(len(odds), -1, _BLOCKS).max(1), -1)  # (rows, blocks)
        known = (self._top_k > 0) & (self._top_k <= _BLOCKS)
        found = greatest[np.arange(len(odds)), np.where(known, -self._top_k, 0)]
        return np.where(known, found, 0)[:, None].astype(np.float32)

    def _left_there(self, odds: Tensor) -> tuple[_Floats, _Numbers]:
        """The same where the odds are; only what is left comes here."""
        least = odds.amax(-1, keepdim=True) * self._min_p_there
        places = (odds >= least).flatten().nonzero()[:, 0]
        return odds.flatten()[places].cpu().numpy(), places.cpu().numpy()


def _greatest(odds: _Floats, places: _Numbers, most: int) -> tuple[_Floats, _Numbers]:
    """The `most` greatest odds (0: all) with their places, in the order of the places.

    Of those that are alike the first ones, whatever else is there.
    """
    if not 0 < most < len(odds):
        return odds, places
    least = np.partition(odds, -most)[-most]
    kept = odds > least
    kept[(odds == least).nonzero()[0][: most - np.count_nonzero(kept)]] = True
    return odds[kept], places[kept]


def _factors(tokens: _Numbers, worn: Mapping[int, float], freshness: float) -> Sequence[float]:
    """What the odds of each token are multiplied with; none where all would be the same."""
    if not (worn and freshness) or len(tokens) == 1:
        return ()
    return [
        math.exp(-freshness * worn[token]) if token in worn else 1.0 for token in tokens.tolist()
    ]


def _draw(odds: _Floats, most: float, chance: float, factors: Sequence[float] = ()) -> int:
    """Which one of the greatest odds, those that come before their sum is `most`.

    POISONED if there are none. They are so few that Python takes less time than numpy would.
    `factors`: what the odds of those are multiplied with then. What nothing else would do for is
    so still drawn, however worn it is.
    """
    likely: list[float] = odds.tolist()
    # In the order of the tokens, not of their odds: two that are nearly as likely may change
    # places with the batch they are computed in, and with them all that follows.
    kept: Sequence[int] = range(len(likely))
    reached = sum(likely)
    if reached > most:
        order = sorted(kept, key=likely.__getitem__, reverse=True)
        reached, nucleus = 0.0, 0
        for at in order:
            if reached >= most:
                break
            reached += likely[at]
            nucleus += 1
        kept = sorted(order[:nucleus])
    if factors:
        likely = [one * factor for one, factor in zip(likely, factors, strict=True)]
        reached = sum(likely[at] for at in kept)
    wanted, reached = chance * reached, 0.0
    for at in kept:
        reached += likely[at]
        if reached > wanted:
            return at
    return kept[-1] if kept else POISONED
