"""Learning by hand: runs, and the registry of LoRAs."""

import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot import wiring
from bot.rows import imported_folder
from bot.settings import Settings, data_folder
from core.errors import LearningError, SettingsError
from core.learning import dataset as datasets
from core.learning import files
from core.learning.clearing import Rules
from core.learning.plan import Evaluation, LearningSettings, Progress, School, Tell, Trained
from core.learning.promotion import decide
from core.learning.run import Learned, Study, collect, learn
from core.learning.trials import Standing, standing
from core.narrator.settings import STARTER
from core.storage.library import Library
from core.storage.loras import Lora, LoraState, Trial
from core.storage.runs import EVERYBODY

_PLATFORMS = ("telegram", "discord", "terminal")
_SECONDS = 5.0  # between two lines of progress
# What trains has bars and warnings of its own, which would fill the log between our lines.
_QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"}


def learning_settings(
    settings: Settings, *, recipe: str | None = None, search: int | None = None
) -> LearningSettings:
    """What a run is to do, by the settings and the command line."""
    told = settings.learning
    return LearningSettings(
        model=settings.narrator.model,
        device=settings.narrator.device,
        threads=settings.narrator.threads,
        recipe=told.recipe if recipe is None else recipe,
        method=told.method,
        rank=told.rank,
        augment=told.augment,
        search=told.search if search is None else search,
        search_minutes=told.search_minutes,
        passages=told.passages,
        minutes=told.minutes,
        margin=told.margin,
        loss_tolerance=told.loss_tolerance,
        diversity_tolerance=told.diversity_tolerance,
        copied_tolerance=told.copied_tolerance,
        wandb=told.wandb,
    )


def base_folder(settings: Settings) -> Path:
    """The folder of the model that is trained. Raises SettingsError."""
    if settings.narrator.backend != "local":
        raise SettingsError(
            f'narrator.backend = "{settings.narrator.backend}" is not trained here; learning needs '
            'the model\'s own folder and backend = "local".'
        )
    if settings.narrator.model == STARTER:
        from core import narrator  # noqa: PLC0415  # its folder, no more

        return Path(narrator.__path__[0]) / STARTER
    folder = Path(settings.narrator.model).expanduser()
    if not folder.is_dir():
        raise SettingsError(
            f"narrator.model names a hub's model, {settings.narrator.model!r}; to learn, download "
            "it and name its folder."
        )
    return folder


def study_of(settings: Settings, library: Library, asked: LearningSettings) -> Study:
    """What a run works on."""
    from core.learning.examples import prompt_text  # noqa: PLC0415  # tokenizers; not for a list
    from core.narrator.tokens import read_tokens  # noqa: PLC0415  # the same

    base = base_folder(settings)
    tokens = read_tokens(base)
    window = json.loads((base / "config.json").read_text(encoding="utf-8"))["n_positions"]
    return Study(
        library=library,
        data=data_folder(settings),
        base=base,
        prompt=lambda assignment: prompt_text(assignment, tokens, window),
        school=School(_train, _evaluate, decide),
        settings=asked,
        clock=lambda: datetime.now(UTC),
        rules=rules(settings),
        minimum=settings.learning.minimum,
        newcomer=timedelta(hours=settings.learning.newcomer_hours),
    )


# What computes is imported when it is called: torch and its friends take seconds.
def _train(asked: LearningSettings, dataset: Path, out: Path, tell: Tell) -> Trained:
    from core.learning.training import train  # noqa: PLC0415  # see above

    return train(asked, dataset, out, tell)


def _evaluate(
    asked: LearningSettings,
    dataset: Path,
    trained: Trained,
    live: Path | None,
    out: Path,
    tell: Tell,
) -> Evaluation:
    from core.learning.evaluation import evaluate  # noqa: PLC0415  # see above

    return evaluate(asked, dataset, trained, live, out, tell)


def rules(settings: Settings) -> Rules:
    """What the operator lets be used."""
    told = settings.learning.model_dump()
    return Rules(own_text=frozenset(p for p in _PLATFORMS if told[f"own_text_{p}"]))


# ---------------------------------------------------------------- a run
def learn_by_hand(
    settings: Settings,
    console: Console,
    *,
    recipe: str | None,
    search: int | None,
    dataset: str,
    place: int,
) -> Learned:
    """Do a run in this process, and tell how far it is."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with wiring.opened_library(settings) as library:
        asked = learning_settings(settings, recipe=recipe, search=search)
        study = replace(study_of(settings, library, asked), scope=place, tell=_Lines(console))
        if dataset:
            study = replace(study, dataset=_named(settings, dataset))
        learned = learn(_started(study))
    verdict = "is live now" if learned.promoted else "was not taken"
    reasons = "; ".join(learned.reasons)
    console.print(f"{learned.lora.name} {verdict}: {reasons}", markup=False, soft_wrap=True)
    if learned.report is not None:
        console.print(f"The report: {learned.report}", markup=False, soft_wrap=True)
    return learned


def _started(study: Study) -> Study:
    """A group's own LoRA begins with everybody's live one."""
    if study.scope == EVERYBODY:
        return study
    study = replace(study, settings=replace(study.settings, own=True))
    with study.library.begin() as tx:
        common = tx.live_loras().get(EVERYBODY)
    if common is None or common.stale:
        return study
    start = files.check(common, study.data)
    return replace(study, settings=replace(study.settings, start=start))


class _Lines:
    """Prints progress as lines, at most one in some seconds, and each phase's first."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase = ""
        self._told = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.phase == self._phase and now - self._told < _SECONDS:
            return
        self._phase, self._told = progress.phase, now
        self._console.print(progress_line(progress), markup=False)


