"""The registry of LoRAs: candidate, live, retired or rejected; one of each scope is live.

The files are below the data folder; here stands what they should be (their hash), where they come
from (base, dataset, run, parent) and what was measured of them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update

from core.errors import LoraRefused
from core.storage.learning_tables import datasets, loras, trials
from core.storage.ledger import AnyRow, Ledger
from core.storage.tables import passages, ratings


class LoraState(StrEnum):
    """Where a LoRA stands in its life."""

    CANDIDATE = "candidate"
    LIVE = "live"
    RETIRED = "retired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class NewLora:
    """A LoRA as a run hands it in."""

    name: str
    scope: int
    base: str
    base_hash: str
    hash: str  # SHA-256 of its safetensors
    folder: str  # below the data folder
    parent: str | None  # the LoRA whose weights its training began with
    run: int | None
    dataset: str | None  # a hash
    facts: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA as the registry knows it."""

    name: str
    scope: int
    state: LoraState
    base: str
    base_hash: str
    hash: str
    folder: str
    parent: str | None
    replaced: str | None  # what was live before it; None: the model as it is
    run: int | None
    dataset: str | None
    facts: dict[str, Any]
    environment: dict[str, Any]
    measures: dict[str, Any]
    reasons: tuple[str, ...]
    report: str
    stale: bool  # learned from what may no longer be used
    made: datetime
    decided: datetime | None


@dataclass(frozen=True, slots=True)
class Trial:
    """Two LoRAs side by side."""

    id: int
    champion: str | None  # None: the model as it is
    challenger: str
    share: float  # of the places that get the challenger
    begun: datetime
    ended: datetime | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Heard:
    """One thumb given to a passage that a LoRA wrote during a trial."""

    author: int
    story: int
    lora: str | None
    value: int
    given: datetime


_SAME = ("name", "scope", "base", "base_hash", "hash", "folder", "run", "facts", "environment")
_parents, _replaced = loras.alias("parents"), loras.alias("old")
_LORAS = (
    select(
        loras,
        _parents.c.name.label("parent_name"),
        _replaced.c.name.label("replaced_name"),
        datasets.c.hash.label("dataset_hash"),
    )
    .outerjoin(_parents, _parents.c.id == loras.c.parent)
    .outerjoin(_replaced, _replaced.c.id == loras.c.replaced)
    .outerjoin(datasets, datasets.c.id == loras.c.dataset)
)
_champions, _challengers = loras.alias("champions"), loras.alias("challengers")
_TRIALS = (
    select(trials, _champions.c.name.label("one"), _challengers.c.name.label("other"))
    .outerjoin(_champions, _champions.c.id == trials.c.champion)
    .join(_challengers, _challengers.c.id == trials.c.challenger)
)


