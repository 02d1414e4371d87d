"""Responses that take long to decode: in a thread, so that others run meanwhile and the deadline of the call holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from openai_conversations.api.caller import codec
from openai_conversations.errors import APITimeoutError
from openai_conversations.transport.message import HTTPResponse

T = TypeVar("T")

LARGE: Final = 1 << 20
"""Bytes; what is smaller is decoded within a few hundredths of a second."""


async def decode_large(response: HTTPResponse, kind: type[T], clock: Callable[[], float]) -> T:
    """
    The object that a large response to a read stands for.

    A thread cannot be stopped: when the deadline passes, the call ends, and the thread goes on to its end for nobody.

    Args:
        response: The response.
        kind: What it stands for.
        clock: Seconds; deadlines are by this clock.

    Raises:
        APIResponseValidationError: It is not what the API promises.
        APITimeoutError: The deadline of the call passed before it was decoded.
    """
    source = response.source
    try:
        async with asyncio.timeout(None if source.deadline is None else source.deadline - clock()):
            decoded: T = await asyncio.to_thread(codec().decode_response, response, kind)
            return decoded
    except TimeoutError as error:  # decoding raises none of its own
        size = len(response.content)
        message = f"{source.operation}: a response of {size} bytes could not be decoded within the deadline."
        raise APITimeoutError(source.info, message=message, status_code=response.status_code) from error
