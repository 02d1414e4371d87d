"""
Keywords of ``client.responses``: the body of each operation, member by member, for ``Unpack``.

Names, values and what may be null are those of OpenAI's description and of the official client. ``None`` is sent as
null; :data:`omit` is the same as leaving the keyword out. For type checkers the words and keys of a dictionary are
closed where the official client's are, so that a slip is an error; any mapping and any string are sent. What is newer
than this package is ``cast``, or goes into ``extra_body``.

Nothing but type checkers and the refusal of unknown keywords reads these classes: what they name is not imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, cast

from openai_conversations.api.arguments import CallOptions, Members, Omit

if TYPE_CHECKING:
    from typing import TypeAlias

    from openai_conversations.limits import Include
    from openai_conversations.resources.items import ItemParam
    from openai_conversations.schemas.conversation import Conversation
    from openai_conversations.schemas.params.tools import ToolDictParam
    from openai_conversations.schemas.params.turns import (
        AccessProgramsParam,
        BackgroundOptionsParam,
        ContextManagementParam,
        ImageOptionsParam,
        ModerationParam,
        PromptCacheOptionsParam,
        PromptCacheRetention,
        ResponsePromptParam,
        ResponseReasoningParam,
        ResponseTextConfigParam,
        ServiceTier,
        StreamOptionsParam,
        ToolChoiceParam,
        Truncation,
    )
    from openai_conversations.schemas.responses.configuration import (
        PromptCacheOptions,
        ResponsePrompt,
        ResponseReasoning,
        ResponseTextConfig,
        ToolChoiceAllowed,
        ToolChoiceCustom,
        ToolChoiceFunction,
        ToolChoiceMcp,
        ToolChoiceTypes,
    )
    from openai_conversations.schemas.responses.response import ResponseConversation
    from openai_conversations.schemas.tools import Tool
    from openai_conversations.schemas.unknown import UnknownObject

    ToolChoiceObject: TypeAlias = (
        ToolChoiceAllowed | ToolChoiceCustom | ToolChoiceFunction | ToolChoiceMcp | ToolChoiceTypes | UnknownObject
    )

Object: TypeAlias = Mapping[str, object]
"""A JSON object of the official shape."""

InputParam: TypeAlias = "str | Iterable[ItemParam]"
"""What is said to the model: the text of one message of the user, or items."""

ConversationParam: TypeAlias = "str | Object | Conversation | ResponseConversation"
"""The conversation of a turn: its id, ``{"id": …}``, or an object of ours that stands for it."""

ToolParam: TypeAlias = "ToolDictParam | Tool"
"""A tool: a dictionary of the official shape, or an object of ours."""


class TurnParams(CallOptions, total=False):
    """
    Keywords of a turn, all optional: what does not say what is said, where, and to whom.

    Attributes:
        access_programs: Access programs of a domain: ``{"cyber": …}``.
        background_options: ``completion_window`` and ``continuation_id`` of a turn in the background.
        context_management: When the service compacts: ``{"type": "compaction", "compact_threshold": tokens}``.
        image: ``{"context_compression": …}`` of all images of the request.
        include: Fields that the service leaves out unless asked.
        instructions: A system message of this turn only.
        max_output_tokens: The most tokens that the model may write, reasoning included; at least 16.
        max_tool_calls: The most calls of hosted tools, of all of them together.
        metadata: At most 16 pairs of strings, kept with the response.
        moderation: ``model`` and ``policy`` by which input and output are moderated.
        parallel_tool_calls: Whether the model may call several tools at once.
        prompt: A stored prompt and what is filled into it.
        prompt_cache_key: Keeps similar requests together, so that more of them is found in the cache.
        prompt_cache_options: How the prompt is cached.
        prompt_cache_retention: The old name of ``prompt_cache_options.ttl``.
        reasoning: How the model reasons.
        safety_identifier: Stands for an end user, for example a hash of the name; at most 64 characters.
        service_tier: How the request is processed, and at what price.
        store: Whether the response can be retrieved later; the service's default is true.
        stream_options: ``{"include_obfuscation": …}``; only of a stream.
        temperature: From 0 to 2; the higher, the more random.
        text: The format of the text, and how verbose it is.
        tool_choice: Whether the model calls tools, and which.
        top_logprobs: How many likely tokens are given for each position, from 0 to 20.
        top_p: From 0 to 1: only the most likely tokens that make up this part are considered.
        truncation: ``auto`` drops the oldest items of what is too long; ``disabled`` refuses it.
        user: The old name of ``safety_identifier`` and ``prompt_cache_key``.
    """

    access_programs: AccessProgramsParam | Omit
    background_options: BackgroundOptionsParam | Omit
    context_management: Iterable[ContextManagementParam] | Omit | None
    image: ImageOptionsParam | Omit
    include: Sequence[Include] | Omit | None
    instructions: str | Omit | None
    max_output_tokens: int | Omit | None
    max_tool_calls: int | Omit | None
    metadata: Mapping[str, str] | Omit | None
    moderation: ModerationParam | Omit | None
    parallel_tool_calls: bool | Omit | None
    prompt: ResponsePromptParam | ResponsePrompt | Omit | None
    prompt_cache_key: str | Omit | None
    prompt_cache_options: PromptCacheOptionsParam | PromptCacheOptions | Omit
    prompt_cache_retention: PromptCacheRetention | Omit | None
    reasoning: ResponseReasoningParam | ResponseReasoning | Omit | None
    safety_identifier: str | Omit | None
    service_tier: ServiceTier | Omit | None
    store: bool | Omit | None
    stream_options: StreamOptionsParam | Omit | None
    temperature: float | Omit | None
    text: ResponseTextConfigParam | ResponseTextConfig | Omit
    tool_choice: ToolChoiceParam | ToolChoiceObject | Omit
    top_logprobs: int | Omit | None
    top_p: float | Omit | None
    truncation: Truncation | Omit | None
    user: str | Omit


class ResponseCreateParams(TurnParams, total=False):
    """
    Keywords of ``createResponse``, all optional; ``stream`` is the method's own.

    Attributes:
        background: Whether the turn goes on without this connection.
        conversation: Where the turn is taken: its items come first, and what is new is stored in it.
        input: What is said to the model.
        model: The model, such as ``gpt-5.5``.
        previous_response_id: The turn before; never together with ``conversation``.
        tools: The tools that the model may call.
    """

    background: bool | Omit | None
    conversation: ConversationParam | Omit | None
    input: InputParam | Omit
    model: str | Omit
    previous_response_id: str | Omit | None
    tools: Iterable[ToolParam] | Omit


class ResponseRetrieveParams(CallOptions, total=False):
    """
    Keywords of reading a response (``getResponse``); ``stream`` is the method's own.

    Attributes:
        include: Fields that the service leaves out unless asked.
        include_obfuscation: Whether events of a stream are filled up, so that their sizes say nothing.
        starting_after: The number of the last event that is known; only of a stream.
    """

    include: Sequence[Include] | Omit
    include_obfuscation: bool | Omit
    starting_after: int | Omit


class ResponseCompactParams(CallOptions, total=False):
    """
    Keywords of a compaction (``Compactconversation``); ``model`` must be given.

    Attributes:
        image: ``{"context_compression": …}`` of all images of the request.
        input: What is compacted.
        instructions: A system message of this request only.
        model: The model that compacts, or ``None``.
        previous_response_id: The last turn of what is compacted.
        prompt_cache_key: Keeps similar requests together, so that more of them is found in the cache.
        prompt_cache_options: How the prompt is cached.
        prompt_cache_retention: The old name of ``prompt_cache_options.ttl``.
        service_tier: How the request is processed, and at what price.
    """

    image: ImageOptionsParam | Omit
    input: InputParam | Omit | None
    instructions: str | Omit | None
    model: Required[str | None]
    previous_response_id: str | Omit | None
    prompt_cache_key: str | Omit | None
    prompt_cache_options: PromptCacheOptionsParam | PromptCacheOptions | Omit | None
    prompt_cache_retention: PromptCacheRetention | Omit | None
    service_tier: Literal["auto", "default", "fast", "flex", "priority"] | Omit | None


class InputTokenCountParams(CallOptions, total=False):
    """
    Keywords of a count of tokens (``Getinputtokencounts``), all optional: those of the turn that would be taken.

    Attributes:
        conversation: Where the turn would be taken.
        input: What would be said to the model.
        instructions: A system message of the turn.
        model: The model whose tokens are counted.
        parallel_tool_calls: Whether the model may call several tools at once.
        personality: A style of the model's own.
        previous_response_id: The turn before; never together with ``conversation``.
        reasoning: How the model reasons.
        text: The format of the text, and how verbose it is.
        tool_choice: Whether the model calls tools, and which.
        tools: The tools that the model may call.
        truncation: ``auto`` drops the oldest items of what is too long; ``disabled`` refuses it.
    """

    conversation: ConversationParam | Omit | None
    input: InputParam | Omit | None
    instructions: str | Omit | None
    model: str | Omit | None
    parallel_tool_calls: bool | Omit | None
    personality: Literal["friendly", "pragmatic"] | str | Omit
    previous_response_id: str | Omit | None
    reasoning: ResponseReasoningParam | ResponseReasoning | Omit | None
    text: ResponseTextConfigParam | ResponseTextConfig | Omit | None
    tool_choice: ToolChoiceParam | ToolChoiceObject | Omit | None
    tools: Iterable[ToolParam] | Omit | None
    truncation: Truncation | Omit


def split(params: Any) -> tuple[Members, CallOptions]:
    """The members of the body, and what every call takes."""
    body = Members((name, value) for name, value in params.items() if name not in CallOptions.__annotations__)
    options = Members((name, value) for name, value in params.items() if name in CallOptions.__annotations__)
    return body, cast("CallOptions", options)
