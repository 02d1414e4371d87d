"""What type checkers make of the keywords of ``client.responses``: read by mypy and pyright, never run."""

from __future__ import annotations

from typing import Unpack

from openai_conversations import Conversation, ConversationItem, Timeout, omit
from openai_conversations.resources.response_params import (
    InputTokenCountParams,
    ResponseCompactParams,
    ResponseCreateParams,
    ResponseRetrieveParams,
)
from openai_conversations.schemas.responses import Response
from openai_conversations.schemas.tools import FunctionTool


def create(**params: Unpack[ResponseCreateParams]) -> None: ...
def retrieve(response_id: str, **params: Unpack[ResponseRetrieveParams]) -> None: ...
def compact(**params: Unpack[ResponseCompactParams]) -> None: ...
def count(**params: Unpack[InputTokenCountParams]) -> None: ...


def turns(chat: Conversation, before: Response, items: list[ConversationItem], tool: FunctionTool) -> None:
    """A turn takes mappings, our objects, ``None`` and ``omit``, and the keywords of every call."""
    create(model="gpt-5.5", input="Hi", conversation=chat, timeout=Timeout(total=5), extra_headers={"x": "1"})
    create(model="gpt-5.5", input=[{"role": "user", "content": "Hi"}, *items], conversation={"id": "conv_1"})
    create(input=before.output, conversation=before.conversation, tools=[tool, {"type": "web_search"}])
    create(tool_choice={"type": "function", "name": "f"}, reasoning=before.reasoning, text=before.text or omit)
    create(tool_choice="auto", reasoning={"effort": "low", "mode": "newer"}, text={"verbosity": "low"})
    create(text={"format": {"type": "json_schema", "name": "n", "schema": {}}}, prompt={"id": "pmpt_1"})
    create(conversation=None, store=None, temperature=omit, include=["reasoning.encrypted_content"])
    create(service_tier="fast", truncation="auto", metadata={"a": "b"}, context_management=[{"type": "compaction"}])
    create(tools=[{"type": "function", "name": "f", "parameters": {}, "strict": True}], model="of-tomorrow")


def mistakes() -> None:
    """A name, a kind of value and a null that the API does not have are errors."""
    create(modle="gpt-5.5")  # type: ignore[call-arg]  # no such keyword
    create(model=None)  # type: ignore[arg-type]  # cannot be null
    create(stream=True)  # type: ignore[call-arg]  # the method's own
    create(temperature="hot")  # type: ignore[arg-type]  # a number
    compact()  # type: ignore[call-arg]  # the model must be given


def wrong_words() -> None:
    """A word that the API does not have is one, too, and so is a dictionary of another shape."""
    create(truncation="yes")  # type: ignore[arg-type]
    create(tool_choice="always")  # type: ignore[arg-type]
    create(tool_choice={"type": "function", "function": {"name": "f"}})  # type: ignore[arg-type]  # that of chats
    create(include=["everything"])  # type: ignore[list-item]
    create(service_tier="slow")  # type: ignore[arg-type]
    create(reasoning={"effort": "extreme"})  # type: ignore[arg-type]
    create(text={"verbosity": "chatty"})  # type: ignore[arg-type]
    create(text={"format": {"type": "json"}})  # type: ignore[arg-type]
    create(prompt_cache_retention="1h")  # type: ignore[arg-type]
    create(tools=[{"type": "function", "function": {"name": "f"}}])  # type: ignore[list-item]  # that of chats
    compact(model=None, service_tier="scale")  # type: ignore[arg-type]  # not of a compaction
    count(truncation="yes")  # type: ignore[arg-type]


def others(chat: Conversation) -> None:
    """The other methods."""
    retrieve("resp_1", include=["reasoning.encrypted_content"], starting_after=3, timeout=None)
    compact(model=None, input="Hi", previous_response_id="resp_1")
    count(conversation=chat, model="gpt-5.5", personality="friendly")
