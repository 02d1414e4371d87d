"""What servers say in the bodies of errors, and in bodies that should have been something else."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final, cast

_GZIP: Final = b"\x1f\x8b"

_FIELDS_OF_EVENTS: Final = ("data:", "event:", "id:", "retry:", ":")
"""https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream"""

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
    for key in ("message", "detail", "title", "error"):
        value = details.get(key)
        if value:
            return value if isinstance(value, str) else _listed(value)
    return ""


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
