"""A loaded model with its tokenizer: assignments become jobs of its batch, texts get scores."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.errors import LoraRefused, ModelUnavailable
from core.narrator.asking import wishes
from core.narrator.batches import Batch, BatchSettings, Job
from core.narrator.guarding import barred_tokens, guard_for
from core.narrator.lean import Lean
from core.narrator.lexicon import read_words
from core.narrator.narrator import Assignment, Fit, Mode
from core.narrator.pen import Pen
from core.narrator.prompt import LEAST_WINDOW, build
from core.narrator.reading import Reading
from core.narrator.sampling import sampling
from core.narrator.sentiment import Head, read_head, readings
from core.narrator.settings import STARTER, NarratorSettings
from core.narrator.tokens import Tokens, read_tokens, tidy
from core.narrator.weights import SUMS, Weights, read_weights, verify

_BUNDLED = Path(__file__).parent / "starter"
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "vocab.json", "merges.txt")
_SMALL = 40_000_000  # parameters: more than one thread only makes such a model slower
_MOST_THREADS = 8
_MEGABYTE = 2**20


class Storyteller:
    """A model in memory. Its methods block: call them from threads."""

    def __init__(
        self,
        weights: Weights,
        tokens: Tokens,
        settings: NarratorSettings,
        folder: Path,
        words: frozenset[str] = frozenset(),
    ) -> None:
        """`words`: all that the model has read, if it is known; then it makes up no others."""
        self._weights = weights
        self._settings = settings
        self._folder = folder
        self._tokens = tokens
        self._words = words
        self._threads = settings.threads or _threads(weights)
        self._scorer: Lean | None = None
        self._head: Head | None = None
        self._head_sought = False
        self._scoring = threading.Lock()
        self._submitting = threading.Lock()
        self._batch = self._new_batch()
        self._retired: list[Batch] = []

    def job(self, assignment: Assignment, attempt: int, news: Callable[[], None]) -> Job:
        """What the batch is to do; another `attempt` at the same assignment draws other words."""
        prompt = build(assignment, self._tokens, self._weights.window)
        pen = Pen(
            self._tokens,
            prompt.measure,
            guard_for(assignment, self._words),
            barred=barred_tokens(assignment.banned, self._tokens),
            wishes=wishes(assignment),
        )
        return Job(
            prompt=prompt.ids,
            room=prompt.measure.most,
            pen=pen,
            sampling=sampling(assignment),
            seed=f"{assignment.seed}.{attempt}",
            place=assignment.place,
            news=news,
        )

    def submit(self, job: Job) -> None:
        """Let the batch write it. Raises Overloaded when too many wait."""
        with self._submitting:
            self._batch.submit(job)

    def use(self, lora: Path | None) -> None:
        """Lay another LoRA over the model; what was submitted before is written with the old one.

        Raises LoraRefused, or ModelUnavailable for the model itself; then all stays as it was.
        """
        if lora:
            _verified_lora(lora)
        weights = read_weights(self._folder, self._weights.tokens.device, lora)
        with self._scoring:
            self._weights, self._scorer = weights, None
        batch = self._new_batch()
        with self._submitting:
            self._batch, old = batch, self._batch
        old.retire()
        self._retired = [old, *(each for each in self._retired if not each.done)]

    def fit(self, assignment: Assignment) -> Fit:
        """How the assignment fills the window."""
        return build(assignment, self._tokens, self._weights.window).fit

    def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """Mean log-likelihood of each text after the assignment's prompt, in nats a token."""
        prompt = build(assignment, self._tokens, self._weights.window).ids
        lead = " " if assignment.mode is Mode.TITLE else ""
        with self._scoring, torch.inference_mode():
            torch.set_num_threads(self._threads)
            scorer = self._scorer = self._scorer or Lean(self._weights, 1)
            device = self._weights.tokens.device
            if len(prompt) > 1:
                scorer.read(0, torch.tensor(prompt[:-1], device=device), 0, only_keep=True)
            return [
                self._likelihood(scorer, prompt, self._tokens.encode(lead + tidy(text)))
                if tidy(text)
                else float("-inf")
                for text in texts
            ]

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What the model makes of texts; its head for moods is looked for at the first."""
        with self._scoring, torch.inference_mode():
            torch.set_num_threads(self._threads)
            if not self._head_sought:
                self._head, self._head_sought = read_head(self._folder), True
            return readings(self._weights, self._tokens, self._head, texts)

    def close(self) -> None:
        """Finish what is being written."""
        for batch in (self._batch, *self._retired):
            batch.close()

    def _new_batch(self) -> Batch:
        settings = self._settings
        return Batch(
            Lean(self._weights, _slots(self._weights, settings)),
            self._tokens,
            BatchSettings(
                waiting=settings.waiting,
                prefix_bytes=settings.prefix_megabytes * _MEGABYTE,
                threads=self._threads,
                drain=settings.drain_seconds,
            ),
        )

    def _likelihood(self, scorer: Lean, prompt: tuple[int, ...], ids: tuple[int, ...]) -> float:
        start = len(prompt) - 1
        ids = ids[: self._weights.window - start]
        device = self._weights.tokens.device
        told: Tensor = torch.tensor(ids, device=device)  # (tokens,)
        before = torch.tensor((prompt[-1], *ids[:-1]), device=device)
        logits = scorer.logits(scorer.read(0, before, start))  # (tokens, vocabulary)
        found = logits.log_softmax(-1).gather(1, told[:, None])
        return float(found.mean())


def load(settings: NarratorSettings) -> Storyteller:
    """The model the settings name. Raises ModelUnavailable with the remedy."""
    folder = _folder(settings.model)
    if (folder / SUMS).exists():
        verify(folder)
    if settings.lora:
        _verified_lora(settings.lora)
    weights = read_weights(folder, _device(settings.device), settings.lora)
    tokens = read_tokens(folder)
    if weights.window < LEAST_WINDOW:
        raise ModelUnavailable(
            f"{folder} sees {weights.window} tokens at once; a story needs {LEAST_WINDOW}."
        )
    if weights.tokens.shape[0] < tokens.size:
        raise ModelUnavailable(
            f"{folder} has a tokenizer of {tokens.size} tokens for a model of "
            f"{weights.tokens.shape[0]}: they do not belong together."
        )
    return Storyteller(weights, tokens, settings, folder, read_words(folder))


def _verified_lora(lora: Path) -> None:
    if (lora / SUMS).exists():
        try:
            verify(lora)
        except ModelUnavailable as error:
            raise LoraRefused(str(error)) from error


def _folder(model: str) -> Path:
    if model == STARTER:
        if not (_BUNDLED / SUMS).exists():
            raise ModelUnavailable(f"{_BUNDLED / SUMS} is missing. Install Taleturn again.")
        return _BUNDLED
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith((".", "~")):
        raise ModelUnavailable(f"narrator.model names a folder that is not there: {folder}")
    return _from_hub(model)


def _from_hub(model: str) -> Path:
    from huggingface_hub import errors, snapshot_download  # noqa: PLC0415 - slow, and rarely needed

    try:
        return Path(snapshot_download(model, allow_patterns=list(_FILES)))
    except (errors.HFValidationError, OSError) as error:
        raise ModelUnavailable(
            f"narrator.model = {model!r} is neither a folder here nor a model that the hub could "
            f"be asked for: {error}"
        ) from error


def _device(wanted: str) -> torch.device:
    found = [
        name
        for name, there in (
            ("cuda", torch.cuda.is_available()),
            ("mps", torch.backends.mps.is_available()),
            ("cpu", True),
        )
        if there
    ]
    if wanted != "auto" and wanted not in found:
        raise ModelUnavailable(
            f"narrator.device = {wanted!r}, but this machine has {' and '.join(found)}. "
            'Set it to "auto".'
        )
    return torch.device(found[0] if wanted == "auto" else wanted)


def _threads(weights: Weights) -> int:
    if weights.parameters < _SMALL:
        return 1
    return min(os.cpu_count() or 1, _MOST_THREADS)


def _slots(weights: Weights, settings: NarratorSettings) -> int:
    width = weights.tokens.shape[1]
    each = 2 * len(weights.layers) * width * weights.window * weights.tokens.element_size()
    return max(1, min(settings.slots, settings.slot_megabytes * _MEGABYTE // each))
