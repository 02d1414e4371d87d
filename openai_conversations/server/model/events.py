"""
The events of a stream, in the order of OpenAI's description.

Each type of item has its own: a function of the item that yields what happens between ``response.output_item.added``
and ``.done``. Sequence numbers come later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from openai_conversations.server.model.chunks import Chunks, cut
from openai_conversations.server.model.output import Output
from openai_conversations.server.rules.schema_dsl import is_array

Event = dict[str, Any]
Item = Mapping[str, Any]


def output_events(output: Output) -> Iterator[Event]:
    """Everything between ``response.in_progress`` and the last event."""
    index = 0
    for step in output.steps:
        if step.item is None:
            yield from (dict(event) for event in step.events)
        else:
            yield from _item_events(step.item, step.events, index, output.reply.chunks)
            index += 1


def _item_events(item: Item, given: Sequence[Item], index: int, chunks: Chunks) -> Iterator[Event]:
    tag = item["type"]
    begun = {**item, **_BEGUN.get(tag, {})}
    if "status" in item:
        begun["status"] = "in_progress"
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    where = {"output_index": index} if tag in _WITHOUT_ITEM_ID else {"item_id": item["id"], "output_index": index}
    for event in given or _INNER.get(tag, _nothing)(item, chunks):
        yield {**event, **where}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


# The description gives the events of commands no `item_id`.
_WITHOUT_ITEM_ID = frozenset({"shell_call"})

# How an item looks before anything of it was streamed.
_BEGUN: Mapping[str, Mapping[str, Any]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
    "mcp_call": {"arguments": "", "output": None},
    "code_interpreter_call": {"code": "", "outputs": None},
    "image_generation_call": {"result": None},
    "mcp_list_tools": {"tools": []},
    "shell_call_output": {"output": []},
}


def _message(item: Item, chunks: Chunks) -> Iterator[Event]:
    for n, part in enumerate(item["content"]):
        events = _refusal if part["type"] == "refusal" else _text
        yield from ({**event, "content_index": n} for event in events(part, chunks))


def _text(part: Item, chunks: Chunks) -> Iterator[Event]:
    yield {"type": "response.content_part.added", "part": {**part, "text": "", "annotations": []}}
    for delta in cut(part["text"], chunks):
        yield {"type": "response.output_text.delta", "delta": delta, "logprobs": []}
    for n, annotation in enumerate(part.get("annotations", ())):
        yield {
            "type": "response.output_text.annotation.added",
            "annotation_index": n,
            "annotation": annotation,
        }
    yield {"type": "response.output_text.done", "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", "part": part}


def _refusal(part: Item, chunks: Chunks) -> Iterator[Event]:
    yield {"type": "response.content_part.added", "part": {**part, "refusal": ""}}
    for delta in cut(part["refusal"], chunks):
        yield {"type": "response.refusal.delta", "delta": delta}
    yield {"type": "response.refusal.done", "refusal": part["refusal"]}
    yield {"type": "response.content_part.done", "part": part}


def _reasoning(item: Item, chunks: Chunks) -> Iterator[Event]:
    for n, part in enumerate(item["summary"]):
        yield from ({**event, "summary_index": n} for event in _summary(part, chunks))
    for n, part in enumerate(item.get("content", ())):
        yield from ({**event, "content_index": n} for event in _reasoning_text(part, chunks))


def _summary(part: Item, chunks: Chunks) -> Iterator[Event]:
    yield {"type": "response.reasoning_summary_part.added", "part": {**part, "text": ""}}
    for delta in cut(part["text"], chunks):
        yield {"type": "response.reasoning_summary_text.delta", "delta": delta}
    yield {"type": "response.reasoning_summary_text.done", "text": part["text"]}
    yield {"type": "response.reasoning_summary_part.done", "part": part}


def _reasoning_text(part: Item, chunks: Chunks) -> Iterator[Event]:
    yield {"type": "response.content_part.added", "part": {**part, "text": ""}}
    for delta in cut(part["text"], chunks):
        yield {"type": "response.reasoning_text.delta", "delta": delta}
    yield {"type": "response.reasoning_text.done", "text": part["text"]}
    yield {"type": "response.content_part.done", "part": part}


def _function_call(item: Item, chunks: Chunks) -> Iterator[Event]:
    for delta in cut(item["arguments"], chunks):
        yield {"type": "response.function_call_arguments.delta", "delta": delta}
    yield {"type": "response.function_call_arguments.done", "name": item["name"], "arguments": item["arguments"]}


def _custom_call(item: Item, chunks: Chunks) -> Iterator[Event]:
    for delta in cut(item["input"], chunks):
        yield {"type": "response.custom_tool_call_input.delta", "delta": delta}
    yield {"type": "response.custom_tool_call_input.done", "input": item["input"]}


def _search(kind: str) -> Callable[[Item, Chunks], Iterator[Event]]:
    def events(item: Item, chunks: Chunks) -> Iterator[Event]:  # noqa: ARG001  # like the others
        for stage in ("in_progress", "searching", "completed"):
            yield {"type": f"response.{kind}.{stage}"}

    return events


def _image(item: Item, chunks: Chunks) -> Iterator[Event]:  # noqa: ARG001  # like the others
    yield {"type": "response.image_generation_call.in_progress"}
    yield {"type": "response.image_generation_call.generating"}
    if item.get("result"):
        yield {
            "type": "response.image_generation_call.partial_image",
            "partial_image_index": 0,
            "partial_image_b64": item["result"],
        }
    yield {"type": "response.image_generation_call.completed"}


def _interpreter(item: Item, chunks: Chunks) -> Iterator[Event]:
    yield {"type": "response.code_interpreter_call.in_progress"}
    code = item["code"] or ""
    for delta in cut(code, chunks):
        yield {"type": "response.code_interpreter_call_code.delta", "delta": delta}
    yield {"type": "response.code_interpreter_call_code.done", "code": code}
    yield {"type": "response.code_interpreter_call.interpreting"}
    yield {"type": "response.code_interpreter_call.completed"}


def _mcp_call(item: Item, chunks: Chunks) -> Iterator[Event]:
    yield {"type": "response.mcp_call.in_progress"}
    for delta in cut(item["arguments"], chunks):
        yield {"type": "response.mcp_call_arguments.delta", "delta": delta}
    yield {"type": "response.mcp_call_arguments.done", "arguments": item["arguments"]}
    yield {"type": f"response.mcp_call.{'failed' if item.get('error') else 'completed'}"}


def _mcp_tools(item: Item, chunks: Chunks) -> Iterator[Event]:  # noqa: ARG001  # like the others
    yield {"type": "response.mcp_list_tools.in_progress"}
    yield {"type": f"response.mcp_list_tools.{'failed' if item.get('error') else 'completed'}"}


def _shell(item: Item, chunks: Chunks) -> Iterator[Event]:
    for n, command in enumerate(item["action"]["commands"]):
        yield {"type": "response.shell_call_command.added", "command_index": n, "command": ""}
        for delta in cut(command, chunks):
            yield {"type": "response.shell_call_command.delta", "command_index": n, "delta": delta}
        yield {"type": "response.shell_call_command.done", "command_index": n, "command": command}


def _shell_output(item: Item, chunks: Chunks) -> Iterator[Event]:
    kind = "response.shell_call_output_content"
    outputs = item["output"] if is_array(item["output"]) else []
    for n, output in enumerate(outputs):
        for name in ("stdout", "stderr"):
            for delta in cut(output.get(name, ""), chunks):
                yield {"type": f"{kind}.delta", "command_index": n, "delta": {name: delta}}
        yield {"type": f"{kind}.done", "command_index": n, "output": [output]}


def _nothing(item: Item, chunks: Chunks) -> Iterator[Event]:  # noqa: ARG001  # like the others
    yield from ()


_INNER: Mapping[str, Callable[[Item, Chunks], Iterator[Event]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _function_call,
    "custom_tool_call": _custom_call,
    "file_search_call": _search("file_search_call"),
    "web_search_call": _search("web_search_call"),
    "image_generation_call": _image,
    "code_interpreter_call": _interpreter,
    "mcp_call": _mcp_call,
    "mcp_list_tools": _mcp_tools,
    "shell_call": _shell,
    "shell_call_output": _shell_output,
}
