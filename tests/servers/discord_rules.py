"""What Discord refuses though its OpenAPI description allows it."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

Json = Any

MOST_CONTENT = 2000
MOST_EMBEDS = 6000
MOST_ROWS = 5
MOST_BUTTONS = 5  # in a row
MOST_LABEL = 80
MOST_CUSTOM_ID = 100
MOST_CHOICES = 25
MOST_COMMANDS = 100
MOST_DESCRIPTION = 100  # of a command, an option, a choice
MOST_COMMAND = 8000  # characters of a command's names, descriptions and values together
MOST_TEXT = 4000  # what can be written into a modal

_BUTTON, _SELECT, _TEXT_INPUT, _LABEL = 2, 3, 4, 18
_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")
_LINK = re.compile(r"https?://|discord\.gg/|discord(?:app)?\.com/invite/", re.IGNORECASE)
_SUPPRESS_EMBEDS = 1 << 2


def units(text: str) -> int:
    """Count as the chat window does: in UTF-16 units, so that an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def message_errors(body: Json, *, files: int = 0, new: bool = True) -> list[str]:
    """Return what is wrong with a message that is sent or edited."""
    content = body.get("content") or ""
    components = body.get("components") or []
    embeds = body.get("embeds") or []
    errors = []
    if units(content) > MOST_CONTENT:
        errors.append(f"content has {units(content)} characters")
    if new and not (content.strip() or components or embeds or files):
        errors.append("Cannot send an empty message")
    if sum(_embed_length(embed) for embed in embeds) > MOST_EMBEDS:
        errors.append("embeds are too long together")
    if (content or embeds) and not _mentions_nobody(body.get("allowed_mentions")):
        errors.append("allowed_mentions would let somebody be called")
    if _LINK.search(content) and not (body.get("flags") or 0) & _SUPPRESS_EMBEDS:
        errors.append("a link would unfold")
    return errors + _component_errors(components)


def _embed_length(embed: Json) -> int:
    parts = [embed.get("title"), embed.get("description"), embed.get("footer", {}).get("text")]
    parts += [embed.get("author", {}).get("name")]
    for field in embed.get("fields", []):
        parts += [field["name"], field["value"]]
    return sum(len(part) for part in parts if part)


def _mentions_nobody(allowed: Json) -> bool:
    return allowed is not None and not any(
        allowed.get(kind) for kind in ("parse", "users", "roles", "replied_user")
    )


def _component_errors(rows: Sequence[Json]) -> list[str]:
    errors = [f"{len(rows)} rows"] if len(rows) > MOST_ROWS else []
    ids: list[str] = []
    for row in rows:
        inside = row.get("components", [])
        ids += [item["custom_id"] for item in inside if "custom_id" in item]
        buttons = [item for item in inside if item["type"] == _BUTTON]
        selects = [item for item in inside if item["type"] == _SELECT]
        if not inside or len(buttons) > MOST_BUTTONS or (selects and len(inside) > 1):
            errors.append(f"a row holds {len(inside)} components")
        for button in buttons:
            label = button.get("label") or ""
            if not 0 < units(label) <= MOST_LABEL:
                errors.append(f"a button's label is {label!r}")
        for select in selects:
            errors += _select_errors(select)
    return errors + _id_errors(ids)


def _select_errors(select: Json) -> list[str]:
    options = select["options"]
    errors = [] if 1 <= len(options) <= MOST_CHOICES else [f"{len(options)} options"]
    if _repeated(option["value"] for option in options):
        errors.append("two options have one value")
    if any(not 0 < len(option["label"]) <= MOST_DESCRIPTION for option in options):
        errors.append("an option's label is empty or too long")
    return errors


def _id_errors(ids: Sequence[str]) -> list[str]:
    errors = ["two components have one custom_id"] if _repeated(ids) else []
    return errors + [f"custom_id {one!r}" for one in ids if not 0 < len(one) <= MOST_CUSTOM_ID]


def _repeated(values: Iterable[str]) -> bool:
    listed = list(values)
    return len(listed) != len(set(listed))


def modal_errors(data: Json) -> list[str]:
    """Return what is wrong with a modal."""
    rows = data["components"]
    errors = [f"{len(rows)} rows"] if len(rows) > MOST_ROWS else []
    inputs = list(text_inputs(data))
    for field in inputs:
        most = field.get("max_length") or MOST_TEXT
        if most > MOST_TEXT or len(field.get("value") or "") > most:
            errors.append("a text input takes or holds too much")
    return errors + _id_errors([field["custom_id"] for field in inputs])


def text_inputs(modal: Json) -> Iterable[Json]:
    """Return the text inputs of a modal, whether labelled or in rows of old."""
    for row in modal["components"]:
        inside = [row["component"]] if row["type"] == _LABEL else row.get("components", [])
        yield from (item for item in inside if item["type"] == _TEXT_INPUT)


def command_errors(commands: Sequence[Json]) -> list[str]:
    """Return what is wrong with an application's slash commands."""
    errors = [f"{len(commands)} commands"] if len(commands) > MOST_COMMANDS else []
    if _repeated(command["name"] for command in commands):
        errors.append("two commands have one name")
    for command in commands:
        options = command.get("options") or []
        errors += _name_errors(command)
        errors += [error for option in options for error in _name_errors(option)]
        if _repeated(option["name"] for option in options) or len(options) > MOST_CHOICES:
            errors.append(f"the options of {command['name']}")
        required = [option.get("required", False) for option in options]
        if required != sorted(required, reverse=True):
            errors.append(f"{command['name']} asks for a required option after an optional one")
        if _command_length(command) > MOST_COMMAND:
            errors.append(f"{command['name']} is too long")
    return errors


def _name_errors(named: Json) -> list[str]:
    names = [named["name"], *(named.get("name_localizations") or {}).values()]
    errors = [
        f"the name {name!r}"
        for name in names
        if not _COMMAND_NAME.fullmatch(name) or name != name.lower()
    ]
    told = [named["description"], *(named.get("description_localizations") or {}).values()]
    return errors + [
        f"the description {line!r}" for line in told if not 0 < len(line) <= 100
    ]  # Discord's


def _command_length(command: Json) -> int:
    choices = [str(choice["value"]) for choice in command.get("choices") or []]
    own = len(command["name"]) + len(command["description"]) + sum(map(len, choices))
    return own + sum(_command_length(option) for option in command.get("options") or [])


def choice_errors(choices: Sequence[Json], kind: int) -> list[str]:
    """Return what is wrong with the choices offered while somebody types an option."""
    errors = [f"{len(choices)} choices"] if len(choices) > MOST_CHOICES else []
    wanted = str if kind == 3 else int  # an option's type: 3 string, 4 integer
    return errors + [
        f"the choice {choice}"
        for choice in choices
        if not 0 < len(choice["name"]) <= MOST_DESCRIPTION
        or not isinstance(choice["value"], wanted)
    ]
