"""Muon: momentum whose matrices are made orthogonal before the step (Jordan et al., 2024).

torch.optim.Muon does the same, one matrix at a time and always in bfloat16, which many CPUs
multiply slowly. Here matrices of one shape go together, in the precision that is fast.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_A, _B, _C = 3.4445, -4.7750, 2.0315  # Newton-Schulz in five steps, from the paper
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """For the weight matrices of the blocks; embeddings, norms and biases go to AdamW.

    `thirds` are matrices that hold three side by side (query, key, value): each is its own.
    """

    def __init__(
        self,
        matrices: Iterable[Tensor],
        thirds: Iterable[Tensor],
        *,
        lr: float = 0.02,
        momentum: float = 0.95,
        weight_decay: float = 0.05,
        precision: torch.dtype = torch.float32,
    ) -> None:
        groups = [{"params": list(matrices), "parts": 1}, {"params": list(thirds), "parts": 3}]
        self._precision = precision
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override] # no loss
        """One step along the orthogonal directions."""
        if closure is not None:
            raise ValueError("Muon takes its gradients as they are, without a closure")
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes[weight.shape].append(weight)
            for weights in shapes.values():
                self._step_together(weights, group)

    def _step_together(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        parts, momentum = group["parts"], group["momentum"]
        updates = []
        for weight in weights:
            state = self.state[weight]
            if not state:
                state["momentum"] = torch.zeros_like(weight)
            gradient = weight.grad
            assert gradient is not None  # noqa: S101 - step() chose those that have one
            state["momentum"].lerp_(gradient, 1 - momentum)
            updates += list(gradient.lerp(state["momentum"], momentum).chunk(parts, dim=1))
        stacked = orthogonal(
            torch.stack(updates).to(self._precision)
        )  # (weights * parts, rows, columns)
        rows, columns = stacked.shape[-2:]
        scale = group["lr"] * max(1.0, rows / columns) ** 0.5
        for index, weight in enumerate(weights):
            update = torch.cat(list(stacked[index * parts : (index + 1) * parts]), dim=1)
            update = update.to(weight.dtype)
            weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-scale)


def orthogonal(matrices: Tensor) -> Tensor:
    """Each matrix with all its singular values near one; (count, rows, columns)."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x: Tensor = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        square = x @ x.mT
        x = _A * x + (_B * square + _C * square @ square) @ x
    return x.mT if tall else x
