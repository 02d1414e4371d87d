"""
Responses with an error status become errors; what their bodies and headers say.

The table of classes is in :mod:`openai_conversations.errors`.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from email.utils import mktime_tz, parsedate_tz
from http import HTTPStatus
from typing import Final

from multidict import CIMultiDict

from openai_conversations.error_bodies import decoded_body, error_details, error_message, is_error_object
from openai_conversations.errors import APIStatusError, error_class
from openai_conversations.transport.message import Handler, Request, Response

_NO_SUCH_ADDRESS: Final = "Invalid URL"
"""How OpenAI's 404 begins for an address that it does not have: "Invalid URL (GET /conversations)"."""


_NOT_THERE: Final = re.compile(
    r"not (be )?found|\bno (such|conversation|item|message)\b|(does not|doesn't) exist|no longer exists?|deleted",
    re.IGNORECASE,
)
_ABOUT_A_THING: Final = re.compile(r"\b(conversation|item|message)s?\b", re.IGNORECASE)
_ABOUT_AN_ADDRESS: Final = re.compile(
    r"\burl\b|/conversations|\broute\b|\bpath\b|\bendpoint\b|\bdeployment", re.IGNORECASE
)


async def status_to_error(request: Request, handler: Handler) -> Response:
    """Middleware: pass 2xx responses on, raise for all others."""
    response = await handler(request)
    if 200 <= response.status_code < 300:
        return response
    raise status_error(response)


def status_error(response: Response) -> APIStatusError:
    """The error for a response."""
    kept = response.without_secrets().replace(headers=CIMultiDict(response.headers))
    body = decoded_body(kept.content)
    return error_class(response.status_code, body)(
        _message(kept, body), response=kept, body=body, retry_after=retry_after(response.headers)
    )


def error_body(response: Response) -> object:
    """The decoded JSON of a response, its text when it is not JSON, ``None`` when it is empty."""
    return decoded_body(response.without_secrets().content)


def is_api_not_found(error: APIStatusError, request: Request) -> bool:
    """
    Whether a 404 is the API's own word that the conversation or the item is not there.

    Gateways, wrong base URLs and plain web servers answer 404 as well, with HTML, ``{"detail": "Not Found"}``,
    "Invalid URL", "Resource not found", "Cannot DELETE /v1/…" or nothing: that says nothing about what was asked for.
    So the words must be about a conversation or an item, and not about an address. Where they stand in ``detail``,
    they must name it.
    """
    details = error_details(error.body)
    said = f"{error_message(error.body)} {details.get('code') or ''}".replace("_", " ")
    if not _NOT_THERE.search(said) or _ABOUT_AN_ADDRESS.search(said):
        return False
    names = [name.replace("_", " ") for name in (request.conversation_id, request.item_id) if name]
    is_named = bool(details) and any(name in said for name in names)
    return is_named or (is_error_object(error.body) and _ABOUT_A_THING.search(said) is not None)


def _message(response: Response, body: object) -> str:
    text = f"{response.status_code} {_phrase(response.status_code)}".rstrip()
    if 300 <= response.status_code < 400:
        led = str(response.headers.get("location"))
        for secret in response.secrets:
            led = led.replace(secret, "***")
        return f"{text}: redirects are not followed; check base_url (it points to {led})"
    said = error_message(body)
    if response.status_code == 404 and (not is_error_object(body) or said.startswith(_NO_SUCH_ADDRESS)):
        said = f"{said.rstrip('.')}; {_base_url_hint(response.source.base_url)}".removeprefix("; ")
    return f"{text}: {said}" if said else text


def _base_url_hint(base_url: str) -> str:
    lacks = "" if base_url.endswith("/v1") else ", without the /v1 that most servers have"
    return f"is base_url right? It is {base_url}{lacks}" if base_url else "is base_url right?"


def _phrase(status_code: int) -> str:
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return ""


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """
    Seconds that a server asks to wait, or ``None``: ``retry-after-ms``, else ``retry-after`` in seconds or as a date.

    Values that are not finite, or not above zero, count as none.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _positive(milliseconds / 1000)
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is not None:
        return _positive(seconds)
    try:
        moment = parsedate_tz(text)
        return _positive(mktime_tz(moment) - now()) if moment else None
    except (ValueError, OverflowError):  # a year or an hour that no calendar has
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _positive(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) and seconds > 0 else None
