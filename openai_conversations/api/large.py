"""Responses that take long to decode: in a thread, so that others run meanwhile and the deadline of the call holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from openai_conversations.api.caller import codec
from openai_conversations.api.pagination import JsonPage, json_page
from openai_conversations.errors import APIResponseValidationError, APITimeoutError
from openai_conversations.transport.message import HTTPResponse

T = TypeVar("T")

LARGE: Final = 1 << 20
"""Bytes; what is smaller is decoded within a few hundredths of a second."""


async def decode_large(response: HTTPResponse, kind: type[T], clock: Callable[[], float]) -> T:
    """
    The object that a large response to a read stands for.

    Args:
        response: The response.
        kind: What it stands for.
        clock: Seconds; deadlines are by this clock.

    Raises:
        APIResponseValidationError: It is not what the API promises.
        APITimeoutError: The deadline of the call passed before it was decoded.
    """
    return await _in_thread(partial(codec().decode_response, response, kind), response, clock)


async def read_page(response: HTTPResponse, clock: Callable[[], float]) -> JsonPage:
    """The page that a response holds, as :func:`json_page` gives it; a large one is decoded in a thread."""
    if len(response.content) <= LARGE:
        return json_page(response)
    return await _in_thread(partial(json_page, response), response, clock)


async def read_value(response: HTTPResponse, clock: Callable[[], float]) -> None:
    """Decode the JSON of a large response in a thread, for whoever asks for it next; it may be none."""
    if len(response.content) > LARGE:
        with suppress(APIResponseValidationError):
            await _in_thread(partial(codec().value_of, response), response, clock)


async def _in_thread(work: Callable[[], T], response: HTTPResponse, clock: Callable[[], float]) -> T:
    """
    Decode in a thread.

    A thread cannot be stopped: when the deadline passes, the call ends, and the thread goes on to its end for nobody.
    """
    source = response.source
    try:
        async with asyncio.timeout(None if source.deadline is None else source.deadline - clock()):
            return await asyncio.to_thread(work)
    except TimeoutError as error:  # decoding raises none of its own
        size = len(response.content)
        message = f"{source.operation}: a response of {size} bytes could not be decoded within the deadline."
        raise APITimeoutError(source.info, message=message, status_code=response.status_code) from error
