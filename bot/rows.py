"""Datasets out and in: what may be learned from as files, and texts with a licence."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot import wiring
from bot.settings import Settings, data_folder
from core.errors import LearningError
from core.learning import dataset as datasets
from core.narrator.headings import Field, heading
from core.narrator.screening import Level, screen

_LIKED = {"1": True, "true": True, "good": True, "0": False, "false": False, "bad": False}


def imported_folder(settings: Settings, name: str) -> Path:
    """Where an imported dataset is kept."""
    return data_folder(settings) / "datasets" / "imported" / name


def import_dataset(settings: Settings, file: Path, *, licence: str, name: str, mood: bool) -> str:
    """Take in texts with their licence; `mood`: labels become the mood a text is written in."""
    if not licence:
        raise LearningError("A text needs a licence to be learned from; name it with --licence.")
    rows: dict[str, list[datasets.Row]] = {}
    unsafe = 0
    for number, given in enumerate(_rows_of(file), 1):
        kind, row = _imported(given, mood=mood, where=f"{file}, row {number}")
        if screen(row.get("chosen") or row["completion"], Level.STRICT).safe:
            rows.setdefault(kind, []).append(row)
        else:
            unsafe += 1
    if not rows:
        raise LearningError(f"{file} holds no rows to learn from.")
    name = name or file.stem
    wiring.made_data_folder(settings)
    found = datasets.licensed(name, rows, licence)
    datasets.write(found, imported_folder(settings, name))
    counts = ", ".join(f"{kind} {len(some)}" for kind, some in sorted(rows.items()))
    counts += f"; left out as unsafe: {unsafe}" if unsafe else ""
    return f"{name}: {counts}. `taleturn learn --dataset {name}` learns from it."


def _rows_of(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a CSV file with a head, or of a JSONL file."""
    with _readable(file), file.open(encoding="utf-8", newline="") as lines:
        if file.suffix.lower() == ".csv":
            yield from csv.DictReader(lines)
            return
        for number, line in enumerate(lines, 1):
            row = json.loads(line) if line.strip() else None
            if row is not None and not isinstance(row, dict):
                raise LearningError(f"{file}, line {number}: a row is an object, {{...}}.")
            if row is not None:
                yield row


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LearningError(f"{file}: {error.strerror}.") from error
    except (ValueError, csv.Error) as error:
        raise LearningError(f"{file} cannot be read: {error}. Save it as JSONL or CSV.") from error


def _imported(given: dict[str, Any], *, mood: bool, where: str) -> tuple[str, datasets.Row]:
    """A row of ours, by the columns it has."""
    asked = _first(given, "question", "premise", "prompt")
    text = _first(given, "answer", "completion", "text", "sentence")
    label = _first(given, "label", "mood")
    prompt = heading(
        [
            (Field.STYLE, "tale"),
            *([(Field.PREMISE, asked)] if asked else []),
            *([(Field.MOOD, label)] if mood and label else []),
        ]
    )
    chosen, rejected = _first(given, "chosen"), _first(given, "rejected")
    if chosen and rejected:
        return "dpo", {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    if not text:
        raise LearningError(
            f"{where}: it has no text; name the columns question and answer, or text and label, or "
            "prompt, chosen and rejected."
        )
    if label and not mood:
        if label.lower() not in _LIKED:
            raise LearningError(
                f"{where}: the label {label!r} is neither good nor bad; with --label-is-mood, "
                "labels become the mood that a text is written in."
            )
        return "kto", {"prompt": prompt, "completion": text, "label": _LIKED[label.lower()]}
    return "sft", {"prompt": prompt, "completion": text}


def _first(given: dict[str, Any], *names: str) -> str:
    return next((str(given[name]).strip() for name in names if given.get(name) is not None), "")
