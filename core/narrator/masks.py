"""What is added to the logits of each slot: what is barred, favoured, and written already."""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.narrator.jobs import Row
from core.narrator.tokens import Tokens


class Masks:
    """A row of nats for each slot."""

    def __init__(self, slots: int, vocabulary: int, tokens: Tokens, device: torch.device) -> None:
        self._tokens = tokens
        self._nats = torch.zeros((slots, vocabulary), device=device)
        never = torch.zeros(vocabulary, device=device)
        never[tokens.size :] = -torch.inf
        never[list(tokens.unwritable)] = -torch.inf
        # The same memory: numpy changes a few numbers in a tenth of torch's time.
        here = device.type == "cpu"
        self._rows: Any = self._nats.numpy() if here else self._nats
        self._never: Any = never.numpy() if here else never
        self._numbers = np.array if here else partial(torch.tensor, device=device)

    def of(self, slots: slice | list[int]) -> Tensor:
        """Those of some slots: (slots, vocabulary)."""
        return self._nats[slots]

    def follow(self, slot: int, row: Row) -> None:
        """Bring a slot's up to date with what its pen bars and favours, and has written."""
        barred, leaning = row.job.pen.barred, row.job.pen.leaning
        if barred is row.barred and leaning is row.leaning:
            return
        row.barred, row.leaning = barred, leaning
        mask = self._rows[slot]
        mask[:] = self._never
        if leaning:
            mask[list(leaning)] += self._numbers(list(leaning.values()))
        written = {token for token in row.job.pen.ids if self._tokens.telling[token]}
        mask[list(written)] -= row.job.sampling.repetition
        mask[list(barred)] = -torch.inf

    def written(self, slot: int, token: int, repetition: float) -> None:
        """A telling token was written for the first time: once more becomes less likely."""
        self._rows[slot, token] -= repetition

    def move(self, source: int, target: int) -> None:
        """A row has got another slot."""
        self._nats[target] = self._nats[source]
