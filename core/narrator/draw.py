"""Which token comes next, drawn for every row of a batch in its own way."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.narrator.sampling import Sampling

POISONED = -1
_LIKELIEST = 256  # a nucleus is nearly always smaller; a larger one takes a full sort
_ALMOST_ONE = 1 - 1e-6  # a chance that rounds to one would draw what is not in the nucleus


class Drawing:
    """The sampling settings of the rows of a batch, as tensors."""

    def __init__(self, rows: Sequence[Sampling], vocabulary: int, device: torch.device) -> None:
        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, device=device)[:, None]  # (rows, 1)

        top_k = [row.top_k or vocabulary for row in rows]
        self._temperature = column([row.temperature for row in rows])
        self._top_k = column([float(k) for k in top_k])
        self._top_p = column([row.top_p for row in rows])
        self._all = column([float(not row.top_k) for row in rows]) > 0
        self._all_any = any(not row.top_k for row in rows)
        self._columns = min(vocabulary, max(_LIKELIEST, *(row.top_k for row in rows), 1))

    def draw(self, logits: Tensor, chances: Sequence[float]) -> list[int]:
        """A token for each row of logits, (rows, vocabulary), by a number from 0 to 1.

        POISONED where the logits are none. The same logits and chance give the same token.
        """
        odds = torch.softmax(logits / self._temperature, dim=-1)
        likely, ids = torch.topk(odds, self._columns, dim=-1)  # (rows, columns), falling
        if self._all_any and bool((self._all & (likely.sum(-1, keepdim=True) < self._top_p)).any()):
            likely, ids = torch.topk(odds, odds.shape[-1], dim=-1)
        numbers = torch.arange(likely.shape[-1], device=odds.device)
        likely = likely.masked_fill_(numbers >= self._top_k, 0)
        reached = likely.cumsum(-1)
        mass = torch.where(self._all, 1.0, reached[:, -1:])  # what top-p is a share of
        kept = likely.masked_fill_(reached - likely >= self._top_p * mass, 0)
        # In the order of the tokens, not of their odds: two that are nearly as likely may change
        # places with the batch they are computed in, and with them all that follows.
        ids, order = ids.sort(dim=-1)
        reached = kept.gather(1, order).cumsum(-1)
        chance = torch.tensor(chances, device=odds.device, dtype=odds.dtype)[:, None]
        place = (reached <= chance.clamp_(max=_ALMOST_ONE) * reached[:, -1:]).sum(-1)
        token = ids.gather(1, place.clamp_(max=ids.shape[-1] - 1)[:, None])[:, 0]
        drawn: list[int] = torch.where(reached[:, -1].isfinite(), token, POISONED).tolist()
        return drawn
