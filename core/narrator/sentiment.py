"""The sentiment head: how a sentence feels, from the model's hidden states and its words.

It also tells what reads like the things that children are not shown, where no rule of
`core.narrator.screening` names them. The head is linear, trained in a minute by `taleturn mood`
for the model of an operator, and kept beside it as `mood.safetensors`. It belongs to one model: its
file names that model's hash, and its own. Where there is none, or it does not fit, moods are
VADER's (`core.narrator.reading`).
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.narrator.reading import (
    Judge,
    Mood,
    Reading,
    mixed,
    one_long,
    plain_readings,
    read_sentences,
)
from core.narrator.states import layers_read, pooled
from core.narrator.tokens import Tokens
from core.narrator.tonewords import FEELINGS, tone_features, tone_names
from core.narrator.weights import Weights

HEAD = "mood.safetensors"
VALENCES = ("-", "0", "+")  # the columns of `valence`
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Head:
    """Linear layers over standardised features: hidden states first, then counts of words."""

    mean: Tensor  # (features,)
    scale: Tensor  # (features,)
    valence: Tensor  # (features + 1, 3): the last row is added
    feelings: Tensor  # (features + 1, 6)
    unsafe: Tensor  # (features + 1,): above 0 it is not for children


def features(weights: Weights, tokens: Tokens, texts: Sequence[str]) -> Tensor:
    """What a head reads of each text: (texts, features)."""
    counts = torch.tensor([tone_features(text) for text in texts])
    return torch.cat([pooled(weights, tokens, texts), counts], 1)


def judge(head: Head, found: Tensor) -> list[Mood]:
    """The moods of texts by their features."""
    ready = standardised(head.mean, head.scale, found)
    signs = (ready @ head.valence).softmax(1).tolist()
    felt = (ready @ head.feelings).softmax(1).tolist()
    return [
        Mood(_valence(grim, neither, glad), dict(zip(FEELINGS, row, strict=True)), Judge.HEAD)
        for (grim, neither, glad), row in zip(signs, felt, strict=True)
    ]


def unfit(head: Head, found: Tensor) -> list[bool]:
    """Which texts read like what children are not shown, by their features."""
    told: list[bool] = (standardised(head.mean, head.scale, found) @ head.unsafe > 0).tolist()
    return told


def standardised(mean: Tensor, scale: Tensor, found: Tensor) -> Tensor:
    """Features as a head's layers take them: (texts, features + 1)."""
    return torch.cat([(found - mean) * scale, torch.ones(len(found), 1)], 1)


def readings(
    weights: Weights, tokens: Tokens, head: Head | None, texts: Sequence[str]
) -> list[Reading]:
    """What is made of each text; without a head the moods are VADER's."""
    if not texts:
        return []
    last = weights.tokens.shape[1] * (len(layers_read(weights)) - 1)
    places = [one_long(row) for row in pooled(weights, tokens, texts)[:, last:].tolist()]
    if head is None:
        plain = plain_readings(texts)
        return [Reading(r.mood, place) for r, place in zip(plain, places, strict=True)]
    parts = [read_sentences(text) for text in texts]
    found = features(weights, tokens, [sentence for part in parts for sentence in part])
    sentences = zip(judge(head, found), unfit(head, found), strict=True)
    told = [list(islice(sentences, len(part))) for part in parts]
    return [
        Reading(mixed([mood for mood, _ in part]), place, unsafe=any(bad for _, bad in part))
        for part, place in zip(told, places, strict=True)
    ]


def save_head(head: Head, folder: Path) -> Path:
    """Keep a head beside its model."""
    tensors = _tensors(head)
    path = folder / HEAD
    facts = {"model": _sum_of_model(folder), "features": _sum_of_names(), "sha256": _sum(tensors)}
    save_file(tensors, path, metadata=facts)
    path.chmod(0o644)  # it is written for its owner alone
    return path


def read_head(folder: Path) -> Head | None:
    """The head beside a model, if there is one that belongs to it and is whole."""
    path = folder / HEAD
    if not path.exists():
        _log.warning(
            "%s has no sentiment head, so moods are found by words alone; "
            "`taleturn mood --model %s` trains one.",
            *(folder, folder),
        )
        return None
    try:
        with safe_open(path, "pt") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
    except (OSError, SafetensorError) as error:
        fault = f"it cannot be read ({error})"
    else:
        fault = _fault(folder, facts, tensors)
        if not fault:
            return Head(**tensors)
    _log.warning(
        "%s is not used, since %s; moods are found by words alone until `taleturn mood --model %s` "
        "has trained it again.",
        *(path, fault, folder),
    )
    return None


def _fault(folder: Path, facts: dict[str, str], tensors: dict[str, Tensor]) -> str:
    """Why a head may not be used; empty if it may."""
    if facts.get("sha256") != _sum(tensors):
        return "its hash is another: it was changed or only partly copied"
    if facts.get("model") != _sum_of_model(folder):
        return "it was trained for other weights"
    layers = {field.name for field in fields(Head)}
    if facts.get("features") != _sum_of_names() or set(tensors) != layers:
        return "it was trained by another version of this program"
    return ""


def _valence(grim: float, neither: float, glad: float) -> float:
    """Near 0 where neither is the likeliest, else the side that is likelier."""
    if neither >= max(grim, glad):
        return (glad - grim) * 0.05  # within what counts as neither
    return glad - grim if abs(glad - grim) > 0.05 else 0.05 * (1 if glad >= grim else -1)  # noqa: PLR2004 - as above


def _tensors(head: Head) -> dict[str, Tensor]:
    return {field.name: getattr(head, field.name).contiguous() for field in fields(Head)}


def _sum(tensors: dict[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(name.encode() + tensors[name].numpy().tobytes())
    return found.hexdigest()


def _sum_of_model(folder: Path) -> str:
    with (folder / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sum_of_names() -> str:
    return hashlib.sha256("\n".join(tone_names()).encode()).hexdigest()
