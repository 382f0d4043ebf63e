"""How far a guide turns to what is varied, so that what it writes is as varied as before.

What a lean does to the number of different pairs of words is known beforehand to first order only,
and a tilt is no small step: foreseen to change nothing, it was measured to give 13 % more of them
for one taste and 10 % fewer for another. So the narrator writes with the guide, and what is
counted there turns it. For that nothing has to be learnt: a shift of the last hidden state is a
model with an output layer of its own. The LoRA that learns from the guide is less sure than the
guide, and so writes some more of them: that is taken into account.
"""

import copy
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import GPT2LMHeadModel

from core.learning import measures
from core.learning.leaning import Lean, Ways
from core.learning.plan import Progress, Tell
from core.learning.writing import write_once
from core.narrator.narrator import Assignment

_LEARNT = 0.025  # share by which a LoRA that has learnt a guide writes more of them than the guide
_NEAR = 0.02  # share of distinct-2 that chance alone moves in so many passages
_TRIES = 3
STEPS = 1 + _TRIES  # of the writing: as it is, and so often with a guide
_SLOPE = 0.4  # by how much distinct-2 rises for each share, as long as that is not measured
_SLOPES = (0.2, 0.8)
_FILES = (".json", ".txt")  # of a model's folder, beside its weights


@dataclass(frozen=True, slots=True)
class Known:
    """What the model itself told, to compare with, and where its files are."""

    plain: GPT2LMHeadModel
    folder: Path
    asked: Sequence[Assignment]
    texts: Sequence[str]
    others: Sequence[Assignment]  # as many that nothing is learnt from


def steady(ways: Ways, known: Known, work: Path, tell: Tell) -> Lean:
    """The lean under which what a LoRA learns from it holds as many different pairs of words.

    What the narrator wrote under it is kept in `work`, so that a killed run does not write it
    again.
    """
    before = variety(known.texts)

    def change(share: float, attempt: int) -> float:
        tell(Progress("writing", 1 + attempt, STEPS))
        kept = work / f"steady-{attempt}.json"
        leaning = leaning_model(known.plain, ways.lean(share))
        texts = written(leaning, known.asked, known.folder, kept)
        return variety(texts) / before - 1 + _LEARNT

    return ways.lean(settle(change, ways.foreseen) if before else ways.foreseen)


def written(
    model: GPT2LMHeadModel, asked: Sequence[Assignment], like: Path, kept: Path
) -> Sequence[str]:
    """What a model in memory writes as a narrator; kept in a file. `like`: a folder of its kind."""
    folder = kept.with_suffix(".model")
    if not kept.exists():
        save(model, like, folder)
    texts = write_once(asked, str(folder), None, kept)
    shutil.rmtree(folder, ignore_errors=True)
    return texts


def settle(change: Callable[[float, int], float], first: float) -> float:
    """Where a rising function is nearly nought, by secants; of those tried, the nearest."""
    share, slope = first, _SLOPE
    tried: list[tuple[float, float]] = []
    for attempt in range(_TRIES):
        found = change(share, attempt)
        if tried and share != tried[-1][0]:
            measured = (found - tried[-1][1]) / (share - tried[-1][0])
            slope = min(max(measured, _SLOPES[0]), _SLOPES[1])
        tried.append((share, found))
        if abs(found) <= _NEAR:
            break
        share -= found / slope
    return min(tried, key=lambda each: abs(each[1]))[0]


def leaning_model(plain: GPT2LMHeadModel, lean: Lean) -> GPT2LMHeadModel:
    """A model whose odds are those of another one that leans.

    (h + h T + p) W' is (h + p (1 + T)^-1) ((1 + T) W'): the head is turned, and what is pushed
    joins the bias of the last norm.
    """
    found = copy.deepcopy(plain)
    head = plain.get_parameter("lm_head.weight").detach()
    turn = torch.eye(len(lean.push)).to(head) + lean.turn.to(head)
    found.config.tie_word_embeddings = False
    found.lm_head.weight = nn.Parameter(head @ turn.T)
    with torch.no_grad():
        bias = found.get_parameter("transformer.ln_f.bias")
        bias.add_(torch.linalg.solve(turn.T, lean.push.to(head)))
    return found


def save(model: GPT2LMHeadModel, like: Path, folder: Path) -> None:
    """A folder that the narrator reads; the tokenizer and the words are those of another."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in like.iterdir():
        if path.suffix in _FILES:
            shutil.copy(path, folder / path.name)
    model.save_pretrained(folder)


def variety(texts: Sequence[str]) -> float:
    """Different pairs of words among all pairs."""
    return measures.distinct_2([measures.grams(text, 2) for text in texts])
