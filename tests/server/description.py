"""
Answers against OpenAI's description of its API, where that is on the machine.

The description has three flaws that are fixed here, each a contradiction within itself:

* ``oneOf`` stands where several shapes match at once; it is read as ``anyOf``.
* Two objects require fields (``call_id``, ``request_id``) that they do not define and no client sends.
* It lacks what is newer: ``configuration_update`` is added, with the one field that it must have.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from openai_conversations.converters import json

PATH = Path(__file__).resolve().parents[2].parent / "shared" / "spec" / "openapi-conversations.json"

needs_description = pytest.mark.skipif(not PATH.exists(), reason="OpenAI's API description is not on this machine")

_CONFIGURATION_UPDATE = {
    "type": "object",
    "properties": {"type": {"enum": ["configuration_update"]}, "id": {"type": "string"}},
    "required": ["type", "id"],
}


def load() -> dict[str, Any]:
    """The description, fixed."""
    description = json.loads(PATH.read_bytes())
    schemas = description["components"]["schemas"]
    schemas["ConversationItem"]["oneOf"].append(_CONFIGURATION_UPDATE)
    fixed: dict[str, Any] = fix(description)
    return fixed


def fix(node: Any) -> Any:
    if isinstance(node, list):
        return [fix(member) for member in node]
    if not isinstance(node, dict):
        return node
    fixed = {"anyOf" if key == "oneOf" else key: fix(value) for key, value in node.items()}
    if isinstance(fixed.get("properties"), dict) and isinstance(fixed.get("required"), list):
        fixed["required"] = [name for name in fixed["required"] if name in fixed["properties"]]
    return fixed


@functools.cache
def validators() -> dict[str, jsonschema.Draft202012Validator]:
    """By operationId the validator of its response; under ``""`` that of an error."""
    description = load()
    schemas = {
        operation["operationId"]: operation["responses"]["200"]["content"]["application/json"]["schema"]
        for path in description["paths"].values()
        for operation in path.values()
    }
    schemas[""] = {"$ref": "#/components/schemas/ErrorResponse"}
    return {
        name: jsonschema.Draft202012Validator({**schema, "components": description["components"]})
        for name, schema in schemas.items()
    }


def check(operation: str, status: int, body: bytes) -> None:
    """A response is what the description says; nothing is checked where the description is missing."""
    if not PATH.exists():
        return
    validator = validators()[operation if status == 200 else ""]
    error = jsonschema.exceptions.best_match(validator.iter_errors(json.loads(body)))

    assert error is None, f"{operation} answered {status} {body[:500]!r}: {error.message} at {error.json_path}"
