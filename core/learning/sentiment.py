"""Trains a model's sentiment head: logistic regressions on its states and on counts of words.

Three kinds of labels teach it: sentences written and labelled by hand (their test part is left
out), sentences of the own stories labelled by hand, and more of those labelled by VADER, which
weigh little: they tell of many words, and VADER is often wrong.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import Tensor

from core.learning import unfit
from core.learning.moods import Felt, labelled, only_to_learn_from
from core.narrator.sentiment import (
    VALENCES,
    Head,
    features,
    judge,
    save_head,
    standardised,
)
from core.narrator.tokens import Tokens, read_tokens
from core.narrator.tonewords import FEELINGS, compound, tone_names
from core.narrator.weights import Weights, read_weights
from core.story.sentences import sentences

_SUMS = "SHA256SUMS"  # in the folder of a model that is handed on
STARTER = Path(__file__).parents[1] / "narrator" / "starter"
_STORIES = Path(__file__).parent / "stories"
_BY_VADER = 400  # sentences
_SURE = 0.4  # VADER's compound from here on is taken for a label
_WEIGHTS = {"story": 0.15, "vader": 0.1}  # beside 1 for the sentences written for this
_DECAY = 6e-4


@dataclass(frozen=True, slots=True)
class Report:
    """How a new head does on sentences it was not trained on."""

    accuracy: float
    vader: float  # the same for VADER's sign
    hard: float  # on the negations and ironies
    vader_hard: float
    tested: int
    path: Path


def train_head(folder: Path) -> Report:
    """Train the head of a model's folder, keep it there, and test it. Raises ModelUnavailable."""
    torch.manual_seed(0)
    weights, tokens = read_weights(folder, torch.device("cpu")), read_tokens(folder)
    with torch.inference_mode():
        own = labelled()
        learned = [felt for felt in own if not felt.tested] + only_to_learn_from() + _by_vader()
        found = features(weights, tokens, [felt.text for felt in learned])
        unsafe = unfit.to_learn_from(_of_stories())
        read = features(weights, tokens, [line.text for line in unsafe])
    head = _fitted(found.clone(), learned, states=found.shape[1] - len(tone_names()))
    ready = standardised(head.mean, head.scale, read)
    head = replace(head, unsafe=unfit.fitted(ready, unsafe, _yes_or_no))
    path = save_head(head, folder)
    if (folder / _SUMS).exists():
        _list_sum(path)
    return _tested(head, weights, tokens, [felt for felt in own if felt.tested], path)


def sign_by_vader(text: str) -> str:
    """VADER's sign of a text, by its own bounds."""
    score = compound(text)
    return "+" if score >= 0.05 else "-" if score <= -0.05 else "0"


def _list_sum(path: Path) -> None:
    """Name the head's hash where those of the model's other files stand."""
    sums = path.parent / _SUMS
    lines = sums.read_text(encoding="utf-8").splitlines()
    others = [line for line in lines if not line.endswith(f"  {path.name}")]
    mine = f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
    sums.write_text("\n".join([*others, mine]) + "\n", encoding="utf-8")


def _tested(
    head: Head, weights: Weights, tokens: Tokens, tests: Sequence[Felt], path: Path
) -> Report:
    with torch.inference_mode():
        moods = judge(head, features(weights, tokens, [felt.text for felt in tests]))
    right = [
        VALENCES[mood.sign + 1] == felt.valence for mood, felt in zip(moods, tests, strict=True)
    ]
    plain = [sign_by_vader(felt.text) == felt.valence for felt in tests]
    hard = [felt.part in {"negation", "irony"} for felt in tests]
    return Report(
        accuracy=_share(right, [True] * len(tests)),
        vader=_share(plain, [True] * len(tests)),
        hard=_share(right, hard),
        vader_hard=_share(plain, hard),
        tested=len(tests),
        path=path,
    )


def _share(right: Sequence[bool], among: Sequence[bool]) -> float:
    chosen = [was for was, there in zip(right, among, strict=True) if there]
    return sum(chosen) / len(chosen)


def _by_vader() -> list[Felt]:
    """Sentences of the own stories that VADER is sure of."""
    found = [sentence for sentence in _of_stories() if abs(compound(sentence)) >= _SURE]
    chosen = random.Random(0).sample(found, _BY_VADER)
    return [Felt(text, sign_by_vader(text), "none", "vader") for text in chosen]


def _of_stories() -> list[str]:
    return [
        sentence
        for path in sorted(_STORIES.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        for sentence in sentences(json.loads(line)["text"])
    ]


def _fitted(found: Tensor, learned: Sequence[Felt], states: int) -> Head:
    """The head of least loss; states and counts weigh the same, however many there are.

    What is unsafe it does not know yet.
    """
    count = found.shape[1]
    mean, spread = found.mean(0), found.std(0) + 1e-3
    blocks = torch.full((count,), float(states))
    blocks[states:] = count - states
    scale = 1 / (spread * blocks.sqrt())
    ready = standardised(mean, scale, found)
    weight = torch.tensor([_WEIGHTS.get(felt.part, 1.0) for felt in learned])
    signs = torch.tensor([VALENCES.index(felt.valence) for felt in learned])
    valence = _logistic(ready, signs, weight, len(VALENCES), _DECAY)
    felt_ones = [at for at, felt in enumerate(learned) if felt.feeling in FEELINGS]
    kinds = torch.tensor([FEELINGS.index(learned[at].feeling) for at in felt_ones])
    feelings = _logistic(ready[felt_ones], kinds, weight[felt_ones], len(FEELINGS), _DECAY)
    return Head(mean, scale, valence, feelings, unsafe=torch.zeros(ready.shape[1]))


def _yes_or_no(x: Tensor, y: Tensor, decay: float) -> Tensor:
    return _logistic(x, y, torch.ones(len(y)), 2, decay)


def _logistic(x: Tensor, y: Tensor, weight: Tensor, classes: int, decay: float) -> Tensor:
    """Multinomial logistic regression with a ridge: (features + 1, classes)."""
    weight = weight / weight.sum()
    head = torch.zeros(x.shape[1], classes, requires_grad=True)
    steps = torch.optim.LBFGS([head], max_iter=150, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        steps.zero_grad()
        missed = F.cross_entropy(x @ head, y, reduction="none")
        total: Tensor = (weight * missed).sum() + decay * (head[:-1] ** 2).sum()
        total.backward()  # type: ignore[no-untyped-call] # torch leaves it so
        return total

    steps.step(loss)  # type: ignore[no-untyped-call] # the same
    return head.detach()
