"""From a reply to the items that a response gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.server.model.chunks import count_strings, cut
from openai_conversations.server.model.reply import Part, Reply
from openai_conversations.server.rules.azure_items import AZURE_CALLS, ID_PREFIXES, WITH_STATUS
from openai_conversations.server.rules.item_types import ITEM_TYPES

Item = dict[str, Any]


@attrs.frozen
class Step:
    """
    One thing that a response gives back.

    Attributes:
        item: With its id; ``None`` for loose events.
        events: What is said of it; empty for what its type has.
    """

    item: Item | None
    events: tuple[Mapping[str, Any], ...] = ()


@attrs.frozen(kw_only=True)
class Output:
    """
    What a response gives back.

    Attributes:
        steps: Items and loose events, in order.
        reply: Where they come from.
    """

    steps: tuple[Step, ...]
    reply: Reply

    @property
    def items(self) -> list[Item]:
        return [step.item for step in self.steps if step.item is not None]


def make_output(reply: Reply, new_id: Callable[[str], str]) -> Output:
    """The items of a reply: with ids, and with a status where their type has one."""
    steps = [_step(part, new_id) for part in reply.parts]
    last = steps[-1].item if steps else None
    if reply.end == "incomplete" and last is not None and "status" in last:
        last["status"] = "incomplete"
    return Output(steps=tuple(steps), reply=reply)


def of_agent(output: Output, response: Mapping[str, Any]) -> Output:
    """The output where every item says which response it is from, and which agent took the turn, if one did."""
    agent = response.get("agent_reference")
    origin = {"response_id": response["id"], **({"agent_reference": agent} if agent else {})}
    steps = (attrs.evolve(step, item=step.item and {**step.item, **origin}) for step in output.steps)
    return attrs.evolve(output, steps=tuple(steps))


def limited(output: Output, limit: int | None) -> Output:
    """What is left of a reply when ``max_output_tokens`` end it: it is incomplete, and so is its last item."""
    left = None if output.reply.usage else limit  # what was recorded has kept to its limit
    for n, step in enumerate(output.steps):
        cost = count_strings(step.item) if step.item is not None else 0
        if left is not None and cost > left:
            reply = attrs.evolve(output.reply, end="incomplete", reason="max_output_tokens")
            return Output(steps=(*output.steps[:n], *_shortened(step, left)), reply=reply)
        left = None if left is None else left - cost
    return output


def _shortened(step: Step, tokens: int) -> tuple[Step, ...]:
    """A message with as much of its text as is allowed; of other items nothing is left."""
    item = step.item
    if item is None or item["type"] != "message" or not tokens:
        return ()
    part, *_ = item["content"]
    name = "refusal" if part["type"] == "refusal" else "text"
    content = [{**part, name: "".join(cut(part[name])[:tokens])}]
    return (Step({**item, "status": "incomplete", "content": content}),)


def _step(part: Part, new_id: Callable[[str], str]) -> Step:
    return Step(None if part.item is None else _item(part.item, new_id), part.events)


def _item(value: Mapping[str, Any], new_id: Callable[[str], str]) -> Item:
    tag = str(value["type"])
    prefix = ITEM_TYPES[tag].prefix if tag in ITEM_TYPES else ID_PREFIXES.get(tag, "item")
    item: Item = {"id": value.get("id") or new_id(prefix), **{k: v for k, v in value.items() if k != "id"}}
    if tag in _WITH_CALL_ID and not item.get("call_id"):
        item["call_id"] = new_id("call")
    for name, fill in _FILLED.get(tag, {}).items():
        item.setdefault(name, fill)
    return item


_WITH_CALL_ID = AZURE_CALLS | {"function_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call"}
_STATUS: Mapping[str, Any] = {"status": "completed"}
# What an item has although a script need not say it.
_FILLED: Mapping[str, Mapping[str, Any]] = {
    "message": _STATUS,
    "function_call": _STATUS,
    "file_search_call": {**_STATUS, "queries": [], "results": None},
    "web_search_call": {**_STATUS, "action": {"type": "search", "query": "", "queries": []}},
    "image_generation_call": {**_STATUS, "result": None},
    "code_interpreter_call": {**_STATUS, "code": "", "container_id": "cntr_1", "outputs": None},
    "computer_call": {**_STATUS, "pending_safety_checks": []},
    "local_shell_call": _STATUS,
    "shell_call": {**_STATUS, "environment": None},
    "shell_call_output": {**_STATUS, "max_output_length": None, "output": []},
    "mcp_call": {**_STATUS, "server_label": "server", "arguments": "{}", "output": None, "error": None},
    "mcp_list_tools": {"server_label": "server", "tools": [], "error": None},
    "mcp_approval_request": {"server_label": "server", "arguments": "{}"},
    **dict.fromkeys(WITH_STATUS, _STATUS),
    **{call: {**_STATUS, "arguments": "{}"} for call in AZURE_CALLS},
}


def usage(prompt_tokens: int, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a turn costs, by the server's own count; see :mod:`.chunks`."""
    output = sum(count_strings(item) for item in items)
    reasoning = sum(count_strings(item) for item in items if item.get("type") == "reasoning")
    return {
        "input_tokens": prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt_tokens + output,
    }
