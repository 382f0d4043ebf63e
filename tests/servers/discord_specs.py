"""Discord's own descriptions of its REST API and gateway, as checks in both directions.

They are read from the folder of specifications, which is no part of this repository: where it is
missing there is nothing to check against, and `MISSING` says so.
"""

import json
import os
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator

SHARED = Path(os.environ.get("TALETURN_SHARED", Path(__file__).parents[2] / ".." / "shared"))
_OPENAPI = SHARED / "specs" / "discord-openapi.json"
_GATEWAY = SHARED / "specs" / "discord-gateway.schema.json"
MISSING = "" if _OPENAPI.exists() and _GATEWAY.exists() else f"no specifications in {SHARED}"

Json = Any
_SNOWFLAKE = "#/components/schemas/SnowflakeType"


@cache
def _openapi() -> dict[str, Json]:
    """Read the REST description; ids in requests may be integers, as Discord takes both."""
    described: dict[str, Json] = json.loads(_OPENAPI.read_text("utf-8"))
    described["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
    return described


@cache
def _gateway() -> dict[str, Json]:
    described: dict[str, Json] = json.loads(_GATEWAY.read_text("utf-8"))["definitions"]
    for name in described:
        if name.endswith("Flags"):  # sets of bits, described as if there were one bit at a time
            described[name] = {"type": "integer"}
    return described


@cache
def _rest_validator(path: str, method: str, direction: str) -> Validator | None:
    operation = _openapi()["paths"][path][method.lower()]
    if direction == "request":
        content = operation.get("requestBody", {}).get("content", {})
    else:
        content = _response(operation, direction).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    if schema is None:
        return None
    return Draft202012Validator({**schema, "components": _openapi()["components"]})


def _response(operation: dict[str, Json], status: str) -> dict[str, Json]:
    responses = operation["responses"]
    found = responses.get(status) or responses.get(f"{status[0]}XX")
    if found is None:
        return {}
    if "$ref" in found:
        name = found["$ref"].rpartition("/")[2]
        found = _openapi()["components"]["responses"][name]
    described: dict[str, Json] = found
    return described


@cache
def _event_validator(name: str) -> Validator:
    reference = f"#/definitions/Events/properties/{name}"
    return Draft7Validator({"$ref": reference, "definitions": _gateway()})


def request_errors(method: str, path: str, query: dict[str, str], body: Json) -> list[str]:
    """Return what a request has that Discord's description does not allow."""
    if MISSING:
        return []
    operations = _openapi()["paths"].get(path, {})
    operation = operations.get(method.lower())
    if operation is None:
        return [f"{method} {path} is not described"]
    known = {
        parameter["name"]
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    }
    errors = [f"query {name} is not described" for name in query if name not in known]
    if _rest_validator(path, method, "request") is None:
        return errors + (["a body is not described"] if body is not None else [])
    if body is None:
        required = operation["requestBody"].get("required", False)
        return errors + (["a body is required"] if required else [])
    return errors + list(_rest_messages(path, method, "request", json.dumps(body)))


def response_errors(method: str, path: str, status: int, body: Json) -> list[str]:
    """Return what an answer of ours has that Discord's description does not allow."""
    if MISSING or status >= 500:  # 5xx come from proxies; nobody describes them
        return []
    if _rest_validator(path, method, str(status)) is None or body is None:
        return []
    return list(_rest_messages(path, method, str(status), json.dumps(body)))


def event_errors(name: str, data: Json) -> list[str]:
    """Return what an event of ours has that the gateway's description does not allow."""
    if MISSING or name not in _gateway()["Events"]["properties"]:
        return []
    return _messages(_event_validator(name), data)


@lru_cache(maxsize=64)  # the commands are long, and the same at every start
def _rest_messages(path: str, method: str, direction: str, written: str) -> tuple[str, ...]:
    validator = _rest_validator(path, method, direction)
    return () if validator is None else tuple(_messages(validator, json.loads(written)))


def _messages(validator: Validator, value: Json) -> list[str]:
    return [_told(error) for error in validator.iter_errors(value)]


def _told(error: ValidationError) -> str:
    """Tell the innermost reason: of a union, that of the member that came nearest."""
    inner = best_match([error]) or error
    return f"{inner.json_path}: {inner.message[:300]}"
