"""The headers of every attempt: who we are, who asks, and how often this call was tried already."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from multidict import CIMultiDict

from openai_conversations.settings import ApiKey, Settings, checked_key, merged
from openai_conversations.transport.message import Request, Response

RETRY_COUNT: Final = "x-stainless-retry-count"
"""The header by which the official client tells the service the number of a retry; 0 is sent with first attempts."""


Send = Callable[[Request, Mapping[str, str]], Awaitable[Response]]
"""Sends a request once, with these headers."""


class AuthHeaders:
    """
    The end of the chain, below the retry: sends each attempt with the client's headers and credentials.

    It is a handler and not a middleware, so that no :class:`Request` ever holds a credential of the client.
    A key that is a function is asked before every attempt, so that a token that has expired meanwhile is renewed.
    """

    __slots__ = ("_fixed", "_key", "_send")

    def __init__(self, settings: Settings, version: str, send: Send) -> None:
        self._fixed: Mapping[str, str] = CIMultiDict(fixed_headers(settings, version))
        self._key: ApiKey | None = None if isinstance(settings.api_key, str) else settings.api_key
        self._send = send

    def __call__(self, request: Request) -> Awaitable[Response]:
        if self._key is not None:
            return self._with_key(request, self._key)
        return self._send(request, merged(self._fixed, request.headers) if request.headers else self._fixed)

    async def _with_key(self, request: Request, provider: ApiKey) -> Response:
        headers = merged({"Authorization": f"Bearer {await ask_key(provider)}"}, self._fixed)
        return await self._send(request, merged(headers, request.headers))


def fixed_headers(settings: Settings, version: str) -> dict[str, str]:
    """What every request of a client carries; default headers win over ours. A body brings its own ``Content-Type``."""
    ours = {
        "Accept": "application/json",
        "User-Agent": f"openai_conversations/{version} Python/{sys.version.split()[0]}",
    }
    if isinstance(settings.api_key, str):
        ours.update(_credentials(settings.api_key, settings.profile.key_header))
    if settings.organization:
        ours["OpenAI-Organization"] = settings.organization
    if settings.project:
        ours["OpenAI-Project"] = settings.project
    return merged(ours, settings.default_headers)


def _credentials(key: str, header: str) -> dict[str, str]:
    return {"api-key": key} if header == "api-key" else {"Authorization": f"Bearer {key}"}


async def ask_key(provider: ApiKey) -> str:
    """
    The key that a provider gives now.

    Raises:
        ConfigurationError: It is not a string that can stand in a header; it is not shown.
    """
    if isinstance(provider, str):
        return provider
    answer = provider()
    return checked_key(await answer if inspect.isawaitable(answer) else answer)
