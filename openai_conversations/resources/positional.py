"""Arguments by position, where OpenAI's examples give them so and the methods take them by name."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def by_name(example: str) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """
    Make a method that takes one argument by position say how it is called, when it is given more.

    Python's own words would be how many arguments were given, and not which should have had names.

    Args:
        example: The right call; what was given by position stands in it as ``{0!r}``, ``{1!r}``.
    """

    def decorate(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(method)
        async def called(*args: P.args, **kwargs: P.kwargs) -> T:
            if len(args) > 2:
                raise TypeError(f"only the first argument has no name: {example.format(*args[1:])}")
            return await method(*args, **kwargs)

        return called

    return decorate
