"""Which token comes next, drawn for every row of a batch in its own way."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.narrator.sampling import Sampling

POISONED = -1
_LEAST = 1e-30  # of the likeliest token's odds: nothing below is ever drawn
# A chance that rounds to one would draw what is not in the nucleus.
_ALMOST_ONE = np.float32(1 - 1e-6)
_Floats = NDArray[np.float32]
_Numbers = NDArray[np.int64]


class Drawing:
    """The sampling settings of the rows of a batch, as arrays."""

    def __init__(self, rows: Sequence[Sampling], vocabulary: int, device: torch.device) -> None:
        self._cooling = np.array([[1 / row.temperature] for row in rows], np.float32)
        self._min_p = np.array([[max(_LEAST, row.min_p)] for row in rows], np.float32)
        self._top_p = np.array([[row.top_p] for row in rows], np.float32)
        self._top_k = np.array([[row.top_k or vocabulary] for row in rows])
        self._rows = np.arange(len(rows))
        self._edges = np.arange(len(rows) + 1) * vocabulary  # of the rows, laid in one line
        self._on_device = [
            torch.from_numpy(each).to(device) for each in (self._cooling, self._min_p)
        ]

    def draw(self, logits: Tensor, chances: Sequence[float]) -> list[int]:
        """A token for each row of logits, (rows, vocabulary), by a number from 0 to 1.

        It is one of the top-k, in the nucleus that top-p takes of all, and not below min-p.
        POISONED where the logits are none. The same logits and chance give the same token.
        """
        here = logits.device.type == "cpu"
        found, places, whole = self._odds_here(logits) if here else self._odds_there(logits)
        likely, ids = self._in_rows(found, places)
        order = np.argsort(-likely, axis=1, kind="stable")
        order += self._rows[:, None] * likely.shape[1]  # in one line, as take and put want them
        falling = likely.take(order)
        before = falling.cumsum(1) - falling
        columns = np.arange(falling.shape[1])
        falling[(before >= self._top_p * whole) | (columns >= self._top_k)] = 0
        # In the order of the tokens, not of their odds: two that are nearly as likely may change
        # places with the batch they are computed in, and with them all that follows.
        likely.put(order, falling)
        reached = likely.cumsum(1)
        chance = np.minimum(np.array(chances, np.float32), _ALMOST_ONE)[:, None]
        place = (reached <= chance * reached[:, -1:]).sum(1)
        token = ids[self._rows, np.minimum(place, ids.shape[1] - 1)]
        drawn: list[int] = np.where(reached[:, -1] > 0, token, POISONED).tolist()
        return drawn

    def _odds_here(self, logits: Tensor) -> tuple[_Floats, _Numbers, _Floats]:
        """The odds that min-p leaves, a few of thousands; where they lie; the sum of all odds.

        Both as of rows that lie in one line; the sums are (rows, 1). No odds of a NaN are left.
        numpy does this in half of torch's time.
        """
        odds = logits.numpy()
        with np.errstate(invalid="ignore"):  # of a row that has no numbers
            odds = odds - odds.max(-1, keepdims=True)  # (rows, vocabulary)
        odds *= self._cooling
        np.exp(odds, out=odds)  # of the likeliest
        places = np.flatnonzero(odds >= self._min_p)
        return odds.ravel()[places], places, odds.sum(-1, keepdims=True)

    def _odds_there(self, logits: Tensor) -> tuple[_Floats, _Numbers, _Floats]:
        """The same where the logits are; only what is left comes here."""
        cooling, min_p = self._on_device
        top = logits.amax(-1, keepdim=True)
        odds = (logits - top).mul_(cooling).exp_()  # (rows, vocabulary), of the likeliest
        places = (odds >= min_p).flatten().nonzero()[:, 0]
        found, whole = odds.flatten()[places], odds.sum(-1, keepdim=True)
        return found.cpu().numpy(), places.cpu().numpy(), whole.cpu().numpy()

    def _in_rows(self, found: _Floats, places: _Numbers) -> tuple[_Floats, _Numbers]:
        """The odds in the tokens' order, and the tokens: (rows, columns), filled up with zeros."""
        edges = places.searchsorted(self._edges)
        counts = edges[1:] - edges[:-1]
        row = self._rows.repeat(counts)
        column = np.arange(len(places)) - edges[row]
        shape = (len(self._rows), max(1, int(counts.max())))
        likely, ids = np.zeros(shape, np.float32), np.zeros(shape, np.int64)
        likely[row, column] = found
        ids[row, column] = places - self._edges[row]
        return likely, ids
