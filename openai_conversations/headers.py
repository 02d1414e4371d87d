"""Headers that somebody gave, checked before they are sent. An error never shows a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, cast

from openai_conversations.errors import ConfigurationError, ConversationsError, one_line

# https://www.rfc-editor.org/rfc/rfc9110#name-tokens
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch


_OF_THE_CONNECTION: Final = frozenset(
    (
        "content-length",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""
Headers that say where a message ends, or that are for the next hop alone.

Whoever writes the message must set them (https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1,
https://www.rfc-editor.org/rfc/rfc9112#section-6): with a wrong length, the rest of the body is read as the next request
on the connection.
"""

_CONNECTION: Final = frozenset(("close", "keep-alive"))


def refuse_headers_of_the_connection(
    headers: Mapping[str, str], argument: str, error: type[ConversationsError] = ConfigurationError
) -> None:
    """
    See that no header is among them that only the connection may set.

    Raises:
        ConversationsError: One is.
    """
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in _OF_THE_CONNECTION or (lowered == "connection" and value.strip().lower() not in _CONNECTION):
            raise error(f"{argument} must not contain {name}: it belongs to the connection, which the client makes")


def checked_headers(
    headers: Mapping[str, str], argument: str, error: type[ConversationsError] = ConfigurationError
) -> dict[str, str]:
    """
    Headers that can be sent.

    Args:
        headers: The headers.
        argument: What they came as, for the error.
        error: The class of the error.

    Raises:
        ConversationsError: A name or value holds a line break or is not a string, or the header belongs to the
            connection; the value is not shown.
    """
    if not isinstance(headers, Mapping):
        raise error(f"{argument} must be a mapping of strings, not {type(headers).__name__}")
    pairs = cast("Mapping[object, object]", headers)  # callers without a type checker pass anything
    for name, value in pairs.items():
        if not isinstance(name, str) or not _HEADER_NAME(name):
            raise error(f"{argument}: {one_line(str(name))!r} is not the name of a header")
        if not isinstance(value, str) or any(c in value for c in "\r\n\0"):
            raise error(f"{argument}: the value of the header {name} is not a string, or holds a line break")
    refuse_headers_of_the_connection(headers, argument, error)
    return dict(headers)


def merged(base: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Headers of both; where a name is in both, in any case, the second wins."""
    if not over:
        return dict(base)
    lowered = {name.lower() for name in over}
    return {**{name: value for name, value in base.items() if name.lower() not in lowered}, **over}


def custom_headers(text: str | None) -> dict[str, str]:
    """``OPENAI_CUSTOM_HEADERS``: one ``Name: value`` a line; lines without a colon are refused."""
    headers: dict[str, str] = {}
    for line in (text or "").splitlines():
        if line.strip():
            name, colon, value = line.partition(":")
            if not colon:
                raise ConfigurationError("OPENAI_CUSTOM_HEADERS must hold one `Name: value` a line")
            headers = merged(headers, {name.strip(): value.strip()})
    return checked_headers(headers, "OPENAI_CUSTOM_HEADERS")
