"""Conversations that were saved from the two older APIs."""

from __future__ import annotations

import json

import pytest

from openai_conversations.operations.archive.files import loads_lossless
from openai_conversations.operations.archive.reader import Archive, read_archive
from openai_conversations.operations.errors import ArchiveError


def read(document: object) -> Archive:
    return read_archive(json.dumps(document).encode(), loads_lossless)


def lost(archive: Archive) -> list[tuple[int, str, str]]:
    return [(each.index, each.kind, each.path) for each in archive.unread]


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
FUNCTION_CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"x": 1}'}


@pytest.mark.parametrize("role", ["system", "developer", "user"])
def test_words(role):
    """Plain words of a role that asks stay what they are."""
    archive = read([{"role": role, "content": "Hi"}])

    assert [{"type": "message", "role": role, "content": "Hi"}] == list(archive.items)
    assert ("chat", ()) == (archive.kind, archive.unread)


def test_parts():
    """Texts, images and files become the parts of an item."""
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        {"type": "file", "file": {"file_id": "file_1"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "AA=="}},
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
    ]

    archive = read([{"role": "user", "content": parts}])

    assert [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
        {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "AA=="},
    ] == archive.items[0]["content"]
    assert [(0, "lost", "content[5]")] == lost(archive)


def test_tool_calls():
    """A message with tool calls becomes a message and calls; results become outputs of the same kind."""
    custom = {"id": "call_2", "type": "custom", "custom": {"name": "c", "input": "in"}}
    archive = read(
        [
            {"role": "assistant", "content": "One moment", "tool_calls": [CALL, custom]},
            {"role": "tool", "tool_call_id": "call_1", "content": "42"},
            {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "out"}]},
        ]
    )

    assert [
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "One moment", "annotations": []}],
        },
        FUNCTION_CALL,
        {"type": "custom_tool_call", "call_id": "call_2", "name": "c", "input": "in"},
        {"type": "function_call_output", "call_id": "call_1", "output": "42"},
        {
            "type": "custom_tool_call_output",
            "call_id": "call_2",
            "output": [{"type": "input_text", "text": "out"}],
        },
    ] == list(archive.items)
    assert [] == lost(archive)


@pytest.mark.parametrize("content", [None, "", []])
def test_calls_without_words(content):
    """An answer that only calls makes no message."""
    archive = read([{"role": "assistant", "content": content, "tool_calls": [CALL]}])

    assert ([FUNCTION_CALL], []) == (list(archive.items), lost(archive))


def test_functions_before_there_were_tools():
    """The old form of calls gets an id, which the report names."""
    archive = read(
        [
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "42"},
        ]
    )

    assert [
        {"type": "function_call", "call_id": "call_0", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_0", "output": "42"},
    ] == list(archive.items)
    assert [(0, "added", "function_call")] == lost(archive)


def test_refusals_and_citations():
    """Refusals are parts; citations belong to the one text that they count in."""
    citation = {"start_index": 0, "end_index": 2, "title": "t", "url": "https://example.com"}
    annotations = [{"type": "url_citation", "url_citation": citation}]
    archive = read(
        [
            {"role": "assistant", "content": "Hi", "annotations": annotations, "refusal": None},
            {"role": "assistant", "content": None, "refusal": "No"},
            {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "a"}] * 2, "annotations": annotations},
        ]
    )

    assert [
        [{"type": "output_text", "text": "Hi", "annotations": [{"type": "url_citation", **citation}]}],
        [{"type": "refusal", "refusal": "No"}],
        [{"type": "output_text", "text": "a", "annotations": []}, {"type": "refusal", "refusal": "b"}],
        [{"type": "output_text", "text": "a", "annotations": []}] * 2,
    ] == [item["content"] for item in archive.items]
    assert [(3, "lost", "annotations")] == lost(archive)


def test_what_cannot_be_expressed():
    """Names, audio and what else a message holds are named; a message of which nothing is left, too."""
    archive = read(
        [
            {"role": "user", "name": "Ann", "content": "Hi"},
            {"role": "assistant", "content": "Ho", "audio": {"id": "audio_1"}},
            {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]},
            {"role": "assistant", "content": [{"type": "video"}]},
        ]
    )

    assert 2 == len(archive.items)
    assert [
        (0, "lost", "name"),
        (1, "lost", "audio"),
        (2, "lost", "content[0]"),
        (2, "left_out", ""),
        (3, "lost", "content[0]"),
        (3, "left_out", ""),
    ] == lost(archive)


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([{"role": "assistant", "tool_calls": [{"id": "x"}]}], "tool_calls\\[0\\]: it calls neither"),
        ([{"role": "function", "name": "f", "content": ""}], "there is none before it"),
        ([{"role": "user", "content": {}}], "nothing of it can be expressed"),
        ([{"role": "user", "content": "a"}, {"role": "critic", "content": "b"}], "message 2: .* no role 'critic'"),
        ([{"role": "user", "content": "a"}, 5], "message 2: this is no message of Chat Completions"),
    ],
)
def test_broken_messages(messages, words):
    """A message that is not what it should be is named."""
    with pytest.raises(ArchiveError, match=words):
        read(messages)


