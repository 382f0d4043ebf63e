"""Which token comes next, drawn for every row of a batch in its own way."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.narrator.sampling import Sampling

POISONED = -1
_LEAST = 1e-30  # of the likeliest token's odds: nothing below is ever drawn
_ALMOST_ONE = np.float32(
    1 - 1e-6
)  # a chance that rounds to one would draw what is not in the nucleus


class Drawing:
    """The sampling settings of the rows of a batch, as tensors."""

    def __init__(self, rows: Sequence[Sampling], vocabulary: int, device: torch.device) -> None:
        self._temperature = torch.tensor([[row.temperature] for row in rows], device=device)
        self._min_p = torch.tensor([[max(_LEAST, row.min_p)] for row in rows], device=device)
        self._top_p = np.array([[row.top_p] for row in rows], np.float32)
        self._top_k = np.array([[row.top_k or vocabulary] for row in rows])
        self._rows = np.arange(len(rows))

    def draw(self, logits: Tensor, chances: Sequence[float]) -> list[int]:
        """A token for each row of logits, (rows, vocabulary), by a number from 0 to 1.

        It is one of the top-k, in the nucleus that top-p takes of all, and not below min-p.
        POISONED where the logits are none. The same logits and chance give the same token.
        """
        top = logits.amax(-1, keepdim=True)
        odds = (logits - top).div_(self._temperature).exp_()  # (rows, vocabulary), of the likeliest
        whole = _numpy(odds.sum(-1, keepdim=True))
        likely, ids = self._likely(odds)
        order = np.argsort(-likely, axis=1, kind="stable")
        falling = np.take_along_axis(likely, order, 1)
        before = falling.cumsum(1) - falling
        columns = np.arange(falling.shape[1])
        falling[(before >= self._top_p * whole) | (columns >= self._top_k)] = 0
        # In the order of the tokens, not of their odds: two that are nearly as likely may change
        # places with the batch they are computed in, and with them all that follows.
        np.put_along_axis(likely, order, falling, 1)
        reached = likely.cumsum(1)
        chance = np.minimum(np.array(chances, np.float32), _ALMOST_ONE)[:, None]
        place = (reached <= chance * reached[:, -1:]).sum(1)
        token = ids[self._rows, np.minimum(place, ids.shape[1] - 1)]
        drawn: list[int] = np.where(reached[:, -1] > 0, token, POISONED).tolist()
        return drawn

    def _likely(self, odds: Tensor) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The odds that min-p leaves, a few of thousands, in the tokens' order, and the tokens.

        Both (rows, columns), filled up with zeros. No odds of a NaN are left.
        """
        where = (odds >= self._min_p).nonzero(as_tuple=True)
        found = _numpy(odds[where])
        row, token = map(_numpy, where)
        counts = np.bincount(row, minlength=len(self._rows))
        column = np.arange(len(row)) - (counts.cumsum() - counts)[row]
        shape = (len(self._rows), max(1, int(counts.max())))
        likely, ids = np.zeros(shape, np.float32), np.zeros(shape, np.int64)
        likely[row, column] = found
        ids[row, column] = token
        return likely, ids


def _numpy(tensor: Tensor) -> NDArray[Any]:
    """Few numbers are faster in numpy, wherever the many were computed."""
    found: NDArray[Any] = tensor.cpu().numpy()
    return found
