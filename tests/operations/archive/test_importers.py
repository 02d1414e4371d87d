"""
What holds for every format that is read.

A document of it, whatever somebody put in place of its values, is either refused in one clear line, or each of its
values is in the items, in the conversation, or under a place that is named as unread.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event, given, settings, strategies as st

from openai_conversations.converters.json import dumps
from openai_conversations.converters.lossless import loads_lossless
from openai_conversations.operations.archive.reader import Archive, read_archive
from openai_conversations.operations.errors import ArchiveError

CALL = {"id": "t1", "type": "function", "function": {"name": "t2", "arguments": "t3"}}

CHAT = [
    {"role": "system", "content": "t4"},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "t5"},
            {"type": "image_url", "image_url": {"url": "t6", "detail": "low"}},
            {"type": "file", "file": {"file_id": "t7"}},
        ],
    },
    {
        "role": "assistant",
        "content": "t8",
        "tool_calls": [CALL, {"id": "t9", "type": "custom", "custom": {"name": "t10", "input": "t11"}}],
        "annotations": [{"type": "url_citation", "url_citation": {"url": "t12", "title": "t13", "start_index": 1}}],
    },
    {"role": "tool", "tool_call_id": "t1", "content": "t14"},
    {"role": "tool", "tool_call_id": "t9", "content": [{"type": "text", "text": "t15"}]},
    {"role": "assistant", "content": None, "function_call": {"name": "t16", "arguments": {"x": "t17"}}},
    {"role": "function", "name": "t16", "content": {"y": "t18"}},
    {"role": "assistant", "refusal": "t19"},
]

THREAD = [
    {
        "object": "thread.message",
        "id": "t1",
        "created_at": 1700000002,
        "role": "assistant",
        "content": [
            {
                "type": "text",
                "text": {
                    "value": "t2 [1]",
                    "annotations": [
                        {"type": "file_citation", "text": "[1]", "start_index": 3, "file_citation": {"file_id": "t3"}}
                    ],
                },
            }
        ],
    },
    {
        "object": "thread.message",
        "id": "t4",
        "created_at": 1700000001,
        "role": "user",
        "content": [
            {"type": "text", "text": {"value": "t5", "annotations": []}},
            {"type": "image_file", "image_file": {"file_id": "t6"}},
        ],
    },
]

UI = [
    {"id": "t1", "role": "user", "parts": [{"type": "text", "text": "t2"}, {"type": "file", "url": "t3"}]},
    {
        "id": "t4",
        "role": "assistant",
        "metadata": {"x": "t5"},
        "parts": [
            {"type": "step-start"},
            {"type": "reasoning", "text": "t6"},
            {"type": "text", "text": "t7", "state": "done"},
            {
                "type": "tool-f",
                "toolCallId": "t8",
                "state": "output-available",
                "input": {"x": "t9"},
                "output": ["t10"],
            },
            {
                "type": "dynamic-tool",
                "toolName": "t11",
                "toolCallId": "t12",
                "state": "output-error",
                "errorText": "t13",
            },
            {"type": "source-url", "url": "t14"},
            {"type": "text", "text": "t15"},
        ],
    },
    {
        "role": "assistant",
        "content": "t16",
        "parts": [
            {"type": "text", "text": "t16"},
            {
                "type": "tool-invocation",
                "toolInvocation": {
                    "state": "result",
                    "toolCallId": "t17",
                    "toolName": "t18",
                    "args": {"x": "t19"},
                    "result": "t20",
                },
            },
        ],
    },
]

CHATGPT = {
    "title": "t1",
    "id": "t2",
    "current_node": "n4",
    "create_time": 1700000000.5,
    "mapping": {
        "n0": {"id": "n0", "message": None, "parent": None, "children": ["n1"]},
        "n1": {
            "id": "n1",
            "parent": "n0",
            "children": ["n2", "n5"],
            "message": {
                "id": "t3",
                "author": {"role": "user"},
                "content": {"content_type": "text", "parts": ["t4"]},
                "status": "finished_successfully",
            },
        },
        "n2": {
            "id": "n2",
            "parent": "n1",
            "children": ["n3"],
            "message": {
                "id": "t5",
                "author": {"role": "assistant"},
                "recipient": "python",
                "content": {"content_type": "code", "language": "t6", "text": "t7"},
            },
        },
        "n3": {
            "id": "n3",
            "parent": "n2",
            "children": ["n4"],
            "message": {
                "id": "t8",
                "author": {"role": "tool", "name": "python"},
                "content": {"content_type": "execution_output", "text": "t9"},
            },
        },
        "n4": {
            "id": "n4",
            "parent": "n3",
            "children": [],
            "message": {
                "id": "t10",
                "author": {"role": "assistant"},
                "content": {"content_type": "multimodal_text", "parts": ["t11", {"content_type": "t12", "x": "t13"}]},
            },
        },
        "n5": {
            "id": "n5",
            "parent": "n1",
            "children": [],
            "message": {
                "id": "t14",
                "author": {"role": "assistant"},
                "content": {"content_type": "text", "parts": ["t15"]},
            },
        },
    },
}

QUESTION = {"role": "user", "content": "t2"}
ANSWER = {
    "type": "message",
    "id": "t3",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "t4", "annotations": []}],
}

RESPONSES = [
    {"input": [QUESTION], "instructions": "t1", "output": [ANSWER], "id": "resp_1", "model": "t5"},
    {
        "request": {"input": [QUESTION, ANSWER, {"role": "user", "content": "t6"}], "temperature": 1},
        "response": {"object": "response", "id": "t7", "output": [{"type": "reasoning", "id": "t8", "summary": []}]},
    },
]

ITEMS = [
    {"type": "message", "id": "t1", "role": "user", "content": [{"type": "input_text", "text": "t2"}]},
    {"type": "function_call", "call_id": "t3", "name": "t4", "arguments": "t5"},
    {"type": "function_call_output", "call_id": "t3", "output": "t6"},
    {"type": "hologram", "id": "t7", "beams": {"x": "t8"}},
]

TEMPLATES: dict[str, Any] = {
    "chat": CHAT,
    "thread": THREAD,
    "ui": UI,
    "chatgpt": CHATGPT,
    "responses": RESPONSES,
    "items": ITEMS,
}

# Names that readers know, and one that none does.
KEYS = [
    *(
        "type",
        "role",
        "content",
        "text",
        "name",
        "arguments",
        "tool_calls",
        "function_call",
        "parts",
        "output",
        "input",
    ),
    *("id", "message", "author", "recipient", "annotations", "metadata", "created_at", "state", "response", "value"),
    *("choices", "has_more", "refusal", "url", "args", "result", "filename", "content_type", "children", "odd"),
]

WORDS = ["text", "user", "assistant", "tool", "refusal", "file", "custom", "function", "reasoning", "message", "done"]

VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.just("MARK"), st.just(0), st.sampled_from(WORDS), st.just("")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=6,
)

CHANGES = st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(KEYS), VALUES, st.booleans()), max_size=6)


def places(value: Any) -> Iterator[Any]:
    """Every object and array of a document."""
    if isinstance(value, (dict, list)):
        yield value
        for member in value.values() if isinstance(value, dict) else value:
            yield from places(member)


def changed(template: Any, changes: list[tuple[int, str, Any, bool]]) -> Any:
    """A document in which values stand in the place of others, or are new."""
    document = copy.deepcopy(template)
    for number, key, value, is_new in changes:
        found = list(places(document))
        place = found[number % len(found)]
        made = copy.deepcopy(value)
        if isinstance(place, dict):
            place[key if is_new or not place else list(place)[number % len(place)]] = made
        elif is_new or not place:
            place.append(made)
        else:
            place[number % len(place)] = made
    return marked(document, iter(range(1, 10_000)))


def marked(value: Any, numbers: Iterator[int]) -> Any:
    """The same with a text and a number of its own in the place of each mark."""
    if isinstance(value, dict):
        return {key: marked(member, numbers) for key, member in value.items()}
    if isinstance(value, list):
        return [marked(member, numbers) for member in value]
    if value == "MARK":
        return f"mark{next(numbers)}."
    return 700_000_000 + next(numbers) if value == 0 and not isinstance(value, bool) else value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values that say something and are told apart by what they are, each with its place."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, f"{path}[{index}]")
    elif (isinstance(value, str) and (value.startswith(("mark", "t1", "t2")))) or (
        type(value) is int and value >= 700_000_000
    ):
        yield path, value


def named(archive: Archive, kind: str, document: Any) -> list[str]:
    """The places of the document that are named as unread."""
    names = list(document["mapping"]) if kind == "chatgpt" else []
    found = []
    for note in archive.unread:
        if note.index < 0:
            found.append(note.path)
        elif kind == "chatgpt":
            # What is left out as a whole is the message of its node.
            found.append(f"mapping.{names[note.index]}" + (f".{note.path}" if note.path else ""))
        else:
            found.append(f"[{note.index}]" + (f".{note.path}" if note.path else ""))
    return found


def is_under(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_templates(kind):
    """Each document as it should be is read, and is of its kind."""
    archive = read_archive(json.dumps(TEMPLATES[kind]).encode(), loads_lossless)

    assert kind == archive.kind


@pytest.mark.parametrize("kind", TEMPLATES)
@settings(max_examples=60)
@given(changes=CHANGES)
def test_every_value_is_somewhere(kind, changes):
    """Each value is in the items, in the conversation, or named; what is refused is refused in one line."""
    document = changed(TEMPLATES[kind], changes)
    try:
        archive = read_archive(json.dumps(document).encode(), loads_lossless)
    except ArchiveError as error:
        is_one_line = 0 < len(str(error).splitlines()) < 2
        event("refused" if is_one_line else "unclear")
        if is_one_line:
            return
        raise
    if archive.kind != kind:
        return
    held = (dumps(list(archive.items)) + dumps(archive.conversation)).decode()
    unread = named(archive, kind, document)

    assert archive.items
    assert [] == [
        (path, value)
        for path, value in leaves(document)
        if str(value) not in held and not any(is_under(path, place) for place in unread)
    ]
