"""Functions that a model may call: how a call becomes their arguments, what it is answered."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from traceback import TracebackException
from typing import Any, Final

import attrs

from openai_conversations.api.caller import codec
from openai_conversations.checks import FUNCTIONS, shown
from openai_conversations.converters.errors import DecodeError
from openai_conversations.converters.structured import read_structured
from openai_conversations.errors import InvalidArgumentError, one_line, without_credentials
from openai_conversations.jsontypes import JsonObject, as_object, is_array, is_object
from openai_conversations.limits import CHARACTERS_OF_OUTPUT
from openai_conversations.operations.concurrency import is_cancelled
from openai_conversations.operations.turns.signatures import arguments_of, check_function, definition_of
from openai_conversations.schemas.items.function_call import FunctionCall

logger: Final = logging.getLogger("openai_conversations")

ToolFunction = Callable[..., Awaitable[object]] | Callable[..., object]
"""A function, best an async one, whose parameters have names and annotations."""

_NO_FIT: Final = "the arguments do not fit"

_PARTS: Final = frozenset({"input_text", "input_image", "input_file"})
"""The content that an output may have, by the API's description of ``FunctionCallOutput``."""


@attrs.frozen(kw_only=True)
class ToolCall:
    """
    A call of the model that was answered.

    Attributes:
        call_id: Ties the call to its output.
        name: The function.
        arguments: What the model wrote: JSON, if it wrote well.
        output: What it was answered: a text, or a list of content parts.
        failed: Whether the output is no function's: it does not exist, its arguments did not fit, it raised, or what it
            returned cannot be sent.
        caller: The program that made the call; ``None`` for the model itself.
    """

    call_id: str
    name: str
    arguments: str
    output: str | list[Any]
    failed: bool = False
    caller: JsonObject | None = None

    @property
    def item(self) -> JsonObject:
        """The item that answers the call."""
        caller = {"caller": self.caller} if self.caller else {}
        return {"type": "function_call_output", "call_id": self.call_id, "output": self.output, **caller}


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
        """
        Call the function. What it raises is logged, and said to the model: a run is not over for that.

        So is what is cancelled inside the function; when the run itself is cancelled, so is the function, and this.

        Raises:
            BaseException: What it raised is no ``Exception``.
        """
        why, words = "The function was not called: {}", _our_words
        try:
            keywords = self._keywords(call.arguments)
            why, words = "The function failed: {}", words_of
            returned = await self._call(keywords)
            why, words = "The function was called, but what it returned cannot be sent: {}", _our_words
            return answered(call, _output(returned))
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            raised: BaseException = error
        except Exception as error:  # noqa: BLE001  # logged below, without credentials
            raised = error
        said = words(raised)
        logger.error("%s: %s\n%s", call.name, why.format(said), _traceback(raised))
        return failed(call, why.format(said))

    async def _call(self, keywords: Mapping[str, Any]) -> object:
        """In a task of its own: what is cancelled in it is not the run."""

        async def called() -> object:
            returned = self.function(**keywords)
            return await returned if inspect.isawaitable(returned) else returned

        return await asyncio.create_task(called())

    def _keywords(self, arguments: str) -> Mapping[str, Any]:
        if self.arguments is None:
            try:
                value = codec().loads(arguments.encode() or b"{}")
            except ValueError as error:
                raise DecodeError(f"{_NO_FIT}: not JSON ({error})") from None
            if not is_object(value):
                raise DecodeError("the arguments are no JSON object")
            return value
        read: Mapping[str, Any] = read_structured(self.arguments, arguments or "{}", what=_NO_FIT)
        return read


def answered(call: FunctionCall, output: str | list[Any], *, is_failure: bool = False) -> ToolCall:
    """The answer to a call."""
    caller = None if call.caller is None else codec().to_json(call.caller)
    return ToolCall(
        call_id=call.call_id,
        name=call.name,
        arguments=call.arguments,
        output=output,
        failed=is_failure,
        caller=caller,
    )


def failed(call: FunctionCall, output: str) -> ToolCall:
    """The answer to a call that could not be carried out."""
    return answered(call, output, is_failure=True)


def as_tools(functions: object, definitions: list[Any]) -> dict[str, Tool]:
    """
    The tools of a run.

    Args:
        functions: What is called, by the name that the model knows it by.
        definitions: Tools that the caller describes; a function among them is not described by its signature.

    Raises:
        InvalidArgumentError: A function cannot be called, or its signature cannot be described.
    """
    FUNCTIONS.check("tools", functions)
    described = {as_object(one).get("name") for one in definitions if as_object(one).get("type") == "function"}
    return {name: _tool(name, function, is_described=name in described) for name, function in _items(functions)}


def _items(functions: Any) -> list[tuple[str, ToolFunction]]:
    for name, function in functions.items():
        if not isinstance(name, str) or not name:
            raise InvalidArgumentError(f"tools must have names that are strings and not empty, not {shown(name)}")
        check_function(name, function)
    return list(functions.items())


def _tool(name: str, function: ToolFunction, *, is_described: bool) -> Tool:
    if is_described:
        return Tool(function=function, definition=None, arguments=None)
    arguments = arguments_of(name, function)
    return Tool(function=function, definition=definition_of(name, function, arguments), arguments=arguments)


def _output(returned: object) -> str | list[Any]:
    """Texts and lists of content parts as they are, anything else as JSON."""
    text = returned
    if not isinstance(text, str):
        value = codec().to_json(returned)
        if is_array(value) and value and all(_is_part(as_object(part)) for part in value):
            return value
        text = codec().encode(value).decode()
    if len(text) > CHARACTERS_OF_OUTPUT:
        raise InvalidArgumentError(f"it has {len(text):,} characters, and the API takes {CHARACTERS_OF_OUTPUT:,}")
    return text


def _is_part(value: JsonObject) -> bool:
    tag = value.get("type")
    return tag in _PARTS and (tag != "input_text" or isinstance(value.get("text"), str))


def words_of(error: BaseException) -> str:
    """Its class and what it says; there are errors that cannot even say it."""
    name = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  # whatever it is, it says nothing of the call
        said = ""
    return one_line(f"{name}: {said}") if said else name


def _our_words(error: BaseException) -> str:
    """Our own errors are sentences: without their class, and what stands before them once."""
    if isinstance(error, (DecodeError, InvalidArgumentError)):
        return one_line(str(error).removeprefix("the request cannot be sent: "))
    return words_of(error)


def _traceback(error: BaseException) -> str:
    return without_credentials("".join(TracebackException.from_exception(error).format())).rstrip()
