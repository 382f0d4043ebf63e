"""A GPT-2 as a server elsewhere would run it: nothing of the narrator's own engine is in it."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812  # torch's own name for it
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

END = "<|endoftext|>"


@dataclass(frozen=True)
class Sampling:
    temperature: float = 1.0
    top_p: float = 1.0
    presence: float = 0.0
    bias: Mapping[str, int] | None = None


class Model:
    """Texts to tokens and on; the caller keeps the keys and values."""

    def __init__(self, folder: Path) -> None:
        shape = json.loads((folder / "config.json").read_text())
        self.window = int(shape["n_positions"])
        self._layers, self._heads = int(shape["n_layer"]), int(shape["n_head"])
        found = load_file(folder / "model.safetensors")
        self._at = {name.removeprefix("transformer."): tensor for name, tensor in found.items()}
        self._head = self._at.get("lm_head.weight", self._at["wte.weight"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.end = self.encode(END)[0]

    def encode(self, text: str) -> list[int]:
        """As vLLM does: a special token that somebody typed is one."""
        return [int(one) for one in self._tokenizer.encode(text, add_special_tokens=False).ids]

    def decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    @torch.inference_mode()
    def likelihoods(self, ids: list[int]) -> list[float | None]:
        """Of each token after those before it; the first has none."""
        found = self._logits(ids, []).log_softmax(-1)
        return [None, *(float(found[at, token]) for at, token in enumerate(ids[1:]))]

    @torch.inference_mode()
    def tokens(self, ids: list[int], sampling: Sampling, seed: int) -> Iterator[int]:
        """The tokens that follow, one after the other, without end."""
        chance, written = random.Random(seed), set[int]()
        kept: list[tuple[Tensor, Tensor]] = []
        unread = ids
        while True:
            logits = self._logits(unread, kept)[-1]
            for biased, by in (sampling.bias or {}).items():
                logits[int(biased)] += by
            logits[list(written)] -= sampling.presence
            token = _drawn(logits, sampling, chance.random())
            written.add(token)
            yield token
            unread = [token]

    def _logits(self, ids: list[int], kept: list[tuple[Tensor, Tensor]]) -> Tensor:
        start = kept[0][0].shape[1] if kept else 0
        x = self._at["wte.weight"][ids] + self._at["wpe.weight"][start : start + len(ids)]
        for layer in range(self._layers):
            normed = self._norm(f"h.{layer}.ln_1", x)
            q, k, v = self._linear(f"h.{layer}.attn.c_attn", normed).split(x.shape[1], -1)
            q, k, v = (part.view(len(ids), self._heads, -1).transpose(0, 1) for part in (q, k, v))
            if start:
                k, v = (torch.cat(pair, 1) for pair in zip(kept[layer], (k, v), strict=True))
                kept[layer] = (k, v)
            else:
                kept.append((k, v))
            seen = F.scaled_dot_product_attention(q, k, v, is_causal=not start)
            seen = seen.transpose(0, 1).reshape(len(ids), -1)
            x = x + self._linear(f"h.{layer}.attn.c_proj", seen)
            wide = self._linear(f"h.{layer}.mlp.c_fc", self._norm(f"h.{layer}.ln_2", x))
            x = x + self._linear(f"h.{layer}.mlp.c_proj", F.gelu(wide, approximate="tanh"))
        return self._norm("ln_f", x) @ self._head.t()

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return torch.addmm(self._at[f"{name}.bias"], x, self._at[f"{name}.weight"])

    def _norm(self, name: str, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self._at[f"{name}.weight"], self._at[f"{name}.bias"])


def _drawn(logits: Tensor, sampling: Sampling, chance: float) -> int:
    if not sampling.temperature:
        return int(logits.argmax())
    odds, ids = (logits / sampling.temperature).softmax(-1).sort(descending=True)
    reached = odds.cumsum(-1)
    odds = odds.masked_fill(reached - odds >= sampling.top_p, 0)
    reached = odds.cumsum(-1)
    place = int((reached <= chance * reached[-1]).sum())
    return int(ids[min(place, len(ids) - 1)])