MESSAGES = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize(
    "document",
    [MESSAGES, {"messages": MESSAGES}, {"object": "list", "data": MESSAGES}, {"model": "m", "messages": MESSAGES}],
    ids=["list", "request", "page", "more"],
)
def test_ways_to_save_messages(document):
    """A list, a request, a page: the messages are found."""
    assert 2 == len(read(document).items)


def test_messages_as_json_lines():
    """One message per line, or one conversation in the form of training files."""
    lines = "\n".join(map(json.dumps, MESSAGES)).encode()

    assert 2 == len(read_archive(lines, loads_lossless).items)
    assert 2 == len(read_archive(json.dumps({"messages": MESSAGES}).encode() + b"\n", loads_lossless).items)


def thread_message(role: str, *content: object, **more: object) -> dict[str, object]:
    return {"object": "thread.message", "role": role, "content": list(content), **more}


def said(value: str, *annotations: object) -> dict[str, object]:
    return {"type": "text", "text": {"value": value, "annotations": list(annotations)}}


def test_thread():
    """Texts are where the API puts them; the newest message first is turned round; the thread's metadata is kept."""
    archive = read(
        {
            "thread": {"id": "thread_1", "object": "thread", "metadata": {"user": "42"}},
            "messages": [
                thread_message("assistant", said("Ho"), created_at=2),
                thread_message("user", said("Hi"), created_at=1),
            ],
        }
    )

    assert [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Ho", "annotations": []}],
        },
    ] == list(archive.items)
    assert ("thread", {"user": "42"}) == (archive.kind, archive.conversation["metadata"])
    assert [(1, "lost", "created_at"), (0, "lost", "created_at")] == lost(archive)


def test_thread_images():
    """Images of a person become parts; an assistant's message cannot hold them."""
    parts = [
        {"type": "image_file", "image_file": {"file_id": "file_1", "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        said("Look"),
    ]

    archive = read([thread_message("user", *parts), thread_message("assistant", *parts)])

    assert [
        {"type": "input_image", "file_id": "file_1", "detail": "high"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
        {"type": "input_text", "text": "Look"},
    ] == archive.items[0]["content"]
    assert [(1, "lost", "content[0]"), (1, "lost", "content[1]")] == lost(archive)


def test_thread_annotations():
    """Citations of files keep file and place; what has no place in an item is named."""
    cited = {"type": "file_citation", "text": "【1】", "start_index": 3, "file_citation": {"file_id": "file_1"}}
    path = {"type": "file_path", "text": "sandbox:/a", "start_index": 5, "file_path": {"file_id": "file_2"}}

    archive = read([thread_message("assistant", said("Hi 【1】", cited, path, {"type": "new"}))])

    assert [
        {"type": "file_citation", "file_id": "file_1", "filename": "", "index": 3},
        {"type": "file_path", "file_id": "file_2", "index": 5},
    ] == archive.items[0]["content"][0]["annotations"]
    assert [
        (0, "added", "content[0].text.annotations[0].filename"),
        (0, "lost", "content[0].text.annotations[1].text"),
        (0, "lost", "content[0].text.annotations[2]"),
    ] == lost(archive)


def test_thread_oddities():
    """Annotations of a person's words and parts that say nothing are named; plain words are words."""
    archive = read(
        [
            thread_message("user", said("Hi", {"type": "file_path"}), {"type": "image_file", "image_file": {}}),
            {"object": "thread.message", "role": "assistant", "content": "Ho"},
        ]
    )

    assert ["Hi", "Ho"] == [item["content"][0]["text"] for item in archive.items]
    assert [(0, "lost", "content[0].text.annotations"), (0, "lost", "content[1]")] == lost(archive)


def test_images_without_address():
    """An image part that has no URL is named; a bare text among the parts is one."""
    archive = read([{"role": "user", "content": ["Hi", {"type": "image_url", "image_url": {}}]}])

    assert [{"type": "input_text", "text": "Hi"}] == archive.items[0]["content"]
    assert [(0, "lost", "content[1]")] == lost(archive)


def test_thread_rest():
    """Ids, runs and attachments are named; a message of which nothing is left, too."""
    archive = read(
        [
            thread_message("user", said("Hi"), id="msg_1", run_id="run_1", attachments=[{"file_id": "f"}], metadata={}),
            thread_message("assistant", {"type": "image_file", "image_file": {"file_id": "f"}}),
            thread_message("assistant", {"type": "refusal", "refusal": "No"}),
        ]
    )

    assert 2 == len(archive.items)
    assert [
        (0, "lost", "id"),
        (0, "lost", "run_id"),
        (0, "lost", "attachments"),
        (1, "lost", "content[0]"),
        (1, "left_out", ""),
    ] == lost(archive)


def test_thread_message_of_nobody():
    """A message without a role is an error."""
    with pytest.raises(ArchiveError, match="message 1"):
        read([thread_message("", said("Hi"))])
