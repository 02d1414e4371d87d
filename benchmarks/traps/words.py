"""What came of a call, in the words of the table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


async def outcome(call: Awaitable[Any]) -> str:
    """What a caller is told."""
    return (await attempted(call))[0]


async def attempted(call: Awaitable[Any]) -> tuple[str, Exception | None]:
    """The same, and the error."""
    try:
        value = await call
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
        return raised(error), error
    return returned(value), None


def made(make: Callable[[], Any]) -> str:
    """What comes of making something."""
    try:
        return returned(make())
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
        return raised(error)


def raised(error: Exception) -> str:
    return f"raises `{type(error).__name__}`"


def returned(value: Any) -> str:
    kind = type(value)
    is_theirs = kind.__module__.startswith("openai") or value is None
    return "returns" if is_theirs else f"returns a `{kind.__name__}`"


def times(number: int) -> str:
    """How often something is stored that was sent once."""
    return {0: "not at all", 1: "once", 2: "**twice**", 3: "**three times**"}.get(number, f"**{number} times**")


def counted(requests: int) -> str:
    """A number of requests."""
    return f"{requests:,} request{'s' * (requests != 1)}"
