"""What a model is told of a function: its parameters as a class, by its signature and its annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NotRequired, TypedDict, cast, get_type_hints

from openai_conversations.checks import shown
from openai_conversations.converters.structured import text_format_of
from openai_conversations.errors import InvalidArgumentError, one_line
from openai_conversations.jsontypes import JsonObject

_NOT_NAMED: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)
_BY_HAND: Final = "or describe the function in definitions"


def check_function(name: str, function: object) -> None:
    """
    See that a model can call it, and that what it gives is an output.

    Raises:
        InvalidArgumentError: It cannot; one sentence says what to give.
    """
    where = f"tools[{name!r}]"
    if inspect.iscoroutine(function):
        function.close()  # nobody will await it
        raise InvalidArgumentError(
            f"{where} must be a function, not what a call of it gives: leave out the parentheses"
        )
    if not callable(function) or isinstance(function, type):
        raise InvalidArgumentError(f"{where} must be a function, not {shown(function)}")
    called = _code_of(function)
    if inspect.isasyncgenfunction(called) or inspect.isgeneratorfunction(called):
        raise InvalidArgumentError(f"{where} is a generator: a function must return its output and not yield it")


def arguments_of(name: str, function: Callable[..., object]) -> Any:
    """
    The parameters of a function as a class.

    What a ``functools.partial`` has given is no parameter any more. One with a default may be left out.

    Raises:
        InvalidArgumentError: A parameter has no name or no annotation.
    """
    parameters, hints = _parameters(name, function), _hints(name, function)
    for parameter in parameters.values():
        if parameter.kind in _NOT_NAMED or parameter.name not in hints:
            raise InvalidArgumentError(
                f"tools[{name!r}]: the parameter {parameter.name} needs a name of its own and an annotation, so that "
                f"the model can be told of it; {_BY_HAND}{_hint(parameter)}"
            )
    return cast("Any", TypedDict)(
        name,
        {
            each.name: hints[each.name] if each.default is each.empty else NotRequired[hints[each.name]]
            for each in parameters.values()
        },
    )


def definition_of(name: str, function: Callable[..., object], arguments: Any) -> JsonObject:
    """
    The tool as the API takes it; the docstring is its description.

    Raises:
        InvalidArgumentError: Strict mode has no schema for a parameter.
    """
    try:
        schema = text_format_of(arguments)
    except InvalidArgumentError as error:
        said = str(error).removeprefix("text_format: ")
        raise InvalidArgumentError(f"tools[{name!r}]: {said}; {_BY_HAND}") from None
    definition: JsonObject = {"type": "function", "name": name, "parameters": schema["schema"], "strict": True}
    if doc := inspect.getdoc(_code_of(function)) or inspect.getdoc(_innermost(function)):
        definition["description"] = doc
    return definition


def _innermost(function: Callable[..., object]) -> Callable[..., object]:
    while isinstance(function, partial):
        function = function.func
    return function


def _code_of(function: Callable[..., object]) -> Callable[..., object]:
    """What has the annotations: of a partial its function, of an object its ``__call__``."""
    inner = _innermost(function)
    if inspect.isroutine(inner) or hasattr(inner, "__wrapped__"):
        return inner
    called: Callable[..., object] = cast("Any", inner).__call__
    return called


def _parameters(name: str, function: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    given: set[str] = set()
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # of some functions that are written in C
        raise InvalidArgumentError(f"tools[{name!r}] has no signature: describe it in definitions") from None
    while isinstance(function, partial):
        given.update(function.keywords)
        function = function.func
    return {each.name: each for each in parameters.values() if each.name not in given}


def _hints(name: str, function: Callable[..., object]) -> Mapping[str, Any]:
    try:
        return get_type_hints(_code_of(function), include_extras=True)
    except Exception as error:  # noqa: BLE001  # an annotation that is a text may be any expression
        said = one_line(str(error))
    raise InvalidArgumentError(f"tools[{name!r}]: an annotation cannot be read: {said}")


def _hint(parameter: inspect.Parameter) -> str:
    return " (or give the method of an object, not that of a class)" if parameter.name == "self" else ""
