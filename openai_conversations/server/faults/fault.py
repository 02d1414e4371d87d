"""A fault as a value: what happens, and to which requests."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypedDict

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http.messages import ServerRequest, ServerResponse
from openai_conversations.server.processing import PendingRequest
from openai_conversations.server.rules.schema_dsl import is_object

Effect = Callable[[PendingRequest], Awaitable[ServerResponse]]
Rewrite = Callable[[list[Any]], list[Any]]

CONVERSATION_OPERATIONS = (
    "createConversation",
    "getConversation",
    "updateConversation",
    "deleteConversation",
    "createConversationItems",
    "listConversationItems",
    "getConversationItem",
    "deleteConversationItem",
)
TURN_OPERATIONS = (
    "createResponse",
    "getResponse",
    "deleteResponse",
    "cancelResponse",
    "listInputItems",
    "Getinputtokencounts",
    "Compactconversation",
)
OPERATION_IDS = (*CONVERSATION_OPERATIONS, *TURN_OPERATIONS)


class Select(TypedDict, total=False):
    """
    Which requests a fault fires at; every fault takes these keywords.

    Attributes:
        operation: An operationId; without it every operation that the fault can spoil.
        count: How often it fires; ``None`` for ever. Once by default.
        skip: How many requests that match it lets pass first.
        probability: Of firing at a request that matches; 1 by default.
        seed: Of the dice that decide on it.
        when: A last word on the request.
    """

    operation: str | None
    count: int | None
    skip: int
    probability: float
    seed: int
    when: Callable[[ServerRequest], bool] | None


@attrs.frozen(kw_only=True)
class Fault:
    """
    Something that goes wrong. Made by the functions of :mod:`.named`; it has an effect or a rewrite.

    Attributes:
        name: Which of them made it.
        effect: What happens to the request instead of its processing; ``None`` for a rewrite.
        rewrite: What the store makes of the items of the request; ``None`` for an effect.
        possible: The operations that it can spoil; ``None`` for all.
        streamed: Whether it can spoil streams only.
        operation: See :class:`Select`.
        count: See :class:`Select`.
        skip: See :class:`Select`.
        probability: See :class:`Select`.
        seed: See :class:`Select`.
        when: See :class:`Select`.
    """

    name: str
    effect: Effect | None = attrs.field(default=None, repr=False)
    rewrite: Rewrite | None = attrs.field(default=None, repr=False)
    possible: frozenset[str] | None = attrs.field(default=None, repr=False)
    streamed: bool = attrs.field(default=False, repr=False)
    operation: str | None = None
    count: int | None = attrs.field(default=1)
    skip: int = 0
    probability: float = 1.0
    seed: int = 0
    when: Callable[[ServerRequest], bool] | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.operation is not None and self.operation not in OPERATION_IDS:
            raise ValueError(f"there is no operation {self.operation!r}; the operations are {', '.join(OPERATION_IDS)}")
        if self.possible and self.operation and self.operation not in self.possible:
            raise ValueError(f"{self.name} does not apply to {self.operation}, only {', '.join(sorted(self.possible))}")
        if self.count is not None and self.count < 1:
            raise ValueError(f"count is at least 1, not {self.count}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability is between 0 and 1, not {self.probability}")

    def matches(self, request: ServerRequest) -> bool:
        """Whether the request is one that this fault is meant for; the dice and the counters are not asked."""
        if self.operation is not None and request.operation != self.operation:
            return False
        if self.possible is not None and request.operation not in self.possible:
            return False
        if self.streamed and not _asks_for_stream(request):
            return False
        return self.when is None or self.when(request)

    def __str__(self) -> str:
        return f"{self.name} on {self.operation or 'any operation'}"


def _asks_for_stream(request: ServerRequest) -> bool:
    if request.method == "GET":
        return "true" in request.query.get("stream", ())
    try:
        fields = json.loads(request.body)
    except ValueError:
        return False
    return is_object(fields) and fields.get("stream") is True


# The smallest and the largest value of what faults take, by name.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "status": (200, 999),
    "seconds": (0, 1e9),
    "chunk": (1, 1e9),
    "size": (0, 1e9),
    "n": (0, 1e9),
    "keep": (0, 1e9),
    "after": (0, 1e9),
}
# RFC 9110, 5.1 and 5.5.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")


def check_bounds(**values: float) -> None:
    """
    Refuse what no effect can do.

    Raises:
        ValueError: A value is out of its bounds.
    """
    for name, value in values.items():
        least, most = _BOUNDS[name]
        if not least <= value <= most:
            raise ValueError(f"{name} is between {least:g} and {most:g}, not {value}")


def check_headers(headers: Mapping[str, str]) -> None:
    """
    Refuse headers that HTTP cannot carry.

    Raises:
        ValueError: A name or a value holds what it must not.
    """
    for name, value in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            raise ValueError(f"{name!r}: {value!r} is not an HTTP header")
