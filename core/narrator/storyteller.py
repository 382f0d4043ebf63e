"""A loaded model with its tokenizer: assignments become jobs of its batch, texts get scores."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.errors import ModelUnavailable
from core.narrator import runtimes, weighing
from core.narrator.asking import wishes
from core.narrator.batches import BatchSettings
from core.narrator.guarding import barred_beginnings, barred_tokens, guard_for
from core.narrator.jobs import Job
from core.narrator.lanes import Lanes
from core.narrator.lexicon import read_words
from core.narrator.loras import SUMS, Lora, read_lora
from core.narrator.narrator import BASE, Assignment, Doubt, Fit, Mode
from core.narrator.pen import Pen
from core.narrator.prompt import LEAST_WINDOW, build
from core.narrator.reading import Reading
from core.narrator.sampling import sampling
from core.narrator.sentiment import Head, read_head, readings
from core.narrator.settings import STARTER, NarratorSettings
from core.narrator.stretch import Stretch
from core.narrator.tokens import Tokens, read_tokens, tidy
from core.narrator.weights import Weights, read_sizes, read_weights, verify
from core.narrator.worn import worn

_BUNDLED = Path(__file__).parent / "starter"
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "vocab.json", "merges.txt")
_MOST_LORAS = 64  # kept in memory besides the live one
_MEGABYTE = 2**20


class Storyteller:
    """A model in memory. Its methods block: call them from threads."""

    def __init__(
        self,
        weights: Weights,
        tokens: Tokens,
        settings: NarratorSettings,
        folder: Path,
        live: Lora | None = None,
        words: frozenset[str] = frozenset(),
    ) -> None:
        """`words`: all that the model has read, if it is known; then it makes up no others."""
        self._weights = weights
        self._settings = settings
        self._folder = folder
        self._tokens = tokens
        self._words = words
        self._threads = runtimes.threads(settings.threads)
        self._live = live
        self._live_folder = settings.lora
        self._sizes: tuple[dict[str, tuple[int, ...]], str] | None = None
        self._loras: OrderedDict[str, Lora] = OrderedDict()
        self._ready = runtimes.ready(weights, tokens, settings)
        self._scorer: runtimes.Runtime | None = None
        self._head: Head | None = None
        self._head_sought = False
        self._scoring = threading.Lock()
        self._submitting = threading.RLock()
        self._lanes = self._new_lanes(self._ready)
        self._retired: list[Lanes] = []

    def job(self, assignment: Assignment, attempt: int, news: Callable[[], None]) -> Job:
        """What the batch is to do; another `attempt` at the same assignment draws other words."""
        self._mend()
        self._lora(assignment.lora)  # both here, where they may take their time
        prompt = build(assignment, self._tokens, self._weights.window)
        pen = Pen(
            self._tokens,
            prompt.measure,
            guard_for(assignment, self._words),
            barred=barred_tokens(assignment.banned, self._tokens),
            beginning=barred_beginnings(assignment, self._tokens),
            wishes=wishes(assignment),
            worn=worn(self._tokens),
            own=frozenset(token for token in prompt.ids if self._tokens.telling[token]),
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

    def submit(self, job: Job, lora: str = "") -> None:
        """Let the batch write it. Raises Overloaded when too many wait."""
        with self._submitting:  # what it adds to the weights depends on which ones are there
            job.lora = self._lora(lora)
            self._lanes.submit(job)

    def use(self, lora: Path | None) -> None:
        """Lay another LoRA over the model; what was submitted before is written with the old one.

        Raises LoraRefused, or ModelUnavailable for the model itself; then all stays as it was.
        """
        live = self._read_lora(lora) if lora else None
        weights = _read(self._folder, self._settings, live)
        ready = runtimes.ready(weights, self._tokens, self._settings)
        lanes = self._new_lanes(ready)
        with self._submitting, self._scoring:
            self._go_on_with(lanes, ready)
            self._weights = weights
            self._loras.clear()
            if self._live and self._live_folder:
                # A turn that began with it may come yet, and by then its files may be deleted.
                self._loras[str(self._live_folder)] = self._live.in_place_of(live)
            self._live, self._live_folder = live, lora

    def fit(self, assignment: Assignment) -> Fit:
        """How the assignment fills the window."""
        return build(assignment, self._tokens, self._weights.window).fit

    def score(self, assignment: Assignment, texts: Sequence[str]) -> list[float]:
        """Mean log-likelihood of each text after the assignment's prompt, in nats a token."""
        prompt = build(assignment, self._tokens, self._weights.window).ids
        lead = " " if assignment.mode is Mode.TITLE else ""
        lora = self._lora(assignment.lora)
        with self._scoring, torch.inference_mode():
            scorer = self._own_scorer()
            if len(prompt) > 1:
                scorer.read([Stretch(0, prompt[:-1], 0, lora)])
            return [
                _likelihood(scorer, prompt, self._tokens.encode(lead + tidy(text)), lora)
                if tidy(text)
                else float("-inf")
                for text in texts
            ]

    def weigh(self, variants: Sequence[Assignment], text: str) -> list[float]:
        """A text's mean log-likelihood after each assignment's prompt, in nats a token."""
        prompts = [build(each, self._tokens, self._weights.window).ids for each in variants]
        lora = self._lora(variants[0].lora)
        with self._scoring, torch.inference_mode():
            told = self._tokens.encode(tidy(text))
            return weighing.weigh(self._own_scorer(), prompts, told, lora)

    def doubts(self, assignment: Assignment, text: str, most: int) -> tuple[Doubt, ...]:
        """The least likely words of a text after the assignment's prompt, those first."""
        prompt = build(assignment, self._tokens, self._weights.window).ids
        lora = self._lora(assignment.lora)
        with self._scoring, torch.inference_mode():
            told = self._tokens.encode(tidy(text))
            scorer = self._own_scorer()
            return weighing.doubts(scorer, self._tokens, prompt, told, most, lora)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """What the model makes of texts; its head for moods is looked for at the first."""
        with self._scoring, torch.inference_mode():
            torch.set_num_threads(self._threads)
            if not self._head_sought:
                self._head, self._head_sought = read_head(self._folder), True
            return readings(self._weights, self._tokens, self._head, texts)

    def close(self) -> None:
        """Finish what is being written."""
        for lanes in (self._lanes, *self._retired):
            lanes.close()

    def _mend(self) -> None:
        """Make anew what computes, where it failed: a graph that did once may go on failing."""
        with self._submitting:
            if self._lanes.broken:
                ready = runtimes.ready(self._weights, self._tokens, self._settings)
                with self._scoring:
                    self._go_on_with(self._new_lanes(ready), ready)

    def _go_on_with(self, lanes: Lanes, ready: runtimes.Ready) -> None:
        """Let those before finish what they have, and write what comes with these."""
        self._lanes.retire()
        self._retired = [self._lanes, *(each for each in self._retired if not each.done)]
        self._lanes, self._ready, self._scorer = lanes, ready, None

    def _own_scorer(self) -> "runtimes.Runtime":
        self._scorer = self._scorer or self._ready.alone()
        return self._scorer

    def _lora(self, wanted: str) -> Lora | None:
        """What is to be added to the weights for a LoRA or BASE; None where nothing is."""
        with self._submitting:
            live = self._live
            if not wanted or self._is_live(wanted):
                return None
            if wanted not in self._loras:
                own = Lora(BASE, {}) if wanted == BASE else self._read_lora(Path(wanted))
                self._loras[wanted] = own.in_place_of(live)
            self._loras.move_to_end(wanted)
            while len(self._loras) > _MOST_LORAS:
                self._loras.popitem(last=False)
            return self._loras[wanted]

    def _is_live(self, wanted: str) -> bool:
        if self._live_folder is None or wanted == BASE:
            return self._live_folder is None and wanted == BASE
        return self._live_folder.absolute() == Path(wanted).absolute()

    def _read_lora(self, folder: Path) -> Lora:
        """Raises LoraRefused."""
        if self._sizes is None:
            self._sizes = read_sizes(self._folder)
        return read_lora(folder, *self._sizes)

    def _new_lanes(self, ready: runtimes.Ready) -> Lanes:
        settings = self._settings
        kept_bytes = settings.prefix_megabytes * _MEGABYTE
        # Where OpenVINO computes, torch only draws, and its idle threads would be in the way.
        drawn_only = runtimes.on_openvino(self._weights.tokens.device)
        return Lanes(
            ready.lanes(runtimes.slots(self._weights, settings), kept_bytes),
            self._tokens,
            BatchSettings(
                waiting=settings.waiting,
                prefix_bytes=kept_bytes,
                threads=1 if drawn_only else self._threads,
                drain=settings.drain_seconds,
            ),
            ready.together,
        )


