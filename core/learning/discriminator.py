"""A small head on the narrator's own hidden states: what would be liked, what sounds like people.

The narrator is only read, never changed: a passage becomes the mean of its hidden states, layer by
layer, and a logistic regression tells two kinds of passages apart. So a few dozen ratings are
enough, and a head is fitted in a blink.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.errors import LearningError
from core.learning.examples import Encoded, Thumb, encode
from core.narrator.states import all_states
from core.narrator.tokens import Tokens, read_tokens
from core.narrator.weights import Weights, read_weights

_AT_ONCE = 16  # passages read at once
POOLS = 2  # the whole passage, and how it ends
ENDING = 3  # of a passage: its last third
_FOLDS = 5
_LEASHES = (0.03, 0.3, 3.0)  # ridge penalties tried, for features of unit variance
_STEPS = 40  # of L-BFGS; it has converged long before


@dataclass(frozen=True, slots=True)
class Reader:
    """The bundled or chosen model, as it reads passages."""

    folder: Path
    weights: Weights
    tokens: Tokens

    @property
    def window(self) -> int:
        """Tokens it can see at once."""
        return self.weights.window

    @property
    def width(self) -> int:
        """Numbers that a passage becomes."""
        return POOLS * (len(self.weights.layers) + 1) * self.weights.tokens.shape[1]

    def features(self, rows: Sequence[tuple[str, str]]) -> Tensor:
        """Prompts and passages as numbers: (rows, pools * layers * width)."""
        encoded = [encode(prompt, text, self.tokens, self.window) for prompt, text in rows]
        parts = [self._read(encoded[at : at + _AT_ONCE]) for at in range(0, len(encoded), _AT_ONCE)]
        return torch.cat(parts) if parts else torch.zeros(0, self.width)

    @torch.inference_mode()
    def _read(self, rows: Sequence[Encoded]) -> Tensor:
        ids = side_by_side(rows, self.tokens.end)
        told = torch.zeros((POOLS, *ids.shape))
        for at, row in enumerate(rows):
            before, end = len(row.prompt), len(row.prompt) + len(row.told)
            told[0, at, before:end] = 1
            told[1, at, end - math.ceil(len(row.told) / ENDING) : end] = 1
        # Padding stands behind the text, where a causal model cannot see it.
        stacked = all_states(self.weights, ids)  # (rows, longest, layers * width)
        told /= told.sum(-1, keepdim=True).clamp(min=1)
        return torch.cat([share[:, None] @ stacked for share in told], -1)[:, 0]


def side_by_side(rows: Sequence[Encoded], end: int) -> Tensor:
    """Prompts with what was told after them, filled up behind: (rows, longest)."""
    longest = max(len(row.prompt) + len(row.told) for row in rows)
    ids = torch.full((len(rows), longest), end)
    for at, row in enumerate(rows):
        ids[at, : len(row.prompt) + len(row.told)] = torch.tensor((*row.prompt, *row.told))
    return ids


def reader(folder: Path) -> Reader:
    """A reader of the model in a folder."""
    return Reader(folder, read_weights(folder, torch.device("cpu")), read_tokens(folder))


@dataclass(frozen=True, slots=True)
class Head:
    """A line through the features: positive on the one side, negative on the other."""

    mean: Tensor  # (features,)
    scale: Tensor
    weight: Tensor
    bias: float
    auc: float  # on stories that it was not fitted to; 0.5 is chance

    def score(self, features: Tensor) -> Tensor:
        """Log-odds of being liked (or human): (rows,)."""
        return ((features - self.mean) / self.scale) @ self.weight + self.bias

    def save(self, path: Path) -> None:
        """Keep it as safetensors."""
        numbers = torch.tensor([self.bias, self.auc])
        parts = {"mean": self.mean, "scale": self.scale, "weight": self.weight, "numbers": numbers}
        save_file(parts, path)


def read_head(path: Path, width: int | None = None) -> Head:
    """A head that was kept, for passages of so many features. Raises LearningError."""
    try:
        parts = load_file(path)
        bias, auc = parts["numbers"].tolist()
        head = Head(parts["mean"], parts["scale"], parts["weight"], bias, auc)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise LearningError(f"{path} is missing or broken ({error}).") from error
    sizes = {part.shape for part in (head.mean, head.scale, head.weight)}
    if width is not None and sizes != {(width,)}:
        raise LearningError(f"{path} was made for another model.")
    if not all(bool(part.isfinite().all()) for part in parts.values()):
        raise LearningError(f"{path} holds numbers that are none (NaN).")
    return head


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Passages as numbers, with what was thought of them."""

    features: Tensor  # (rows, features)
    liked: Tensor  # (rows,) 1 or 0
    weight: Tensor  # (rows,)
    stories: tuple[str, ...]

    @property
    def both(self) -> bool:
        """Whether there is something of either kind."""
        return both_kinds(self.liked)


