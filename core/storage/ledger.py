"""What every part of a transaction stands on: its connection, and how rows become stories."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from core.story.model import (
    Length,
    Lore,
    Origin,
    Passage,
    Preset,
    Provenance,
    State,
    Story,
    Style,
)

AnyRow = Row[*tuple[Any, ...]]
Insert = sqlite.Insert | postgresql.Insert


class Ledger:
    """An open transaction's connection. Rows never leave it: what comes out is a story's word."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def _write(self, statement: Mapping[str, Executable], values: Any) -> Any:
        """Execute a statement that the two databases spell differently."""
        return self._db.execute(statement[self._db.dialect.name], values)


def on_both(table: Table, write: Callable[[Insert], Executable]) -> Mapping[str, Executable]:
    """An insert with ON CONFLICT, once in each database's words."""
    return {"sqlite": write(sqlite.insert(table)), "postgresql": write(postgresql.insert(table))}


def style_to_json(style: Style) -> dict[str, Any]:
    """A style as its column keeps it."""
    return {
        "genre": style.genre,
        "mood": style.mood,
        "length": style.length,
        "preset": style.preset,
        "banned": list(style.banned),
        "seed": style.seed,
    }


def provenance_to_json(provenance: Provenance | None) -> dict[str, Any] | None:
    """A provenance as its column keeps it."""
    if provenance is None:
        return None
    return {
        "model": provenance.model,
        "lora": provenance.lora,
        "seed": provenance.seed,
        "preset": provenance.preset,
        "wish": provenance.wish,
        "best_of": provenance.best_of,
        "asked": provenance.asked,
    }


def to_story(row: AnyRow, lore: tuple[Lore, ...]) -> Story:
    """The story of a row."""
    return Story(
        id=row.id,
        title=row.title,
        premise=row.premise,
        style=_to_style(row.style),
        lore=lore,
        state=State(row.state),
        head=row.head,
        branch=row.branch,
        version=row.version,
        begun=row.begun,
        told=row.told,
    )


def to_lore(row: AnyRow) -> Lore:
    """The lore of a row."""
    return Lore(id=row.id, keywords=tuple(row.keywords), text=row.text, always=row.always)


def to_passage(row: AnyRow) -> Passage:
    """The passage of a row."""
    return Passage(
        id=row.id,
        parent=row.parent,
        depth=row.depth,
        text=row.text,
        origin=Origin(row.origin),
        author=row.author,
        provenance=_to_provenance(row.provenance),
        recap=row.recap,
        written=row.written,
        heir=row.heir,
    )


def _to_style(kept: dict[str, Any]) -> Style:
    return Style(
        genre=kept["genre"],
        mood=kept["mood"],
        length=Length(kept["length"]),
        preset=Preset(kept["preset"]),
        banned=tuple(kept["banned"]),
        seed=kept["seed"],
    )


def _to_provenance(kept: dict[str, Any] | None) -> Provenance | None:
    if kept is None:
        return None
    return Provenance(
        model=kept["model"],
        lora=kept["lora"],
        seed=kept["seed"],
        preset=Preset(kept["preset"]),
        wish=kept["wish"],
        best_of=kept.get("best_of", 1),  # what was written before these were kept has neither
        asked=kept.get("asked", False),
    )
