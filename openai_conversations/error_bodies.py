"""What servers say in the bodies of errors, and in bodies that should have been something else."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

_GZIP: Final = b"\x1f\x8b"

_FIELDS_OF_EVENTS: Final = ("data:", "event:", "id:", "retry:", ":")
"""https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"""

# Where Azure's content filter stands in an error, and in a response: by `content.filters.tsp` in
# https://github.com/Azure/azure-rest-api-specs, and by what the service sends.
_INNER: Final = ("innererror", "inner_error", "error_details")
_RESULTS: Final = ("content_filter_result", "content_filter_results")

# Of a body that nobody labelled, as much is decompressed: an error is shorter.
_MOST_DECOMPRESSED: Final = 1 << 16


def error_details(body: object) -> Mapping[str, Any]:
    """
    The object that holds ``message``, ``type``, ``param`` and ``code`` in an error body; empty when there is none.

    Servers of this API send it under ``error`` or bare, as problem+json does.
    """
    if not isinstance(body, Mapping):
        return {}
    outer = cast("Mapping[str, Any]", body)
    inner = outer.get("error")
    return cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else outer


def is_error_object(body: object) -> bool:
    """Whether a body is the API's own error: ``{"error": {…}}`` with a message, a type or a code."""
    outer: Mapping[str, Any] = cast("Mapping[str, Any]", body) if isinstance(body, Mapping) else {}
    inner = outer.get("error")
    return isinstance(inner, Mapping) and any(key in inner for key in ("message", "type", "code"))


def error_message(body: object) -> str:
    """
    The service's own words in an error body of any of the six kinds seen in the wild; ``""`` when there are none.

    The kinds: ``{"error": {...}}`` with and without type, ``{"detail": "…"}``, ``{"detail": [...]}``, problem+json,
    plain text, empty.
    """
    if isinstance(body, str):
        return "the response is an HTML page" if body.lstrip().startswith("<") else body
    details = error_details(body)
    said = next((_words(details[key]) for key in ("message", "detail", "title", "error") if details.get(key)), "")
    filtered = filtered_for(details)
    # First what it is about: messages of Azure are long, and end in a link.
    return "; ".join([f"filtered for {filtered}: {said}" if filtered else said, *_inner_messages(details, said)])


def _words(value: object) -> str:
    return value if isinstance(value, str) else _listed(value)


def _inner_messages(details: Mapping[str, Any], said: str) -> Iterator[str]:
    """What ``details`` of an error of Azure's say beyond it: ``[{"code": "…", "message": "…"}]``."""
    inner = details.get("details")
    for each in cast("list[object]", inner) if isinstance(inner, list) else ():
        message = cast("Mapping[str, Any]", each).get("message") if isinstance(each, Mapping) else None
        if isinstance(message, str) and message and message not in said:
            yield message


def filtered_for(body: object) -> str:
    """
    What Azure's content filter took offence at, such as ``violence (medium), jailbreak``; ``""`` for nothing.

    Args:
        body: The object of an error, or a response.
    """
    named = (_named(category, value) for result in _results(body, 0) for category, value in result.items())
    return ", ".join(dict.fromkeys(filter(None, named)))


def _results(body: object, depth: int) -> Iterator[Mapping[str, Any]]:
    """The results of filters: in the object itself, in its inner errors, in a list of filters."""
    if not isinstance(body, Mapping) or depth > len(_INNER):
        return
    fields = cast("Mapping[str, Any]", body)
    for name in _RESULTS:
        if isinstance(fields.get(name), Mapping):
            yield fields[name]
    for name in _INNER:
        yield from _results(fields.get(name), depth + 1)
    filters = fields.get("content_filters")
    for each in cast("list[object]", filters) if isinstance(filters, list) else ():
        yield from _results(each, depth + 1)


def _named(category: str, value: object) -> str:
    fields: Mapping[str, Any] = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
    if fields.get("filtered") is not True:
        return ""
    severity = fields.get("severity")
    name = category.replace("_", " ")
    return f"{name} ({severity})" if isinstance(severity, str) else name


def _listed(value: object) -> str:
    """Validation mistakes as FastAPI lists them: ``[{"loc": ["body", "items"], "msg": "Field required"}]``."""
    entries = cast("list[object]", value) if isinstance(value, list) else [value]
    return "; ".join(_entry(entry) for entry in entries)


def _entry(entry: object) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)
    fields = cast("Mapping[str, Any]", entry)
    place = fields.get("loc")
    where = f"{'.'.join(map(str, cast('list[object]', place)))}: " if isinstance(place, list) else ""
    return f"{where}{fields.get('msg') or fields.get('message') or dict(fields)}"


def decoded_body(content: bytes) -> object:
    """The JSON of a body, its text when it is not JSON, ``None`` when it is empty."""
    if not content:
        return None
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")
    return body


def said_instead(content: bytes) -> str:
    """What a body says that should have been the JSON of an object; ``""`` when it says nothing of its own."""
    if not content.strip():
        return "the body is empty"
    if content.startswith(_GZIP):
        return f"the body is compressed with gzip and not labelled so: {said_instead(_decompressed(content))}"
    body = decoded_body(content)
    if not isinstance(body, str):
        return error_message(body)
    if body.lstrip("\ufeff\r\n").startswith(_FIELDS_OF_EVENTS):
        return f"a stream of events came where JSON was expected: {_said_in_events(body)}"
    # JSON that broke off is content, and not words.
    return "" if body.lstrip().startswith(("{", "[")) else error_message(body)


def _decompressed(content: bytes) -> bytes:
    try:
        beginning = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _MOST_DECOMPRESSED)
    except zlib.error:
        return b"it is broken"
    return b"nothing" if beginning.startswith(_GZIP) else beginning


def _said_in_events(text: str) -> str:
    """The words of the first event that has some, else the first data as it is."""
    data = [
        line.partition(":")[2].strip() for line in text.removeprefix("\ufeff").splitlines() if line.startswith("data:")
    ]
    words = (error_message(decoded_body(one.encode())) for one in data)
    return next(filter(None, words), data[0] if data else "it has no data")
