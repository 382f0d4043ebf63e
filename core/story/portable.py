"""A story as JSON that can be put back: the whole tree, without the numbers of a database.

Passages are named by their place in the file, counted from 1, and a parent always stands before
its children: a file cannot name what it does not hold, nor run in circles. Who wrote a passage is
left out, since authors are another place's people. A file is read as if a stranger made it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.errors import ImportRefused
from core.story.cleaning import clean, one_line
from core.story.model import (
    Branch,
    Length,
    Lore,
    Origin,
    Passage,
    Preset,
    Provenance,
    State,
    Story,
    Style,
    Volume,
)

MOST_BYTES = 20_000_000  # what a Telegram bot may download
MOST_PASSAGES = 20_000
_MOST_LORE = 1000
_MOST_SEED = 2**63 - 1
_CANNOT = "This file cannot be imported as a story"

# The limits of what people can type (`core.session.texts`), so that what could be told can be read.
_Text = Annotated[str, Field(max_length=8000), AfterValidator(clean), Field(min_length=1)]
_Line = Annotated[str, Field(max_length=1000), AfterValidator(one_line)]
_Title = Annotated[str, Field(max_length=100), AfterValidator(one_line), Field(min_length=1)]
_Fact = Annotated[str, Field(max_length=500), AfterValidator(one_line), Field(min_length=1)]
_Name = Annotated[str, Field(max_length=100), AfterValidator(one_line)]
_Number = Annotated[int, Field(ge=1, le=MOST_PASSAGES)]
_Seed = Annotated[int, Field(ge=0, le=_MOST_SEED)]


class _Sheet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Style(_Sheet):
    genre: _Name = ""
    mood: _Name = ""
    length: Length = Length.MEDIUM
    preset: Preset = Preset.LIVELY
    banned: Annotated[tuple[_Name, ...], Field(max_length=100)] = ()
    seed: _Seed | None = None


class _Lore(_Sheet):
    keywords: Annotated[tuple[_Name, ...], Field(max_length=100)]
    text: _Fact
    always: bool = False


class _Provenance(_Sheet):
    model: Annotated[str, Field(max_length=500)]
    lora: Annotated[str, Field(max_length=500)] | None
    seed: _Seed
    preset: Preset
    wish: Annotated[str, Field(max_length=1000)] = ""
    best_of: Annotated[int, Field(ge=1, le=64)] = 1
    asked: bool = False


class _Passage(_Sheet):
    parent: _Number | None
    text: _Text
    origin: Origin
    provenance: _Provenance | None
    recap: Annotated[str, Field(max_length=25_000), AfterValidator(clean)]
    written: AwareDatetime
    heir: _Number | None = None


class _Branch(_Sheet):
    name: Annotated[_Name, Field(min_length=1)]
    tip: _Number | None


class _File(_Sheet):
    format: Literal["taleturn-story"]
    version: Literal[1]
    title: _Title
    premise: _Line = ""
    style: _Style
    lore: Annotated[tuple[_Lore, ...], Field(max_length=_MOST_LORE)] = ()
    state: State
    head: _Number | None
    branch: Annotated[_Name, Field(min_length=1)]
    begun: AwareDatetime
    told: AwareDatetime
    passages: Annotated[tuple[_Passage, ...], Field(max_length=MOST_PASSAGES)]
    branches: Annotated[tuple[_Branch, ...], Field(min_length=1, max_length=1000)]


def to_json(volume: Volume) -> bytes:
    """Return the whole tree as a file that `from_json` reads."""
    story = volume.story
    number: dict[int | None, int | None] = {None: None}
    number |= {passage.id: place for place, passage in enumerate(volume.passages, start=1)}
    file = {
        "format": "taleturn-story",
        "version": 1,
        "title": story.title,
        "premise": story.premise,
        "style": asdict(story.style),
        "lore": [
            {"keywords": entry.keywords, "text": entry.text, "always": entry.always}
            for entry in story.lore
        ],
        "state": story.state,
        "head": number[story.head],
        "branch": story.branch,
        "begun": story.begun.isoformat(),
        "told": story.told.isoformat(),
        "passages": [
            {
                "parent": number[passage.parent],
                "text": passage.text,
                "origin": passage.origin,
                "provenance": asdict(passage.provenance) if passage.provenance else None,
                "recap": passage.recap,
                "written": passage.written.isoformat(),
                "heir": number[passage.heir],
            }
            for passage in volume.passages
        ],
        "branches": [
            {"name": branch.name, "tip": number[branch.tip]} for branch in volume.branches
        ],
    }
    return (json.dumps(file, ensure_ascii=False, indent=1) + "\n").encode()


def from_json(content: str | bytes) -> Volume:
    """Read a story from a file, with ids counted from 1 and no authors. Raises ImportRefused."""
    size = len(content.encode(errors="replace") if isinstance(content, str) else content)
    if size > MOST_BYTES:
        raise ImportRefused(
            f"This file has {size:,} bytes; a story to import has at most {MOST_BYTES:,}."
        )
    try:
        file = _File.model_validate_json(content)
    except ValidationError as error:
        raise ImportRefused(_first_trouble(error)) from error
    volume = Volume(
        story=_story(file),
        passages=_passages(file.passages),
        branches=tuple(Branch(branch.name, branch.tip) for branch in file.branches),
    )
    _check_branches(volume)
    return volume


def _first_trouble(error: ValidationError) -> str:
    trouble = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in trouble["loc"])
    if not where:
        return "This file is no story exported as JSON."
    return f"{_CANNOT}: {where}: {trouble['msg']}."


def _story(file: _File) -> Story:
    return Story(
        id=1,
        title=file.title,
        premise=file.premise,
        style=Style(**dict(file.style)),
        lore=tuple(
            Lore(id=number, keywords=entry.keywords, text=entry.text, always=entry.always)
            for number, entry in enumerate(file.lore, start=1)
        ),
        state=file.state,
        head=_held(file.head, "head", len(file.passages)),
        branch=file.branch,
        version=1,
        begun=file.begun,
        told=file.told,
    )


def _passages(sheets: Sequence[_Passage]) -> tuple[Passage, ...]:
    passages: list[Passage] = []
    for number, sheet in enumerate(sheets, start=1):
        where = f"passages.{number}"
        parent = _held(sheet.parent, f"{where}.parent", number - 1)
        heir = _held(sheet.heir, f"{where}.heir", len(sheets))
        if heir is not None and sheets[heir - 1].parent != number:
            raise ImportRefused(f"{_CANNOT}: {where}.heir: {heir} does not follow it.")
        passages.append(
            Passage(
                id=number,
                parent=parent,
                depth=1 if parent is None else passages[parent - 1].depth + 1,
                text=sheet.text,
                origin=sheet.origin,
                author=None,
                provenance=Provenance(**dict(sheet.provenance)) if sheet.provenance else None,
                recap=sheet.recap,
                written=sheet.written,
                heir=heir,
            )
        )
    return tuple(passages)


def _held(number: int | None, where: str, most: int) -> int | None:
    """Return a passage's number, if the file holds it before the place that names it."""
    if number is not None and number > most:
        raise ImportRefused(f"{_CANNOT}: {where}: there is no passage {number} to point to.")
    return number


def _check_branches(volume: Volume) -> None:
    names = [branch.name for branch in volume.branches]
    if len(set(names)) < len(names):
        raise ImportRefused(f"{_CANNOT}: branches: two have one name.")
    if volume.story.branch not in names:
        raise ImportRefused(f"{_CANNOT}: branch: {volume.story.branch!r} is none of its branches.")
    for branch in volume.branches:
        _held(branch.tip, f"branches.{branch.name}", len(volume.passages))
