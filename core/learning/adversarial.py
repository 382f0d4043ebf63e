"""Generator against discriminator, in rounds: the seed's GAN, by a policy gradient.

In each round the narrator writes several takes of some assignments; a fresh head learns to tell
them from well-told text and from what was disliked; and the narrator moves towards takes that fool
it: REINFORCE with the other takes as baseline (RLOO, Ahmadian et al., 2024), held near the base by
a KL leash. It stops when passages become alike.
"""

import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import GPT2LMHeadModel

from core.learning import measures
from core.learning.discriminator import Head, Reader, Verdicts, fit, reader, verdicts
from core.learning.examples import Encoded, Examples, encode, prompt_text
from core.learning.likelihood import texts_to_read, with_lora
from core.learning.lora import change, matrices, write_lora
from core.learning.plan import Progress, Tell
from core.learning.recipes import StageSettings, TrainingSettings
from core.learning.writing import asked_for, write
from core.narrator.headings import Field, heading
from core.narrator.prompt import STYLE

_TAKES = 4
_MOST_RATIO = 3.0  # by which one token's odds count more than when it was written
_LEAST_DISTINCT = 0.95  # of the first round's
_WELL_TOLD = 80  # words of a story that come with the program, beside takes of that length


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found before it taught."""

    step: int
    auc: float  # of a fresh head on passages it was not fitted to: 0.5 cannot tell them apart
    distinct_2: float
    reward: float
    kl: float  # nats a token, at the end of the round


def compete(
    examples: Examples,
    settings: TrainingSettings,
    how: StageSettings,
    model: Path,
    plain: GPT2LMHeadModel,
    work: Path,
    tell: Tell,
) -> GPT2LMHeadModel:
    """Play the rounds; the plain model comes back changed. Its curves are kept in `work`."""
    base = {name: weight.clone() for name, weight in matrices(with_lora(model, None)).items()}
    reading = reader(model)
    liked = _liked_head(reading, examples)
    real = _real(reading, examples)
    found: list[Round] = []
    for number in range(settings.rounds + 1):
        lora = work / f"round-{number}"
        write_lora(change(base, plain), lora, base=model)
        rows, texts = _takes(examples, settings, number, reading, lora)
        features = reading.features(texts)
        names = tuple(f"take {at // _TAKES}" for at in range(len(texts)))
        fake = Verdicts(features, torch.zeros(len(texts)), torch.ones(len(texts)), names)
        head = fit(_joined(real, fake), settings.seed)
        reward = _reward(head, liked, features)
        pairs = [measures.grams(text, 2) for _, text in texts]
        found.append(Round(number, head.auc, measures.distinct_2(pairs), float(reward.mean()), 0.0))
        _keep(found, work)
        if number == settings.rounds or _alike(found):
            break
        tell(Progress("training", number + 1, settings.rounds, -found[-1].reward))
        kl = _teach(plain, rows, _advantages(reward), settings, how, number)
        found[-1] = replace(found[-1], kl=kl)
    if _alike(found):  # the last round went too far: what stood before it is kept
        plain = with_lora(model, work / f"round-{found[-1].step - 1}")
    _keep(found, work)
    return plain


def _alike(found: Sequence[Round]) -> bool:
    return found[-1].distinct_2 < _LEAST_DISTINCT * found[0].distinct_2


def _keep(found: Sequence[Round], work: Path) -> None:
    (work / "curves.json").write_text(json.dumps([asdict(each) for each in found]))


def _liked_head(reading: Reader, examples: Examples) -> Head | None:
    found = verdicts(reading, examples.train.judged)
    return fit(found) if found.both else None


def _real(reading: Reader, examples: Examples) -> Verdicts:
    """Well-told text: liked passages, and stories that come with the program."""
    front = heading([(Field.STYLE, STYLE)])
    rows = [(row.prompt, row.text) for row in examples.train.liked]
    rows += [(front, _opening(text)) for text in texts_to_read()]
    number = len(rows)
    names = tuple(f"real {at}" for at in range(number))
    return Verdicts(reading.features(rows), torch.ones(number), torch.ones(number), names)


def _opening(text: str) -> str:
    words = " ".join(text.split()[:_WELL_TOLD])
    end = max(words.rfind(mark) for mark in ".!?") + 1
    return words[:end] or words


def _takes(
    examples: Examples, settings: TrainingSettings, number: int, reading: Reader, lora: Path
) -> tuple[list[Encoded], list[tuple[str, str]]]:
    """Takes of some assignments, those of one beside each other."""
    asked = asked_for(examples.train.asked, settings.told // _TAKES, settings.seed + number)
    takes = [replace(item, seed=item.seed + take) for item in asked for take in range(_TAKES)]
    told = write(takes, str(reading.folder), lora)
    texts = [
        (prompt_text(item, reading.tokens, reading.window), text or ".")
        for item, text in zip(takes, told, strict=True)
    ]
    return [encode(*row, reading.tokens, reading.window) for row in texts], texts


def _joined(one: Verdicts, other: Verdicts) -> Verdicts:
    return Verdicts(
        torch.cat([one.features, other.features]),
        torch.cat([one.liked, other.liked]),
        torch.cat([one.weight, other.weight]),
        (*one.stories, *other.stories),
    )


def _reward(real: Head, liked: Head | None, features: Tensor) -> Tensor:
    """Log-odds of being well told, and of being liked, each with spread 1: (takes,)."""
    parts = [head.score(features) for head in (real, liked) if head]
    return torch.stack([part / part.std().clamp(min=1e-6) for part in parts]).mean(0)


def _advantages(reward: Tensor) -> Tensor:
    """What each take has over the mean of the others of its assignment: (takes,)."""
    grouped = reward.view(-1, _TAKES)
    others = (grouped.sum(1, keepdim=True) - grouped) / (_TAKES - 1)
    found = (grouped - others).flatten()
    return found / found.std().clamp(min=1e-6)


def _teach(
    plain: GPT2LMHeadModel,
    rows: Sequence[Encoded],
    advantages: Tensor,
    settings: TrainingSettings,
    how: StageSettings,
    number: int,
) -> float:
    """One pass over the takes; the model is changed in place. The mean KL comes back."""
    torch.manual_seed(settings.seed + number)
    learning = get_peft_model(
        plain,
        LoraConfig(
            r=settings.rank,
            lora_alpha=2 * settings.rank,
            target_modules=list(settings.matrices),
            fan_in_fan_out=True,  # GPT-2 keeps its matrices the other way round
            task_type="CAUSAL_LM",
        ),
    )
    weights = [weight for weight in learning.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        weights, lr=how.rate * settings.rate, weight_decay=settings.weight_decay
    )
    order = random.Random(f"{settings.seed} {number}").sample(range(len(rows)), len(rows))
    moved = []
    for start in range(0, len(order), how.batch):
        chosen = order[start : start + how.batch]
        gain, kl = _gain(learning, [rows[at] for at in chosen], advantages[chosen])
        (settings.hold * kl - gain).backward()  # type: ignore[no-untyped-call] # torch's own
        torch.nn.utils.clip_grad_norm_(weights, settings.clip)
        optimizer.step()
        optimizer.zero_grad()
        moved.append(float(kl.detach()))
    learning.merge_and_unload()
    return math.fsum(moved) / len(moved)


def _gain(learning: PeftModel, rows: Sequence[Encoded], advantage: Tensor) -> tuple[Tensor, Tensor]:
    """The policy gradient's objective, and the KL divergence from before; a token's mean each."""
    longest = max(len(row.prompt) + len(row.told) for row in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    told = torch.zeros((len(rows), longest))
    for at, row in enumerate(rows):
        end = len(row.prompt) + len(row.told)
        ids[at, :end] = torch.tensor((*row.prompt, *row.told))
        told[at, len(row.prompt) : end] = 1
    with torch.no_grad(), learning.disable_adapter():
        before = learning(input_ids=ids).logits[:, :-1].log_softmax(-1)
    now = learning(input_ids=ids).logits[:, :-1].log_softmax(-1)  # (rows, longest - 1, vocabulary)
    of_token = [each.gather(2, ids[:, 1:, None])[..., 0] for each in (now, before)]
    ratio = (of_token[0] - of_token[1]).exp().clamp(max=_MOST_RATIO)
    mask = told[:, 1:]
    kl = (before.exp() * (before - now)).sum(-1)
    return (
        (ratio * advantage[:, None] * mask).sum() / mask.sum(),
        (kl * mask).sum() / mask.sum(),
    )