def _likelihood(
    scorer: "runtimes.Runtime", prompt: tuple[int, ...], ids: tuple[int, ...], lora: Lora | None
) -> float:
    start = len(prompt) - 1
    ids = ids[: scorer.window - start]
    logits = scorer.likely(Stretch(0, (prompt[-1], *ids[:-1]), start, lora))  # (tokens, vocabulary)
    told: Tensor = torch.tensor(ids, device=logits.device)  # (tokens,)
    return float(logits.log_softmax(-1).gather(1, told[:, None]).mean())


def load(settings: NarratorSettings) -> Storyteller:
    """The model the settings name. Raises ModelUnavailable with the remedy."""
    folder = model_folder(settings.model)
    if (folder / SUMS).exists():
        verify(folder)
    live = read_lora(settings.lora, *read_sizes(folder)) if settings.lora else None
    weights = _read(folder, settings, live)
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
    return Storyteller(weights, tokens, settings, folder, live, read_words(folder))


def _read(folder: Path, settings: NarratorSettings, live: Lora | None) -> Weights:
    where = runtimes.device(settings.device)
    return read_weights(folder, where, live, runtimes.torch_precision(where, settings.precision))


def model_folder(model: str) -> Path:
    """The folder of a model: the bundled one, a folder, or a download. Raises ModelUnavailable."""
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
