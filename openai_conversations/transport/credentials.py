"""The headers of every attempt: who we are, who asks, and how often this call was tried already."""

from __future__ import annotations

import asyncio
import inspect
import re
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from multidict import CIMultiDict

from openai_conversations.errors import ConfigurationError, InvalidArgumentError
from openai_conversations.headers import merged, refuse_headers_of_the_connection
from openai_conversations.settings import ApiKey, Settings, checked_key
from openai_conversations.transport.deadline import late
from openai_conversations.transport.message import HTTPRequest, HTTPResponse

RETRY_COUNT: Final = "x-stainless-retry-count"
"""The header by which the official client tells the service the number of a retry; 0 is sent with first attempts."""


Send = Callable[[HTTPRequest, Mapping[str, str]], Awaitable[HTTPResponse]]
"""Sends a request once, with these headers."""


class SecretHeaders(CIMultiDict[str]):
    """Headers with a key among them; a traceback that shows local variables shows their names only."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(self)}>"


class Credentials:
    """
    The end of the chain, below the retry: sends each attempt with the client's headers and credentials.

    It is a handler and not a middleware, so that no :class:`HTTPRequest` ever holds a credential of the client.
    A key that is a function is asked before every attempt, so that a token that has expired meanwhile is renewed.

    Args:
        settings: Where the key and the headers are from.
        version: Of this package, for ``User-Agent``.
        send: Sends a request once.
        clock: Seconds; deadlines are by this clock.
    """

    __slots__ = ("_clock", "_fixed", "_key", "_send")

    def __init__(
        self, settings: Settings, version: str, send: Send, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fixed = SecretHeaders(fixed_headers(settings, version))
        self._key: ApiKey | None = None if isinstance(settings.api_key, str) else settings.api_key
        self._send = send
        self._clock = clock

    def __call__(self, request: HTTPRequest) -> Awaitable[HTTPResponse]:
        if self._key is not None:
            return self._with_key(request, self._key)
        if request.headers or request.attempts:
            return self._send(request, _with_headers(self._fixed, request))
        return self._send(request, self._fixed)

    async def _with_key(self, request: HTTPRequest, provider: ApiKey) -> HTTPResponse:
        try:
            key = SecretHeaders({"Authorization": f"Bearer {await self._ask(request, provider)}"})
        except ConfigurationError as error:
            raise error.with_traceback(None) from None  # its frames hold the key that was refused
        return await self._send(request, _with_headers(SecretHeaders(merged(key, self._fixed)), request))

    async def _ask(self, request: HTTPRequest, provider: ApiKey) -> str:
        """Ask for the key, for no longer than an attempt may take: nothing is sent before it is there."""
        remaining = None if request.deadline is None else request.deadline - self._clock()
        bounds = [bound for bound in (remaining, request.timeout.attempt) if bound is not None]
        bound = min(bounds, default=None)
        scope = asyncio.timeout(bound)
        try:
            async with scope:
                return await ask_key(provider)
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise late(request, bound, is_for_call=bound == remaining, is_sent=False) from error


def _with_headers(base: SecretHeaders, request: HTTPRequest) -> SecretHeaders:
    """
    The client's headers, those of the request over them, and the number of the retry where there is one.

    Raises:
        InvalidArgumentError: A middleware has set a header that belongs to the connection.
    """
    refuse_headers_of_the_connection(request.headers, "the headers of a request", InvalidArgumentError)
    headers = merged(base, request.headers)
    if request.attempts:
        headers = merged(headers, {RETRY_COUNT: str(len(request.attempts))})
    return SecretHeaders(headers)


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


_TOKEN: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
"""How a JSON Web Token looks (https://www.rfc-editor.org/rfc/rfc7519#section-3); no key of Azure has a dot."""


def _credentials(key: str, header: str) -> dict[str, str]:
    """The header of a key; a token that was given as a string is no key, and goes where tokens go."""
    is_key = header == "api-key" and not _TOKEN.fullmatch(key)
    return {"api-key": key} if is_key else {"Authorization": f"Bearer {key}"}


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