class Loras(Ledger):
    """The part of a transaction that knows LoRAs."""

    def add_lora(self, new: NewLora, *, now: datetime) -> Lora:
        """Put a candidate into the registry; it is there once, however often it is handed in."""
        if self._id(new.name) is None:
            row = {
                **{name: getattr(new, name) for name in _SAME},
                "state": LoraState.CANDIDATE,
                "parent": self._id(new.parent),
                "dataset": self._db.scalar(
                    select(datasets.c.id).where(datasets.c.hash == new.dataset)
                ),
                "measures": {},
                "reasons": [],
                "report": "",
                "stale": False,
                "made": now,
            }
            self._db.execute(insert(loras), row)
        return self.lora(new.name)

    def lora(self, name: str) -> Lora:
        """The LoRA of this name. Raises LoraRefused where there is none."""
        row = self._db.execute(_LORAS.where(loras.c.name == name)).first()
        if row is None:
            raise LoraRefused(f"There is no LoRA {name!r}; `taleturn loras list` names them.")
        return _to_lora(row)

    def loras(self) -> list[Lora]:
        """Every LoRA there is, newest first."""
        return [_to_lora(row) for row in self._db.execute(_LORAS.order_by(loras.c.id.desc()))]

    def live_loras(self) -> dict[int, Lora]:
        """What is live, by scope; a scope without one has the model as it is, or everybody's."""
        live = _LORAS.where(loras.c.state == LoraState.LIVE)
        return {row.scope: _to_lora(row) for row in self._db.execute(live)}

    def note_evaluation(
        self, name: str, *, measures: dict[str, Any], reasons: tuple[str, ...], report: str
    ) -> None:
        """Keep what was measured of a LoRA, and why it was taken or not, in words."""
        change = update(loras).where(loras.c.name == name)
        self._db.execute(change.values(measures=measures, reasons=list(reasons), report=report))

    def reject_lora(self, name: str, *, now: datetime) -> None:
        """Put a candidate aside."""
        self._set(self.lora(name), LoraState.REJECTED, now)

    def promote_lora(self, name: str, *, now: datetime) -> Lora:
        """Make a LoRA the live one of its scope; the one before it retires.

        Raises LoraRefused for one that learned from what may no longer be used.
        """
        new = self.lora(name)
        if new.stale:
            raise LoraRefused(
                f"{name} learned from what somebody has taken back since; `taleturn learn` "
                "trains one without it."
            )
        if new.state is LoraState.LIVE:
            return new
        old = self.live_loras().get(new.scope)
        if old is not None:
            self._set(old, LoraState.RETIRED, now)
        change = update(loras).where(loras.c.name == name)
        self._db.execute(change.values(replaced=self._id(old.name if old else None)))
        self._set(new, LoraState.LIVE, now)
        self.end_trial("another LoRA went live", now=now)
        return self.lora(name)

    def roll_back(self, scope: int, *, now: datetime) -> Lora | None:
        """Make what was live before live again, but nothing stale; None: the model as it is."""
        live = self.live_loras().get(scope)
        if live is None:
            raise LoraRefused("No LoRA is live, so there is nothing to roll back.")
        self._set(live, LoraState.RETIRED, now)
        self.end_trial("rolled back", now=now)
        before = self.lora_before(live)
        if before is None:
            return None
        self._set(before, LoraState.LIVE, now)
        return self.lora(before.name)

    def lora_before(self, lora: Lora) -> Lora | None:
        """What was live before, but nothing stale; None: the model as it is."""
        before, seen = lora, {lora.name}  # one that went live twice may lead back to itself
        while before.replaced is not None and before.replaced not in seen:
            before = self.lora(before.replaced)
            seen.add(before.name)
            if not before.stale:
                return before
        return None

    def _set(self, lora: Lora, state: LoraState, now: datetime) -> None:
        change = update(loras).where(loras.c.name == lora.name)
        self._db.execute(change.values(state=state, decided=now))

    def _id(self, name: str | None) -> int | None:
        return self._db.scalar(select(loras.c.id).where(loras.c.name == name))

    # ------------------------------------------------------------ two side by side
    def begin_trial(self, challenger: str, *, share: float, now: datetime) -> Trial:
        """Let a LoRA write in a share of the places, beside everybody's live one."""
        new = self.lora(challenger)
        if new.stale or new.state is LoraState.LIVE:
            raise LoraRefused(
                f"{challenger} is {'stale' if new.stale else 'live already'}; try another one."
            )
        self.end_trial("another trial began", now=now)
        live = self.live_loras().get(new.scope)
        row = {
            "champion": self._id(live.name if live else None),
            "challenger": self._id(challenger),
            "share": share,
            "begun": now,
            "verdict": "",
        }
        self._db.execute(insert(trials), row)
        return _to_trial(self._db.execute(_TRIALS.where(trials.c.ended.is_(None))).one())

    def trial(self) -> Trial | None:
        """The trial that runs; None: there is none."""
        row = self._db.execute(_TRIALS.where(trials.c.ended.is_(None))).first()
        return _to_trial(row) if row else None

    def end_trial(self, verdict: str, *, now: datetime) -> None:
        """End the trial that runs, if any, with what came of it in words."""
        change = update(trials).where(trials.c.ended.is_(None))
        self._db.execute(change.values(ended=now, verdict=verdict))

    def heard(self, trial: Trial) -> list[Heard]:
        """The thumbs on what either LoRA wrote since the trial began, oldest first."""
        query = (
            select(ratings, passages.c.story, passages.c.provenance)
            .join(passages, passages.c.id == ratings.c.passage)
            .where(passages.c.written >= trial.begun, passages.c.provenance.is_not(None))
            .order_by(ratings.c.given, ratings.c.passage, ratings.c.author)
        )
        heard = [
            Heard(row.author, row.story, row.provenance["lora"], row.value, row.given)
            for row in self._db.execute(query)
        ]
        return [one for one in heard if one.lora in {trial.champion, trial.challenger}]


def _to_lora(row: AnyRow) -> Lora:
    return Lora(
        **{name: getattr(row, name) for name in _SAME},
        state=LoraState(row.state),
        parent=row.parent_name,
        replaced=row.replaced_name,
        dataset=row.dataset_hash,
        measures=row.measures,
        reasons=tuple(row.reasons),
        report=row.report,
        stale=row.stale,
        made=row.made,
        decided=row.decided,
    )


def _to_trial(row: AnyRow) -> Trial:
    return Trial(
        id=row.id,
        champion=row.one,
        challenger=row.other,
        share=row.share,
        begun=row.begun,
        ended=row.ended,
        verdict=row.verdict,
    )
