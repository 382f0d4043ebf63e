"""Training runs and their datasets, each recorded whole; and leases: one process does the job."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from core.storage.learning_tables import (
    dataset_authors,
    dataset_places,
    datasets,
    leases,
    runs,
)
from core.storage.ledger import AnyRow, Ledger, on_both

EVERYBODY = 0  # the scope of a LoRA or run that is not one group's own


class RunState(StrEnum):
    """Where a run stands."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """A training run."""

    id: int
    scope: int  # EVERYBODY, or the id of a place that gets its own LoRA
    recipe: str
    state: RunState
    settings: dict[str, Any]
    progress: dict[str, Any]
    dataset: str | None  # its hash; None: nothing is collected yet
    outcome: str
    begun: datetime
    seen: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A dataset that was written to disk."""

    hash: str
    folder: str
    rows: int
    stale: bool
    made: datetime


_TAKE = on_both(
    leases,
    lambda insert: insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
    ),
)
_RUNS = select(runs, datasets.c.hash).outerjoin(datasets, datasets.c.id == runs.c.dataset)


class Runs(Ledger):
    """The part of a transaction that knows training runs."""

    def take_lease(self, name: str, holder: str, *, until: datetime, now: datetime) -> str:
        """Take or renew a lease, unless somebody else holds it; return who holds it now."""
        row = self._db.execute(
            select(leases).where(leases.c.name == name).with_for_update()
        ).first()
        if row is not None and row.holder != holder and row.until > now:
            found: str = row.holder
            return found
        self._write(_TAKE, {"name": name, "holder": holder, "until": until})
        return holder

    def drop_lease(self, name: str, holder: str) -> None:
        """Let somebody else have it, if this one holds it."""
        self._db.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))

    def open_run(self, *, scope: int, recipe: str, settings: dict[str, Any], now: datetime) -> Run:
        """Note that a run begins."""
        row = {"scope": scope, "recipe": recipe, "settings": settings, "progress": {}}
        state = {"state": RunState.OPEN, "outcome": "", "begun": now, "seen": now}
        key = self._db.execute(insert(runs).returning(runs.c.id), row | state).scalar_one()
        return self._run(key)

    def _run(self, key: int) -> Run:
        return _to_run(self._db.execute(_RUNS.where(runs.c.id == key)).one())

    def open_runs(self) -> list[Run]:
        """The runs that never ended, oldest first."""
        query = _RUNS.where(runs.c.state == RunState.OPEN).order_by(runs.c.id)
        return [_to_run(row) for row in self._db.execute(query)]

    def runs(self, most: int) -> list[Run]:
        """The newest runs, newest first."""
        query = _RUNS.order_by(runs.c.id.desc()).limit(most)
        return [_to_run(row) for row in self._db.execute(query)]

    def note_progress(self, run: int, progress: dict[str, Any], *, now: datetime) -> None:
        """Note how far a run has come."""
        change = update(runs).where(runs.c.id == run)
        self._db.execute(change.values(progress=progress, seen=now))

    def close_run(self, run: int, state: RunState, outcome: str, *, now: datetime) -> None:
        """Note how a run ended, in a sentence."""
        change = update(runs).where(runs.c.id == run)
        self._db.execute(change.values(state=state, outcome=outcome, seen=now, ended=now))

    # ------------------------------------------------------------ datasets
    def keep_dataset(
        self,
        run: int,
        *,
        hash: str,  # noqa: A002 - what it is everywhere else
        folder: str,
        rows: int,
        authors: Collection[int],
        places: Collection[int],
        now: datetime,
    ) -> None:
        """Note what a run learns from, and whose texts and voices are in it."""
        key = self._db.scalar(select(datasets.c.id).where(datasets.c.hash == hash))
        if key is None:
            row = {"hash": hash, "folder": folder, "rows": rows, "stale": False, "made": now}
            key = self._db.execute(insert(datasets).returning(datasets.c.id), row).scalar_one()
        else:  # collected again as it was, so all of it may be used again
            self._db.execute(update(datasets).where(datasets.c.id == key).values(stale=False))
        for table, name, ids in (
            (dataset_authors, "author", authors),
            (dataset_places, "place", places),
        ):
            known = set(self._db.scalars(select(table.c[name]).where(table.c.dataset == key)))
            new = [{"dataset": key, name: id} for id in ids if id not in known]  # noqa: A001 - the same
            if new:
                self._db.execute(insert(table), new)
        self._db.execute(update(runs).where(runs.c.id == run).values(dataset=key))

    def stale_datasets(self) -> list[Kept]:
        """The datasets that hold what may no longer be used."""
        query = select(datasets).where(datasets.c.stale).order_by(datasets.c.id)
        return [
            Kept(row.hash, row.folder, row.rows, row.stale, row.made)
            for row in self._db.execute(query)
        ]

    def drop_dataset(self, hash: str) -> None:  # noqa: A002 - the same
        """Forget a dataset whose files are gone; the LoRAs that used it stay marked."""
        self._db.execute(delete(datasets).where(datasets.c.hash == hash))

    def learned_until(self, scope: int) -> datetime | None:
        """When the newest run that ended well collected; None: there was none yet."""
        query = select(func.max(runs.c.begun)).where(
            runs.c.scope == scope, runs.c.state == RunState.DONE
        )
        found: datetime | None = self._db.scalar(query)
        return found


def _to_run(row: AnyRow) -> Run:
    return Run(
        id=row.id,
        scope=row.scope,
        recipe=row.recipe,
        state=RunState(row.state),
        settings=row.settings,
        progress=row.progress,
        dataset=row.hash,
        outcome=row.outcome,
        begun=row.begun,
        seen=row.seen,
        ended=row.ended,
    )
