"""Compacting: the rules, on the service in memory."""

from __future__ import annotations

import json

import pytest

from openai_conversations.errors import APIConnectionError, APIResponseValidationError, ConversationsError
from openai_conversations.operations.errors import CopyIncompleteError
from openai_conversations.operations.turns.compact import compact
from tests.operations.fakes import FakeService, Refuses, broken, writer
from tests.operations.turns.test_whole_turns import items_of

LONG = "s u a u r c1 o1 a u a u a"


def words(service: FakeService, name: str) -> str:
    """The items of a conversation, by their types and roles."""
    return " ".join((item.get("role") or item["type"])[:9] for item in service.stored[name].items)


def conversation(service: FakeService, line: str = LONG) -> str:
    return service.conversation(*items_of(line), metadata={"user": "42"})


async def test_compact():
    """A new conversation has what the developer said, the window, and the newest turns; the old one is as it was."""
    service = FakeService()
    source = conversation(service)
    before = list(service.stored[source].items)

    report = await compact(*writer(service), source, model="m", keep_last=2)

    made = report.conversation_id
    assert "system user user compactio user assistant user assistant" == words(service, made)
    assert {"user": "42"} == service.stored[made].body["metadata"]
    assert before == service.stored[source].items
    assert (12, 7, 3, 5, 2, "") == (
        report.items_before,
        report.compacted,
        report.window,
        report.carried,
        report.turns,
        report.reason,
    )
    assert (120, 80) == (report.tokens_before, report.tokens_after)
    assert (True, (), "i11") == (report.is_exact, report.left_out, report.last_item_id)
    assert {"i0", "i8", "i9", "i10", "i11"} == set(report.ids)


async def test_what_is_sent_to_be_compacted():
    """The old turns, as they can be sent back, the model and the instructions; the newest turns are not."""
    service = FakeService()
    source = conversation(service)

    await compact(*writer(service), source, model="m", keep_last=2, instructions="Keep names.")

    (request,) = [request for request in service.requests if request.operation == "Compactconversation"]
    body = json.loads(request.body)
    kinds = [item.get("role") or item["type"] for item in body["input"]]
    assert ["user", "assistant", "user", "reasoning", "function_call", "function_call_output", "assistant"] == kinds
    assert [{"id": "i4"}] == [{"id": item["id"]} for item in body["input"] if "id" in item]
    assert ("m", "Keep names.") == (body["model"], body["instructions"])


@pytest.mark.parametrize(
    ("line", "keep_last", "reason"),
    [
        ("", 4, "there is no turn in it"),
        ("s", 4, "there is no turn in it"),
        ("u a u a", 2, "there is nothing before the last 2 turns"),
        ("u a", 4, "there is nothing before the last turn"),
        ("u u k u a", 1, "what is before the last turn is compacted already"),
        ("u u k", 0, "what is before the end is compacted already"),
        ("u c1", 0, "there is nothing before the last turn"),
    ],
)
async def test_nothing_to_compact(line, keep_last, reason):
    """Where there is nothing to compact, the report says why, and nothing is made."""
    service = FakeService()
    source = conversation(service, line)

    report = await compact(*writer(service), source, model="m", keep_last=keep_last)

    assert (None, reason, None) == (report.conversation_id, report.reason, report.tokens_after)
    assert {"Getinputtokencounts", "listConversationItems"} == set(service.operations())


async def test_all_of_it():
    """``keep_last=0`` compacts every turn."""
    service = FakeService()
    source = conversation(service, "s u a u a")

    report = await compact(*writer(service), source, model="m", keep_last=0)

    assert "system user user compactio" == words(service, report.conversation_id)


