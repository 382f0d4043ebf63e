"""OpenAI's reference for `POST /v1/completions` as JSON Schemas: what may be asked and sent."""

from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]


def _number(low: float, high: float) -> Schema:
    return {"type": "number", "minimum": low, "maximum": high}


_TOKENS: Schema = {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0}}
_STOP: Schema = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "minItems": 1, "maxItems": 4, "items": {"type": "string"}},
    ]
}
_REQUEST: Schema = {
    "type": "object",
    "required": ["model", "prompt"],
    "additionalProperties": False,
    "properties": {
        "model": {"type": "string"},
        "prompt": {"anyOf": [{"type": "string"}, _TOKENS]},
        "echo": {"type": "boolean"},
        "frequency_penalty": _number(-2, 2),
        "logit_bias": {
            "type": "object",
            "propertyNames": {"pattern": "^[0-9]+$"},
            "additionalProperties": {"type": "integer", "minimum": -100, "maximum": 100},
        },
        "logprobs": {"type": "integer", "minimum": 0, "maximum": 5},
        "max_tokens": {"type": "integer", "minimum": 0},
        "n": {"const": 1},
        "presence_penalty": _number(-2, 2),
        "seed": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        "stop": _STOP,
        "stream": {"type": "boolean"},
        "temperature": _number(0, 2),
        "top_p": _number(0, 1),
        "user": {"type": "string"},
    },
}
_LOGPROBS: Schema = {
    "type": "object",
    "required": ["text_offset", "token_logprobs", "tokens", "top_logprobs"],
    "properties": {
        "text_offset": {"type": "array", "items": {"type": "integer"}},
        "token_logprobs": {"type": "array", "items": {"type": ["number", "null"]}},
        "tokens": {"type": "array", "items": {"type": "string"}},
        "top_logprobs": {"type": "array"},
    },
}
_ANSWER: Schema = {
    "type": "object",
    "required": ["id", "choices", "created", "model", "object"],
    "properties": {
        "id": {"type": "string"},
        "object": {"const": "text_completion"},
        "created": {"type": "integer"},
        "model": {"type": "string"},
        "choices": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["finish_reason", "index", "logprobs", "text"],
                "properties": {
                    # Null in all chunks of a stream but the last.
                    "finish_reason": {"enum": ["stop", "length", "content_filter", None]},
                    "index": {"type": "integer"},
                    "logprobs": {"anyOf": [{"type": "null"}, _LOGPROBS]},
                    "text": {"type": "string"},
                },
            },
        },
        "usage": {
            "type": "object",
            "required": ["completion_tokens", "prompt_tokens", "total_tokens"],
        },
    },
}
REQUEST = Draft202012Validator(_REQUEST)
ANSWER = Draft202012Validator(_ANSWER)
