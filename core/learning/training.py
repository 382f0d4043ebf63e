"""Training: a dataset in, a LoRA's folder out; a run that was killed goes on where it was.

Each stage of a recipe begins with a plain model (the base and what earlier stages changed), trains
one kind of weights on it, and leaves its change. Work is kept in `out`: a stage's checkpoints,
its curves, and its change as a LoRA once it is done. At the end the change is weakened until the
model reads stories nearly as well as before.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import torch
from transformers import GPT2LMHeadModel

from core.learning import dataset as datasets
from core.learning import levelling, stages
from core.learning.callbacks import Watch
from core.learning.discriminator import fit, reader, verdicts
from core.learning.examples import Examples
from core.learning.likelihood import Texts, held_out, read_by, with_lora
from core.learning.lora import (
    Change,
    apply,
    change,
    matrices,
    read_change,
    read_factors,
    write_lora,
)
from core.learning.plan import LearningSettings, Tell, Trained
from core.learning.recipes import TrainingSettings, training_settings
from core.narrator.storyteller import model_folder

HEAD = "discriminator.safetensors"
_STRENGTHS = (1.0, 0.85, 0.7, 0.55, 0.4, 0.3, 0.2, 0.1)


def train(asked: LearningSettings, dataset: Path, out: Path, tell: Tell) -> Trained:
    """Teach the model what a dataset holds. Raises LearningError or NarratorError."""
    settings, model = training_settings(asked), model_folder(asked.model)
    examples = datasets.read(dataset)
    if not asked.search:
        return teach(examples, settings, model, out, tell, over=asked.start)

    def one(numbers: TrainingSettings, work: Path, told: Tell, watch: Watch) -> Trained:
        return teach(examples, numbers, model, work, told, over=asked.start, watch=watch)

    from core.learning import searching  # noqa: PLC0415 - optuna takes its time; for a search only

    looked = searching.Search(
        settings=settings,
        side=examples.validation,
        model=model,
        work=out / "search",
        trials=asked.search,
        minutes=asked.search_minutes,
        start=asked.start,
    )
    return searching.best(looked, one, tell)


def teach(
    examples: Examples,
    settings: TrainingSettings,
    model: Path,
    out: Path,
    tell: Tell,
    *,
    over: Path | None = None,
    watch: Watch = lambda _: None,
) -> Trained:
    """The same for rows in memory; `over`: a LoRA that the new one stands on, and will hold."""
    began = time.monotonic()
    torch.set_num_threads(settings.threads)
    out.mkdir(parents=True, exist_ok=True)
    before = matrices(with_lora(model, None))
    plain, lora = with_lora(model, over), over
    for number, stage in enumerate(settings.recipe.stages, 1):
        work = out / f"{number}-{stage}"
        if not (work / "lora").exists():
            task = stages.Task(stage, examples, settings, model, work)
            plain = stages.run(task, plain, lora, tell, watch)
            write_lora(change(before, plain), work / "lora", base=model)
            stages.clear(work)
        lora = work / "lora"
        plain = with_lora(model, lora)
    start = read_change(over) if over else {}
    texts = held_out(examples.validation.liked)
    strength, loss = _leashed(change(before, plain), start, settings.leash, model, texts)
    kept = _mixed(change(before, plain), start, strength)
    rank = _write(kept, out / "lora", settings, model, over)
    head = _head(examples, model, out / HEAD)
    facts = {
        "recipe": settings.recipe.value,
        "method": settings.method.value,
        "rank": rank,
        "rate": settings.rate,
        "epochs": settings.epochs,
        "dropout": settings.dropout,
        "tilt": settings.tilt,
        "beta": settings.beta,
        "augment": "+".join(settings.augment),
        "strength": strength,
        "story loss": loss,
        "seconds": round(time.monotonic() - began, 1),
        "seed": settings.seed,
        "curves": json.dumps(curves(out)),
        **_lost(out),
        **_repeated(out),
    }
    return Trained(out / "lora", facts, head)


def curves(out: Path) -> dict[str, list[Mapping[str, float]]]:
    """What the trainers logged, by stage."""
    return {
        str(path.parent.relative_to(out)): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(out.rglob(stages.CURVES))
    }


def _lost(out: Path) -> dict[str, float]:
    """How far the last prefix moved the odds, nats a token, and how far the LoRA is from it."""
    found = sorted(out.glob(f"*/{stages.LOST}"))
    if not found:
        return {}
    moved, left = json.loads(found[-1].read_text(encoding="utf-8"))
    return {"prefix moved, nats": moved, "lost in the LoRA, nats": left}


def _repeated(out: Path) -> dict[str, float]:
    """Share of words said again: before, and in what was learnt at first and then."""
    found = sorted(out.glob(f"*/{levelling.LEVELLED}"))
    if not found:
        return {}
    names = ("repeated before", "repeated at first", "repeated then", "share of then")
    return dict(zip(names, json.loads(found[-1].read_text(encoding="utf-8")), strict=True))


def _write(
    kept: Change, folder: Path, settings: TrainingSettings, model: Path, over: Path | None
) -> int:
    """Keep the LoRA; what training could not change is bit for bit that of what it stands on."""
    taken = read_factors(over) if over else {}
    same = {name: pair for name, pair in taken.items() if not name.endswith(settings.matrices)}
    changed = {name: part for name, part in kept.items() if name not in same}
    return write_lora(changed, folder, base=model, also=same)


def _leashed(
    changed: Change, start: Change, leash: float, model: Path, texts: Texts
) -> tuple[float, float]:
    """How much of the change is kept, and by what share the loss on stories rises with that."""
    plain = _changed(model, start)
    before = fmean(read_by(plain, model, texts))
    found = (0.0, 0.0)
    for strength in _STRENGTHS:
        loss = fmean(read_by(_changed(model, _mixed(changed, start, strength)), model, texts))
        found = (strength, loss / before - 1)
        if found[1] <= leash:
            break
    return found


def _mixed(changed: Change, start: Change, strength: float) -> Change:
    """From where training began so far towards where it came."""
    return {
        name: strength * part + (1 - strength) * start.get(name, torch.zeros_like(part))
        for name, part in changed.items()
    }


def _changed(model: Path, added: Change) -> GPT2LMHeadModel:
    plain = with_lora(model, None)
    apply(added, plain)
    return plain


def _head(examples: Examples, model: Path, path: Path) -> Path | None:
    """The discriminator of the ratings, for reranking and asking; None where all are alike."""
    found = verdicts(reader(model), examples.train.judged)
    if not found.both:
        return None
    fit(found).save(path)
    return path
