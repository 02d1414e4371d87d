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
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from multidict import CIMultiDict

from openai_conversations.error_bodies import decoded_body, error_details, error_message, is_error_object
from openai_conversations.errors import APIStatusError, error_class, shown_url
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse

_NO_SUCH_ADDRESS: Final = "Invalid URL"
"""How OpenAI's 404 begins for an address that it does not have: "Invalid URL (GET /conversations)"."""


_NAME: Final = "\x00"
"""Stands for the id of what was asked for."""

_ID: Final = rf"""(?:[\s:=#]*(?:with|id|["'`]?{_NAME}["'`]?|'[^']*'))*\s*"""
_GONE: Final = r"(?:(?:was|is|could|can|has|does|did) ?)?(?:not (?:be )?found|(?:not|n't) exist|(?:been )?deleted)\b"
_THERE_IS_NOT: Final = (
    rf"(?<![\w/])(?:conversation|item|message|response)\b{_ID}{_GONE}|^{_NAME}{_ID}{_GONE}"
    rf"|\bno such (?:conversation|item|response)\b|\bno (?:conversation|item|response)\b{_ID}{_NAME}"
)
_NO_CONVERSATION: Final = rf"(?<![\w/])conversation\b{_ID}{_GONE}|^{_NAME}{_ID}{_GONE}"
_NOT_THERE_CODE: Final = r"(?:conversation|item|message|response)_?not_?found"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when it is first needed: these three are a twentieth of an import."""
    return re.compile(text, re.IGNORECASE)


async def status_to_error(request: HTTPRequest, handler: Handler) -> HTTPResponse:
    """Middleware: pass 2xx responses on, raise for all others."""
    response = await handler(request)
    if 200 <= response.status_code < 300:
        return response
    raise status_error(response)


def status_error(response: HTTPResponse) -> APIStatusError:
    """The error for a response."""
    shown = response.without_secrets()
    kept = shown.replace(headers=CIMultiDict(shown.headers))
    body = decoded_body(kept.content)
    return error_class(response.status_code, body)(
        _message(kept, body), response=kept, body=body, retry_after=retry_after(response.headers)
    )


def error_body(response: HTTPResponse) -> object:
    """The decoded JSON of a response, its text when it is not JSON, ``None`` when it is empty."""
    return decoded_body(response.without_secrets().content)


def is_api_not_found(error: APIStatusError, request: HTTPRequest) -> bool:
    """
    Whether a 404 is the API's own word that the conversation, the item or the response is not there.

    Gateways, wrong base URLs and plain web servers answer 404 as well, with HTML, ``{"detail": "Not Found"}``,
    "Invalid URL", "Resource not found", "Service not found" or nothing: that says nothing about what was asked for.
    So the words, or the code, must say of one of these that it is not there. Where they stand in
    ``detail``, they must name it, too.
    """
    details = error_details(error.body)
    said = _unnamed(error_message(error.body), request.item_id, request.response_id, request.conversation_id)
    if not is_error_object(error.body):
        return bool(details) and _NAME in said and _pattern(_THERE_IS_NOT).search(said) is not None
    return (
        _pattern(_THERE_IS_NOT).search(said) is not None
        or _pattern(_NOT_THERE_CODE).fullmatch(str(details.get("code"))) is not None
    )


def says_conversation_is_gone(error: APIStatusError, request: HTTPRequest) -> bool:
    """
    Whether a 404 says that the conversation is not there: it tells nothing of the item that was asked for.

    A service may keep the items of a conversation that was deleted.
    """
    said = _unnamed(error_message(error.body), request.conversation_id)
    return _pattern(_NO_CONVERSATION).search(said) is not None


def _unnamed(said: str, *names: str | None) -> str:
    """
    Words with one sign in the place of each id, so that rules need not know them.

    Without a pattern: each id would be one of its own, which takes longer to compile than the rest of a 404 together.
    """
    for name in filter(None, names):
        shown, found, rest = said.partition(name)
        while found:
            is_whole = not (_is_of_a_name(shown[-1:]) or _is_of_a_name(rest[:1]))
            piece, again, rest = rest.partition(name)
            shown, found = shown + (_NAME if is_whole else found) + piece, again
        said = shown
    return said


def _is_of_a_name(character: str) -> bool:
    return character.isalnum() or character in ("_", "-")


def _message(response: HTTPResponse, body: object) -> str:
    text = f"{response.status_code} {_phrase(response.status_code)}".rstrip()
    if 300 <= response.status_code < 400:
        led = shown_url(str(response.headers.get("location")).encode(errors="replace").decode())
        for secret in response.secrets:
            led = led.replace(secret, "***").replace(quote(secret, safe=""), "***")
        return f"{text}: redirects are not followed; check base_url (it points to {led})"
    said = error_message(body)
    if response.status_code == 404 and (not is_error_object(body) or said.startswith(_NO_SUCH_ADDRESS)):
        said = f"{said.rstrip('.')}; {_base_url_hint(response.source.base_url)}".removeprefix("; ")
    if response.status_code == 401 and "audience" in said.lower():
        said += _scope_hint(response.source.base_url)
    return f"{text}: {said}" if said else text


def _base_url_hint(base_url: str) -> str:
    lacks = "" if base_url.endswith("/v1") else ", without the /v1 that most servers have"
    return f"is base_url right? It is {base_url}{lacks}" if base_url else "is base_url right?"


def _scope_hint(base_url: str) -> str:
    """A token of Entra that is for another service, which is the first mistake that everybody makes."""
    from openai_conversations.azure_addresses import token_scope  # for errors only

    scope = token_scope(base_url)
    return f"; its tokens are those of the scope {scope}" if scope else ""


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
