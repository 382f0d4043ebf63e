"""Levelling: what has learnt to please says the same again as often as before.

Who leads to shorter sentences or to more that is said also leads to saying the same again: three
words in a row that stood in the passage before. How much more, only what the model writes can tell,
for the narrator's guard has its say in it. So a model that has learnt is counted, learns on for a
while with the odds of echoes moved far against what was found, and is counted again. Between these
two are its weights as they shall be: where the count is the one before, on a straight line. It is
counted in what the model has not learnt on, since that is what it will write.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import GPT2LMHeadModel

from core.learning import measures
from core.learning.learnable import Model, merged
from core.learning.plan import Progress, Tell
from core.learning.steady import Known, written
from core.learning.writing import write_once
from core.narrator.narrator import Assignment

MORE, LEVELLED = "again", "levelled.json"  # in a stage's folder
AGAIN = 0.35  # of the learning, again
_FEWER, _MORE = 4.0, -2.0  # nats that echoes lose in it
# Takes of each assignment that are counted, since of a hundred words not even one is said again.
# What lies nearer to where the second one was counted needs the first one less.
_USUAL, _FIRST, _SECOND = 5, 4, 5
_HEAVY = 50_000_000  # parameters; without a GPU such a model is counted in one take
_FURTHEST = 1.25  # beyond the second, where even that is not enough
_NEAR = 0.02  # a difference, as a logarithm, that is chance

Weights = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Before:
    """The model as it was, and where its stage works."""

    plain: GPT2LMHeadModel
    known: Known
    lora: Path | None
    work: Path
    tell: Tell


def level(
    model: Model,
    before: Before,
    learn: Callable[[], object],
    learn_on: Callable[[float], object],
) -> None:
    """Have a model learn, and learn on with echoes moved by so many nats, to what is level.

    What it learnt, what it wrote and what was counted is kept in the stage's folder.
    """
    work, like = before.work, before.known.folder
    most = 1 if _heavy(before.plain) else _USUAL
    asked = counted_in(before.known.others, most)
    before.tell(Progress("writing"))
    usual = repeated(write_once(asked, str(like), before.lora, work / "told-before.json"))

    def learned(which: str, takes: int, teach: Callable[[], object]) -> float:
        """How much the model repeats with what it is taught, or was before a kill."""
        file = work / f"{which}.safetensors"
        if file.exists():
            found = kept(file)
            set_between(model, found, found, 0.0)
        else:
            teach()
            keep(weights_of(model), file)
        before.tell(Progress("writing"))
        counted = counted_in(before.known.others, min(takes, most))
        return repeated(written(merged(model), counted, like, work / f"told-{which}.json"))

    now = learned("first", _FIRST, learn)
    nats = nats_against(usual, now)
    if not nats:
        return
    first = weights_of(model)
    then = learned("second", _SECOND, lambda: learn_on(nats))
    share = share_between(usual, now, then)
    set_between(model, first, weights_of(model), share)
    (work / LEVELLED).write_text(json.dumps([usual, now, then, share]), encoding="utf-8")


def counted_in(asked: Sequence[Assignment], takes: int) -> list[Assignment]:
    """Assignments in which echoes are counted: so many takes of each."""
    return [replace(each, seed=each.seed + take) for take in range(takes) for each in asked]


def _heavy(model: nn.Module) -> bool:
    """Whether it takes minutes for each take."""
    return sum(map(torch.numel, model.parameters())) > _HEAVY and not torch.cuda.is_available()


def repeated(texts: Sequence[str]) -> float:
    """The share of runs of three words that stood in their text before."""
    return fmean(map(measures.repetition, texts))


def nats_against(before: float, now: float) -> float:
    """What echoes are to lose: nats, less than none for more of them. 0 where all is well."""
    if not before or not now or abs(math.log(now / before)) <= _NEAR:
        return 0.0
    return _FEWER if now > before else _MORE


def share_between(before: float, first: float, second: float) -> float:
    """How far from the first weights to the second as much is repeated as before.

    All of the way, and a little further, where that is not enough; nothing of it where it led the
    wrong way.
    """
    if not second:
        return 0.0
    wanted, led = math.log(before / first), math.log(second / first)
    return min(max(wanted / led, 0.0), _FURTHEST) if wanted * led > 0 else 0.0


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Copies of what a model learns."""
    return {
        name: weight.detach().clone()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


@torch.no_grad()
def set_between(model: nn.Module, first: Weights, second: Weights, share: float) -> None:
    """Give a model the weights that are so far from the first to the second."""
    for name, weight in model.named_parameters():
        if name in first:
            weight.copy_(torch.lerp(first[name].to(weight), second[name].to(weight), share))


def keep(weights: Weights, file: Path) -> None:
    """Write them whole or not at all."""
    unfinished = file.with_suffix(".writing")
    save_file({name: weight.cpu().contiguous() for name, weight in weights.items()}, unfinished)
    unfinished.replace(file)


def kept(file: Path) -> Weights:
    """Read them again."""
    return load_file(file)
