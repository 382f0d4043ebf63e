"""What a model makes of whole texts: its hidden states, averaged over each text's tokens.

They say what a text is like without a second model: how it feels (`core.narrator.sentiment`), and
which texts are alike (`/inspire`).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

from core.narrator.tokens import Tokens, tidy
from core.narrator.weights import Layer, Weights

_MOST = 128  # tokens of a text are read; a sentence is shorter, and a passage's middle adds little
_TOGETHER = 32  # texts read at once


def layers_read(weights: Weights) -> tuple[int, ...]:
    """Which blocks' states are kept: some from the middle, where meaning is, and the last."""
    count = len(weights.layers)
    return tuple(sorted({max(1, count // 3), max(1, (2 * count) // 3), count}))


def pooled(weights: Weights, tokens: Tokens, texts: Sequence[str]) -> Tensor:
    """The mean states of each text, one block's after another: (texts, blocks * width)."""
    rows = [_ids(tokens, text) for text in texts]
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))  # a batch is as long as its last
    found = torch.zeros(len(rows), weights.tokens.shape[1] * len(layers_read(weights)))
    for start in range(0, len(rows), _TOGETHER):
        together = order[start : start + _TOGETHER]
        found[together] = _read(weights, [rows[at] for at in together])
    return found


def all_states(weights: Weights, ids: Tensor) -> Tensor:
    """The states of every token of texts side by side: (rows, longest, (blocks + 1) * width).

    `ids`: (rows, longest), filled up at their ends. First come the embeddings, then what each
    block makes of them, the last one normed, as `transformers` gives them.
    """
    x = weights.tokens[ids] + weights.places[: ids.shape[1]]  # (rows, longest, width)
    found = [x]
    for layer in weights.layers:
        x = _block(weights, layer, x)
        found.append(x)
    found[-1] = F.layer_norm(x, x.shape[-1:], *weights.norm, weights.epsilon)
    return torch.cat(found, -1)


def _ids(tokens: Tokens, text: str) -> tuple[int, ...]:
    """The text as a story begins, so that its first word is read as one."""
    most = _MOST - 1
    read = tokens.encode(tidy(text[: most * 12]))
    return (tokens.end, *read[:most])


def _read(weights: Weights, rows: Sequence[tuple[int, ...]]) -> Tensor:
    """The mean states of texts read side by side: (rows, blocks * width)."""
    longest = min(max(map(len, rows)), weights.window)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    there = torch.zeros(len(rows), longest, 1)
    for at, row in enumerate(rows):
        cut = row[:longest]
        ids[at, : len(cut)] = torch.tensor(cut)
        # The first token begins every text: it says nothing, unless it is alone.
        there[at, 1 if len(cut) > 1 else 0 : len(cut)] = 1
    device = weights.tokens.device
    there = there.to(device)
    x = weights.tokens[ids.to(device)] + weights.places[:longest]  # (rows, longest, width)
    kept: list[Tensor] = []
    for number, layer in enumerate(weights.layers, 1):
        x = _block(weights, layer, x)
        if number in layers_read(weights):
            kept.append((x.float() * there).sum(1) / there.sum(1))  # (rows, width)
    return torch.cat(kept, 1).cpu()


def _block(weights: Weights, layer: Layer, x: Tensor) -> Tensor:
    rows, longest, width = x.shape
    normed = F.layer_norm(x, (width,), *layer.norm_1, weights.epsilon)
    mixed = normed @ layer.attend[0] + layer.attend[1]
    parts = mixed.view(rows, longest, 3, weights.heads, width // weights.heads)
    q, k, v = parts.permute(2, 0, 3, 1, 4)  # each (rows, heads, longest, each)
    # A text's end is filled up behind it, where a causal mask keeps it from being seen.
    seen = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=layer.scale)
    x = x + seen.transpose(1, 2).reshape(rows, longest, width) @ layer.attended[0]
    x = x + layer.attended[1]
    normed = F.layer_norm(x, (width,), *layer.norm_2, weights.epsilon)
    wide = F.gelu(normed @ layer.widen[0] + layer.widen[1], approximate=weights.gelu)
    return x + wide @ layer.narrow[0] + layer.narrow[1]
