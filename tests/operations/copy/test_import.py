"""Importing: the rules, on the service in memory."""

from __future__ import annotations

import itertools

import pytest

from openai_conversations.errors import InvalidArgumentError
from openai_conversations.operations.archive.export import collect
from openai_conversations.operations.archive.reader import Archive
from openai_conversations.operations.copy.imports import import_archive
from openai_conversations.operations.errors import ArchiveError, CopyIncompleteError, ImportConflictError
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from tests.operations.fakes import FakeService, Refuses, broken, caller, response, user, writer


def archive_of(*texts: str, **conversation: object) -> Archive:
    items = tuple({**user(text), "id": f"m_{number}"} for number, text in enumerate(texts))
    return Archive(kind="conversation", items=items, conversation=dict(conversation))


def texts(service: FakeService, name: str) -> list[str]:
    return [item["content"][0]["text"] for item in service.stored[name].items]


async def test_new_conversation():
    """Without a target a conversation is made, with the metadata of the file."""
    service = FakeService()

    report = await import_archive(*writer(service), archive_of("a", "b", metadata={"user": "42"}))

    copy = service.stored[report.conversation_id]
    assert (["a", "b"], {"user": "42"}) == (texts(service, report.conversation_id), copy.body["metadata"])
    assert (2, 0, {"m_0", "m_1"}) == (report.stored, report.present, set(report.ids))


async def test_second_run_adds_nothing():
    """Importing again into the same conversation adds nothing and reports the same."""
    service = FakeService()
    archive = archive_of(*"abc")
    first = await import_archive(*writer(service), archive)

    second = await import_archive(*writer(service), archive, into=first.conversation_id)

    assert (0, 3, first.ids, first.differences) == (second.stored, second.present, second.ids, second.differences)
    assert 1 == service.operations().count("createConversationItems")


@pytest.mark.parametrize("there", range(4))
async def test_goes_on(there):
    """A conversation that holds the beginning of the file gets the rest."""
    service = FakeService()
    target = service.conversation(*"abc"[:there])

    report = await import_archive(*writer(service), archive_of(*"abc"), into=target)

    assert (["a", "b", "c"], 3 - there, there) == (texts(service, target), report.stored, report.present)


@pytest.mark.parametrize(("moment", "stored"), [("before", 20), ("after", 40)])
async def test_interrupted(moment, stored):
    """An import whose connection is gone, for lookups too, goes on in the conversation that its error names."""
    service = FakeService()
    archive = archive_of(*map(str, range(50)))
    appends = itertools.count(1)
    gone = False

    def stop(_: int, operation: str) -> None:
        nonlocal gone
        gone = gone or (operation == "createConversationItems" and next(appends) == 2)
        if gone:
            raise broken()

    setattr(service, moment, stop)
    with pytest.raises(CopyIncompleteError) as caught:
        await import_archive(*writer(service), archive)
    assert (20, 50) == (caught.value.stored, caught.value.total)
    setattr(service, moment, lambda number, operation: None)

    report = await import_archive(*writer(service), archive, into=caught.value.conversation_id)

    assert [str(number) for number in range(50)] == texts(service, report.conversation_id)
    assert (stored, 50 - stored) == (report.present, report.stored)


async def test_lost_response():
    """An append that was stored although its connection broke is found in the conversation, and the import goes on."""
    service = FakeService()
    appends = itertools.count(1)

    def stop(_: int, operation: str) -> None:
        if operation == "createConversationItems" and next(appends) == 2:
            raise broken()

    service.after = stop

    report = await import_archive(*writer(service), archive_of(*map(str, range(50))))

    assert [str(number) for number in range(50)] == texts(service, report.conversation_id)


@pytest.mark.parametrize(
    ("present", "index"), [(["x"], 0), (["a", "x"], 1), (["a", "b", "c", "d"], 3), (["b", "a"], 0)], ids=str
)
async def test_conflict(present, index):
    """A conversation that holds something else is refused, and nothing is written."""
    service = FakeService()
    target = service.conversation(*present)

    with pytest.raises(ImportConflictError) as caught:
        await import_archive(*writer(service), archive_of(*"abc"), into=target)

    assert (target, index) == (caught.value.conversation_id, caught.value.index)
    assert {"listConversationItems"} == set(service.operations())


@pytest.mark.parametrize("into", [True, False], ids=["into", "new"])
async def test_dry_run(into):
    """A dry run writes nothing and says what there is to do."""
    service = FakeService()
    target = service.conversation("a") if into else None

    report = await import_archive(*writer(service), archive_of("a", "b"), into=target, dry_run=True)

    assert {"listConversationItems"} >= set(service.operations())
    assert (target, 2, 0, int(into), True) == (
        report.conversation_id,
        report.total,
        report.stored,
        report.present,
        report.dry_run,
    )


