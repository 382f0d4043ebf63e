"""A training run from the library's feedback to a LoRA that is live, or is not, with the reasons.

    open run -> collect -> train -> add candidate -> evaluate -> decide -> settle

Each arrow stands where a killed run may be taken up again: `learn` looks for a run that was left
open, takes what is whole of it, and does the rest. No transaction is open while anything is
computed, and the live LoRA changes in the last one only.
"""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.errors import LearningError, TaleturnError, TooLittle
from core.learning import dataset as datasets
from core.learning import files
from core.learning.clearing import Rules
from core.learning.collecting import Collected, Prompt, collected
from core.learning.plan import Evaluation, LearningSettings, Progress, School, Tell, Trained
from core.storage.gleaning import Gleanings
from core.storage.library import Library
from core.storage.loras import Lora, NewLora
from core.storage.runs import EVERYBODY, Run, RunState

LEASE = "learning"
_LASTING = timedelta(minutes=30)  # longer than any step without a word
_KINDS = {"sft": ("sft",), "dpo": ("dpo",), "kto": ("kto",)}  # rows that a recipe cannot do without


@dataclass(frozen=True, slots=True)
class Study:
    """What a run works on."""

    library: Library
    data: Path  # the data folder
    base: Path  # the model's folder
    prompt: Prompt
    school: School
    settings: LearningSettings
    clock: Callable[[], datetime]
    rules: Rules = field(default_factory=Rules)
    minimum: float = 100.0  # what the voices must count together
    newcomer: timedelta = timedelta(days=1)
    scope: int = EVERYBODY
    dataset: Path | None = None  # learn from this one instead of the library's feedback
    tell: Tell = lambda _: None


@dataclass(frozen=True, slots=True)
class Learned:
    """How a run ended."""

    lora: Lora
    promoted: bool
    reasons: tuple[str, ...]
    report: Path | None


def learn(study: Study) -> Learned:
    """Do a whole run, or the rest of one. Raises TooLittle, LearningError or NarratorError."""
    with _alone(study) as holder:
        files.sweep(study.data)
        run = _opened(study)
        folder = study.data / "runs" / str(run.id)
        study = replace(study, tell=_telling(study, run, holder))
        try:
            with files.room_to_write(folder):
                return _learned(study, run, folder)
        except TaleturnError as error:
            _failed(study, run, str(error))
            shutil.rmtree(folder, ignore_errors=True)
            raise
        except Exception as error:  # the run's boundary: whatever broke is kept with the run
            _failed(study, run, f"it broke: {error!r}"[:500])
            raise


def _learned(study: Study, run: Run, folder: Path) -> Learned:
    dataset = _collect(study, run)
    live = _live(study)
    trained = study.school.train(study.settings, dataset, folder / "training", study.tell)
    lora = _add(study, run, trained, live)
    study.tell(Progress("evaluating"))
    at = study.data / live.folder if live else None
    kept = replace(trained, folder=study.data / lora.folder)
    evaluation = study.school.evaluate(
        study.settings, dataset, kept, at, folder / "evaluation", study.tell
    )
    return _settle(study, run, lora, evaluation)


# ---------------------------------------------------------------- opening
@contextmanager
def _alone(study: Study) -> Iterator[str]:
    """Hold the lease: only one run learns at a time, whatever machines serve."""
    holder, now = f"{socket.gethostname()}:{os.getpid()}", study.clock()
    with study.library.begin() as tx:
        other = tx.take_lease(LEASE, holder, until=now + _LASTING, now=now)
        if other != holder and _is_dead(other):
            tx.drop_lease(LEASE, other)
            other = tx.take_lease(LEASE, holder, until=now + _LASTING, now=now)
    if other != holder:
        raise LearningError(f"Another run is learning already ({other}); wait until it has ended.")
    try:
        yield holder
    finally:
        with study.library.begin() as tx:
            tx.drop_lease(LEASE, holder)