async def test_what_cannot_be_sent_is_named():
    """Items that cannot be compacted or written are named with the reason; the rest comes through."""
    service = FakeService()
    critic = {"type": "message", "role": "critic", "content": "no"}
    u, a, *newest = items_of("u a u a")
    source = service.conversation(u, a, {**critic, "id": "old"}, *newest, {**critic, "id": "new"})

    report = await compact(*writer(service), source, model="m", keep_last=1)

    assert "user compactio user assistant" == words(service, report.conversation_id)
    assert [2, 5] == [found.index for found in report.left_out]
    assert [2] == [found.index for found in report.not_compacted]
    assert "a message of the role 'critic' cannot be written" == report.left_out[0].reason
    assert not report.is_exact
    assert "no" not in str(report.to_json()).split("'")


async def test_a_field_that_nobody_saw():
    """Where the server refuses a field of ``include``, the copy is not called exact."""
    service = Refuses("reasoning.encrypted_content")

    report = await compact(*writer(service), conversation(service), model="m", keep_last=2)

    assert (("reasoning.encrypted_content",), False) == (report.include_refused, report.is_exact)


@pytest.mark.parametrize("window", [[], [{"type": "reasoning", "id": "", "summary": []}], None])
async def test_no_window(window):
    """A compaction that gives nothing which can be stored is an error, and nothing is made."""
    service = FakeService()
    source = conversation(service)
    service.window = window if window is not None else ["no item"]

    with pytest.raises(APIResponseValidationError):
        await compact(*writer(service), source, model="m", keep_last=1)

    assert [source] == list(service.stored)


async def test_a_window_beside_an_error():
    """A window that comes with an error is none: the older turns would be what a failure left of them."""
    service = FakeService()
    source = conversation(service)
    done = service.carry_out
    failed = {"error": {"message": "the model gave up"}}
    service.carry_out = lambda request: {  # type: ignore[method-assign]  # the fake's own
        **done(request),
        **(failed if request.operation == "Compactconversation" else {}),
    }

    with pytest.raises(APIResponseValidationError, match="the model gave up"):
        await compact(*writer(service), source, model="m", keep_last=1)

    assert [source] == list(service.stored)


async def test_metadata_of_its_own():
    """Metadata that is given replaces the original's."""
    service = FakeService()

    report = await compact(*writer(service), conversation(service), model="m", keep_last=1, metadata={"a": "b"})

    assert {"a": "b"} == service.stored[report.conversation_id].body["metadata"]


async def test_the_id_comes_first():
    """``on_created`` has the id while the new conversation is empty; what it raises stops the compaction."""
    service = FakeService()
    source = conversation(service)
    named = []

    async def note(name: str) -> None:
        named.append((name, len(service.stored[name].items)))
        raise LookupError

    with pytest.raises(LookupError):
        await compact(*writer(service), source, model="m", keep_last=1, on_created=note)

    ((name, count),) = named
    assert (0, {source, name}) == (count, set(service.stored))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 10))
async def test_stopped_at_every_request(number, moment):
    """Wherever the connection breaks, a conversation that holds items is named, and the original is as it was."""
    service = FakeService()
    source = conversation(service, f"{LONG} {LONG[2:]} {LONG[2:]}")
    before = list(service.stored[source].items)

    def stop(at: int, _: str) -> None:
        if at == number:
            raise broken()

    setattr(service, moment, stop)
    report = error = None
    try:
        report = await compact(*writer(service), source, model="m", keep_last=11)
    except ConversationsError as caught:
        error = caught

    made = {name for name, stored in service.stored.items() if name != source and stored.items}
    named = getattr(report or error, "conversation_id", None)
    assert made <= {named}
    assert report is not None or isinstance(error, CopyIncompleteError | APIConnectionError) or not made
    assert before == service.stored[source].items


async def test_a_count_that_fails_afterwards(caplog):
    """The new conversation is there: that it cannot be counted is no error."""
    service = FakeService()
    source = conversation(service)

    def stop(_: int, operation: str) -> None:
        if operation == "Getinputtokencounts" and len(service.stored) > 1:
            raise broken()

    service.before = stop
    report = await compact(*writer(service), source, model="m", keep_last=1)

    assert (True, None) == (report.conversation_id in service.stored, report.tokens_after)
    assert "could not be counted" in caplog.text
