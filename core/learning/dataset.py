"""Datasets: rows for SFT, KTO and DPO, split by story; as files, and back.

    DATASET/manifest.json           hash, counts, sides, where it comes from
    DATASET/README.md               a card that tells `datasets.load_dataset` what there is
    DATASET/sft/train.jsonl         prompt, completion        what was liked
    DATASET/kto/train.jsonl         prompt, completion, label thumbs, retries, edits
    DATASET/dpo/train.jsonl         prompt, chosen, rejected  picks, votes
    DATASET/asked/test.jsonl        assignment                to be written again, by the gate

Each kind has train, validation and test. A story is on the side that a hash of its id says, so no
story is on two, now or in a later dataset. Every row tells its story, its weight (how much the
voices behind it count), its basis of consent and what wrote it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from core.errors import LearningError
from core.learning.clearing import Basis
from core.learning.examples import Examples, Liked, Pair, Side, Thumb
from core.learning.whole import take_place
from core.narrator.narrator import Assignment, Mode
from core.story.model import Length, Preset

SIDES = ("train", "validation", "test")
KINDS = ("sft", "kto", "dpo", "asked")
FORMATS = ("jsonl", "parquet")
_SHARES = (0.7, 0.8)  # train, then validation; the gate's judge needs the rest
_MANIFEST = "manifest.json"
_SAID = 12  # digits of a hash that name a story

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows by kind and side, in a fixed order."""

    rows: Mapping[tuple[str, str], tuple[Row, ...]]
    authors: frozenset[int] = frozenset()  # whose texts and voices are in it; not written
    places: frozenset[int] = frozenset()
    source: str = "feedback"

    def __len__(self) -> int:
        return sum(map(len, self.rows.values()))

    @property
    def hash(self) -> str:
        """SHA-256 over every row: the same rows have the same hash on any machine."""
        total = hashlib.sha256()
        for kind in KINDS:
            for side in SIDES:
                for row in self.rows.get((kind, side), ()):
                    total.update(f"{kind} {side} {line(row)}\n".encode())
        return total.hexdigest()


def side_of(story: str) -> str:
    """The side of a story, by a hash of its name."""
    drawn = int(hashlib.sha256(story.encode()).hexdigest()[:8], 16) / 2**32
    return next(
        (side for side, below in zip(SIDES, _SHARES, strict=False) if drawn < below), "test"
    )


def story_name(number: int) -> str:
    """The name of a story in a dataset: nothing that tells which one it is."""
    return hashlib.sha256(f"story {number}".encode()).hexdigest()[:_SAID]


