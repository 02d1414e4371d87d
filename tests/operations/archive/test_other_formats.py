"""Items as the API and our commands write them, logs of the Responses API, exports of ChatGPT, UI messages."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest

from openai_conversations.operations.archive.files import read_archive
from openai_conversations.operations.archive.formats.times import in_order, read_time
from openai_conversations.operations.archive.reader import Archive
from openai_conversations.operations.errors import ArchiveError


def read(document: object, **choice: Any) -> Archive:
    return read_archive(json.dumps(document), **choice)


def notes(archive: Archive) -> list[tuple[int, str, str]]:
    return [(each.index, each.kind, each.path) for each in archive.unread]


def asked(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **more}


def answered(text: str, **more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "role": "assistant", "content": [part], **more}


def called(call_id: str, name: str = "f", arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def came(call_id: str, output: Any = "42") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


ITEMS = [asked("a", id="msg_1"), called("c"), came("c"), {"type": "hologram", "id": "x", "beams": None}]


def page(*items: Any, **more: Any) -> dict[str, Any]:
    ends = {"first_id": items[0].get("id"), "last_id": items[-1].get("id")}
    return {"object": "list", "data": list(items), "has_more": False, **ends, **more}


def lines(*documents: Any) -> str:
    return "".join(f"{json.dumps(document)}\n" for document in documents)


# The API's own items

FORMS = {
    "a list": json.dumps(ITEMS),
    "what show writes into a pipe": lines(*ITEMS),
    "what jq writes": "\n".join(json.dumps(item, indent=2) for item in ITEMS),
    "a page": json.dumps(page(*ITEMS)),
    "a page, newest first": json.dumps(page(*ITEMS[::-1])),
    "pages": lines(page(*ITEMS[:2], has_more=True), page(*ITEMS[2:])),
    "pages that overlap": lines(page(*ITEMS[:2], has_more=True), page(ITEMS[0], *ITEMS[2:])),
    "a list of pages": json.dumps([page(*ITEMS[:2], has_more=True), page(*ITEMS[2:])]),
    "the body of a request": json.dumps({"items": ITEMS}),
    "with its conversation": json.dumps({"conversation": {"id": "conv_1", "object": "conversation"}, "items": ITEMS}),
    "the conversation first": lines({"id": "conv_1", "object": "conversation", "metadata": {}}, *ITEMS),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_items(text):
    """Items are recognised in every form, and are what they were."""
    archive = read_archive(text)

    assert ("items", ITEMS, ()) == (archive.kind, list(archive.items), archive.unread)


@pytest.mark.parametrize(
    "item", [{"type": "hologram", "id": "x"}, asked("a"), called("c")], ids=lambda item: item["type"]
)
def test_one_item(item):
    """A file with one item is a conversation of one item."""
    assert ("items", [item]) == (read(item).kind, list(read(item).items))


def test_items_without_types():
    """A message of a user may come without its type, as the API takes it."""
    assert [{"type": "message", "role": "user", "content": "a"}, called("c")] == list(
        read([{"role": "user", "content": "a"}, called("c")]).items
    )


@pytest.mark.parametrize(("order", "expected"), [("asc", "ab"), ("desc", "ba")])
def test_order_of_a_page(order, expected):
    """A page does not say which end is the newest: that is said, and can be decided."""
    document = page(asked("a"), asked("b"))

    assert [(-1, "changed", "data")] == notes(read(document))
    decided = read(document, order=order)
    assert (expected, ()) == ("".join(item["content"][0]["text"] for item in decided.items), decided.unread)


def test_page_with_more():
    """A page that says that there is more is not the whole conversation."""
    assert (-1, "left_out", "has_more") in notes(read(page(*ITEMS, has_more=True)))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"object": "list", "data": [], "has_more": False}, "this is no conversation"),
        ({"id": "conv_1", "object": "conversation", "created_at": 1, "metadata": {}}, "this is no conversation"),
        ([{"role": "user", "content": ""}, {"role": "assistant", "content": None}], None),
        ([{"role": "user", "content": None}], "would be empty"),
        ({"messages": []}, "this is no conversation"),
        ({"input": [], "output": []}, "would be empty"),
        ({"mapping": {"a": {"message": None, "parent": None}}}, "would be empty"),
    ],
    ids=str,
)
def test_empty_conversations(document, words):
    """A conversation that would be empty is an error."""
    if words is None:
        assert 1 == len(read(document).items)
        return
    with pytest.raises(ArchiveError, match=words):
        read(document)


# Lines and encodings


def test_the_odd_line():
    """The odd one of a hundred lines is named with its line; the odd one of a list with its number."""
    messages: list[Any] = [{"role": "user", "content": str(number)} for number in range(100)]
    messages[56] = {"text": "no role"}

    with pytest.raises(
        ArchiveError, match="line 57: this is no message of Chat Completions, as the others are"
    ) as caught:
        read_archive(lines(*messages))
    assert 57 == caught.value.line
    with pytest.raises(ArchiveError, match="message 57: this is no") as caught:
        read(messages)
    assert caught.value.line is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n"role": "user",\n"content": "a"\n}\n{\n"role": "user"\n"content": "b"\n}', 7),
        ('{\n"role": "user",\n"content" "a"\n}', 3),
        ('{"role": "user", "content": "a"}\n\n{"role": "user", "content" "b"}', 3),
        ('{"role": "user", "content": "a"}\n{"role": "user", "content": NaN}', 2),
    ],
)
def test_where_json_breaks(text, line):
    """Where the JSON breaks is said by its line in the file, however its values are laid out."""
    with pytest.raises(ArchiveError, match=f"line {line}: not JSON") as caught:
        read_archive(text)

    assert line == caught.value.line


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("way", ["whole", "lines"])
def test_encodings(tmp_path, encoding, way):
    """A file is read in the encodings that editors and PowerShell write, whole or line by line."""
    path = tmp_path / "file.jsonl"
    path.write_bytes(lines(*ITEMS, asked("é😀")).replace("\n", "\r\n").encode(encoding))

    with path.open("rb") as file:
        archive = read_archive(path.read_bytes() if way == "whole" else file)

    assert [*ITEMS, asked("é😀")] == list(archive.items)


def test_cut_off():
    """A file in UTF-16 that is cut off in a character is an error in one line."""
    with pytest.raises(ArchiveError, match="line 1: no text"):
        read_archive(codecs.BOM_UTF16_LE + b"[")


# Times


@pytest.mark.parametrize(
    "value",
    [
        *(1700000000, 1700000000.0, 1700000000000, 1700000000000000, 1700000000000000000),
        *("1700000000", "1700000000000", " 1700000000.0 "),
        *("2023-11-14T22:13:20Z", "2023-11-14T22:13:20.000+00:00", "2023-11-14 22:13:20", "20231114T221320Z"),
        *("2023-11-14T23:13:20+01:00", "Tue, 14 Nov 2023 22:13:20 GMT"),
        *({"$date": "2023-11-14T22:13:20Z"}, {"$date": {"$numberLong": "1700000000000"}}),
    ],
    ids=repr,
)
def test_times(value):
    """A time is read in every common form."""
    assert 1700000000 == read_time(value)


@pytest.mark.parametrize("value", [None, True, "", "soon", [], {}, float("nan"), 10**400, "1e999", "9" * 400], ids=repr)
def test_no_times(value):
    """What is no time is none, and no error."""
    assert read_time(value) is None


FORMS_OF_TIMES = {
    "digits": str,
    "ISO": lambda number: f"2026-11-{number:02}T00:00:00Z",
    "milliseconds": lambda number: 1_700_000_000_000 + number,
    "seconds": float,
}


@pytest.mark.parametrize("form", FORMS_OF_TIMES.values(), ids=FORMS_OF_TIMES)
@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3], "abc"),
        ([3, 2, 1], "cba"),
        ([2, 1, 3], "bac"),
        ([2, 2, 1], "cba"),
        ([1, 2, 2], "abc"),
        ([1, 1, 1], "abc"),
        ([None, 2, 1], "cba"),
        ([1, None, 2], "abc"),
        ([None, None, None], "abc"),
    ],
    ids=str,
)
def test_order_by_times(form, numbers, expected):
    """The oldest comes first; equal times keep their order, turned round where the file is; others stay behind."""
    messages = [
        {"name": name, **({} if number is None else {"created_at": form(number)})}
        for name, number in zip("abc", numbers, strict=True)
    ]

    assert expected == "".join(message["name"] for message in in_order(messages, lambda message: message))


def test_pages_of_a_thread():
    """Pages of a thread in any order are one conversation, oldest message first."""
    made = [
        {
            "object": "thread.message",
            "id": f"msg_{number}",
            "created_at": f"2026-11-27T10:00:0{number}Z",
            "role": "user",
            "content": [{"type": "text", "text": {"value": str(number)}}],
        }
        for number in range(6)
    ]

    archive = read_archive(lines(page(made[3], made[2]), page(made[5], made[4]), page(made[1], made[0])))

    assert "012345" == "".join(item["content"][0]["text"] for item in archive.items)


# Chat Completions of other programs


def test_values_of_other_types():
    """Arguments and results that are no text become JSON; a number is a text."""
    archive = read(
        [
            {"role": "user", "content": 5},
            {
                "role": "assistant",
                "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"x": [1]}}}, {"id": "d"}],
            },
            {"role": "tool", "tool_call_id": "c", "content": {"y": 2}},
        ]
    )

    assert [asked("5"), called("c", arguments='{"x":[1]}'), came("c", '{"y":2}')] == list(archive.items)
    assert [(1, "lost", "tool_calls[1]")] == notes(archive)


@pytest.mark.parametrize(
    ("content", "output"),
    [(7, "7"), (None, ""), ([{"a": 1}], '[{"a":1}]'), ([], "[]"), (False, "false"), ("x", "x")],
    ids=str,
)
def test_results(content, output):
    """A result of any type is one."""
    call = {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}]}

    assert came("c", output) == read([call, {"role": "tool", "tool_call_id": "c", "content": content}]).items[1]


def test_calls_without_ids():
    """Calls without an id, as Ollama has them, get one, which is said; results find their calls by name."""
    archive = read(
        [
            {"role": "assistant", "tool_calls": [{"function": {"name": name, "arguments": {}}} for name in "fg"]},
            {"role": "tool", "tool_name": "g", "content": "1"},
            {"role": "tool", "content": "2"},
            {"role": "tool", "content": "3"},
        ]
    )

    assert [called("call_0_0"), called("call_0_1", "g"), came("call_0_1", "1"), came("call_0_0", "2")] == list(
        archive.items
    )
    assert [(0, "added", "tool_calls[0]"), (0, "added", "tool_calls[1]"), (3, "left_out", "")] == notes(archive)


ANSWER = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "b"}}]}


@pytest.mark.parametrize(
    "document",
    [
        {"messages": [{"role": "user", "content": "a"}], **ANSWER},
        {"messages": [{"role": "user", "content": "a"}], "response": ANSWER},
        {"request": {"messages": [{"role": "user", "content": "a"}]}, "response": ANSWER},
    ],
    ids=["beside", "response", "request and response"],
)
def test_answer_beside_messages(document):
    """The answer that a log has beside the messages belongs to the conversation."""
    archive = read(document)

    assert ("b", ()) == (archive.items[1]["content"][0]["text"], archive.unread)


def test_other_answers():
    """Of several answers the first is taken; the others, and what surrounds the messages, are named."""
    document = {
        "model": "m",
        "messages": [{"role": "user", "content": "a"}],
        "choices": [*ANSWER["choices"], {"message": {"role": "assistant", "content": "c"}}],
    }

    assert [(-1, "lost", "model"), (-1, "left_out", "choices[1]")] == notes(read(document))


def test_an_answer_alone():
    """A response of Chat Completions alone is a conversation of one answer."""
    assert [answered("b")] == list(read({"object": "chat.completion", **ANSWER}).items)


def test_several_conversations():
    """Of a file with several conversations one is chosen, by title, id or number; none is an error that names them."""
    files = [{"id": f"id_{name}", "title": name, "messages": [{"role": "user", "content": name}]} for name in "ab"]

    for document in (json.dumps(files), lines(*files)):
        assert "a" == read_archive(document, conversation="a").items[0]["content"]
        assert "b" == read_archive(document, conversation="id_b").items[0]["content"]
        assert "b" == read_archive(document, conversation="2").items[0]["content"]
        with pytest.raises(ArchiveError, match="holds 2 conversations; choose one: id_a, id_b"):
            read_archive(document)
        with pytest.raises(ArchiveError, match="there is no conversation 'c'"):
            read_archive(document, conversation="c")


# Logs of the Responses API

QUESTION = {"role": "user", "content": "a"}


@pytest.mark.parametrize(
    "document",
    [
        {"input": "a", "output": [answered("b")]},
        {"input": [asked("a")], "output": [answered("b")]},
        {"request": {"input": "a"}, "response": {"object": "response", "output": [answered("b")]}},
        {"input": "a", "response": {"object": "response", "output": [answered("b")], "output_text": "b"}},
    ],
    ids=["text", "items", "request and response", "input and response"],
)
def test_responses(document):
    """Input and output of one response are a conversation."""
    archive = read(document)

    assert ("responses", [asked("a"), answered("b")], ()) == (archive.kind, list(archive.items), archive.unread)


LINKS = {
    "all again": ({}, {"input": [QUESTION, answered("b"), asked("c")]}),
    "the response before": ({"id": "resp_1"}, {"input": "c", "previous_response_id": "resp_1"}),
    "the conversation": ({"conversation": {"id": "conv_1"}}, {"input": "c", "conversation": "conv_1"}),
    "references": (
        {"id": "resp_1"},
        {"input": [{"type": "item_reference", "id": "m"}, asked("c")], "previous_response_id": "resp_1"},
    ),
}


@pytest.mark.parametrize(("first", "second"), LINKS.values(), ids=LINKS)
def test_several_responses(first, second):
    """Responses that go on from each other are one conversation, in which every item is once."""
    archive = read_archive(
        lines({"input": [QUESTION], "output": [answered("b", id="m")], **first}, {**second, "output": [answered("d")]})
    )

    assert [QUESTION, answered("b", id="m"), asked("c"), answered("d")] == list(archive.items)


def test_responses_of_several_conversations():
    """Responses that do not go on from each other are several conversations, of which one is chosen."""
    text = lines({"input": "a", "output": [answered("b")]}, {"input": "c", "output": [answered("d")]})

    with pytest.raises(ArchiveError, match="line 2: it does not go on from what stands before it"):
        read_archive(text)
    assert [asked("c"), answered("d")] == list(read_archive(text, conversation="2").items)


def test_what_a_response_says_besides():
    """Instructions, model and usage have no place in a conversation, and are named."""
    document = {"input": "a", "output": [answered("b")], "instructions": "i", "model": "m", "usage": {"total": 1}}

    assert [(0, "lost", path) for path in ("instructions", "model", "usage")] == notes(read(document))


@pytest.mark.parametrize(
    "document", [{"input": [5], "output": []}, {"input": "a", "output": [{}, 5], "object": "response"}]
)
def test_responses_that_hold_no_items(document):
    """What is no item is an error."""
    with pytest.raises(ArchiveError, match=r"message 1: (input 1|output 2) is no item"):
        read(document)


# UI messages


def test_ui_messages():
    """Texts, files, calls and results become items, in their order; what has no place is named."""
    archive = read(
        [
            {
                "id": "1",
                "role": "user",
                "parts": [
                    {"type": "text", "text": "a"},
                    {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,AA=="},
                    {
                        "type": "file",
                        "mediaType": "application/pdf",
                        "url": "https://x/a.pdf",
                        "filename": "a.pdf",
                    },
                ],
            },
            {
                "role": "assistant",
                "parts": [
                    {"type": "step-start"},
                    {"type": "reasoning", "text": "hm"},
                    {"type": "text", "text": "b", "state": "done"},
                    {
                        "type": "tool-f",
                        "toolCallId": "c",
                        "state": "output-available",
                        "input": {"x": 1},
                        "output": [2],
                    },
                    {
                        "type": "dynamic-tool",
                        "toolName": "g",
                        "toolCallId": "d",
                        "state": "output-error",
                        "errorText": "E",
                    },
                    {"type": "tool-h", "toolCallId": "e", "state": "input-available", "input": {}},
                    {"type": "text", "text": "z"},
                ],
            },
        ]
    )

    assert "ui" == archive.kind
    assert [
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
                {"type": "input_file", "file_url": "https://x/a.pdf", "filename": "a.pdf"},
            ],
        },
        answered("b"),
        called("c", arguments='{"x":1}'),
        came("c", "[2]"),
        called("d", "g"),
        came("d", "E"),
        called("e", "h"),
        answered("z"),
    ] == list(archive.items)
    assert [(0, "lost", "id"), (0, "lost", "parts[2].mediaType"), (1, "lost", "parts[1]")] == notes(archive)


def test_ui_messages_of_version_4():
    """What version 4 writes twice is taken once; times put the messages in order."""
    call = {"state": "result", "toolCallId": "c", "toolName": "f", "args": {}, "result": "42"}
    archive = read(
        [
            {
                "createdAt": "2026-11-27T10:00:01.000Z",
                "role": "assistant",
                "content": "b",
                "toolInvocations": [call],
                "parts": [{"type": "tool-invocation", "toolInvocation": call}, {"type": "text", "text": "b"}],
            },
            {
                "createdAt": "2026-11-27T10:00:00.000Z",
                "role": "user",
                "content": "a",
                "experimental_attachments": [
                    {"name": "a.txt", "contentType": "text/plain", "url": "data:text/plain;base64,"}
                ],
            },
        ]
    )

    attached = {"type": "input_file", "file_data": "data:text/plain;base64,", "filename": "a.txt"}
    question = asked("a")
    question["content"].append(attached)
    assert [question, called("c"), came("c"), answered("b")] == list(archive.items)
    assert [(1, "lost", "createdAt"), (0, "lost", "createdAt")] == notes(archive)


def test_oddities_of_ui_messages():
    """Calls without a name or an id, files without a place, results without parts."""
    archive = read(
        [
            {"role": "user", "content": "a", "parts": ["b", {"type": "file"}, {"type": "data-x", "data": 1}]},
            {
                "role": "assistant",
                "content": "",
                "toolInvocations": [{"toolName": "f", "state": "result"}, {"toolCallId": "c"}],
                "parts": [{"type": "file", "url": "u"}, {"type": "file", "data": "AA=="}, {"odd": 1}],
            },
            {"role": "user", "parts": [{"type": "file", "data": "AA==", "mimeType": "text/plain"}]},
        ]
    )

    made_up = "call_1_toolInvocations[0]"
    data = {"type": "input_file", "file_data": "data:text/plain;base64,AA=="}
    assert ["a", "b"] == [part["text"] for part in archive.items[0]["content"]]
    assert [called(made_up), came(made_up, "")] == list(archive.items[1:3])
    assert [data] == archive.items[3]["content"]
    assert [
        (0, "lost", "parts[1]"),
        (0, "lost", "parts[2]"),
        (1, "lost", "parts[0]"),
        (1, "lost", "parts[1]"),
        (1, "lost", "parts[2].odd"),
        (1, "added", "toolInvocations[0]"),
        (1, "lost", "toolInvocations[1]"),
    ] == notes(archive)


# ChatGPT


def node(name: str, parent: str | None, role: str = "", text: str = "", **more: Any) -> dict[str, Any]:
    content = more.pop("content", {"content_type": "text", "parts": [text]})
    said = {"author": {"role": role}, "content": content, **more} if role else None
    return {"id": name, "parent": parent, "children": [], "message": said}


def tree(*nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    mapping = {each["id"]: each for each in nodes}
    for each in nodes:
        if each["parent"] in mapping:
            mapping[each["parent"]]["children"].append(each["id"])
    return {"title": "t", "conversation_id": "c_1", "mapping": mapping, **more}


EDITED = tree(
    node("root", None),
    node("q1", "root", "user", "old"),
    node("a1", "q1", "assistant", "old answer", create_time=3),
    node("q2", "root", "user", "new"),
    node("a2", "q2", "assistant", "new answer", create_time=5),
    current_node="a2",
)


def texts(archive: Archive) -> list[str]:
    return [item["content"][0]["text"] for item in archive.items]


def test_current_branch():
    """The branch that was shown last is read; each message of another is named, with how to read it."""
    archive = read(EDITED)

    assert ["new", "new answer"] == texts(archive)
    assert ("chatgpt", {"title": "t"}, "c_1") == (archive.kind, archive.conversation["metadata"], archive.name)
    assert [(4, "lost", "message.create_time"), (1, "left_out", ""), (2, "left_out", "")] == notes(archive)
    assert "read it with the branch 'a1'" in archive.unread[1].reason


@pytest.mark.parametrize("current", [None, "gone", 5])
def test_no_current_branch(current):
    """Where the file does not say which branch was shown, it is the one with the newest last message."""
    assert ["new", "new answer"] == texts(read({**EDITED, "current_node": current}))


def test_another_branch():
    """A branch is chosen by the id of its last node; one that is not there is an error that names those that are."""
    assert ["old", "old answer"] == texts(read(EDITED, branch="a1"))
    assert ["old"] == texts(read(EDITED, branch="q1"))
    with pytest.raises(ArchiveError, match="there is no branch 'x'; there are: a1, a2"):
        read(EDITED, branch="x")


def test_many_conversations_of_chatgpt():
    """An export holds many conversations; one is chosen."""
    other = {**EDITED, "conversation_id": "c_2", "title": "u", "current_node": "a1"}

    assert ["old", "old answer"] == texts(read([EDITED, other], conversation="c_2"))
    assert ["old", "old answer"] == texts(read([EDITED, other], conversation="u"))
    with pytest.raises(ArchiveError, match="holds 2 conversations; choose one: c_1, c_2"):
        read([EDITED, other])


def test_tools_of_chatgpt():
    """A message to a tool is a call; what tools say after it is its output; the rest is named."""
    code = {"content_type": "code", "language": "python", "text": "1+1"}
    archive = read(
        tree(
            node("1", None, "tool", "nobody asked"),
            node("2", "1", "assistant", content=code, recipient="python", id="m2"),
            node("3", "2", "tool", content={"content_type": "execution_output", "text": "2"}),
            node(
                "4", "3", "tool", content={"content_type": "multimodal_text", "parts": ["more", {"content_type": "x"}]}
            ),
            node("5", "4", "assistant", content={"content_type": "thoughts", "thoughts": [{"summary": "s"}]}),
            node("6", "5", "critic", "no"),
            node("7", "6", "assistant", "done", recipient="all", status="finished_successfully", weight=1.0),
        )
    )

    output = [{"type": "input_text", "text": text} for text in ("2", "more")]
    assert [
        {"type": "custom_tool_call", "call_id": "call_m2", "name": "python", "input": "1+1"},
        {"type": "custom_tool_call_output", "call_id": "call_m2", "output": output},
        answered("done"),
    ] == list(archive.items)
    assert [
        (0, "left_out", "message"),
        (1, "lost", "message.content.language"),
        (1, "added", "message"),
        (3, "lost", "message.content.parts[1]"),
        (4, "lost", "message.content"),
        (4, "left_out", "message"),
        (5, "left_out", "message"),
    ] == notes(archive)


def test_trees_that_are_none():
    """Nodes that are none, and parents that go round, are no trouble."""
    archive = read({"mapping": {"a": node("a", "b", "user", "x"), "b": node("b", "a", "user", "y"), "c": 5, "d": {}}})
    strange = read({"mapping": {"a": node("a", "b", "user", "x"), "b": 5}})

    assert {"x", "y"} == {*texts(archive)}
    assert [(2, "left_out", "")] == notes(archive)
    assert (["x"], [(1, "left_out", "")]) == (texts(strange), notes(strange))


# What is odd, one by one


def test_oddities_of_lists():
    """A document that holds its page in a member; the body of a request whose page says nothing of more."""
    inner = {"messages": {"object": "list", "data": [{"role": "user", "content": "a"}], "has_more": True}}
    pages = [{"object": "list", "data": [asked(text)], "has_more": True} for text in "ab"]

    assert [(-1, "left_out", "messages.has_more")] == notes(read(inner))
    assert {"[0].has_more", "[1].has_more"} <= {path for _, _, path in notes(read(pages))}
    with pytest.raises(ArchiveError, match="this is no conversation"):
        read({"request": {"model": "m"}})


def test_oddities_of_answers():
    """A choice without a message is named."""
    document = {"messages": [{"role": "user", "content": "a"}], "choices": [{"text": "b"}]}

    assert [(-1, "lost", "choices[0].text")] == notes(read(document))


@pytest.mark.parametrize("role", ["system", "critic"])
@pytest.mark.parametrize("beside", [{"object": "thread.message"}, {"parts": [{"type": "text", "text": "a"}]}], ids=str)
def test_roles(role, beside):
    """A message of a role that its format does not have is an error that names the role."""
    message = {"role": role, "content": "a", **beside}
    if role == "system" and "parts" in beside:
        assert "system" == read([message]).items[0]["role"]
        return
    with pytest.raises(ArchiveError, match=f"message 1: a .* has no role '{role}'"):
        read([message])


def test_nothing_of_a_message():
    """A message of which nothing can be expressed is named as a whole."""
    archive = read([{"role": "user", "parts": [{"type": "step-start"}]}, {"role": "user", "parts": ["a", ""]}])

    assert [(0, "left_out", "")] == notes(archive)


def test_bare_texts():
    """Texts among parts are parts; empty ones are nothing."""
    thread = {"object": "thread.message", "role": "user", "content": ["", "a", {"type": "text", "text": "b"}]}
    chat = [{"role": role, "content": ["", "a"]} for role in ("user", "assistant")]

    assert [["a", "b"]] == [[part["text"] for part in item["content"]] for item in read([thread]).items]
    assert [["a"], ["a"]] == [[part["text"] for part in item["content"]] for item in read(chat).items]


def test_image_as_a_text():
    """The place of an image may be a text."""
    part = {"type": "image_url", "image_url": "https://x/a.png"}
    image = {"type": "input_image", "image_url": "https://x/a.png", "detail": "auto"}

    assert [image] == read([{"role": "user", "content": [part]}]).items[0]["content"]


def test_one_part_that_is_no_list():
    """A content that is one part is one; a part of an answer that cannot be expressed is named."""
    archive = read(
        [
            {"role": "user", "content": {"type": "text", "text": "a"}},
            {"role": "assistant", "content": [{"type": "x"}, {"type": "text", "text": "b"}]},
        ]
    )

    assert [asked("a"), answered("b")] == list(archive.items)
    assert [(1, "lost", "content[0]")] == notes(archive)


def test_arguments_that_nest_deeply():
    """Arguments that nest deeper than 500 levels become a text all the same."""
    deep = '{"x":' * 600 + "1" + "}" * 600
    text = f'[{{"role":"assistant","tool_calls":[{{"id":"c","function":{{"name":"f","arguments":{deep}}}}}]}}]'

    assert deep == read_archive(text).items[0]["arguments"].replace(" ", "")


def test_oddities_of_chatgpt():
    """What was spoken is a text; a recipient of a person, and nodes that hold nothing, are no trouble."""
    spoken = {"content_type": "audio_transcription", "text": "a", "direction": "in"}
    document = tree(
        node("1", None, "user", content={"content_type": "multimodal_text", "parts": [spoken]}, recipient="x"),
        node("2", "1"),
        node("3", "2", "assistant", "b"),
        node("4", "1"),
        current_node="3",
    )
    document["mapping"]["5"] = None
    archive = read(document)

    assert [asked("a"), answered("b")] == list(archive.items)
    assert [(0, "lost", "message.content.parts[0].direction"), (0, "lost", "message.recipient")] == notes(archive)


def test_constants_that_are_no_json():
    """Several values one after the other are read as strictly as one a line."""
    with pytest.raises(ArchiveError, match="line 4: not JSON"):
        read_archive('{\n"role": "user", "content": "a"\n}\n{\n"x": NaN\n}')