def verdicts(reading: Reader, rows: Sequence[Thumb]) -> Verdicts:
    """Read the passages of ratings."""
    return Verdicts(
        reading.features([(row.prompt, row.text) for row in rows]),
        torch.tensor([float(row.liked) for row in rows]),
        torch.tensor([row.weight for row in rows]),
        tuple(row.story for row in rows),
    )


def fit(data: Verdicts, seed: int = 0) -> Head:
    """A head for these verdicts, its penalty chosen on stories left out; both kinds are needed."""
    if not data.both:
        raise ValueError("A discriminator needs passages of both kinds.")
    folds = _folds(data.stories, seed)
    found = {leash: _left_out_auc(data, folds, leash) for leash in _LEASHES}
    leash = max(found, key=lambda each: found[each])
    weight, bias, mean, scale = _fitted(data, torch.arange(len(data.stories)), leash)
    return Head(mean, scale, weight, bias, found[leash])


def both_kinds(liked: Tensor) -> bool:
    """Whether some are liked and some are not."""
    return bool((liked > 0.5).any()) and bool((liked <= 0.5).any())


def auc(scores: Tensor, liked: Tensor) -> float:
    """How often a liked one scores above another; ties are half. NaN without both kinds."""
    high, low = scores[liked > 0.5], scores[liked <= 0.5]
    if not len(high) or not len(low):
        return math.nan
    wins = (high[:, None] > low).double() + 0.5 * (high[:, None] == low).double()
    return float(wins.mean())


def _folds(stories: Sequence[str], seed: int) -> list[Tensor]:
    """Rows of each fold; those of one story are together."""
    names = sorted(set(stories))
    random.Random(seed).shuffle(names)
    fold = {name: at % _FOLDS for at, name in enumerate(names)}
    where = torch.tensor([fold[story] for story in stories])
    return [(where == at).nonzero().flatten() for at in range(_FOLDS)]


def _left_out_auc(data: Verdicts, folds: Sequence[Tensor], leash: float) -> float:
    scores = torch.zeros(len(data.stories))
    everything = torch.arange(len(data.stories))
    for held in folds:
        rest = everything[~torch.isin(everything, held)]
        if not len(held) or not both_kinds(data.liked[rest]):
            continue
        weight, bias, mean, scale = _fitted(data, rest, leash)
        scores[held] = ((data.features[held] - mean) / scale) @ weight + bias
    found = auc(scores, data.liked)
    return 0.5 if math.isnan(found) else found


def _fitted(data: Verdicts, rows: Tensor, leash: float) -> tuple[Tensor, float, Tensor, Tensor]:
    """Weighted logistic regression with a ridge, solved in the space of the rows: they are few."""
    x, liked, weight = data.features[rows], data.liked[rows], data.weight[rows]
    mean, scale = x.mean(0), x.std(0, correction=0).clamp(min=1e-4)
    x = (x - mean) / scale  # (rows, features)
    kernel = x @ x.T / x.shape[1]  # (rows, rows)
    share = weight / weight.sum().clamp(min=1e-9)
    by_row = torch.zeros(len(rows), requires_grad=True)
    bias = torch.zeros((), requires_grad=True)
    solver = torch.optim.LBFGS([by_row, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        pulled = kernel @ by_row
        errors = F.binary_cross_entropy_with_logits(pulled + bias, liked, reduction="none")
        value = (share * errors).sum() + 0.5 * leash / len(rows) * (by_row @ pulled)
        value.backward()  # type: ignore[no-untyped-call] # torch's own
        return value

    with torch.enable_grad():
        solver.step(loss)  # type: ignore[no-untyped-call] # torch's own
    return (by_row.detach() @ x) / x.shape[1], float(bias.detach()), mean, scale