def _is_dead(holder: str) -> bool:
    """Whether a process of this machine that held the lease is no more."""
    host, _, number = holder.rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _opened(study: Study) -> Run:
    """The run that was left open, if it was asked the same; else a new one."""
    settings, now, given_up = _facts(study), study.clock(), list[Run]()
    with study.library.begin() as tx:
        stale = {dataset.hash for dataset in tx.stale_datasets()}
        for run in tx.open_runs():
            if run.scope == study.scope and run.settings == settings and run.dataset not in stale:
                return run
            tx.close_run(run.id, RunState.FAILED, "broken off; begun anew", now=now)
            given_up.append(run)
        opened = tx.open_run(
            scope=study.scope, recipe=study.settings.recipe, settings=settings, now=now
        )
    for run in given_up:
        shutil.rmtree(study.data / "runs" / str(run.id), ignore_errors=True)
    return opened


def _facts(study: Study) -> dict[str, Any]:
    """The settings as JSON keeps them."""
    found = asdict(study.settings) | {"dataset": str(study.dataset) if study.dataset else ""}
    return {key: str(value) if isinstance(value, Path) else value for key, value in found.items()}


def _telling(study: Study, run: Run, holder: str) -> Tell:
    """Tell whoever asked, and now and then the library: that keeps the lease, too."""
    told = study.clock() - _LASTING

    def tell(progress: Progress) -> None:
        nonlocal told
        study.tell(progress)
        now = study.clock()
        if now - told >= timedelta(seconds=2):
            told = now
            with study.library.begin() as tx:
                tx.note_progress(run.id, asdict(progress), now=now)
                tx.take_lease(LEASE, holder, until=now + _LASTING, now=now)

    return tell


def _failed(study: Study, run: Run, reason: str) -> None:
    """Note why; where even that cannot be kept, the next run finds this one open."""
    try:
        with study.library.begin() as tx:
            tx.close_run(run.id, RunState.FAILED, reason, now=study.clock())
    except TaleturnError as error:
        raise LearningError(f"{reason} And the run could not be closed: {error}") from error


# ---------------------------------------------------------------- collecting
def _collect(study: Study, run: Run) -> Path:
    """The folder of the run's dataset, collected now or before it was broken off."""
    study.tell(Progress("collecting"))
    if study.dataset is not None:
        datasets.load(study.dataset)
        return study.dataset
    if run.dataset is not None:
        folder = study.data / "datasets" / run.dataset[:12]
        if folder.is_dir() and datasets.load(folder).hash == run.dataset:
            return folder
    found = collect(study)
    _enough(study, found)
    rows = found.dataset
    folder = study.data / "datasets" / rows.hash[:12]
    # Noted first: files that nobody has noted would outlive it when somebody takes a text back.
    with study.library.begin() as tx:
        tx.keep_dataset(
            run.id,
            hash=rows.hash,
            folder=str(folder.relative_to(study.data)),
            rows=len(rows),
            authors=rows.authors,
            places=rows.places,
            now=study.clock(),
        )
    return datasets.write(rows, folder)


def collect(study: Study) -> Collected:
    """What may be learned from now."""
    return collected(
        _gleanings(study),
        study.rules,
        study.prompt,
        now=study.clock(),
        newcomer=study.newcomer,
    )


def _gleanings(study: Study) -> Gleanings:
    with study.library.begin() as tx:
        return tx.glean(None if study.scope == EVERYBODY else study.scope)


def _enough(study: Study, found: Collected) -> None:
    """Raise TooLittle, saying how much is missing, unless there is enough to learn from."""
    missing = study.minimum - found.weight
    if missing > 0:
        _leave_stale(study)
        raise TooLittle(
            f"There is too little to learn from: {found.voices} ratings, picks and the like count "
            f"for {found.weight:.1f} of the {study.minimum:g} that are needed (learning.minimum); "
            f"{missing:.1f} are missing. One author's flood and accounts of today count little."
        )
    kinds = _KINDS.get(study.settings.recipe, ("kto", "dpo"))
    bare = [
        side
        for side in datasets.SIDES
        if not any(found.dataset.rows.get((kind, side)) for kind in kinds)
    ]
    if bare:
        _leave_stale(study)
        raise TooLittle(
            f"No story that was judged falls on the side for {' and '.join(bare)} yet, since too "
            "few were judged: a tenth of them is for validation and a fifth for the test. Tell and "
            "rate a few more stories."
        )


