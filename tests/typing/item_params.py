"""Items as dictionaries: what type checkers take, and what they refuse. Read by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Iterator

from openai.types.responses import Response as OfficialResponse

from openai_conversations import ConversationsClient, InputText, ItemParam, Message


async def accepted(client: ConversationsClient, official: OfficialResponse) -> None:
    """Every shape of the API, objects of ours and of the official client, lists, tuples, generators."""
    items = client.conversations.items
    await items.create("conv_1", items=[{"role": "user", "content": "Hi"}])
    await items.create(
        "conv_1",
        items=[
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]},
            {"role": "user", "content": [{"type": "input_image", "image_url": "https://h/i.png", "detail": "low"}]},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "async": True},
            {"type": "function_call_output", "call_id": "c", "output": "5"},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "…"}]},
            {"type": "item_reference", "id": "msg_1"},
            Message(role="user", content=[InputText(text="Hi")]),
        ],
    )
    await items.create("conv_1", items=official.output)
    await items.create("conv_1", items=(item for item in official.output))
    await items.append("conv_1", generated())
    await client.conversations.create(items=({"role": "user", "content": "Hi"},))


def generated() -> Iterator[ItemParam]:
    """A generator of items."""
    yield {"role": "user", "content": "Hi"}


async def refused(client: ConversationsClient) -> None:
    """A slip is an error: in a word, in a key, in a type, in what is missing."""
    items = client.conversations.items
    await items.create("conv_1", items=[{"role": "usr", "content": "Hi"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # a word
    await items.create("conv_1", items=[{"role": "user", "contents": "Hi"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # a key
    await items.create("conv_1", items=[{"type": "function_call", "name": "f"}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # what is missing
    await items.create("conv_1", items=[{"role": "user", "content": [{"type": "text"}]}])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # inside
