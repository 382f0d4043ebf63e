"""The Bot API's machine-readable description, as checks in both directions.

It is read from the folder of specifications, which is no part of this repository: where it is
missing there is nothing to check against, and `MISSING` says so.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

SHARED = Path(os.environ.get("TALETURN_SHARED", Path(__file__).parents[2] / ".." / "shared"))
_FILE = SHARED / "specs" / "telegram-api.json"
MISSING = "" if _FILE.exists() else f"no specifications in {SHARED}"

Json = Any
_ARRAY = "Array of "
_CONSTANT = re.compile(r'(?:always|must be) "?([a-z_0-9]+)"?\.?$')
# Fields whose description lists all values there are, in quotes.
_LISTED = {
    ("Chat", "type"),
    ("MessageEntity", "type"),
    ("ReactionTypeEmoji", "emoji"),
    ("InlineQuery", "chat_type"),
}


class Upload:
    """Stands for a file in a decoded request."""


@cache
def _spec() -> dict[str, Json]:
    if MISSING:
        return {"methods": {}, "types": {}}
    spec: dict[str, Json] = json.loads(_FILE.read_text("utf-8"))
    return spec


def is_method(name: str) -> bool:
    """Whether the Bot API has it; True where that cannot be known."""
    return bool(MISSING) or name in _spec()["methods"]


def request_faults(method: str, given: Mapping[str, Json]) -> list[str]:
    """What of a call's parameters the Bot API does not know or take."""
    if MISSING:
        return []
    fields = _spec()["methods"][method].get("fields", [])
    return list(_field_faults(fields, given, method, ""))


def result_faults(method: str, result: Json) -> list[str]:
    """What of an answer is not what the Bot API returns."""
    if MISSING:
        return []
    return list(_faults(_spec()["methods"][method]["returns"], result, f"{method} ->"))


def update_faults(update: Mapping[str, Json]) -> list[str]:
    """What of an update the Bot API would not send."""
    return [] if MISSING else list(_faults(["Update"], update, "Update"))


def _faults(kinds: Sequence[str], value: Json, where: str) -> Iterator[str]:
    """Faults of a value that may be of any of these types: those of the best fit."""
    found = [list(_faults_as(kind, value, where)) for kind in kinds]
    yield from min(found, key=len)


def _faults_as(kind: str, value: Json, where: str) -> Iterator[str]:
    if kind.startswith(_ARRAY):
        if not isinstance(value, list):
            yield f"{where}: no array"
            return
        for index, item in enumerate(value):
            yield from _faults([kind.removeprefix(_ARRAY)], item, f"{where}[{index}]")
    elif kind in _PRIMITIVES:
        if not _PRIMITIVES[kind](value):
            yield f"{where}: {value!r} is no {kind}"
    else:
        described = _spec()["types"][kind]
        if "subtypes" in described:
            yield from _faults(described["subtypes"], value, where)
        elif not isinstance(value, dict):
            yield f"{where}: {value!r} is no {kind}"
        else:
            yield from _field_faults(described.get("fields", []), value, where, kind)


def _field_faults(
    fields: Sequence[Json], given: Mapping[str, Json], where: str, kind: str
) -> Iterator[str]:
    known = {field["name"]: field for field in fields}
    yield from (f"{where}.{name}: unknown" for name in given.keys() - known.keys())
    for name, field in known.items():
        if name in given:
            yield from _faults(field["types"], given[name], f"{where}.{name}")
            yield from _value_faults(field, given[name], f"{where}.{name}", kind)
        elif field["required"]:
            yield f"{where}.{name}: missing"


def _value_faults(field: Json, value: Json, where: str, kind: str) -> Iterator[str]:
    """Faults of a text that the description allows few values of."""
    if field["types"] != ["String"]:
        return
    constant = _CONSTANT.search(field["description"])
    if constant and value != constant[1]:
        yield f"{where}: {value!r} is not {constant[1]!r}"
    if (kind, field["name"]) in _LISTED:
        allowed = re.findall(r'"([^"]+)"', field["description"])
        if value not in allowed:
            yield f"{where}: {value!r} is none of {allowed}"


_PRIMITIVES = {
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "String": lambda value: isinstance(value, str),
    "InputFile": lambda value: isinstance(value, Upload),
}
