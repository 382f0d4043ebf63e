"""Pretraining a starter model, or a LoRA that teaches a larger GPT-2 the headings and the tasks.

The schedule goes by the clock, so the learning rate reaches its end whatever else the machine has
to do; a run that was killed goes on from its last checkpoint.
"""

import random
import time
from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from core.learning.bundle import write_bundle
from core.learning.corpus import MIXTURE, tales
from core.learning.describe import WordWeights
from core.learning.packing import IGNORED, Row, encode, rows
from core.learning.pretrain_run import PretrainSettings, Run, begin, restore, save
from core.learning.stream import stream
from core.learning.tokenizer import train_tokenizer
from core.learning.validation import sample, validation_bits

__all__ = ["PretrainSettings", "pretrain", "rate"]

_TOLD_EVERY = 20  # steps between two lines where there is no terminal
_Forward = Callable[[Tensor, Tensor], Tensor]


def pretrain(
    settings: PretrainSettings, *, resume: bool = False, console: Console | None = None
) -> Run:
    """Train to the end of the minutes (or of patience) and write the bundle to `out`/bundle.

    Raises FileExistsError where `out` holds another run and `resume` is not asked for, and
    FileNotFoundError where there is no text to learn from.
    """
    console = console or Console()
    torch.manual_seed(settings.seed)
    settings.out.mkdir(parents=True, exist_ok=True)
    saved = settings.out / "checkpoint.pt"
    if saved.exists() and not resume:
        raise FileExistsError(f"{saved} holds a run already: resume it, or choose another folder")
    weights = _word_weights(settings)
    run = begin(settings, _tokenizer(settings, weights))
    if saved.exists():
        restore(run, saved)
        console.print(f"resumed at step {run.progress.step}")
    _train(run, _batches(run, weights), console)
    _keep_the_better(run, console)
    write_bundle(run, settings.out / "bundle")
    return run


def rate(settings: PretrainSettings, done: float) -> float:
    """The learning rate's factor: a short rise, a long flat, a straight fall to one per cent."""
    if done < settings.warm_up:
        return max(0.05, done / settings.warm_up)
    if done < settings.flat_until:
        return 1.0
    return max(0.01, (1 - done) / (1 - settings.flat_until))


def _word_weights(settings: PretrainSettings) -> WordWeights:
    texts = [tale.text for pack in MIXTURE for tale in tales(pack, settings.corpus)]
    if not texts:
        raise FileNotFoundError(f"no packs in {settings.corpus}: see core/learning/corpus.py")
    return WordWeights.counted(texts)


def _tokenizer(settings: PretrainSettings, weights: WordWeights) -> PreTrainedTokenizerBase:
    """That of the base or the start, or the run's own: trained on the mixture with its headings."""
    if given := settings.base or settings.start:
        # Typed special tokens are letters to it, as to ours.
        loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            given, split_special_tokens=True
        )
        return loaded
    folder = settings.out / "tokenizer"
    if not folder.exists():
        documents = stream(settings.corpus, weights, settings.seed, lambda: 0.5)
        texts = (
            "".join(piece.text for piece in document.pieces)
            for document in islice(documents, settings.tokenizer_documents)
        )
        unfinished = settings.out / "tokenizer.writing"
        train_tokenizer(texts, settings.vocabulary).save_pretrained(unfinished)
        unfinished.rename(folder)
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return tokenizer


def _batches(run: Run, weights: WordWeights) -> Iterator[list[Row]]:
    """Micro-batches without end; a resumed run sees other documents than those it saw."""
    settings = run.settings
    seed = settings.seed + run.progress.step
    documents = stream(settings.corpus, weights, seed, lambda: run.done)
    encoded = (encode(document, run.tokenizer) for document in documents)
    packed = rows(encoded, run.window, random.Random(seed))
    while batch := list(islice(packed, settings.rows)):
        yield batch


