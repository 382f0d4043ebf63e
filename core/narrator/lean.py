"""GPT-2's forward pass with slots: many texts side by side, each with its keys and values.

Nothing is computed but what the next token needs. Active texts stand in the first slots, so that
a step reads one block of memory. The logits equal those of transformers' GPT2LMHeadModel.
"""

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

from core.narrator.weights import Layer, Weights


class Lean:
    """A model and its slots. Not for two threads at once."""

    def __init__(self, weights: Weights, slots: int) -> None:
        self.weights = weights
        self.slots = slots
        width = weights.tokens.shape[1]
        self._width = width
        self._heads, self._each = weights.heads, width // weights.heads
        self._device = weights.tokens.device
        shape = (len(weights.layers), slots, self._heads, weights.window, self._each)
        self.keys = _zeros(shape, self._device)
        self.values = _zeros(shape, self._device)
        self._rows = torch.arange(slots, device=self._device)
        self._columns = torch.arange(weights.window, device=self._device)

    @property
    def bytes_a_token(self) -> int:
        """Memory for the keys and values of one token."""
        return 2 * len(self.weights.layers) * self._width * self.keys.element_size()

    def read(self, slot: int, ids: Tensor, start: int, *, only_keep: bool = False) -> Tensor:
        """Read the next tokens of a slot's text, which has `start` of them already.

        Their last hidden states, for `logits`: (tokens, width). To `only_keep` their keys and
        values, the last block needs no more than those, and nothing of use comes back.
        """
        count = ids.shape[0]
        end = start + count
        mask = self._columns[None, :end] <= self._columns[start:end, None] if start else None
        x = self.weights.tokens[ids] + self.weights.places[start:end]  # (tokens, width)
        for at, layer in enumerate(self.weights.layers):
            q, k, v = self._attend(layer, x).view(count, 3, self._heads, self._each).unbind(1)
            keys, values = self.keys[at, slot, :, :end], self.values[at, slot, :, :end]
            keys[:, start:] = k.transpose(0, 1)
            values[:, start:] = v.transpose(0, 1)  # (heads, end, each)
            if only_keep and at == len(self.weights.layers) - 1:
                break
            seen = F.scaled_dot_product_attention(
                q.transpose(0, 1)[None],
                keys[None],
                values[None],
                attn_mask=mask,
                is_causal=mask is None,
                scale=layer.scale,
            )
            x = self._finish(layer, x, seen[0].transpose(0, 1).reshape(count, self._width))
        return x

    def step(self, ids: Tensor, at: Tensor, longest: int) -> Tensor:
        """Read one token more in each of the first slots: (rows,), at places (rows,).

        `longest`: the greatest place and one. The logits after it: (rows, vocabulary).
        """
        rows = ids.shape[0]
        index = self._rows[:rows]
        mask = None
        if rows > 1:
            mask = (self._columns[None, :longest] <= at[:, None])[:, None, None]
        x = self.weights.tokens[ids] + self.weights.places[at]  # (rows, width)
        for number, layer in enumerate(self.weights.layers):
            q, k, v = self._attend(layer, x).view(rows, 3, self._heads, self._each).unbind(1)
            keys, values = self.keys[number], self.values[number]
            keys[index, :, at] = k
            values[index, :, at] = v
            seen = F.scaled_dot_product_attention(
                q[:, :, None],
                keys[:rows, :, :longest],
                values[:rows, :, :longest],
                attn_mask=mask,
                scale=layer.scale,
            )  # (rows, heads, 1, each)
            x = self._finish(layer, x, seen.reshape(rows, self._width))
        return self.logits(x)

    def logits(self, x: Tensor) -> Tensor:
        """What the model finds likely after each hidden state: (tokens, vocabulary)."""
        x = F.layer_norm(x, (self._width,), *self.weights.norm, self.weights.epsilon)
        return x @ self.weights.head

    def copy(self, source: int, target: int, length: int) -> None:
        """Give a slot the first tokens of another's text."""
        self.keys[:, target, :, :length] = self.keys[:, source, :, :length]
        self.values[:, target, :, :length] = self.values[:, source, :, :length]

    def is_sound(self, slot: int, length: int) -> bool:
        """Whether the first tokens of a slot's text left numbers, and no NaN."""
        return all(
            bool(kept[:, slot, :, :length].isfinite().all()) for kept in (self.keys, self.values)
        )

    def take_out(self, slot: int, length: int) -> tuple[Tensor, Tensor]:
        """Copies of the keys and values of a slot's first tokens."""
        return (
            self.keys[:, slot, :, :length].clone(),
            self.values[:, slot, :, :length].clone(),
        )

    def put_in(self, slot: int, kept: tuple[Tensor, Tensor], length: int) -> None:
        """Give a slot the first tokens of what was taken out."""
        self.keys[:, slot, :, :length] = kept[0][:, :, :length]
        self.values[:, slot, :, :length] = kept[1][:, :, :length]

    def clear(self, slot: int) -> None:
        """Forget a slot's text: NaN in it would reach the next one even behind a mask."""
        self.keys[:, slot] = 0
        self.values[:, slot] = 0

    def _attend(self, layer: Layer, x: Tensor) -> Tensor:
        weight, bias = layer.attend
        normed = F.layer_norm(x, (self._width,), *layer.norm_1, self.weights.epsilon)
        return torch.addmm(bias, normed, weight)

    def _finish(self, layer: Layer, x: Tensor, seen: Tensor) -> Tensor:
        """What stands after a block's attention: (tokens, width)."""
        x = torch.addmm(layer.attended[1], seen, layer.attended[0]).add_(x)
        normed = F.layer_norm(x, (self._width,), *layer.norm_2, self.weights.epsilon)
        wide = torch.addmm(layer.widen[1], normed, layer.widen[0])
        wide = F.gelu(wide, approximate=self.weights.gelu)
        return torch.addmm(layer.narrow[1], wide, layer.narrow[0]).add_(x)


def _zeros(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Zeros, since a masked key still takes part, and memory nobody wrote may hold NaN.

    torch writes them all; numpy asks the system for zeroed pages, taken when they are first used.
    """
    if device.type == "cpu":
        return torch.from_numpy(np.zeros(shape, np.float32))
    return torch.zeros(shape, device=device)
