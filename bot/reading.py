"""Reading settings: TOML and environment in, checked models or one clear sentence out."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.errors import SettingsError

Model = TypeVar("Model", bound=BaseModel)
Table = dict[str, object]

_PREFIX = "TALETURN__"  # two underscores, so that TALETURN_TELEGRAM_TOKEN is no setting
_SECRETS = ("token", "secret", "password")
_REMEDIES = {
    "int_type": "write a whole number, without quotes",
    "float_type": "write a number, without quotes",
    "string_type": "write it in quotes",
    "path_type": "write a path in quotes",
    "bool_type": "write true or false, without quotes",
    "literal_error": "write {expected}",
    "greater_than": "write more than {gt}",
    "greater_than_equal": "write {ge} or more",
    "less_than_equal": "write {le} or less",
    "string_too_short": "it must not be empty",
    "model_type": "write it as a section, [{key}], with its settings below",
}


def settings_from(model: type[Model], file: Path | None, environment: Mapping[str, str]) -> Model:
    """Return the settings of a file, with those of the environment over them. SettingsError."""
    tables = _toml(file) if file else {}
    origins: dict[str, str] = {}  # key -> the variable that set it
    for variable, value in environment.items():
        if variable.startswith(_PREFIX):
            section, _, key = variable.removeprefix(_PREFIX).lower().partition("__")
            table = tables.setdefault(section, {})
            if isinstance(table, dict):
                table[key] = _value(value)
            origins[f"{section}.{key}"] = variable
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        trouble = error.errors(include_url=False, include_input=False)[0]
        raise SettingsError(_explained(trouble, model, file, origins)) from None


def _toml(file: Path) -> Table:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}; name the file with --config.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: it is not UTF-8; save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: it is not TOML: {error}.") from error


def _value(text: str) -> object:
    """Read a variable as TOML would; what is no number, list or the like is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explained(
    trouble: ErrorDetails, model: type[BaseModel], file: Path | None, origins: dict[str, str]
) -> str:
    key = ".".join(str(step) for step in trouble["loc"][:2])
    where = origins.get(key) or f"{file}: {key}"
    if trouble["type"] == "extra_forbidden":
        return f"{where}: there is no such setting; {_alternative(key, model)}."
    if trouble["type"] == "value_error":
        return f"{where}: {trouble['ctx']['error']}."
    remedy = _REMEDIES.get(trouble["type"], trouble["msg"])
    return f"{where}: {remedy.format(key=key, **trouble.get('ctx', {}))}."


def _alternative(key: str, model: type[BaseModel]) -> str:
    """Say what could have been meant by a key that there is not."""
    section, _, name = key.rpartition(".")
    if any(word in name for word in _SECRETS):
        return "secrets come from the environment, as config.example.toml says"
    known = list(known_keys(model))
    if section:
        known = [one for one in known if one.startswith(f"{section}.")]
    else:
        known = list(dict.fromkeys(one.partition(".")[0] for one in known))
    if near := get_close_matches(key, known, n=1):
        return f"did you mean {near[0]}"
    return f"there are {', '.join(known)}"


def known_keys(model: type[BaseModel]) -> list[str]:
    """Return every setting as "section.key"."""
    return [
        f"{section}.{key}"
        for section, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key in field.annotation.model_fields
    ]
