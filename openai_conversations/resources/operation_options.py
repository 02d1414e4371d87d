"""The keywords that every operation takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, cast

from openai_conversations.api.arguments import CallOptions
from openai_conversations.api.caller import Caller
from openai_conversations.api.keywords import refuse_other_keywords
from openai_conversations.settings import Timeout


class OperationOptions(TypedDict, total=False):
    """
    Keywords that every operation takes. They count for each request that it makes.

    Attributes:
        extra_headers: Headers; they win over the client's.
        extra_query: Query values.
        timeout: Seconds for each request, a :class:`Timeout`, or ``None`` for no bound.
    """

    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, object] | None
    timeout: float | Timeout | None


def operation_caller(caller: Caller, options: OperationOptions) -> Caller:
    """
    What makes the calls of an operation.

    Raises:
        TypeError: A keyword is none of :class:`OperationOptions`.
    """
    refuse_other_keywords(options, OperationOptions)
    return caller.streaming(stream=False).with_options(cast("CallOptions", options))
