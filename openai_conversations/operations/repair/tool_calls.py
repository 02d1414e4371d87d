"""
Which output answers which call.

Most calls and outputs carry one ``call_id``. An approval names the id of its request. The output of a local shell
names the call by its own id. What names nothing answers the oldest call of its kind that is still open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import attrs

from openai_conversations.jsontypes import JsonObject, as_object, text_of, type_of
from openai_conversations.operations.azure_items import OUTPUT_OF_SERVICE

OUTPUT_OF: Final[Mapping[str, str]] = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "computer_call": "computer_call_output",
    "local_shell_call": "local_shell_call_output",
    "shell_call": "shell_call_output",
    "apply_patch_call": "apply_patch_call_output",
    "tool_search_call": "tool_search_output",
    "program": "program_output",
    "mcp_approval_request": "mcp_approval_response",
}
"""Type of a call → type of what answers it, where the caller does or a model waits for it."""

OUTPUTS: Final = frozenset(OUTPUT_OF.values())

_ANSWERS: Final[Mapping[str, str]] = {**OUTPUT_OF, **OUTPUT_OF_SERVICE}
_ANSWERING: Final = frozenset(_ANSWERS.values())

_NEEDS_OUTPUT: Final = frozenset(OUTPUT_OF) - {"program", "mcp_approval_request", "tool_search_call"}


def needs_output(call: JsonObject) -> bool:
    """
    Whether the model refuses to go on without the output of this call.

    A program waits for the calls that it made, and a request for approval for a person: both may stay open.
    The service searches for tools by itself, unless the call says ``client``.
    """
    tag = type_of(call)
    return tag in _NEEDS_OUTPUT or (tag == "tool_search_call" and call.get("execution") == "client")


def calls_named_by(output: JsonObject) -> str:
    """The call that an output says it answers, ``""`` when it says none."""
    if type_of(output) == "mcp_approval_response":
        return text_of(output, "approval_request_id")
    return text_of(output, "call_id") or (text_of(output, "id") if type_of(output) == "local_shell_call_output" else "")


def names_of(call: JsonObject) -> tuple[str, ...]:
    """What an output may call this call by."""
    if type_of(call) == "mcp_approval_request":
        return (text_of(call, "id"),)
    if type_of(call) == "local_shell_call":
        return (text_of(call, "call_id"), text_of(call, "id"))
    return (text_of(call, "call_id"),)


def own_names(item: JsonObject) -> tuple[str, str]:
    """What other items may name this item by."""
    return text_of(item, "id"), text_of(item, "call_id")


def references(item: JsonObject) -> Iterator[str]:
    """What an item names besides the call that it answers; an approval answers its request."""
    if type_of(item) == "item_reference":
        yield text_of(item, "id")
        return
    for name in (text_of(as_object(item.get("caller")), "caller_id"), _approval_of(item)):
        if name:
            yield name


def _approval_of(item: JsonObject) -> str:
    return text_of(item, "approval_request_id") if type_of(item) == "mcp_call" else ""


@attrs.frozen(kw_only=True)
class Links:
    """
    The calls of a list of items and their outputs, by index.

    Attributes:
        output_of: Call → its output, which always comes later.
        open: Calls without an output that need one.
        orphaned: Outputs without a call before them.
        second: Output → the call that another output had answered before.
    """

    output_of: Mapping[int, int]
    open: tuple[int, ...]
    orphaned: tuple[int, ...]
    second: Mapping[int, int]


def link(items: Sequence[JsonObject]) -> Links:
    """Find the output of each call."""
    linker = _Linker(items)
    for index, item in enumerate(items):
        tag = type_of(item)
        if tag in _ANSWERS:
            linker.call(index, _ANSWERS[tag])
        elif tag in _ANSWERING:
            linker.output(index, tag)
    return linker.links()


class _Linker:
    def __init__(self, items: Sequence[JsonObject]) -> None:
        self._items = items
        self._calls: list[int] = []
        self._open: dict[str, list[int]] = {}
        self._answered: dict[tuple[str, str], int] = {}
        self._output_of: dict[int, int] = {}
        self._orphaned: list[int] = []
        self._second: dict[int, int] = {}

    def call(self, index: int, output_type: str) -> None:
        self._calls.append(index)
        self._open.setdefault(output_type, []).append(index)

    def output(self, index: int, tag: str) -> None:
        name = calls_named_by(self._items[index])
        call = self._called(tag, name)
        if call is not None:
            self._open[tag].remove(call)
            self._output_of[call] = index
            self._answered.update({(tag, known): call for known in names_of(self._items[call])})
        elif tag not in OUTPUTS:
            return  # the service made it: nobody knows whether it stands in the way of anything
        elif name and (tag, name) in self._answered:
            self._second[index] = self._answered[tag, name]
        else:
            self._orphaned.append(index)

    def _called(self, tag: str, name: str) -> int | None:
        waiting = self._open.get(tag, [])
        named = (call for call in waiting if name and name in names_of(self._items[call]))
        if (found := next(named, None)) is not None:
            return found
        # The id of a local shell's output may be its own.
        if name and tag != "local_shell_call_output":
            return None
        return waiting[0] if waiting else None

    def links(self) -> Links:
        waiting = (call for call in self._calls if call not in self._output_of)
        return Links(
            output_of=self._output_of,
            open=tuple(call for call in waiting if needs_output(self._items[call])),
            orphaned=tuple(self._orphaned),
            second=self._second,
        )