async def test_metadata():
    """Metadata that is given replaces the file's; for a conversation that is there it is refused."""
    service = FakeService()
    archive = archive_of("a", metadata={"old": "1"})

    report = await import_archive(*writer(service), archive, metadata={"new": "2"})

    assert {"new": "2"} == service.stored[report.conversation_id].body["metadata"]
    with pytest.raises(InvalidArgumentError, match="patch_metadata"):
        await import_archive(*writer(service), archive, into=report.conversation_id, metadata={})


async def test_no_metadata():
    """Metadata that is given as nothing is nothing."""
    service = FakeService()

    report = await import_archive(*writer(service), archive_of("a", metadata={"old": "1"}), metadata=None)

    assert {} == service.stored[report.conversation_id].body["metadata"]


async def test_left_out_items_do_not_count():
    """Items that cannot be stored are neither sent nor looked for in the target."""
    service = FakeService()
    archive = Archive(
        kind="conversation", items=(user("a"), {"type": "reasoning", "id": "rs_1", "summary": []}, user("b"))
    )
    first = await import_archive(*writer(service), archive)

    second = await import_archive(*writer(service), archive, into=first.conversation_id)

    assert (["a", "b"], 0, [1]) == (
        texts(service, first.conversation_id),
        second.stored,
        [found.index for found in second.left_out],
    )


async def test_empty():
    """An empty file makes an empty conversation."""
    service = FakeService()

    report = await import_archive(*writer(service), archive_of())

    assert ([], None) == (service.stored[report.conversation_id].items, report.last_item_id)


async def test_export_of_an_import():
    """What was imported can be exported, and is the same but for the ids."""
    service = FakeService()
    source = service.conversation({**user("a"), "id": "x"}, {"type": "hologram", "id": "h", "beams": 3})
    first = await collect(caller(service), source)

    report = await import_archive(*writer(service), first)

    second = await collect(caller(service), report.conversation_id)
    assert [{**item, "id": report.ids[item["id"]]} for item in first.items] == list(second.items)


@pytest.mark.parametrize("kind", ["new", "there"])
async def test_refused_fields(kind):
    """A field of include that the server refuses is dropped and named: all items are imported, nothing stays empty."""
    service = Refuses("web_search_call.results", "reasoning.encrypted_content", says=lambda field, place: {})
    into = service.conversation("a") if kind == "there" else None

    report = await import_archive(*writer(service), archive_of(*map(str, "a" * 45)), into=into)

    assert (45, 1) == (len(texts(service, report.conversation_id)), len(service.stored))
    assert {"web_search_call.results", "reasoning.encrypted_content"} <= {*report.include_refused}
    assert not report.is_exact


async def test_nothing_can_be_stored():
    """A file of which no item can be stored makes no empty conversation."""
    service = FakeService()
    archive = Archive(kind="conversation", items=({"type": "reasoning", "summary": []},))

    with pytest.raises(ArchiveError, match="none of its 1 items can be stored: reasoning cannot be stored without"):
        await import_archive(*writer(service), archive)

    assert {} == service.stored


async def test_metadata_of_a_target():
    """Metadata of the file that the target does not have are named; nothing is written over it."""
    service = FakeService()
    into = service.conversation("a", metadata={"same": "1", "other": "2"})

    report = await import_archive(
        *writer(service), archive_of("a", metadata={"same": "1", "other": "3", "new": "4"}), into=into
    )

    assert (("other", "new"), False) == (report.metadata_not_kept, report.is_exact)
    assert {"same": "1", "other": "2"} == service.stored[into].body["metadata"]


@pytest.mark.parametrize("code", ["invalid_value", "conversation_locked"])
async def test_other_refusals_of_an_append(code):
    """A refusal that has nothing to do with include stops the import, which can go on later."""
    service = FakeService()

    async def refuse(request: HTTPRequest) -> HTTPResponse:
        if request.operation == "createConversationItems":
            return response(request, {"error": {"message": "no", "code": code}}, status=400)
        return await service(request)

    with pytest.raises(CopyIncompleteError, match="holds 0 of 1 items"):
        await import_archive(*writer(refuse), archive_of("a"))


async def test_on_created():
    """The id of a new conversation is told before anything is appended to it."""
    service = FakeService()
    told: list[tuple[str, int]] = []

    async def tell(name: str) -> None:
        told.append((name, len(service.stored[name].items)))

    report = await import_archive(*writer(service), archive_of("a"), on_created=tell)

    assert [(report.conversation_id, 0)] == told
