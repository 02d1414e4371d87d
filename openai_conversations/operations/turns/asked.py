"""
Which calls of a response are answered here, and of which nobody can tell how.

An output names its call by ``call_id`` and nothing else. Where an id is missing, or stands for two calls, nothing can
be answered: a function that is called then may be called twice, or for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import attrs

from openai_conversations.api.caller import codec
from openai_conversations.api.turn_requests import has_other_tools
from openai_conversations.jsontypes import as_object, is_array, text_of
from openai_conversations.operations.repair.tool_calls import needs_output
from openai_conversations.schemas.items import ConversationItem
from openai_conversations.schemas.items.function_call import FunctionCall
from openai_conversations.schemas.responses.response import Response


@attrs.frozen(kw_only=True)
class Asked:
    """
    What a response asks for.

    Attributes:
        calls: What is to be called; none when nothing of it is ours.
        unclear: Why the calls cannot be answered; ``""`` when they can.
        others: Types of further calls that wait for an output which is not a function's.
    """

    calls: tuple[FunctionCall, ...] = ()
    unclear: str = ""
    others: tuple[str, ...] = ()


def asked_of(response: Response, is_ours: Callable[[str], bool], answered: Sequence[FunctionCall]) -> Asked:
    """
    What a response asks for.

    What somebody else is to answer stays open: a response with no call of ours asks for nothing.

    Args:
        response: The response.
        is_ours: Whether a function of this name is answered here: it can be called, or nobody knows it.
        answered: The calls of the run that have their outputs.
    """
    # Not all of them are a FunctionCall, as type checkers take them for: one that does not fit is an UnknownItem.
    items: list[ConversationItem] = [item for item in response.output if item.type == "function_call"]
    if not any(is_ours(_name(item)) for item in items):
        return Asked()
    calls: list[FunctionCall] = []
    for item in items:
        if not isinstance(item, FunctionCall) or not item.call_id:
            return Asked(unclear=f"a call of {_name(item)!r} has no call_id")
        if item in calls:  # the very same item again
            continue
        if any(item.call_id == other.call_id for other in calls):
            return Asked(unclear=f"two calls have the call_id {item.call_id!r}")
        if any(_is_same(item, before) for before in answered):
            return Asked(
                unclear=f"the call {item.call_id!r} was answered, and it cannot be told whether this is another"
            )
        calls.append(item)
    others = dict.fromkeys(map(_other, response.output))
    return Asked(calls=tuple(calls), others=tuple(filter(None, others)))


def may_be_described(name: str, body: Mapping[str, object]) -> bool:
    """
    Whether a turn may have told the model of a function, so that its caller answers it.

    Args:
        name: The function.
        body: What was sent. Tools may stand in a stored prompt, in an item of the input, and in what a search for tools
            finds.
    """
    given = body.get("input")
    items = cast("Sequence[object]", given) if isinstance(given, (list, tuple)) else ()
    tools = [as_object(codec().to_json(item)).get("tools") for item in items]
    return has_other_tools(body) or any(_is_named(name, each) for each in (codec().to_json(body.get("tools")), *tools))


def _is_named(name: str, values: object) -> bool:
    """Whether one of the tools, or of those inside it, has the name, or searches for tools."""
    for value in map(as_object, values if is_array(values) else ()):
        if value.get("name") == name or value.get("type") == "tool_search" or _is_named(name, value.get("tools")):
            return True
    return False


def _name(item: ConversationItem) -> str:
    """Of a call, also of one that does not fit its class."""
    return item.name if isinstance(item, FunctionCall) else text_of(as_object(codec().to_json(item)), "name")


def _is_same(call: FunctionCall, before: FunctionCall) -> bool:
    """
    Whether a call cannot be told from an earlier one.

    There are servers that give the first call of each turn the same id: another item, other arguments are another call.
    """
    is_other_item = bool(call.id and before.id and call.id != before.id)
    names, earlier = ((each.call_id, each.name, each.arguments) for each in (call, before))
    return names == earlier and not is_other_item


def _other(item: ConversationItem) -> str:
    """The type of a call that is no function's and waits for its output."""
    if item.type == "function_call" or not needs_output(as_object(codec().to_json(item))):
        return ""
    return item.type
