"""Assignments and what becomes of them, as the lines of JSON that go over a wire and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from core.errors import LoraRefused, ModelUnavailable, NarratorAway, NarratorError, Overloaded
from core.narrator.narrator import Assignment, Doubt, Fit, Mode
from core.story.model import Length, Preset

Json = Mapping[str, Any]
_ERRORS = {
    error.__name__: error
    for error in (NarratorError, ModelUnavailable, LoraRefused, NarratorAway, Overloaded)
}


def line(said: Json) -> str:
    """One line for it. Half a surrogate, which no UTF-8 can hold, travels as its number."""
    return json.dumps(said) + "\n"


def assignment_line(assignment: Assignment, **more: object) -> str:
    """An assignment and what else is said with it."""
    return line({"assignment": asdict(assignment), **more})


def assignment_from(said: Json) -> Assignment:
    """The assignment of a line. Raises NarratorError where it is none."""
    given = said.get("assignment")
    known = {field.name for field in fields(Assignment)}
    if not isinstance(given, dict) or not given.keys() <= known:
        raise NarratorError("That is no assignment of this version.")
    try:
        return Assignment(
            **{name: _frozen(value) for name, value in given.items()}
            | {
                "mode": Mode(given["mode"]),
                "length": Length(given["length"]),
                "preset": Preset(given["preset"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NarratorError(f"That is no assignment of this version: {error}") from error


def fit_from(said: Json) -> Fit:
    """What `asdict` made of a Fit."""
    return Fit(**{name: _frozen(value) for name, value in said["fit"].items()})


def doubts_from(said: Json) -> tuple[Doubt, ...]:
    """What `asdict` made of doubts."""
    return tuple(
        Doubt(one["word"], one["at"], one["likelihood"], tuple(map(_frozen, one["rather"])))
        for one in said["doubts"]
    )


def error_line(error: NarratorError) -> str:
    """An error; the narrowest of those that are known over there."""
    name = next(one.__name__ for one in type(error).__mro__ if one.__name__ in _ERRORS)
    return line({"error": name, "said": str(error)})


def error_from(said: Json) -> NarratorError | None:
    """The error of a line, if it holds one."""
    name = said.get("error")
    return _ERRORS.get(name, NarratorError)(str(said.get("said"))) if name else None


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