def progress_line(progress: Progress) -> str:
    """How far a run is, in a line."""
    parts = [progress.phase]
    if progress.steps:
        parts.append(f"step {progress.step} of {progress.steps}")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if progress.minutes_left is not None:
        parts.append(f"{progress.minutes_left:.1f} minutes left")
    return ", ".join(parts)


def _named(settings: Settings, name: str) -> Path:
    """An imported dataset by its name, or any by its folder."""
    imported = imported_folder(settings, name)
    return imported if imported.is_dir() else Path(name)


# ---------------------------------------------------------------- the registry
def show_loras(settings: Settings, console: Console) -> None:
    """Print every LoRA, newest first, the trial that runs, and the newest run."""
    with wiring.opened_library(settings) as library, library.begin() as tx:
        found, runs, trial = tx.loras(), tx.runs(1), tx.trial()
        heard = tx.heard(trial) if trial else []
    table = Table(box=None, pad_edge=False)
    for column in ("name", "state", "for", "made", "dataset", "why"):
        table.add_column(column, overflow="fold")
    for lora in found:
        table.add_row(*_cells(lora))
    console.print(table if found else "No LoRAs yet; `taleturn learn` trains one.")
    if trial is not None:
        console.print(_trial_line(trial, standing(trial, heard)), markup=False)
    if runs:
        outcome = runs[0].outcome or progress_line(Progress(**runs[0].progress or {"phase": "new"}))
        console.print(f"Run {runs[0].id} ({runs[0].state}): {outcome}", markup=False)


def _cells(lora: Lora) -> tuple[str, ...]:
    state = str(lora.state)
    if lora.stale:
        state += ", to be rebuilt" if lora.state is LoraState.LIVE else ", taken back"
    whose = "all" if lora.scope == EVERYBODY else f"place {lora.scope}"
    made = lora.made.astimezone().strftime("%Y-%m-%d %H:%M")
    return lora.name, state, whose, made, (lora.dataset or "")[:12], "; ".join(lora.reasons)


def _trial_line(trial: Trial, found: Standing) -> str:
    low, high = found.interval
    verdict = "open"
    if found.decided:
        verdict = trial.challenger if found.challenger_wins else (trial.champion or "the model")
        verdict += " is better"
    return (
        f"Trial: {trial.challenger} in {trial.share:.0%} of the places beside "
        f"{trial.champion or 'the model as it is'}: {found.wins} won, {found.losses} lost, "
        f"{found.ties} alike; its share of wins is between {low:.0%} and {high:.0%}: {verdict}"
    )


def promote(settings: Settings, name: str) -> str:
    """Make a LoRA live, if its files are what was measured."""
    with wiring.opened_library(settings) as library:
        with library.begin() as tx:
            lora = tx.lora(name)
        files.check(lora, data_folder(settings))
        with library.begin() as tx:
            tx.promote_lora(name, now=datetime.now(UTC))
    return f"{name} is live."


def roll_back(settings: Settings, place: int) -> str:
    """Bring back what was live before."""
    with wiring.opened_library(settings) as library, library.begin() as tx:
        before = tx.roll_back(place, now=datetime.now(UTC))
    return f"{before.name if before else 'The model as it is'} is live again."


def begin_trial(settings: Settings, name: str, share: float) -> str:
    """Let a LoRA write in a share of the places; share 0 ends the trial."""
    now = datetime.now(UTC)
    with wiring.opened_library(settings) as library:
        if not share:
            with library.begin() as tx:
                tx.end_trial("ended by hand", now=now)
            return "The trial is over; every place hears what is live."
        with library.begin() as tx:
            lora = tx.lora(name)
        files.check(lora, data_folder(settings))
        with library.begin() as tx:
            trial = tx.begin_trial(name, share=share, now=now)
    return _trial_line(trial, Standing(0, 0))


# ---------------------------------------------------------------- what may be learned from
def export_dataset(settings: Settings, form: str, out: Path) -> str:
    """Write what may be learned from now as a dataset."""
    if form not in datasets.FORMATS:
        raise LearningError(f"{form!r} is not one of {', '.join(datasets.FORMATS)}.")
    folder = out / "dataset" if out.is_dir() else out
    if folder.exists():
        raise LearningError(f"{folder} is there already; name another folder with --out.")
    with wiring.opened_library(settings) as library:
        found = collect(study_of(settings, library, learning_settings(settings)))
    datasets.write(found.dataset, folder, form)
    return f"{folder}: {len(found.dataset)} rows from {found.voices} voices"
