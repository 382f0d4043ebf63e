"""Which token comes next, drawn for every row of a batch in its own way."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.narrator.sampling import Sampling

POISONED = -1
_LIKELIEST = 256  # a nucleus is nearly always smaller; a larger one takes a full sort
_ROWS = 8
_ALMOST_ONE = 1 - 1e-6  # a chance that rounds to one would draw what is not in the nucleus


class Drawing:
    """The sampling settings of the rows of a batch, as tensors."""

    def __init__(self, rows: Sequence[Sampling], vocabulary: int, device: torch.device) -> None:
        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, device=device)[:, None]  # (rows, 1)

        most = max(row.top_k or _LIKELIEST for row in rows)
        self._columns = min(vocabulary, most)
        self._temperature = column([row.temperature for row in rows])
        self._top_p = column([row.top_p for row in rows])
        self._min_p = column([row.min_p for row in rows])
        self._all = column([float(not row.top_k) for row in rows]) > 0
        self._any_all = any(not row.top_k for row in rows)
        self._differ = any(row.top_k != most for row in rows)
        self._top_k = column([float(row.top_k or vocabulary) for row in rows])

    def draw(self, logits: Tensor, chances: Sequence[float]) -> list[int]:
        """A token for each row of logits, (rows, vocabulary), by a number from 0 to 1.

        POISONED where the logits are none. The same logits and chance give the same token.
        """
        likely, ids = self._likeliest(logits)  # (rows, columns), falling
        odds, whole = self._odds(logits, likely)
        if self._any_all and bool(self._goes_on(odds).any()):
            likely, ids = torch.topk(logits, logits.shape[-1], dim=-1)
            odds, whole = self._odds(logits, likely)
        reached = odds.cumsum(-1)
        dropped = reached - odds >= self._top_p * whole
        kept = odds.masked_fill_(dropped | (odds < self._min_p * odds[:, :1]), 0)
        # In the order of the tokens, not of their odds: two that are nearly as likely may change
        # places with the batch they are computed in, and with them all that follows.
        ids, order = ids.sort(dim=-1)
        reached = kept.gather(1, order).cumsum(-1)
        chance = torch.tensor(chances, device=odds.device, dtype=odds.dtype)[:, None]
        place = (reached <= chance.clamp_(max=_ALMOST_ONE) * reached[:, -1:]).sum(-1)
        token = ids.gather(1, place.clamp_(max=ids.shape[-1] - 1)[:, None])[:, 0]
        drawn: list[int] = torch.where(reached[:, -1].isfinite(), token, POISONED).tolist()
        return drawn

    def _likeliest(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest tokens of each row; torch is far slower at many rows than at few."""
        parts = [torch.topk(part, self._columns, dim=-1) for part in torch.split(logits, _ROWS)]
        return torch.cat([part.values for part in parts]), torch.cat(
            [part.indices for part in parts]
        )

    def _goes_on(self, odds: Tensor) -> Tensor:
        """Whether a nucleus takes in more than the likeliest tokens: (rows, 1)."""
        short = odds.sum(-1, keepdim=True) < self._top_p
        return self._all & short & (odds[:, -1:] >= self._min_p * odds[:, :1])

    def _odds(self, logits: Tensor, likely: Tensor) -> tuple[Tensor, Tensor | float]:
        """The odds of the likeliest tokens, and what top-p is a share of."""
        if not self._any_all:
            scaled = likely / self._temperature
            if self._differ:
                scaled.masked_fill_(self._beyond(likely), -torch.inf)
            return scaled.softmax(-1), 1.0
        scale = (logits / self._temperature).logsumexp(-1, keepdim=True)
        odds = (likely / self._temperature - scale).exp_()
        odds.masked_fill_(self._beyond(likely), 0)
        return odds, torch.where(self._all, 1.0, odds.sum(-1, keepdim=True))

    def _beyond(self, likely: Tensor) -> Tensor:
        """Which columns are more than a row's top-k: (rows, columns)."""
        return torch.arange(likely.shape[-1], device=likely.device) >= self._top_k