def write(dataset: Dataset, folder: Path, form: str = "jsonl") -> Path:
    """Write the dataset's files; the folder appears when all of them are there.

    Raises LearningError where the disk does not take them; nothing is left behind then.
    """
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write_files(dataset, part, form)
        take_place(part, folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise LearningError(
            f"The dataset cannot be written to {folder} ({error.strerror or error}); free some "
            "space, or name another folder."
        ) from error
    return folder


def _write_files(dataset: Dataset, folder: Path, form: str) -> None:
    for (kind, side), rows in sorted(dataset.rows.items()):
        if not rows:
            continue
        file = folder / kind / f"{side}.{form}"
        file.parent.mkdir(exist_ok=True)
        if form == "parquet":
            _write_parquet(rows, file)
        else:
            file.write_text("".join(f"{line(row)}\n" for row in rows), encoding="utf-8")
    counts = {f"{kind}/{side}": len(rows) for (kind, side), rows in sorted(dataset.rows.items())}
    manifest = {"hash": dataset.hash, "source": dataset.source, "format": form, "rows": counts}
    (folder / "README.md").write_text(_card(dataset, form), encoding="utf-8")
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _write_parquet(rows: Sequence[Row], file: Path) -> None:
    from pyarrow import Table, parquet  # noqa: PLC0415 - of the extra "learn"; for an export only

    parquet.write_table(Table.from_pylist([*rows]), file)


def _card(dataset: Dataset, form: str) -> str:
    """A dataset card: its head tells `datasets` the files of each kind."""
    lines = ["---", "configs:"]
    for kind in KINDS:
        sides = [side for side in SIDES if dataset.rows.get((kind, side))]
        if sides:
            lines += [f"- config_name: {kind}", "  data_files:"]
            for side in sides:
                lines += [f"  - split: {side}", f"    path: {kind}/{side}.{form}"]
    lines += ["---", "", "# What a group thought of its narrator's passages", ""]
    lines += [f"SHA-256 of all rows: `{dataset.hash}`. Source: {dataset.source}.", ""]
    lines += ["`basis` says why a text may be used: `narrator` wrote it, its author opted in with"]
    lines += ["their `own` text, or it was imported with a `licence`. `weight` says how much the"]
    lines += ["voices behind a row count. A story is on one side only.", ""]
    return "\n".join(lines)


def manifest(folder: Path) -> dict[str, Any]:
    """What a dataset's manifest says. Raises LearningError where there is none."""
    try:
        found: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LearningError(f"{folder} is no dataset of Taleturn's: {error}.") from error
    return found


def read(folder: Path) -> Examples:
    """The rows of a dataset written as jsonl. Raises LearningError if a file was changed."""
    dataset = load(folder)
    return Examples(*(_side(dataset, side) for side in SIDES))


def load(folder: Path) -> Dataset:
    """The dataset of a folder, if it is as it was written. Raises LearningError."""
    told = manifest(folder)
    try:
        rows = {
            (kind, side): tuple(map(json.loads, file.read_text("utf-8").splitlines()))
            for kind in KINDS
            for side in SIDES
            if (file := folder / kind / f"{side}.jsonl").is_file()
        }
    except (OSError, ValueError) as error:
        raise LearningError(f"A file of the dataset {folder} cannot be read: {error}.") from error
    dataset = Dataset(rows, source=told.get("source", ""))
    if dataset.hash != told.get("hash"):
        raise LearningError(
            f"The dataset {folder} is not what it was when it was written (its hash differs); "
            "delete the folder, and it is collected again."
        )
    return dataset


def _side(dataset: Dataset, side: str) -> Side:
    def rows(kind: str) -> Iterable[Row]:
        return dataset.rows.get((kind, side), ())

    return Side(
        liked=tuple(
            Liked(
                row["prompt"],
                row["completion"],
                row["story"],
                row["weight"],
                told=row.get("basis", Basis.NARRATOR) == Basis.NARRATOR,
            )
            for row in rows("sft")
        ),
        thumbs=tuple(
            Thumb(row["prompt"], row["completion"], row["label"], row["story"], row["weight"])
            for row in rows("kto")
        ),
        pairs=tuple(
            Pair(row["prompt"], row["chosen"], row["rejected"], row["story"], row["weight"])
            for row in rows("dpo")
        ),
        asked=tuple(_to_assignment(row["assignment"]) for row in rows("asked")),
    )


def line(row: Row) -> str:
    """A row as JSON, the same for the same row."""
    return json.dumps(row, ensure_ascii=False, sort_keys=True)


def spelled(assignment: Assignment) -> str:
    """An assignment as a row keeps it."""
    return json.dumps(asdict(assignment), ensure_ascii=False, sort_keys=True)


def _to_assignment(kept: str) -> Assignment:
    given: dict[str, Any] = json.loads(kept)
    known = {field.name for field in fields(Assignment)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if name in known
    }
    for name, kind in (("mode", Mode), ("length", Length), ("preset", Preset)):
        values[name] = kind(values[name])
    return Assignment(**values)


def licensed(name: str, rows: Mapping[str, Sequence[Row]], licence: str) -> Dataset:
    """A dataset of imported rows by kind; each row is a story of its own unless it names one."""
    found: dict[tuple[str, str], list[Row]] = {}
    for kind, given in rows.items():
        for number, row in enumerate(given):
            story = row.get("story") or hashlib.sha256(f"{name} {number}".encode()).hexdigest()
            whole = {"weight": 1.0, "basis": Basis.LICENCE.value, "licence": licence} | row
            found.setdefault((kind, side_of(story)), []).append(whole | {"story": story[:_SAID]})
    ordered = {key: tuple(sorted(rows_, key=line)) for key, rows_ in found.items()}
    return Dataset(ordered, source=f"{name} ({licence})")
