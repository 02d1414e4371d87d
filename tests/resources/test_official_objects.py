"""Objects of the official client as items: what it received can be sent with this one."""

from __future__ import annotations

import json
from typing import Any

from openai.types.responses import Response

from openai_conversations.api.arguments import checked_items
from openai_conversations.converters.codec import codec

OUTPUT: list[dict[str, Any]] = [
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"},
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
    },
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}", "async": True},
]
RESPONSE = Response.construct(
    **json.loads(json.dumps({"id": "resp_1", "object": "response", "created_at": 1, "output": OUTPUT}))
)


def sent(items: Any) -> Any:
    return json.loads(codec().encode({"items": codec().encode_items(checked_items(items))}))["items"]


def test_output_of_a_response() -> None:
    """``items=response.output``: as our own received items, without the ids that must not be sent."""
    expected = [{k: v for k, v in item.items() if k != "id" or item["type"] == "reasoning"} for item in OUTPUT]

    assert expected == sent(RESPONSE.output)
    assert expected == sent(item for item in RESPONSE.output)


def test_inside_a_mapping() -> None:
    """An object inside a mapping is written as what came."""
    message = {"role": "assistant", "content": RESPONSE.output[1].content}  # type: ignore[union-attr]  # a message

    assert [{"role": "assistant", "content": OUTPUT[1]["content"]}] == sent([message])
