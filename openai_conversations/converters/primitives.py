"""
Strict primitives: nothing is coerced into anything else.

cattrs' defaults call the type: ``str(None)`` is ``'None'``, ``bool("false")`` is ``True``, ``int("1")`` is 1. Here a
value either is of the type or is a :class:`SchemaMismatch`. A ``float`` field keeps an integer as it came, so 1 and 1.0
stay apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cattrs import Converter

from openai_conversations.converters.errors import ImpreciseNumberError, SchemaMismatch
from openai_conversations.converters.json import BEYOND_64_BITS

StructureHook = Callable[[Any, Any], Any]


def configure_primitives(converter: Converter, *, exact: bool) -> None:
    """
    Register strict hooks for ``str``, ``int``, ``float``, ``bool`` and ``Any``.

    Args:
        converter: Where to register.
        exact: The values come from the exact JSON reader, so that a large float is a float.
    """
    converter.register_structure_hook(str, _checked(str))
    converter.register_structure_hook(bool, _checked(bool))
    converter.register_structure_hook(int, _checked(int) if exact else _fast_int)
    converter.register_structure_hook(float, _checked(float, int) if exact else _fast_float)
    converter.register_structure_hook_func(lambda t: t is Any or t is object, _pass_on if exact else keep_precise)


def _checked(*allowed: type) -> StructureHook:
    expected = " or a ".join(kind.__name__ for kind in allowed)

    def check(value: Any, _: Any) -> Any:
        if type(value) not in allowed:
            raise SchemaMismatch(f"expected a {expected}, not {type(value).__name__}")
        return value

    return check


def _fast_int(value: Any, _: Any) -> Any:
    if type(value) is int:
        return value
    keep_precise(value)
    raise SchemaMismatch(f"expected an int, not {type(value).__name__}")


def _fast_float(value: Any, _: Any) -> Any:
    if type(value) is float:
        if not -BEYOND_64_BITS < value < BEYOND_64_BITS:
            raise ImpreciseNumberError
        return value
    if type(value) is int:
        return value
    raise SchemaMismatch(f"expected a float, not {type(value).__name__}")


def _pass_on(value: Any, _: Any) -> Any:
    return value


def keep_precise(value: Any, _: Any = None) -> Any:
    """
    Pass an untyped value on, unless it holds a float that may have been a large integer.

    Raises:
        ImpreciseNumberError: It does.
    """
    kind = value.__class__
    if kind is float:
        if not -BEYOND_64_BITS < value < BEYOND_64_BITS:
            raise ImpreciseNumberError
    elif kind is dict:
        for member in value.values():
            if type(member) is not str:
                keep_precise(member)
    elif kind is list:
        for member in value:
            if type(member) is not str:
                keep_precise(member)
    return value
