"""Importing: the rules, on the eight calls in memory."""

from __future__ import annotations

import pytest

from openai_conversations.errors import InvalidArgumentError
from openai_conversations.operations.archive.export import collect
from openai_conversations.operations.archive.reader import Archive
from openai_conversations.operations.copy.imports import import_archive
from openai_conversations.operations.errors import CopyIncompleteError, ImportConflictError
from tests.operations.fakes import FakeCalls, broken, tools, user


def archive_of(*texts: str, **conversation: object) -> Archive:
    items = tuple({**user(text), "id": f"m_{number}"} for number, text in enumerate(texts))
    return Archive(kind="conversation", items=items, conversation=dict(conversation))


def texts(calls: FakeCalls, name: str) -> list[str]:
    return [item["content"][0]["text"] for item in calls.stored[name].items]


async def test_new_conversation():
    """Without a target a conversation is made, with the metadata of the file."""
    calls = FakeCalls()

    report = await import_archive(tools(calls), archive_of("a", "b", metadata={"user": "42"}))

    copy = calls.stored[report.conversation_id]
    assert (["a", "b"], {"user": "42"}) == (texts(calls, report.conversation_id), copy.body["metadata"])
    assert (2, 0, {"m_0", "m_1"}) == (report.stored, report.present, set(report.ids))


async def test_second_run_adds_nothing():
    """Importing again into the same conversation adds nothing and reports the same."""
    calls = FakeCalls()
    archive = archive_of(*"abc")
    first = await import_archive(tools(calls), archive)

    second = await import_archive(tools(calls), archive, into=first.conversation_id)

    assert (0, 3, first.ids, first.differences) == (second.stored, second.present, second.ids, second.differences)
    assert 1 == calls.names().count("items.create")


@pytest.mark.parametrize("there", range(4))
async def test_goes_on(there):
    """A conversation that holds the beginning of the file gets the rest."""
    calls = FakeCalls()
    target = calls.conversation(*"abc"[:there])

    report = await import_archive(tools(calls), archive_of(*"abc"), into=target)

    assert (["a", "b", "c"], 3 - there, there) == (texts(calls, target), report.stored, report.present)


async def test_interrupted():
    """An import that stopped half way goes on in the conversation that its error names."""
    calls = FakeCalls()
    archive = archive_of(*map(str, range(50)))
    appends = iter([False, True, False, False])

    def stop(_: int, name: str) -> None:
        if name == "items.create" and next(appends):
            raise broken()

    calls.after = stop
    with pytest.raises(CopyIncompleteError) as caught:
        await import_archive(tools(calls), archive)

    report = await import_archive(tools(calls), archive, into=caught.value.conversation_id)

    assert [str(number) for number in range(50)] == texts(calls, report.conversation_id)
    assert (20, 50, 10) == (caught.value.stored, caught.value.total, report.stored)


@pytest.mark.parametrize(
    ("present", "index"), [(["x"], 0), (["a", "x"], 1), (["a", "b", "c", "d"], 3), (["b", "a"], 0)], ids=str
)
async def test_conflict(present, index):
    """A conversation that holds something else is refused, and nothing is written."""
    calls = FakeCalls()
    target = calls.conversation(*present)

    with pytest.raises(ImportConflictError) as caught:
        await import_archive(tools(calls), archive_of(*"abc"), into=target)

    assert (target, index) == (caught.value.conversation_id, caught.value.index)
    assert {"items.list"} == set(calls.names())


@pytest.mark.parametrize("into", [True, False], ids=["into", "new"])
async def test_dry_run(into):
    """A dry run writes nothing and says what there is to do."""
    calls = FakeCalls()
    target = calls.conversation("a") if into else None

    report = await import_archive(tools(calls), archive_of("a", "b"), into=target, dry_run=True)

    assert {"items.list"} >= set(calls.names())
    assert (target, 2, 0, int(into), True) == (
        report.conversation_id,
        report.total,
        report.stored,
        report.present,
        report.dry_run,
    )


async def test_metadata():
    """Metadata that is given replaces the file's; for a conversation that is there it is refused."""
    calls = FakeCalls()
    archive = archive_of("a", metadata={"old": "1"})

    report = await import_archive(tools(calls), archive, metadata={"new": "2"})

    assert {"new": "2"} == calls.stored[report.conversation_id].body["metadata"]
    with pytest.raises(InvalidArgumentError, match="patch_metadata"):
        await import_archive(tools(calls), archive, into=report.conversation_id, metadata={})


async def test_no_metadata():
    """Metadata that is given as nothing is nothing."""
    calls = FakeCalls()

    report = await import_archive(tools(calls), archive_of("a", metadata={"old": "1"}), metadata=None)

    assert {} == calls.stored[report.conversation_id].body["metadata"]


async def test_left_out_items_do_not_count():
    """Items that cannot be stored are neither sent nor looked for in the target."""
    calls = FakeCalls()
    archive = Archive(
        kind="conversation", items=(user("a"), {"type": "reasoning", "id": "rs_1", "summary": []}, user("b"))
    )
    first = await import_archive(tools(calls), archive)

    second = await import_archive(tools(calls), archive, into=first.conversation_id)

    assert (["a", "b"], 0, [1]) == (
        texts(calls, first.conversation_id),
        second.stored,
        [found.index for found in second.left_out],
    )


async def test_empty():
    """An empty file makes an empty conversation."""
    calls = FakeCalls()

    report = await import_archive(tools(calls), archive_of())

    assert ([], None) == (calls.stored[report.conversation_id].items, report.last_item_id)


async def test_export_of_an_import():
    """What was imported can be exported, and is the same but for the ids."""
    calls = FakeCalls()
    source = calls.conversation({**user("a"), "id": "x"}, {"type": "hologram", "id": "h", "beams": 3})
    first = await collect(tools(calls), source)

    report = await import_archive(tools(calls), first)

    second = await collect(tools(calls), report.conversation_id)
    assert [{**item, "id": report.ids[item["id"]]} for item in first.items] == list(second.items)
