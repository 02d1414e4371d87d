"""
A saved log of the Responses API as items: what went in, and what came out.

https://platform.openai.com/docs/api-reference/responses: ``input`` is a text or items, ``output`` is items. A log holds
one exchange or several: ``{"input": …, "output": …}``, ``{"request": {…}, "response": {…}}``, ``{"input": …,
"response": {…}}``, or responses alone. Exchanges are of one conversation when each one names the response or the
conversation before it, or when its input begins with everything that was there.
"""

from __future__ import annotations

from collections.abc import Sequence

from openai_conversations.jsontypes import JsonObject, as_array, as_object, is_array, is_object, text_of, type_of
from openai_conversations.operations.archive.formats.fields import (
    Fields,
    Foreign,
    MessageError,
    message,
    text_part,
    unread,
)
from openai_conversations.operations.differences import Difference, differences
from openai_conversations.writing.compare import is_alike


def is_exchange(value: object) -> bool:
    """Whether a JSON value is an exchange: a response, or an input beside an output."""
    if text_of(value, "type") or text_of(value, "role"):
        return False  # an item, such as an output, which is an array in some
    _, response = _sides(Fields(as_object(value)))
    output = response.peek("output")
    return response.peek("object") == "response" or (is_array(output) and all(map(is_object, output)))


def _sides(fields: Fields) -> tuple[Fields, Fields]:
    """The request and the response: objects of their own, or both in one."""
    request = fields.object("request") if is_object(fields.peek("request")) else fields
    response = fields.object("response") if is_object(fields.peek("response")) else fields
    return request, response


def read_exchanges(exchanges: Sequence[JsonObject]) -> Foreign:
    """
    The items of the exchanges of one conversation.

    Raises:
        MessageError: An exchange belongs to another conversation, or holds what is no item.
    """
    reader = _Reader()
    for index, exchange in enumerate(exchanges):
        reader.read(index, exchange)
    return Foreign(items=tuple(reader.items), unread=tuple(reader.unread), conversation=reader.conversation)


class _Reader:
    """Goes through the exchanges; remembers what names them."""

    def __init__(self) -> None:
        self.items: list[JsonObject] = []
        self.unread: list[Difference] = []
        self.conversation: JsonObject = {}
        self._responses: set[str] = set()
        self._conversations: set[str] = set()

    def read(self, index: int, exchange: JsonObject) -> None:
        fields = Fields(exchange)
        request, response = _sides(fields)
        given = _given(index, request)
        known = self._known(index, request, response, given)
        for place in range(known):
            _note_changes(request, place, given[place], self.items[place])
        self.items += [item for item in given[known:] if not self._is_here(item)]
        self.items += _items(index, "output", response)
        response.drop("object", "response")
        response.drop("output_text", "".join(_texts(self.items)))
        id = text_of({"id": response.peek("id")}, "id")
        self._responses.add(id)
        self.unread += unread(index, fields, type="response", item_id=id)

    def _known(self, index: int, request: Fields, response: Fields, given: list[JsonObject]) -> int:
        """How many items of an input are there already."""
        conversation = _conversation_of(request) or _conversation_of(response)
        before = [side.peek("previous_response_id") for side in (request, response)]
        is_linked = conversation in self._conversations or any(name in self._responses for name in map(str, before))
        if conversation:
            self._conversations.add(conversation)
            self.conversation = {"id": conversation}
        is_begun = self._is_begun_by(given)
        if not self.items or (is_linked and not is_begun):
            return 0
        if not is_begun:
            reason = "it does not go on from what stands before it: the file holds several conversations"
            raise MessageError(index, reason)
        return len(self.items)

    def _is_begun_by(self, given: list[JsonObject]) -> bool:
        """Whether an input says again everything that was there."""
        return len(given) >= len(self.items) and all(
            one == item or is_alike(one, item) for one, item in zip(given, self.items, strict=False)
        )

    def _is_here(self, item: JsonObject) -> bool:
        """Whether an input only refers to an item that is there."""
        is_reference = item.keys() == {"id"} or text_of(item, "type") == "item_reference"
        return is_reference and any(text_of(known, "id") == text_of(item, "id") for known in self.items)


def _note_changes(request: Fields, place: int, given: JsonObject, item: JsonObject) -> None:
    """What an item says differently where an input repeats it; the first is kept."""
    again = {**given, "content": item.get("content")} if isinstance(given.get("content"), str) else given
    item = {**item, "type": type_of(item)}
    if given.get("id") not in (None, "", item.get("id")):
        request.note(f"input[{place}].id", "the item stood there before, with another id", "changed")
    for found in differences(place, {**item, **again}, item):
        request.note(f"input[{place}].{found.path}", "the item stood there before, and differs", "changed")


def _conversation_of(side: Fields) -> str:
    given = side.peek("conversation")
    return given if isinstance(given, str) else text_of(given, "id")


def _given(index: int, request: Fields) -> list[JsonObject]:
    given = request.peek("input")
    if isinstance(given, str) and given:
        return [message("user", [text_part("user", request.take("input"))])]
    return _items(index, "input", request)


def _items(index: int, name: str, side: Fields) -> list[JsonObject]:
    """The items of an array; what is no array is left where it is, and named."""
    values = as_array(side.take(name)) if is_array(side.peek(name)) else []
    for place, value in enumerate(values, 1):
        if not is_object(value):
            raise MessageError(index, f"{name} {place} is no item")
    return values


def _texts(items: Sequence[JsonObject]) -> list[str]:
    """What a response of the official client calls its output text."""
    return [
        text_of(part, "text")
        for item in items
        if text_of(item, "role") == "assistant" and is_array(item.get("content"))
        for part in item["content"]
    ]
