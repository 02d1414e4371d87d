"""Bodies of responses, read in steps: none grows larger than it may, and no step keeps the event loop for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final, Protocol

from openai_conversations.settings import BodyLimits

# What is decompressed without a pause: a few milliseconds.
_STEP: Final = 1 << 20


class Content(Protocol):
    """A body as it arrives, decompressed: what is used of aiohttp's."""

    @property
    def total_raw_bytes(self) -> int:
        """Bytes that arrived, before they were decompressed."""
        ...

    async def readany(self) -> bytes:
        """What is there; empty at the end."""
        ...


class BodyTooLargeError(Exception):
    """A body is larger than it may be."""


async def in_steps(content: Content) -> AsyncIterator[bytes]:
    """The chunks of a body; others run between them, so that a deadline can pass while one is decompressed."""
    since = 0
    while chunk := await content.readany():
        yield chunk
        since += len(chunk)
        if since >= _STEP:
            since = 0
            await asyncio.sleep(0)


async def read_whole(content: Content, limits: BodyLimits, *, announced: int | None) -> bytes:
    """
    The body of a 2xx response.

    Args:
        content: The body as it arrives.
        limits: How large it may be.
        announced: Its length as it is to arrive, by its head; ``None`` when that does not say.

    Raises:
        BodyTooLargeError: It is larger than it may be; where it was announced, nothing of it is read.
    """
    _check_compressed(announced or 0, limits)
    chunks: list[bytes] = []
    size = 0
    async for chunk in in_steps(content):
        chunks.append(chunk)
        size += len(chunk)
        if size > limits.decompressed:
            raise BodyTooLargeError(f"the response is larger than {limits.decompressed} bytes; see body_limits")
        _check_compressed(content.total_raw_bytes, limits)
    return b"".join(chunks)


def _check_compressed(size: int, limits: BodyLimits) -> None:
    if size > limits.compressed:
        raise BodyTooLargeError(
            f"the response is larger than {limits.compressed} bytes before it is decompressed; see body_limits"
        )


async def read_beginning(content: Content, limits: BodyLimits) -> tuple[bytes, bool]:
    """The body of an error, as far as it may be kept, and whether that is all of it."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in in_steps(content):
        chunks.append(chunk)
        size += len(chunk)
        if size > limits.errors:
            return b"".join(chunks)[: limits.errors], False
    return b"".join(chunks), True
