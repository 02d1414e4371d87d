"""Responses and events against OpenAI's description of them, where that is on the machine."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema
import pytest

from openai_conversations.converters import json
from tests.server.description import PATH as CONVERSATIONS, fix

PATH = CONVERSATIONS.with_name("openapi-responses.json")

needs_description = pytest.mark.skipif(not PATH.exists(), reason="OpenAI's API description is not on this machine")

_RESULTS = {
    "createResponse": "Response",
    "getResponse": "Response",
    "cancelResponse": "Response",
    "listInputItems": "ResponseItemList",
    "Getinputtokencounts": "TokenCountsResource",
    "Compactconversation": "CompactResource",
}


def load() -> dict[str, Any]:
    """The description, fixed as that of conversations is."""
    description: dict[str, Any] = fix(json.loads(PATH.read_bytes()))
    return description


@functools.cache
def _components() -> dict[str, Any]:
    components: dict[str, Any] = load()["components"]
    return components


@functools.cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": _components()}
    return jsonschema.Draft202012Validator(schema)


def _check(name: str, value: Any) -> None:
    error = jsonschema.exceptions.best_match(_validator(name).iter_errors(value))

    assert error is None, f"{name} {str(value)[:500]}: {error.message} at {error.json_path}"


@functools.cache
def _events() -> dict[str, str]:
    """By type of event the name of its schema."""
    schemas = _components()["schemas"]
    names = [one["$ref"].rpartition("/")[2] for one in schemas["ResponseStreamEvent"]["anyOf"]]
    return {schemas[name]["properties"]["type"]["enum"][0]: name for name in names}


def event_types() -> set[str]:
    """Every type of event that there is."""
    return set(_events())


def check_event(event: dict[str, Any]) -> None:
    """An event is what the description says; one that it does not know is a test's own, and named so."""
    if not PATH.exists() or event["type"] in _OWN:
        return
    assert event["type"] in _events(), f"OpenAI's description has no event {event['type']}"
    _check(_events()[event["type"]], event)


_OWN = frozenset({"response.steered"})
"""Events that only tests make, as what no client knows."""


def check_error(value: Any) -> None:
    """What is refused is refused as the description says."""
    if PATH.exists():
        _check("ErrorResponse", value)


def check_result(operation: str, value: Any) -> None:
    """What an operation responds with is what the description says."""
    if PATH.exists() and operation in _RESULTS:
        _check(_RESULTS[operation], value)