def _train(run: Run, batches: Iterator[list[Row]], console: Console) -> None:
    settings, progress = run.settings, run.progress
    forward = _summed_loss(run)
    if settings.compiled:
        # Compiled, written-out attention beats the flash kernel on a CPU (2380 to 2080 tokens/s).
        if run.device.type == "cpu":
            run.model.set_attn_implementation("eager")
        forward = torch.compile(forward)
    run.model.train()
    checkpointed = validated = progress.elapsed
    smooth = 0.0
    with _bar(console) as bar:
        task = bar.add_task("", total=1.0)
        clock = 0.0  # the first step compiles; its time is not the run's
        while run.done < 1 and progress.stale < settings.patience:
            loss, tokens = _step(run, forward, batches)
            progress.elapsed += time.monotonic() - clock if clock else 0.0
            clock = time.monotonic()
            progress.step += 1
            progress.tokens += tokens
            smooth = 0.95 * smooth + 0.05 * loss if smooth else loss
            bar.update(task, completed=run.done, description=_line(run, smooth))
            if not console.is_terminal and progress.step % _TOLD_EVERY == 0:
                console.print(_line(run, smooth))
            if progress.elapsed - validated > 60 * settings.validate_minutes:
                validated = progress.elapsed
                _validate(run, console)
                clock = time.monotonic()  # nor is the time of a validation
            if progress.elapsed - checkpointed > 60 * settings.checkpoint_minutes:
                checkpointed = progress.elapsed
                save(run, settings.out / "checkpoint.pt")
    save(run, settings.out / "checkpoint.pt")


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        disable=not console.is_terminal,
    )


def _line(run: Run, loss: float) -> str:
    progress = run.progress
    speed = progress.tokens / max(1.0, progress.elapsed)
    left = progress.elapsed / 60 * (1 - run.done) / max(run.done, 1e-3)
    return (
        f"step {progress.step}  loss {loss:.3f}  {progress.tokens / 1e6:.2f} M tokens  "
        f"{speed:.0f} tokens/s  {left:.0f} min left"
    )


def _summed_loss(run: Run) -> _Forward:
    mixed = run.precision == torch.bfloat16

    def forward(inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(run.device.type, torch.bfloat16, enabled=mixed):
            logits = run.model(input_ids=inputs).logits  # (rows, window, vocabulary)
        return F.cross_entropy(
            logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
        )

    return forward


def _step(run: Run, forward: _Forward, batches: Iterator[list[Row]]) -> tuple[float, int]:
    """One step of both optimizers; the loss per learnt token (nats) and the tokens read."""
    parts = [next(batches) for _ in range(run.settings.accumulate)]
    learnt = sum(int((targets != IGNORED).sum()) for part in parts for _, targets in part)
    factor = rate(run.settings, run.done)
    total = 0.0
    for part in parts:
        inputs = torch.from_numpy(np.stack([row[0] for row in part])).to(run.device)
        targets = torch.from_numpy(np.stack([row[1] for row in part])).to(run.device)
        loss = forward(inputs, targets) / learnt
        loss.backward()  # type: ignore[no-untyped-call] # torch's own
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
    for optimizer in run.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        optimizer.step()
        optimizer.zero_grad()
    _average(run)
    return total, run.settings.accumulate * run.settings.rows * run.window


@torch.no_grad()
def _average(run: Run) -> None:
    """Follow the weights; at the very start quickly, so that their first random values fade."""
    kept = min(run.settings.averaging, run.progress.step / (run.progress.step + 10))
    for name, tensor in run.learning.items():
        run.average[name].lerp_(tensor, 1 - kept)


def _bits(run: Run) -> dict[str, float]:
    settings = run.settings
    return validation_bits(run.model, run.tokenizer, settings.corpus, settings.validation_stories)


def _validate(run: Run, console: Console) -> None:
    bits, progress = _bits(run), run.progress
    mean = sum(bits.values()) / max(1, len(bits))
    progress.stale = 0 if mean < progress.best else progress.stale + 1
    progress.best = min(progress.best, mean)
    progress.history.append(
        {"step": progress.step, "tokens": progress.tokens, "seconds": progress.elapsed, **bits}
    )
    told = "  ".join(f"{pack} {value:.3f}" for pack, value in bits.items())
    console.print(f"validation, bits per character: {told}")
    console.print("sample: " + sample(run.model, run.tokenizer), markup=False)


@torch.no_grad()
def _keep_the_better(run: Run, console: Console) -> None:
    """The last weights or their average, whichever reads unseen stories better."""
    last = {name: tensor.clone() for name, tensor in run.learning.items()}
    of_last = sum(_bits(run).values())
    _load(run, run.average)
    of_average = sum(_bits(run).values())
    if of_last < of_average:
        _load(run, last)
    kept = "last" if of_last < of_average else "averaged"
    console.print(f"sum over the packs: last {of_last:.3f}, averaged {of_average:.3f}: kept {kept}")


def _load(run: Run, weights: dict[str, Tensor]) -> None:
    for name, tensor in run.learning.items():
        tensor.copy_(weights[name])
