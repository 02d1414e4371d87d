"""Functions that a model may call: what it is told of them, how a call becomes their arguments, what it is answered."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypedDict, cast, get_type_hints

import attrs

from openai_conversations.api.caller import codec
from openai_conversations.converters.errors import DecodeError
from openai_conversations.converters.structured import read_structured, text_format_of
from openai_conversations.errors import InvalidArgumentError, one_line
from openai_conversations.jsontypes import JsonObject, as_object, is_array, is_object
from openai_conversations.schemas.items.function_call import FunctionCall

logger: Final = logging.getLogger("openai_conversations")

ToolFunction = Callable[..., Awaitable[object]] | Callable[..., object]
"""A function, best an async one, whose parameters have names and annotations."""

_NOT_NAMED: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.VAR_KEYWORD,
)


@attrs.frozen(kw_only=True)
class ToolCall:
    """
    A call of the model that was answered.

    Attributes:
        call_id: Ties the call to its output.
        name: The function.
        arguments: What the model wrote: JSON, if it wrote well.
        output: What it was answered: a text, or a list of content parts.
        failed: Whether the function does not exist, its arguments did not fit, or it raised.
    """

    call_id: str
    name: str
    arguments: str
    output: str | list[Any]
    failed: bool = False

    @property
    def item(self) -> JsonObject:
        """The item that answers the call."""
        return {"type": "function_call_output", "call_id": self.call_id, "output": self.output}


@attrs.frozen(kw_only=True, eq=False)
class Tool:
    """
    A function and what a model is told of it.

    Attributes:
        function: What is called.
        definition: The tool as the API takes it; ``None`` when the caller gives it.
        arguments: What the arguments are read as; ``None`` to give the members of the JSON object as they are.
    """

    function: ToolFunction
    definition: JsonObject | None
    arguments: Any | None

    async def answer(self, call: FunctionCall) -> ToolCall:
        """Call the function. What it raises is logged, and said to the model: a run is not over for that."""
        try:
            keywords = self._keywords(call.arguments)
            returned = self.function(**keywords)
            output = _output(await returned if inspect.isawaitable(returned) else returned)
        except Exception as error:
            logger.exception("the function %s failed", call.name)
            return failed(call, f"The function failed: {one_line(f'{type(error).__name__}: {error}')}")
        return ToolCall(call_id=call.call_id, name=call.name, arguments=call.arguments, output=output)

    def _keywords(self, arguments: str) -> Mapping[str, Any]:
        if self.arguments is None:
            value = codec().loads(arguments.encode() or b"{}")
            if not is_object(value):
                raise DecodeError("the arguments are no JSON object")
            return value
        read: Mapping[str, Any] = read_structured(self.arguments, arguments or "{}")
        return read


def failed(call: FunctionCall, output: str) -> ToolCall:
    """The answer to a call that could not be carried out."""
    return ToolCall(call_id=call.call_id, name=call.name, arguments=call.arguments, output=output, failed=True)


def as_tools(functions: Mapping[str, ToolFunction], definitions: list[Any]) -> dict[str, Tool]:
    """
    The tools of a run.

    Args:
        functions: What is called, by the name that the model knows it by.
        definitions: Tools that the caller describes; a function among them is not described by its signature.

    Raises:
        InvalidArgumentError: A function cannot be called, or its signature cannot be described.
    """
    described = {as_object(one).get("name") for one in definitions if as_object(one).get("type") == "function"}
    return {name: _tool(name, function, is_described=name in described) for name, function in functions.items()}


def _tool(name: str, function: ToolFunction, *, is_described: bool) -> Tool:
    if not callable(function):
        raise InvalidArgumentError(f"tools[{name!r}] must be a function, not {type(function).__name__}")
    if is_described:
        return Tool(function=function, definition=None, arguments=None)
    arguments = _arguments(name, function)
    schema = text_format_of(arguments)
    definition: JsonObject = {"type": "function", "name": name, "parameters": schema["schema"], "strict": True}
    if doc := inspect.getdoc(function):
        definition["description"] = doc
    return Tool(function=function, definition=definition, arguments=arguments)


def _arguments(name: str, function: ToolFunction) -> Any:
    """The parameters of a function as a class, for its schema."""
    parameters = inspect.signature(function).parameters
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise InvalidArgumentError(f"tools[{name!r}]: an annotation cannot be read: {error}") from None
    for parameter in parameters.values():
        if parameter.kind in _NOT_NAMED or parameter.name not in hints:
            raise InvalidArgumentError(
                f"tools[{name!r}]: the parameter {parameter.name} needs a name of its own and an annotation, so that "
                "the model can be told of it; or describe the function in definitions"
            )
    return cast("Any", TypedDict)(name, {parameter: hints[parameter] for parameter in parameters})


def _output(returned: object) -> str | list[Any]:
    """Texts and lists of content parts as they are, anything else as JSON."""
    if isinstance(returned, str):
        return returned
    value = codec().to_json(returned)
    if is_array(value) and value and all(as_object(part).get("type") for part in value):
        return value
    return codec().encode(value).decode()
