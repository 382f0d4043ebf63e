"""GPT-2's forward pass in torch with slots: many texts side by side, with keys and values.

Nothing is computed but what the next token needs. Active texts stand in the first slots, so that
a step reads one block of memory. The logits equal those of transformers' GPT2LMHeadModel.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

from core.narrator.loras import PARTS, Lora, Mix
from core.narrator.stretch import Stretch
from core.narrator.weights import Layer, Weights


class Lean:
    """A model and its slots. Not for two threads at once."""

    def __init__(self, weights: Weights, slots: int) -> None:
        self.weights = weights
        self.slots = slots
        width = weights.tokens.shape[1]
        self._width = width
        self._heads, self._each = weights.heads, width // weights.heads
        self.device = weights.tokens.device
        self.concurrent = self.device.type != "cpu"  # computes while this thread goes on
        self.alone: Callable[[], bool] = lambda: True  # whether nobody else computes
        self.window, self.vocabulary = weights.window, weights.tokens.shape[0]
        shape = (len(weights.layers), slots, self._heads, weights.window, self._each)
        self.keys = _zeros(shape, weights.tokens)
        self.values = _zeros(shape, weights.tokens)
        self._rows = torch.arange(slots, device=self.device)
        self._columns = torch.arange(weights.window, device=self.device)
        self._mix = Mix(())
        self._found = torch.zeros(0)
        self._laid: dict[str, tuple[Tensor, Tensor]] = {}

    def read(self, stretches: Sequence[Stretch]) -> Tensor | None:
        """Read the next tokens of some slots' texts.

        The logits after those that ask for them come back, (asking, vocabulary), if any does.
        """
        states = [self._read(stretch, only_keep=not stretch.asks)[-1] for stretch in stretches]
        asking = [state for state, of in zip(states, stretches, strict=True) if of.asks]
        return self._logits(torch.stack(asking)) if asking else None

    def likely(self, stretch: Stretch) -> Tensor:
        """The same of one, with what the model finds likely after each: (tokens, vocabulary)."""
        return self._logits(self._read(stretch, only_keep=False))

    @property
    def cold(self) -> bool:
        """Whether there is more to be made ready: never in torch."""
        return False

    def warm(self) -> None:
        """Make more ready."""

    def begin(
        self, ids: Sequence[int], places: Sequence[int], loras: Sequence[Lora | None]
    ) -> None:
        """Read one token more in each of the first slots, at these places of their texts.

        A GPU computes on while this comes back.
        """
        rows, longest = len(ids), max(places) + 1
        mixed = self._take(loras)
        index, at = self._rows[:rows], torch.tensor(places, device=self.device)
        mask = None
        if rows > 1:
            mask = (self._columns[None, :longest] <= at[:, None])[:, None, None]
        tokens = torch.tensor(ids, device=self.device)
        x = self.weights.tokens[tokens] + self.weights.places[at]  # (rows, width)
        for number, layer in enumerate(self.weights.layers):
            q, k, v = self._attend(number, layer, x, mixed)
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
            x = self._finish(number, layer, x, seen.reshape(rows, self._width), mixed)
        self._found = self._logits(x)

    def finish(self) -> Tensor:
        """The logits after what was begun: (rows, vocabulary)."""
        return self._found

    def move(self, source: int, target: int, length: int) -> None:
        """Give a slot another's text, which is needed there no more."""
        self.copy(source, target, length)

    def copy(self, source: int, target: int, length: int) -> None:
        """Give a slot the first tokens of another's text."""
        self.keys[:, target, :, :length] = self.keys[:, source, :, :length]
        self.values[:, target, :, :length] = self.values[:, source, :, :length]

    def is_sound(self, slot: int, length: int) -> bool:
        """Whether the first tokens of a slot's text left numbers, and no NaN."""
        return all(
            bool(kept[:, slot, :, :length].isfinite().all()) for kept in (self.keys, self.values)
        )

    def take_out(self, slot: int, length: int) -> Any:
        """Copies of the keys and values of a slot's first tokens."""
        return torch.stack([kept[:, slot, :, :length] for kept in (self.keys, self.values)])

    def put_in(self, slot: int, kept: Any, length: int) -> None:
        """Give a slot the first tokens of what was taken out."""
        self.keys[:, slot, :, :length] = kept[0][:, :, :length]
        self.values[:, slot, :, :length] = kept[1][:, :, :length]

    def forget(self, kept: Any) -> None:
        """Let go of what was taken out."""

    def clear(self, slot: int) -> None:
        """Forget a slot's text: NaN in it would reach the next one even behind a mask."""
        self.keys[:, slot] = 0
        self.values[:, slot] = 0

    def _read(self, stretch: Stretch, *, only_keep: bool) -> Tensor:
        """The last hidden states: (tokens, width).

        To `only_keep` keys and values, the last block needs no more than those, and nothing of
        use comes back.
        """
        slot, count, start, end = stretch.slot, len(stretch.ids), stretch.start, stretch.end
        mixed = self._take([stretch.lora] * count)
        mask = self._columns[None, :end] <= self._columns[start:end, None] if start else None
        tokens = torch.tensor(stretch.ids, device=self.device)
        x = self.weights.tokens[tokens] + self.weights.places[start:end]  # (tokens, width)
        for at, layer in enumerate(self.weights.layers):
            q, k, v = self._attend(at, layer, x, mixed)
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
            seen = seen[0].transpose(0, 1).reshape(count, self._width)
            x = self._finish(at, layer, x, seen, mixed)
        return x

    def _logits(self, x: Tensor) -> Tensor:
        x = F.layer_norm(x, (self._width,), *self.weights.norm, self.weights.epsilon)
        return (x @ self.weights.head).float()

    def _attend(
        self, at: int, layer: Layer, x: Tensor, mixed: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values: each (tokens, heads, each)."""
        normed = F.layer_norm(x, (self._width,), *layer.norm_1, self.weights.epsilon)
        found = self._times(at, PARTS[0], normed, layer.attend, mixed)
        q, k, v = found.view(-1, 3, self._heads, self._each).unbind(1)
        return q, k, v

    def _finish(
        self, at: int, layer: Layer, x: Tensor, seen: Tensor, mixed: Tensor | None
    ) -> Tensor:
        """What stands after a block's attention: (tokens, width)."""
        x = self._times(at, PARTS[1], seen, layer.attended, mixed).add_(x)
        normed = F.layer_norm(x, (self._width,), *layer.norm_2, self.weights.epsilon)
        wide = self._times(at, PARTS[2], normed, layer.widen, mixed)
        wide = F.gelu(wide, approximate=self.weights.gelu)
        return self._times(at, PARTS[3], wide, layer.narrow, mixed).add_(x)

    def _times(
        self, at: int, part: str, x: Tensor, pair: tuple[Tensor, Tensor], mixed: Tensor | None
    ) -> Tensor:
        """A matrix and its bias, and what the LoRA of each row adds."""
        found = torch.addmm(pair[1], x, pair[0])
        if mixed is not None and part in self._mix.kinds:
            down, up = self._laid[f"h.{at}.{part}"]
            # A broken LoRA's numbers are none, for whichever row: they must not be multiplied away.
            found += (x @ down).where(mixed, 0) @ up
        return found

    def _take(self, loras: Sequence[Lora | None]) -> Tensor | None:
        """Which ranks of the LoRAs in use each row takes, (rows, rank); None if none takes any."""
        wanted = dict.fromkeys(lora for lora in loras if lora and lora.rank)
        if not wanted:
            return None
        if not wanted.keys() <= set(self._mix.loras):
            self._lay(Mix(list(wanted)))
        return self._mix.rows(loras).to(self.device, torch.bool)

    def _lay(self, mix: Mix) -> None:
        self._mix = mix
        self._laid = {}
        for at, layer in enumerate(self.weights.layers):
            for part in mix.kinds:
                size = (layer.part(part)[0].shape[0], layer.part(part)[0].shape[1])
                down, up = mix.stacked(f"h.{at}.{part}", size)
                self._laid[f"h.{at}.{part}"] = (down.to(self.keys), up.to(self.keys))


def _zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Zeros, since a masked key still takes part, and memory nobody wrote may hold NaN.

    torch writes them all; numpy asks the system for zeroed pages, taken when they are first used.
    """
    if like.device.type == "cpu" and like.dtype == torch.float32:
        return torch.from_numpy(np.zeros(shape, np.float32))
    return torch.zeros(shape, device=like.device, dtype=like.dtype)
