"""Fork, import, check, repair and patch_metadata through the client, on a real socket."""

from __future__ import annotations

import json
import pickle

import pytest

from openai_conversations import (
    APIConnectionError,
    ArchiveError,
    ConversationsClient,
    CopyIncompleteError,
    EraseIncompleteError,
    ImportConflictError,
    InternalServerError,
    InvalidArgumentError,
    MetadataConflictError,
    MissingExtraError,
    NoSuchItemError,
    NotFoundError,
    OutdatedPlanError,
)
from openai_conversations.server import ConversationsServer, Fault, faults

TEXTS = [f"message {number}" for number in range(45)]
CHAT = [
    {"role": "system", "content": "Be brief"},
    {"role": "user", "content": [{"type": "text", "text": "How many?"}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "count", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    {"role": "assistant", "content": "42"},
]
THREAD = {
    "object": "list",
    "data": [
        {
            "id": "msg_2",
            "object": "thread.message",
            "created_at": 2,
            "role": "assistant",
            "content": [{"type": "text", "text": {"value": "Ho", "annotations": []}}],
        },
        {
            "id": "msg_1",
            "object": "thread.message",
            "created_at": 1,
            "role": "user",
            "content": [
                {"type": "text", "text": {"value": "Hi", "annotations": []}},
                {"type": "image_file", "image_file": {"file_id": "file_1"}},
            ],
        },
    ],
}


async def conversation(server: ConversationsServer, client: ConversationsClient, items: list) -> str:
    made = await client.conversations.create(metadata={"user": "42"})
    server.add_items(made.id, items)
    return made.id


async def lines_of(client: ConversationsClient, name: str) -> list[bytes]:
    return [line async for line in client.conversations.export(name)]


def texts(server: ConversationsServer, name: str) -> list[str]:
    contents = [item["content"] for item in server.items(name) if item["type"] == "message"]
    return [content if isinstance(content, str) else content[0]["text"] for content in contents]


# Fork


async def test_fork(server, client):
    """The copy is there, ends where it should, and the original is as it was."""
    name = await conversation(server, client, TEXTS)
    before = server.items(name)

    report = await client.conversations.fork(name, until=before[29]["id"], metadata={"fork": "yes"})

    assert TEXTS[:30] == texts(server, report.conversation_id)
    assert {"fork": "yes"} == (await client.conversations.retrieve(report.conversation_id)).metadata
    assert before == server.items(name)
    assert [] == server.orphans()
    assert report.is_exact


async def test_fork_of_nothing(client):
    """A conversation that is not there is a 404."""
    with pytest.raises(NotFoundError):
        await client.conversations.fork("conv_" + "0" * 48)


# Export and import


@pytest.mark.parametrize(
    ("fault", "error", "stored"),
    [
        (faults.drop_before_commit(), APIConnectionError, None),
        (faults.commit_then_drop(), APIConnectionError, None),
        (faults.commit_then_status(), InternalServerError, None),
        (faults.drop_before_commit(skip=1), CopyIncompleteError, 0),
        (faults.drop_before_commit(skip=2), CopyIncompleteError, 20),
        (faults.drop_before_commit(skip=3), CopyIncompleteError, 40),
    ],
    ids=lambda value: f"{value.name}-{value.skip}" if isinstance(value, Fault) else "",
)
async def test_interrupted_import(server, client, fault, error, stored):
    """A client that does not try again stops; going on in the conversation that the error names stores the rest."""
    lines = await lines_of(client, await conversation(server, client, TEXTS))
    server.add_fault(fault)

    with pytest.raises(error) as caught:
        await client.conversations.import_(lines)
    into = getattr(caught.value, "conversation_id", None)
    report = await client.conversations.import_(lines, into=into)

    assert stored == (None if into is None else caught.value.stored)
    assert (TEXTS, len(TEXTS) - (stored or 0)) == (texts(server, report.conversation_id), report.stored)
    server.assert_no_duplicates()


@pytest.mark.parametrize("skip", [1, 2, 3])
@pytest.mark.parametrize("lost", [faults.commit_then_drop, faults.commit_then_status])
async def test_import_through_a_lost_response(server, client, lost, skip):
    """An append that was stored is found again, the first into a new conversation too, and the import goes on."""
    lines = await lines_of(client, await conversation(server, client, TEXTS))
    server.add_fault(lost(skip=skip))

    report = await client.conversations.import_(lines)

    assert TEXTS == texts(server, report.conversation_id)
    assert [] == server.unfired_faults
    server.assert_no_duplicates()


async def test_damaged_file(server, client):
    """A damaged file is refused before anything is sent; when asked, its sound beginning is imported."""
    lines = await lines_of(client, await conversation(server, client, TEXTS))
    lines[31] = lines[31].replace(b"message", b"massage")
    before = len(server.requests)

    with pytest.raises(ArchiveError) as caught:
        await client.conversations.import_(lines)
    assert (32, before) == (caught.value.line, len(server.requests))

    report = await client.conversations.import_(lines, allow_damaged=True)
    assert TEXTS[:30] == texts(server, report.conversation_id)
    assert "line 32" in report.damage
    assert not report.is_exact


async def test_conflict(server, client):
    """A target that holds something else is left alone."""
    lines = await lines_of(client, await conversation(server, client, TEXTS))
    other = await conversation(server, client, ["something else"])

    with pytest.raises(ImportConflictError):
        await client.conversations.import_(lines, into=other)

    assert ["something else"] == texts(server, other)


async def test_dry_run(server, client):
    """A dry run of an import sends nothing."""
    lines = await lines_of(client, await conversation(server, client, TEXTS))
    before = len(server.requests)

    report = await client.conversations.import_(lines, dry_run=True)

    assert (45, True, before) == (report.total, report.dry_run, len(server.requests))


@pytest.mark.parametrize(
    ("document", "types"),
    [
        (CHAT, ["message", "message", "function_call", "function_call_output", "message"]),
        (THREAD, ["message", "message"]),
    ],
    ids=["chat", "thread"],
)
async def test_foreign_files(server, client, document, types):
    """What two older APIs saved is stored as items, and importing it again adds nothing."""
    text = json.dumps(document, indent=2)

    report = await client.conversations.import_(text)
    again = await client.conversations.import_(text, into=report.conversation_id)

    assert types == [item["type"] for item in server.items(report.conversation_id)]
    assert (0, len(types)) == (again.stored, again.present)
    assert (await client.conversations.check(report.conversation_id)).is_sound


async def test_open_file(server, client, tmp_path):
    """An open file is read, as text or as bytes."""
    path = tmp_path / "conversation.jsonl"
    path.write_bytes(b"".join(await lines_of(client, await conversation(server, client, TEXTS))))

    for mode in ("r", "rb"):
        with path.open(mode) as file:
            report = await client.conversations.import_(file)
        assert TEXTS == texts(server, report.conversation_id)


@pytest.mark.parametrize("format", ["markdown", "html"])
async def test_for_people(server, client, format):
    """Markdown and HTML come as lines, too."""
    name = await conversation(server, client, TEXTS)

    text = b"".join([line async for line in client.conversations.export(name, format=format, title="Ours")]).decode()

    assert "Ours" in text
    assert all(each in text for each in TEXTS)


async def test_unknown_format(client):
    """A format that is none is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match="format"):
        [line async for line in client.conversations.export("conv_1", format="pdf")]


async def test_everything_is_asked_for(server, client):
    """An export asks for every field that the server gives on demand."""
    await lines_of(client, await conversation(server, client, TEXTS))

    asked = {value for entry in server.requests for values in entry.query.values() for value in values}
    assert 8 == len([value for value in asked if "." in value])


# Check and repair

CALLS = [
    {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
    {"type": "custom_tool_call", "call_id": "c2", "name": "f", "input": "x"},
    {
        "type": "local_shell_call",
        "id": "lsh_1",
        "call_id": "c3",
        "status": "completed",
        "action": {"type": "exec", "command": [], "env": {}},
    },
    {"type": "shell_call", "call_id": "c4", "action": {"commands": ["ls"]}},
    {
        "type": "apply_patch_call",
        "call_id": "c5",
        "status": "completed",
        "operation": {"type": "delete_file", "path": "p"},
    },
    {"type": "tool_search_call", "call_id": "c6", "arguments": {}, "execution": "client", "status": "completed"},
]


@pytest.mark.parametrize("strategy", ["add_outputs", "delete_tail"])
async def test_repair(server, client, strategy):
    """A conversation with every kind of open call and other trouble is sound afterwards; what was said stays."""
    trouble = [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "function_call_output", "call_id": "x", "output": "1"},
    ]
    name = await conversation(server, client, ["Hi", *trouble, *CALLS])

    planned = await client.conversations.repair(name, strategy=strategy)
    assert len(CALLS) + 3 == len(server.items(name))
    report = await client.conversations.repair(name, plan=planned.plan, dry_run=False)

    assert report.after.is_sound
    assert planned.plan == report.plan
    assert ["Hi"] == texts(server, name)
    assert (13 if strategy == "add_outputs" else 1) == len(server.items(name))


async def test_changes_of_a_repair(server, client):
    """The requests that change something are those of the plan."""
    name = await conversation(server, client, ["Hi", CALLS[0], "Ho"])
    planned = await client.conversations.repair(name, strategy="delete_tail")
    before = len(server.requests)

    await client.conversations.repair(name, plan=planned.plan, dry_run=False)

    changes = [entry for entry in server.requests[before:] if entry.method != "GET"]
    assert [("deleteConversationItem", step.item_id) for step in planned.plan.steps] == [
        (entry.operation, entry.item_id) for entry in changes
    ]


async def test_outdated_plan(server, client):
    """When the output has come meanwhile, the plan is refused."""
    name = await conversation(server, client, ["Hi", CALLS[0]])
    planned = await client.conversations.repair(name)
    server.add_items(name, [{"type": "function_call_output", "call_id": "c1", "output": "late"}])

    with pytest.raises(OutdatedPlanError):
        await client.conversations.repair(name, plan=planned.plan, dry_run=False)


# Metadata


async def test_patch_metadata(server, client):
    """Keys are set and removed, and the others stay."""
    name = await conversation(server, client, [])

    patched = await client.conversations.patch_metadata(name, {"tier": "gold", "user": None})

    assert {"tier": "gold"} == patched.metadata
    assert {"tier": "gold"} == (await client.conversations.retrieve(name)).metadata


@pytest.mark.parametrize("changes", [{"k" * 65: "x"}, {"k": "x" * 513}, {"k": 1}], ids=["key", "value", "number"])
async def test_bad_metadata(server, client, changes):
    """What the API would not take is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError):
        await client.conversations.patch_metadata("conv_1", changes)

    assert [] == server.requests


async def test_too_much_metadata(server, client):
    """More than 16 pairs in all are refused before anything is written."""
    name = await conversation(server, client, [])

    with pytest.raises(InvalidArgumentError, match="17 pairs"):
        await client.conversations.patch_metadata(name, {f"k{number}": "x" for number in range(16)})

    assert {"user": "42"} == (await client.conversations.retrieve(name)).metadata


async def test_server_that_merges():
    """On a server that merges, a key cannot be removed, and the error says which."""
    async with (
        ConversationsServer(profile="openai,update=merge") as server,
        ConversationsClient(api_key="key", base_url=server.base_url) as client,
    ):
        name = await conversation(server, client, [])

        assert {"user": "42", "a": "1"} == (await client.conversations.patch_metadata(name, {"a": "1"})).metadata
        with pytest.raises(MetadataConflictError) as caught:
            await client.conversations.patch_metadata(name, {"user": None})

        assert ("user",) == caught.value.keys


# Errors

ERRORS = [
    CopyIncompleteError("x", conversation_id="conv_1", stored=1, total=2),
    ArchiveError("x", line=3),
    ImportConflictError("x", conversation_id="conv_1", index=2),
    MetadataConflictError("x", conversation_id="conv_1", keys=("a",)),
    OutdatedPlanError("x", conversation_id="conv_1"),
    EraseIncompleteError("x", conversation_id="conv_1", deleted=1, left=("a",)),
    MissingExtraError("x", extra="html"),
    NoSuchItemError("x", conversation_id="conv_1", item_id="a"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_travel(error):
    """Every error of an operation can be pickled, with all that it says."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert (type(error), str(error), vars(error)) == (type(copy), str(copy), vars(copy))


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_page_of_a_listing(server, client, order):
    """The body of a listing is a conversation again; calls and their outputs tell which end is the newest."""
    made = (await client.conversations.import_(json.dumps(CHAT))).conversation_id
    raw = await client.conversations.items.with_raw_response.list(made, order=order, limit=100)

    report = await client.conversations.import_(raw.content)

    first, second = ([{**item, "id": ""} for item in server.items(name)] for name in (made, report.conversation_id))
    assert (first, (), 5) == (second, report.unread, report.stored)
