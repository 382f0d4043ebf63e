"""Which token comes next, drawn for every row of a batch in its own way."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.narrator.sampling import Sampling

POISONED = -1
_LEAST = 1e-30  # of the likeliest token's odds: nothing below is ever drawn
_ALMOST_ONE = 1 - 1e-6  # a chance that rounds to one would draw what is not in the nucleus


class Drawing:
    """The sampling settings of the rows of a batch, as tensors."""

    def __init__(self, rows: Sequence[Sampling], vocabulary: int, device: torch.device) -> None:
        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, device=device)[:, None]  # (rows, 1)

        self._temperature = column([row.temperature for row in rows])
        self._top_p = column([row.top_p for row in rows])
        self._min_p = column([max(_LEAST, row.min_p) for row in rows])
        self._top_k = column([float(row.top_k or vocabulary) for row in rows])

    def draw(self, logits: Tensor, chances: Sequence[float]) -> list[int]:
        """A token for each row of logits, (rows, vocabulary), by a number from 0 to 1.

        It is one of the top-k, in the nucleus that top-p takes of all, and not below min-p.
        POISONED where the logits are none. The same logits and chance give the same token.
        """
        top = logits.amax(-1, keepdim=True)
        odds = (logits - top).div_(self._temperature).exp_()  # (rows, vocabulary), of the likeliest
        whole = odds.sum(-1, keepdim=True)
        likely, ids = self._likely(odds)
        falling, order = likely.sort(dim=-1, descending=True, stable=True)
        before = falling.cumsum(-1).sub_(falling)
        ranks = torch.arange(falling.shape[-1], device=falling.device)
        dropped = (before >= self._top_p * whole) | (ranks >= self._top_k)
        # In the order of the tokens, not of their odds: two that are nearly as likely may change
        # places with the batch they are computed in, and with them all that follows.
        kept = torch.zeros_like(likely).scatter_(1, order, falling.masked_fill_(dropped, 0))
        reached = kept.cumsum(-1)
        chance = torch.tensor(chances, device=odds.device, dtype=odds.dtype)[:, None]
        place = (reached <= chance.clamp_(max=_ALMOST_ONE) * reached[:, -1:]).sum(-1)
        token = ids.gather(1, place.clamp_(max=ids.shape[-1] - 1)[:, None])[:, 0]
        drawn: list[int] = torch.where(reached[:, -1] > 0, token, POISONED).tolist()
        return drawn

    def _likely(self, odds: Tensor) -> tuple[Tensor, Tensor]:
        """The odds that min-p leaves, a few of thousands, in the tokens' order, and the tokens.

        Both (rows, columns), filled up with zeros. No odds of a NaN are left.
        """
        row, token = (odds >= self._min_p).nonzero(as_tuple=True)
        counts = torch.bincount(row, minlength=odds.shape[0])
        column = torch.arange(len(row), device=odds.device) - (counts.cumsum(0) - counts)[row]
        shape = (odds.shape[0], max(1, int(counts.max())))
        likely, ids = odds.new_zeros(shape), token.new_zeros(shape)
        likely[row, column] = odds[row, token]
        ids[row, column] = token
        return likely, ids
