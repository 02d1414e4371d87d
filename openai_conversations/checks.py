"""
What an argument may be, as values: each knows its words and what it accepts, and says the one sentence that is raised.

A table of these beside a function reads like its documentation: ``FLAG.check("dry_run", dry_run)``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from typing import Any, Final, TypeGuard, cast

import attrs

from openai_conversations.errors import ConversationsError, InvalidArgumentError, one_line

_LONGEST_SHOWN: Final = 60


@attrs.frozen(eq=False, repr=False)
class Wanted:
    """
    What an argument may be.

    Attributes:
        words: For people: "a string", "True or False".
        accepts: Whether a value is one.
    """

    words: str
    accepts: Callable[[Any], bool]

    def check(self, name: str, value: object, error: type[ConversationsError] = InvalidArgumentError) -> None:
        """
        See that it is what is wanted.

        Args:
            name: The argument.
            value: What came.
            error: The class of the error.

        Raises:
            ConversationsError: It is not; one sentence names the argument, what came and what is wanted.
        """
        if not self.accepts(value):
            raise error(f"{name} must be {self.words}, not {shown(value)}")

    def or_none(self) -> Wanted:
        """What this one takes, or ``None``."""
        return Wanted(f"{self.words} or None", lambda value: value is None or self.accepts(value))


def shown(value: object) -> str:
    """A value in a sentence: itself where it is short and plain, else its type; never what may be a secret."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 1 << 64 else "a whole number of more than 64 bits"
    if isinstance(value, str):
        text = one_line(value)
        return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
    return f"of type {type(value).__name__}"


def one_of(choices: Iterable[str]) -> Wanted:
    """One of a few words."""
    words = tuple(choices)
    return Wanted(f"one of {', '.join(words)}", lambda value: isinstance(value, str) and value in words)


def instance_of(kind: type | tuple[type, ...], words: str) -> Wanted:
    """An object of a class."""
    return Wanted(words, lambda value: isinstance(value, kind))


def having(method: str, words: str) -> Wanted:
    """An object, and not a class, that has a method."""
    return Wanted(words, lambda value: not isinstance(value, type) and callable(getattr(value, method, None)))


def is_callable_object(value: object) -> bool:
    """A function or an object that can be called, and not the class of one."""
    return callable(value) and not isinstance(value, type)


def is_number(value: object) -> TypeGuard[float]:
    """A finite number that a float can hold, and not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def is_whole(value: object) -> TypeGuard[int]:
    """A whole number, and not a boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


FLAG: Final = Wanted("True or False", lambda value: isinstance(value, bool))
FUNCTION: Final = Wanted("a function", callable)
TEXT: Final = Wanted("a string", lambda value: isinstance(value, str))
NAME: Final = Wanted("a string that is not empty", lambda value: isinstance(value, str) and bool(value))
FUNCTIONS: Final = Wanted(
    'a mapping of names to functions, such as {"get_weather": get_weather}', lambda value: isinstance(value, Mapping)
)
MAPPING: Final = Wanted("a mapping", lambda value: isinstance(value, Mapping))
PATH: Final = Wanted("a path", lambda value: isinstance(value, (str, PathLike)) and value != "")
SECONDS: Final = Wanted("a finite number of seconds of 0 or more", lambda value: is_number(value) and value >= 0)
POSITIVE_NUMBER: Final = Wanted("a positive number", lambda value: is_number(value) and value > 0)
DURATION: Final = Wanted("a positive number of seconds", lambda value: is_number(value) and value > 0)
RATE: Final = Wanted("a number of requests per second above 0", lambda value: is_number(value) and value > 0)
COUNT: Final = Wanted("a whole number of 0 or more", lambda value: is_whole(value) and value >= 0)
POSITIVE_COUNT: Final = Wanted("a whole number above 0", lambda value: is_whole(value) and value > 0)
TEXTS: Final = Wanted(
    "a list of strings",
    lambda value: (
        isinstance(value, (list, tuple, set, frozenset))
        and all(isinstance(member, str) for member in cast("Iterable[object]", value))
    ),
)

OPTIONAL_FUNCTION: Final = FUNCTION.or_none()
OPTIONAL_TEXT: Final = TEXT.or_none()
OPTIONAL_DURATION: Final = DURATION.or_none()