def _leave_stale(study: Study) -> None:
    """Where none can be trained without what was taken back, the LoRA with it goes all the same."""
    with study.library.begin() as tx:
        live = tx.live_loras().get(study.scope)
        if live is not None and live.stale:
            tx.roll_back(study.scope, now=study.clock())
    _clean(study)


# ---------------------------------------------------------------- candidate and verdict
def _live(study: Study) -> Lora | None:
    """What the candidate has to beat: the scope's own LoRA, else everybody's.

    One that learned from what was taken back goes in any case: then it is what would come back.
    """
    with study.library.begin() as tx:
        live = tx.live_loras()
        for scope in (study.scope, EVERYBODY):
            found = live.get(scope)
            if found is not None and found.stale:
                found = tx.lora_before(found)
            if found is not None:
                return found
    return None


def _add(study: Study, run: Run, trained: Trained, live: Lora | None) -> Lora:
    name = f"lora-{run.id}"
    folder = study.data / "loras" / name
    weights = files.keep(trained, folder)
    started = study.settings.start
    new = NewLora(
        name=name,
        scope=study.scope,
        base=study.settings.model,
        base_hash=files.sha256(study.base / "model.safetensors"),
        hash=weights,
        folder=str(folder.relative_to(study.data)),
        parent=live.name if live and started and started.name == live.name else None,
        run=run.id,
        dataset=_dataset_of(study, run),
        facts=dict(trained.facts),
        environment=files.environment(),
    )
    with study.library.begin() as tx:
        return tx.add_lora(new, now=study.clock())


def _dataset_of(study: Study, run: Run) -> str | None:
    with study.library.begin() as tx:
        return next(one.dataset for one in tx.open_runs() if one.id == run.id)


def _settle(study: Study, run: Run, lora: Lora, evaluation: Evaluation) -> Learned:
    """Decide, and in one transaction keep the verdict, move what is live, and close the run."""
    decision = study.school.decide(evaluation, study.settings)
    now = study.clock()
    report = str(evaluation.report) if evaluation.report else ""
    with study.library.begin() as tx:
        tx.note_evaluation(
            lora.name,
            measures={measure.name: asdict(measure) for measure in evaluation.measures},
            reasons=decision.reasons,
            report=report,
        )
        # Somebody may have taken something back while this one was trained.
        promote = decision.promote and not tx.lora(lora.name).stale
        live = tx.live_loras().get(study.scope)
        if promote:
            tx.promote_lora(lora.name, now=now)
        else:
            tx.reject_lora(lora.name, now=now)
            if live is not None and live.stale:
                tx.roll_back(study.scope, now=now)
        outcome = f"{lora.name} {'went live' if promote else 'was not taken'}: "
        tx.close_run(run.id, RunState.DONE, outcome + "; ".join(decision.reasons), now=now)
        settled = tx.lora(lora.name)
    _clean(study)
    return Learned(settled, promote, decision.reasons, evaluation.report)


def _clean(study: Study) -> None:
    """Delete the files of datasets and LoRAs that hold what was taken back, unless one is live."""
    with study.library.begin() as tx:
        live = {lora.name for lora in tx.live_loras().values()}
        spoilt = [lora.folder for lora in tx.loras() if lora.stale and lora.name not in live]
        stale = tx.stale_datasets()
    for folder in (*spoilt, *(dataset.folder for dataset in stale)):
        shutil.rmtree(study.data / folder, ignore_errors=True)
    with study.library.begin() as tx:
        for dataset in stale:
            tx.drop_dataset(dataset.hash)
