"""
What type checkers and editors know of the public names: read by mypy and pyright, never run.

A mistake in an annotation of the package is an error of this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, assert_type

from openai_conversations import (
    AmbiguousWriteError,
    APIResponse,
    APIStatusError,
    AppendResult,
    Attempt,
    Conversation,
    ConversationDeletedResource,
    ConversationItem,
    ConversationItemList,
    ConversationItemPage,
    ConversationsClient,
    FunctionCall,
    FunctionCallOutput,
    Handler,
    HTTPRequest,
    HTTPResponse,
    InputImage,
    InputText,
    ItemLister,
    Message,
    Receipt,
    Refusal,
    RequestInfo,
    ResponseStream,
    ResponseStreamEvent,
    ResponseTextDeltaEvent,
    Timeout,
    UnknownEvent,
    UnknownItem,
    azure,
)
from openai_conversations.schemas.content import OutputText, UrlCitation
from openai_conversations.schemas.items import OpenPageAction
from openai_conversations.schemas.responses import Response
from openai_conversations.schemas.tools import FunctionTool
from openai_conversations.schemas.webhooks import ResponseFailedWebhookEvent, UnwrapWebhookEvent


def construction() -> None:
    """Every keyword of the constructor takes what its documentation says."""

    def key() -> str:
        return "sk-"

    async def token() -> str:
        return "eyJ"

    ConversationsClient()
    ConversationsClient(api_key=key, timeout=None, max_retries=0)
    ConversationsClient(api_key=token, timeout=Timeout(total=5), profile=azure(api_version="preview"))
    ConversationsClient(profile=None, user_isolation_key="user-42").with_options(user_isolation_key="user-7")
    assert_type(ConversationsClient(profile="generic").with_options(timeout=3), ConversationsClient)


async def context() -> None:
    """``async with`` gives the client."""
    async with ConversationsClient() as client:
        assert_type(client, ConversationsClient)


async def conversations(client: ConversationsClient) -> None:
    """The four operations on conversations."""
    created = await client.conversations.create(metadata={"user": "42"}, items=[{"role": "user", "content": "Hi"}])
    assert_type(created, Conversation)
    assert_type(created.id, str)
    assert_type(created.created_at, int)
    assert_type(created.metadata, dict[str, Any] | None)
    assert_type(await client.conversations.retrieve("conv_1", timeout=3), Conversation)
    assert_type(await client.conversations.update("conv_1", metadata={"user": "43"}), Conversation)
    deleted = await client.conversations.delete("conv_1")
    assert_type(deleted, ConversationDeletedResource)
    assert_type(deleted.deleted, bool)


async def items(client: ConversationsClient) -> None:
    """The four operations on items; mappings and objects mix."""
    stored = await client.conversations.items.create(
        "conv_1",
        items=[
            {"role": "user", "content": "Hi"},
            Message(role="user", content=[InputText(text="Hi"), InputImage(detail="auto")]),
            FunctionCall(call_id="call_1", name="f", arguments="{}"),
        ],
        include=["message.input_image.image_url"],
    )
    assert_type(stored, ConversationItemList)
    assert_type(stored.data, list[ConversationItem])
    assert_type(await client.conversations.items.retrieve("msg_1", conversation_id="conv_1"), ConversationItem)
    assert_type(await client.conversations.items.delete("msg_1", conversation_id="conv_1"), Conversation)


async def listing(client: ConversationsClient) -> None:
    """``list`` gives a page when it is awaited and items when it is iterated over."""
    lister = client.conversations.items.list("conv_1", limit=50, order="asc", after="msg_1")
    assert_type(lister, ItemLister)
    page = await lister
    assert_type(page, ConversationItemPage)
    assert_type(page.data, list[ConversationItem])
    assert_type(page.has_more, bool)
    assert_type(page.has_next_page(), bool)
    assert_type(await page.get_next_page(), ConversationItemPage)
    async for item in lister:
        assert_type(item, ConversationItem)
    async for item in page:
        assert_type(item, ConversationItem)
    async for other in page.iter_pages():
        assert_type(other, ConversationItemPage)


async def operations(client: ConversationsClient) -> None:
    """What is made of many requests has results of its own."""
    assert_type(await client.conversations.items.append("conv_1", [{"role": "user", "content": "Hi"}]), AppendResult)
    assert_type(await client.conversations.erase("conv_1"), Receipt)
    assert_type((await client.conversations.check("conv_1")).conversation_id, str)
    assert_type(await client.conversations.patch_metadata("conv_1", {"k": "v", "old": None}), Conversation)


def narrowing(item: ConversationItem) -> None:
    """Items are told apart by class, and by ``match``."""
    assert_type(item.id, str)
    if isinstance(item, Message):
        assert_type(item.text, str)
        for part in item.parts:
            if isinstance(part, Refusal):
                assert_type(part.refusal, str)
    match item:
        case FunctionCall():
            assert_type(item.arguments, str)
            assert_type(item.async_, bool | None)
        case FunctionCallOutput(call_id=call_id):
            assert_type(call_id, str | None)
        case UnknownItem():
            assert_type(item.data, Any)
        case _:
            pass


def narrowing_by_type(item: ConversationItem) -> None:
    """Items, parts, annotations and tools are told apart by their type, as those of the official client are."""
    if item.type == "message":
        assert_type(item, Message)
        for part in item.parts:
            if part.type == "output_text":
                assert_type(part, OutputText)
                assert_type([one for one in part.annotations if one.type == "url_citation"], list[UrlCitation])
            elif part.type == "refusal":
                assert_type(part.refusal, str)
    elif item.type == "function_call_output" and not isinstance(item.output, str):
        assert_type([part.text for part in item.output if part.type == "input_text"], list[str])
    elif item.type == "web_search_call" and item.action.type == "open_page":
        assert_type(item.action, OpenPageAction)
    elif item.type == "shell_call_output":
        assert_type([one.outcome.exit_code for one in item.output if one.outcome.type == "exit"], list[int])
    elif isinstance(item, UnknownItem):
        assert_type(item.data, Any)


def narrowing_in_responses(response: Response) -> None:
    """So are the items of an output and the tools that the model had."""
    for output in response.output:
        if output.type == "function_call":
            assert_type(output, FunctionCall)
    for tool in response.tools or []:
        if tool.type == "function":
            assert_type(tool, FunctionTool)
        elif tool.type == "mcp":
            assert_type(tool.server_label, str)


def narrowing_of_webhooks(event: UnwrapWebhookEvent) -> None:
    """So are the events of a webhook."""
    if event.type == "response.failed":
        assert_type(event, ResponseFailedWebhookEvent)
        assert_type(event.data.id, str)


async def raw(client: ConversationsClient) -> None:
    """Raw responses keep the type of what they hold."""
    answer = await client.conversations.with_raw_response.retrieve("conv_1")
    assert_type(answer, APIResponse[Conversation])
    assert_type(answer.parse(), Conversation)
    assert_type(answer.status_code, int)
    assert_type(answer.headers, Mapping[str, str])
    assert_type(answer.content, bytes)
    assert_type(answer.request_id, str | None)
    assert_type(answer.retries_taken, int)
    assert_type(answer.elapsed, timedelta)
    assert_type(answer.http_request, RequestInfo)
    page = await client.conversations.items.with_raw_response.list("conv_1")
    assert_type(page.parse(), ConversationItemPage)
    assert_type((await client.with_raw_response.conversations.create()).parse(), Conversation)


async def streamed_turn(client: ConversationsClient) -> None:
    """A stream has a type without and with ``text_format``."""
    async with client.responses.stream(model="gpt-5.5", input="Hi") as stream:
        assert_type(stream, ResponseStream[None])
        async for text in stream.text_stream:
            assert_type(text, str)
    async with client.responses.stream(model="gpt-5.5", input="Hi", text_format=Message) as parsed:
        assert_type((await parsed.get_final_response()).output_parsed, Message | None)


async def streaming(client: ConversationsClient) -> None:
    """Streaming responses are context managers."""
    async with client.conversations.with_streaming_response.retrieve("conv_1") as answer:
        assert_type(await answer.parse(), Conversation)
        async for chunk in answer.iter_bytes():
            assert_type(chunk, bytes)


def events(event: ResponseStreamEvent) -> None:
    """The type of an event tells its class."""
    if event.type == "response.output_text.delta":
        assert_type(event, ResponseTextDeltaEvent)
        assert_type(event.delta, str)
    elif event.type == "response.completed":
        assert_type(event.response.output_text, str)
        assert_type(event.response.output, list[ConversationItem])
    elif event.type == "response.output_item.done":
        if event.item.type == "function_call":
            assert_type(event.item, FunctionCall)
    elif event.type == "response.content_part.done":
        if event.part.type == "output_text":
            assert_type(event.part, OutputText)
    elif event.type == "error":
        assert_type(event.code, str | None)
    elif isinstance(event, UnknownEvent):
        assert_type(event.sequence_number, int)
    assert_type(event.sequence_number, int)


async def errors(client: ConversationsClient) -> None:
    """Errors carry what a handler needs."""
    try:
        await client.conversations.create()
    except AmbiguousWriteError as error:
        assert_type(error.stored, tuple[str, ...] | None)
        assert_type(error.attempts, tuple[Attempt, ...])
    except APIStatusError as error:
        assert_type(error.status_code, int)
        assert_type(error.request_id, str | None)
        assert_type(error.retry_after, float | None)
        assert_type(error.code, str | None)


def middlewares() -> None:
    """A middleware is an async function of a request and a handler."""

    async def pass_on(request: HTTPRequest, handler: Handler) -> HTTPResponse:
        assert_type(request.operation, str)
        return await handler(request.with_headers({"traceparent": "00"}))

    ConversationsClient(middlewares=[pass_on])
