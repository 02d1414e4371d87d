"""Appends and creates whose outcome is unknown, on a real socket: stored once, or an error that tells the truth."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import (
    AmbiguousWriteError,
    APIConnectionError,
    APIResponseValidationError,
    ConversationLockedError,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    RetryPolicy,
    Timeout,
)
from openai_conversations.server import ConversationsServer, faults
from tests.writing.conftest import CREATE_ITEMS, LIST_ITEMS
from tests.writing.helpers import assistant, operations, texts, user

ITEMS = {"operation": CREATE_ITEMS}

LOST_ANSWERS = [
    faults.commit_then_drop(**ITEMS),
    faults.commit_then_drop(reset=True, **ITEMS),
    *(faults.commit_then_status(status, **ITEMS) for status in (408, 409, 500, 502, 503, 504, 524)),
    faults.truncated_json(**ITEMS),
    faults.truncated_json(cut=True, **ITEMS),
    faults.malformed_json(**ITEMS),
    faults.html(**ITEMS),
    faults.html(502, **ITEMS),
    *(faults.wrong_shape(shape, **ITEMS) for shape in ("array", "string", "null", "object")),
    faults.slow(1.0, **ITEMS),
    faults.trickle(0.2, **ITEMS),
]

NOT_CARRIED_OUT = [
    faults.drop_before_commit(**ITEMS),
    faults.drop_before_commit(reset=True, **ITEMS),
    *(faults.status(status, **ITEMS) for status in (409, 429, 500, 502, 503)),
    faults.status(418, should_retry=True, **ITEMS),
    faults.refuse(0.02, **ITEMS),
    faults.locked(2, **ITEMS),
]

QUICK = Timeout(total=2, attempt=0.15)


def name(value):
    """The name of a fault and what is special about it."""
    if not isinstance(value, faults.Fault):
        return str(value)
    return "-".join([value.name, *map(str, getattr(value.effect, "keywords", {}).values())])


@pytest.fixture
async def conversation(client):
    """The id of a new conversation."""
    return (await client.conversations.create()).id


SURELY_NOT = [faults.status(429, **ITEMS), faults.status(418, should_retry=True, **ITEMS), faults.locked(2, **ITEMS)]


@pytest.mark.parametrize(
    ("fault", "guard"),
    [
        *((fault, "auto") for fault in (*LOST_ANSWERS, *NOT_CARRIED_OUT)),
        *((fault, "strict") for fault in (*LOST_ANSWERS, *SURELY_NOT)),
    ],
    ids=name,
)
async def test_stored_once(server, make_client, fault, guard):
    """Whatever happens to the first attempt, the items are stored once and the call returns them."""
    client = make_client(timeout=QUICK, max_retries=9)
    conversation_id = (await client.conversations.create()).id
    await client.conversations.items.create(conversation_id, items=[user("before")])
    server.add_fault(fault)

    created = await client.conversations.items.create(conversation_id, items=[user("a"), user("b")], guard=guard)

    assert ["before", "a", "b"] == texts(server, conversation_id)
    assert [item["id"] for item in server.items(conversation_id)][1:] == [item.id for item in created.data]
    assert ["a", "b"] == [item.text for item in created.data]
    assert (created.data[0].id, created.data[-1].id) == (created.first_id, created.last_id)
    assert [] == server.unfired_faults


@pytest.mark.parametrize(
    "fault",
    [
        faults.drop_before_commit(**ITEMS),
        faults.drop_before_commit(reset=True, **ITEMS),
        *(faults.status(status, **ITEMS) for status in (409, 500, 502, 503)),
    ],
    ids=name,
)
async def test_the_strict_guard_sends_nothing_twice(server, client, conversation, fault):
    """With ``strict``, what was wholly sent is not sent again, whatever is seen: there can be no second copy."""
    await client.conversations.items.create(conversation, items=[user("before")])
    server.add_fault(fault)

    with pytest.raises(AmbiguousWriteError, match="may still arrive") as caught:
        await client.conversations.items.create(conversation, items=[user("a")], guard="strict")

    assert ["before"] == texts(server, conversation)
    assert (server.items(conversation)[0]["id"], ()) == (caught.value.last_item_id, caught.value.stored)
    assert 2 == operations(server).count(CREATE_ITEMS)


@pytest.mark.parametrize(
    "fault", [faults.wrong_shape(operation=LIST_ITEMS, count=None), faults.unknown_item(operation=LIST_ITEMS)]
)
async def test_a_look_that_shows_nothing_that_can_be_read(server, client, conversation, fault):
    """A list that cannot be read, or that shows an item of a type that nobody knows, proves no absence."""
    server.add_fault(faults.commit_then_drop(**ITEMS))
    server.add_fault(fault)

    with pytest.raises(AmbiguousWriteError):
        await client.conversations.items.create(conversation, items=[user("a")])

    assert ["a"] == texts(server, conversation)


@pytest.mark.parametrize("fault", LOST_ANSWERS, ids=name)
async def test_two_equal_messages_are_both_kept(server, make_client, fault):
    """A message that equals the one before it is stored a second time, and not taken for it."""
    client = make_client(timeout=QUICK)
    conversation_id = (await client.conversations.create()).id
    first = await client.conversations.items.create(conversation_id, items=[user("yes")])
    server.add_fault(fault)

    second = await client.conversations.items.create(conversation_id, items=[user("yes")])
    third = await client.conversations.items.create(conversation_id, items=[user("yes")])

    assert ["yes"] * 3 == texts(server, conversation_id)
    assert 3 == len({page.data[0].id for page in (first, second, third)})


@pytest.mark.parametrize("fault", [faults.slow(0.3, before_commit=True, **ITEMS)], ids=name)
async def test_what_arrives_late_is_not_sent_twice(server, make_client, fault):
    """A request that is still under way when the attempt is over is waited for, and found when it arrives."""
    client = make_client(timeout=QUICK)
    conversation_id = (await client.conversations.create()).id
    server.add_fault(fault)

    created = await client.conversations.items.create(conversation_id, items=[user("late")])

    assert ["late"] == texts(server, conversation_id) == [item.text for item in created.data]
    assert 1 == operations(server).count(CREATE_ITEMS)


async def test_what_may_arrive_late_is_said_to(server, make_client):
    """What is not there at the deadline may still arrive: the error says so, and how to look for it later."""
    client = make_client(timeout=Timeout(total=0.3, attempt=0.1))
    conversation_id = (await client.conversations.create()).id
    server.add_fault(faults.slow(1.5, before_commit=True, **ITEMS))

    with pytest.raises(AmbiguousWriteError, match="may still arrive") as caught:
        await client.conversations.items.create(conversation_id, items=[user("late")])

    assert ("", ()) == (caught.value.last_item_id, caught.value.stored)
    assert [] == texts(server, conversation_id)

    while not server.items(conversation_id):  # noqa: ASYNC110  # nothing tells when a slow commit is done
        await asyncio.sleep(0.05)
    again = await client.conversations.items.create(
        conversation_id, items=[user("late")], last_item_id=caught.value.last_item_id, lookup_first=True
    )

    assert ["late"] == texts(server, conversation_id) == [item.text for item in again.data]


@pytest.mark.parametrize("arrived", [True, False])
async def test_to_go_on_in_another_process(server, make_client, arrived):
    """With the anchor of the error, another client finds the items, or sends them."""
    conversation_id = (await make_client().conversations.create()).id
    await make_client().conversations.items.create(conversation_id, items=[user("x")])
    last_item_id = server.items(conversation_id)[-1]["id"]
    if arrived:
        server.add_items(conversation_id, ["x", "y"])

    created = await make_client().conversations.items.create(
        conversation_id, items=[user("x"), user("y")], last_item_id=last_item_id, lookup_first=True
    )

    assert ["x", "x", "y"] == texts(server, conversation_id)
    assert [item["id"] for item in server.items(conversation_id)][1:] == [item.id for item in created.data]


async def test_a_look_beforehand_that_cannot_tell(server, client, conversation):
    """Without a last known item, equal items are unresolved: nothing is sent."""
    server.add_items(conversation, ["x"])
    before = len(server.requests)

    with pytest.raises(AmbiguousWriteError, match="nothing was sent") as caught:
        await client.with_options().conversations.items.create(
            conversation, items=[user("x")], last_item_id="msg_unknown", lookup_first=True
        )

    assert ("msg_unknown", [LIST_ITEMS]) == (caught.value.last_item_id, operations(server)[before:])


@pytest.mark.parametrize("stored", [["a"], ["b", "a "], ["A"]])
async def test_nothing_known_of_what_was_before(server, make_client, stored):
    """A client that knows nothing of a conversation raises when something is of the kind of ours, equal or not."""
    conversation_id = (await make_client().conversations.create()).id
    server.add_items(conversation_id, stored)
    server.add_fault(faults.drop_before_commit(**ITEMS))
    stranger = make_client()

    with pytest.raises(AmbiguousWriteError, match="these or older ones") as caught:
        await stranger.conversations.items.create(conversation_id, items=[user("a")])

    assert stored == texts(server, conversation_id)
    assert server.items(conversation_id)[-1]["id"] in caught.value.stored
    assert isinstance(caught.value.__cause__, APIConnectionError)


async def test_nothing_of_the_kind(server, make_client):
    """A client that knows nothing of a conversation sends again when nothing in it is of the kind of ours."""
    conversation_id = (await make_client().conversations.create()).id
    server.add_items(conversation_id, [assistant("a")])
    server.add_fault(faults.drop_before_commit(**ITEMS))

    await make_client().conversations.items.create(conversation_id, items=[user("a")])

    assert ["a", "a"] == texts(server, conversation_id)


async def test_an_anchor_from_the_caller_or_from_a_list(server, make_client):
    """The caller's word and what a list showed are anchors, too."""
    conversation_id = (await make_client().conversations.create()).id
    server.add_items(conversation_id, ["a"])
    last_item_id = server.items(conversation_id)[-1]["id"]
    reader, walker = make_client(), make_client()

    server.add_fault(faults.drop_before_commit(**ITEMS))
    await make_client().conversations.items.create(conversation_id, items=[user("a")], last_item_id=last_item_id)
    await reader.conversations.items.list(conversation_id, order="desc")
    server.add_fault(faults.drop_before_commit(**ITEMS))
    await reader.conversations.items.create(conversation_id, items=[user("a")])
    assert 3 == len([item async for item in walker.conversations.items.list(conversation_id, order="asc", limit=1)])
    server.add_fault(faults.drop_before_commit(**ITEMS))
    await walker.conversations.items.create(conversation_id, items=[user("a")])

    assert ["a"] * 4 == texts(server, conversation_id)


async def test_an_empty_list_is_an_anchor(server, make_client):
    """A conversation that a list showed to be empty holds nothing older."""
    conversation_id = (await make_client().conversations.create()).id
    client = make_client()
    await client.conversations.items.list(conversation_id)
    server.add_fault(faults.commit_then_drop(**ITEMS))

    await client.conversations.items.create(conversation_id, items=[user("a")])

    assert ["a"] == texts(server, conversation_id)


async def test_an_empty_page_is_no_anchor(server, make_client):
    """An empty page that says that there is more shows nothing, neither to a list nor to the strict guard."""
    conversation_id = (await make_client().conversations.create()).id
    server.add_items(conversation_id, ["a"])
    server.add_fault(faults.empty_page())
    client = make_client()
    await client.conversations.items.list(conversation_id)
    server.add_fault(faults.empty_page())
    server.add_fault(faults.commit_then_drop(**ITEMS))

    await client.conversations.items.create(conversation_id, items=[user("a")], guard="strict")

    assert ["a", "a"] == texts(server, conversation_id)


async def test_an_anchor_that_is_deleted(server, make_client, client, conversation):
    """When the anchor is deleted, by this client or another, what is older is unresolved again."""
    for deleter in (client, make_client()):
        await client.conversations.items.create(conversation, items=[user("a")])
        last = await client.conversations.items.create(conversation, items=[user("b")])
        await deleter.conversations.items.delete(last.data[0].id, conversation_id=conversation)
        server.add_fault(faults.drop_before_commit(**ITEMS))

        with pytest.raises(AmbiguousWriteError, match=r"these or older ones|does not show the last known item"):
            await client.conversations.items.create(conversation, items=[user("a")])

    assert ["a", "a"] == texts(server, conversation)


async def test_other_writers_in_between(server, client, conversation):
    """What others wrote after the last known item does not matter as long as it is of another kind, and before ours."""
    await client.conversations.items.create(conversation, items=[user("mine")])
    server.add_items(conversation, [assistant("theirs")] * 150)
    server.add_fault(faults.commit_then_drop(**ITEMS))

    created = await client.conversations.items.create(conversation, items=[user("mine")])

    assert server.items(conversation)[-1]["id"] == created.data[0].id


@pytest.mark.parametrize("theirs", [[user("equal"), user("equal")], [user("other")], [user("equal"), assistant("x")]])
@pytest.mark.parametrize("fault", [faults.commit_then_drop(**ITEMS), faults.drop_before_commit(**ITEMS)], ids=name)
async def test_another_writer_of_the_same_kind(server, client, conversation, theirs, fault):
    """What another writer wrote since may be ours, or not: nobody can tell, equal or rewritten."""
    await client.conversations.items.create(conversation, items=[user("before")])
    server.add_items(conversation, theirs)
    count = len(texts(server, conversation)) + fault.name.startswith("commit")
    server.add_fault(fault)

    with pytest.raises(AmbiguousWriteError):
        await client.conversations.items.create(conversation, items=[user("equal")])

    assert count == len(texts(server, conversation))


async def test_written_elsewhere(server, client, conversation):
    """A client that was told of another writer guesses nothing from what it knew before."""
    await client.conversations.items.create(conversation, items=[user("before")])
    client.conversations.items.written_elsewhere(conversation)
    server.add_fault(faults.commit_then_drop(**ITEMS))

    with pytest.raises(AmbiguousWriteError, match="these or older ones"):
        await client.conversations.items.create(conversation, items=[user("mine")])


@pytest.mark.parametrize("guard", ["auto", "strict", "off"])
async def test_what_a_guard_costs(server, client, conversation, guard):
    """``auto`` and ``off`` cost no request when nothing fails, ``strict`` costs one."""
    await client.conversations.items.create(conversation, items=[user("a")], guard=guard)

    assert ["createConversation", *([LIST_ITEMS] * (guard == "strict")), CREATE_ITEMS] == operations(server)


@pytest.mark.parametrize("fault", [faults.commit_then_drop(**ITEMS), faults.drop_before_commit(**ITEMS)], ids=name)
async def test_guard_off(server, client, conversation, fault):
    """Without a guard nobody looks: the error says that nothing is known."""
    server.add_fault(fault)

    with pytest.raises(AmbiguousWriteError, match="The conversation was not checked") as caught:
        await client.conversations.items.create(conversation, items=[user("a")], guard="off")

    assert caught.value.stored is None
    assert 2 == len(server.requests)


async def test_guard_off_and_half_a_response(server, client, conversation):
    """Without a guard, an unreadable response leaves the outcome unknown, and the error says why."""
    server.add_fault(faults.truncated_json(**ITEMS))

    with pytest.raises(AmbiguousWriteError, match="The conversation was not checked") as caught:
        await client.conversations.items.create(conversation, items=[user("a")], guard="off")

    assert isinstance(caught.value.__cause__, APIResponseValidationError)


async def test_a_strict_guard_that_cannot_look(server, client, conversation):
    """When the look beforehand fails, nothing is sent, and what was known stays known."""
    await client.conversations.items.create(conversation, items=[user("a")])
    server.add_fault(faults.status(500, operation=LIST_ITEMS, count=3))

    with pytest.raises(InternalServerError):
        await client.conversations.items.create(conversation, items=[user("a")], guard="strict")
    server.add_fault(faults.drop_before_commit(**ITEMS))
    await client.conversations.items.create(conversation, items=[user("a")])

    assert ["a", "a"] == texts(server, conversation)


async def test_a_look_that_fails(server, client, conversation):
    """When nobody can look, the error says that, and nothing is sent again."""
    server.add_fault(faults.commit_then_drop(**ITEMS))
    server.add_fault(faults.status(500, operation=LIST_ITEMS, count=None))

    with pytest.raises(AmbiguousWriteError, match="The lookup failed: 500") as caught:
        await client.conversations.items.create(conversation, items=[user("a")])

    assert caught.value.stored is None
    assert ["a"] == texts(server, conversation)


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(503, operation=LIST_ITEMS, count=2),
        faults.drop_before_commit(operation=LIST_ITEMS),
        faults.malformed_json(operation=LIST_ITEMS),
        faults.locked(3, operation=LIST_ITEMS),
        faults.empty_page(),
        faults.missing_last_id(),
        faults.unknown_fields(operation=LIST_ITEMS),
    ],
    ids=name,
)
async def test_a_look_through_faults(server, make_client, fault):
    """The look goes through the same chain: it is tried again, and follows what a list follows."""
    client = make_client(max_retries=3)
    conversation_id = (await client.conversations.create()).id
    server.add_fault(faults.commit_then_drop(**ITEMS))
    server.add_fault(fault)

    await client.conversations.items.create(conversation_id, items=[user("a")])

    assert ["a"] == texts(server, conversation_id)


async def test_a_stuck_look(server, client, conversation):
    """A listing that does not come to an end proves no absence."""
    server.add_items(conversation, ["x"] * 120)
    server.add_fault(faults.drop_before_commit(**ITEMS))
    server.add_fault(faults.stuck_cursor())

    with pytest.raises(AmbiguousWriteError, match="does not advance"):
        await client.conversations.items.create(conversation, items=[user("a")], last_item_id="")


async def test_the_look_is_sent_like_the_append(server, make_client):
    """Headers and query values of the call are those of the look, too."""
    client = make_client()
    conversation_id = (await client.conversations.create()).id
    server.add_fault(faults.commit_then_drop(**ITEMS))

    await client.conversations.items.create(
        conversation_id,
        items=[user("a")],
        include=["message.output_text.logprobs"],
        extra_headers={"x-user": "42"},
        extra_query={"api-version": "v1"},
    )

    look = server.requests[-1]
    assert (LIST_ITEMS, "42") == (look.operation, look.headers["x-user"])
    assert {"limit": ["100"], "order": ["desc"], "api-version": ["v1"]} == {
        key: value for key, value in look.query.items() if not key.startswith("include")
    }
    assert [["message.output_text.logprobs"]] == [v for key, v in look.query.items() if key.startswith("include")]


async def test_no_retries_wanted(server, make_client):
    """With ``max_retries=0`` a look still finds out what happened, but nothing is sent twice."""
    client = make_client(max_retries=0)
    conversation_id = (await client.conversations.create()).id
    server.add_fault(faults.commit_then_drop(**ITEMS))
    await client.conversations.items.create(conversation_id, items=[user("a")])
    server.add_fault(faults.drop_before_commit(**ITEMS))

    with pytest.raises(APIConnectionError) as caught:
        await client.conversations.items.create(conversation_id, items=[user("b")])

    assert not isinstance(caught.value, AmbiguousWriteError)
    assert ["a"] == texts(server, conversation_id)
    assert 2 == operations(server).count(CREATE_ITEMS)


async def test_an_append_without_items_of_ours(client, conversation):
    """Items that are sent are those that are looked for: ``extra_body`` cannot replace them."""
    with pytest.raises(InvalidArgumentError, match="extra_body must not contain `items`"):
        await client.conversations.items.create(conversation, items=[], extra_body={"items": [user("a")]})


# Raw and streamed responses


@pytest.mark.parametrize("fault", [faults.commit_then_drop(**ITEMS), faults.drop_before_commit(**ITEMS)], ids=name)
async def test_raw_responses(server, client, conversation, fault):
    """The raw response of an append that was found has the page that it would have had, and the attempts."""
    server.add_fault(fault)

    response = await client.conversations.items.with_raw_response.create(conversation, items=[user("a")])

    assert ["a"] == texts(server, conversation) == [item.text for item in response.parse().data]
    assert [None, 200][: len(response.attempts)] == [attempt.status_code for attempt in response.attempts]
    assert response.attempts[0].outcome_unknown


@pytest.mark.parametrize("fault", [faults.commit_then_drop(**ITEMS), faults.drop_before_commit(**ITEMS)], ids=name)
async def test_streamed_responses(server, client, conversation, fault):
    """A streamed response is looked for, too, when it did not begin."""
    server.add_fault(fault)

    streamed = client.conversations.items.with_streaming_response.create(conversation, items=[user("a")])
    async with streamed as response:
        page = await response.parse()

    assert ["a"] == texts(server, conversation) == [item.text for item in page.data]


# Cancellation


@pytest.mark.parametrize("is_stored", [True, False])
async def test_cancelled_in_the_middle(server, make_client, is_stored):
    """An equal append that follows one that was cancelled is not taken for it."""
    client = make_client(timeout=5)
    conversation_id = (await client.conversations.create()).id
    server.add_fault(faults.slow(0.2, before_commit=not is_stored, **ITEMS))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.conversations.items.create(conversation_id, items=[user("a")])
    await asyncio.sleep(0.2)
    server.add_fault(faults.drop_before_commit(**ITEMS))
    with pytest.raises(AmbiguousWriteError, match="An earlier write like this one"):
        await client.conversations.items.create(conversation_id, items=[user("a")])

    assert ["a"] == texts(server, conversation_id)


async def test_cancelled_while_waiting_for_its_turn(server, client, conversation):
    """An append that is cancelled before it was sent is not sent, and those behind it get their turn."""
    server.add_fault(faults.slow(0.1, **ITEMS))
    first, second, third = (
        asyncio.ensure_future(client.conversations.items.create(conversation, items=[user(text)])) for text in "abc"
    )
    await asyncio.sleep(0.05)
    second.cancel()

    await asyncio.wait([first, second, third])

    assert ["a", "c"] == texts(server, conversation)
    assert second.cancelled()


# Creates


@pytest.mark.parametrize("fault", [faults.commit_then_drop, faults.drop_before_commit])
async def test_an_empty_create_is_sent_again(server, client, fault):
    """A conversation without items that was lost holds nothing."""
    server.add_fault(fault(operation="createConversation"))

    conversation = await client.conversations.create(metadata={"a": "b"})

    assert conversation.id in [one.id for one in server.conversations()]


@pytest.mark.parametrize("fault", [faults.commit_then_drop, faults.drop_before_commit, faults.commit_then_status])
async def test_a_create_with_items_is_not(server, client, fault):
    """A create with items whose outcome is unknown raises, unless the caller chose to send it again."""
    server.add_fault(fault(operation="createConversation", count=2))

    with pytest.raises(AmbiguousWriteError, match="The conversation was not checked"):
        await client.conversations.create(items=[user("a")])
    assert 1 == len(server.requests)

    conversation = await client.conversations.create(items=[user("a")], on_ambiguous="resend")
    assert ["a"] == texts(server, conversation.id)


@pytest.mark.parametrize("fault", [faults.status(429), faults.locked(1), None], ids=name)
async def test_a_create_that_was_certainly_refused(server, make_client, fault):
    """A create with items is sent again when the server certainly did not carry it out, or could not be reached."""
    client = make_client(max_retries=20)
    if fault is not None:
        server.add_fault(fault)
    else:
        server.go_down(0.05)
        await asyncio.sleep(0.01)

    conversation = await client.conversations.create(items=[user("a")])

    assert [conversation.id] == [one.id for one in server.conversations()]


# Deletes


@pytest.mark.parametrize("fault", [faults.commit_then_drop, faults.commit_then_status])
async def test_deletes_that_were_carried_out(server, client, conversation, fault):
    """A delete whose answer was lost, and that then meets 404, has succeeded."""
    item = (await client.conversations.items.create(conversation, items=[user("a")])).data[0]
    server.add_fault(fault(operation="deleteConversationItem"))
    server.add_fault(fault(operation="deleteConversation"))

    left = await client.conversations.items.delete(item.id, conversation_id=conversation)
    deleted = await client.conversations.delete(conversation)

    assert (conversation, conversation, True) == (left.id, deleted.id, deleted.deleted)


async def test_deletes_of_nothing(client, conversation):
    """A delete that meets 404 at once has deleted nothing, and says so."""
    with pytest.raises(NotFoundError):
        await client.conversations.items.delete("msg_1", conversation_id=conversation)
    with pytest.raises(NotFoundError):
        await client.conversations.delete("conv_1")


# Locks


async def test_a_lock_that_stays(server, make_client):
    """A conversation that stays locked is waited for until the deadline; then it is a typed error."""
    client = make_client(timeout=0.2, retry=RetryPolicy(initial=0.02))
    conversation_id = (await client.conversations.create()).id
    server.add_fault(faults.locked(10_000, **ITEMS))

    with pytest.raises(ConversationLockedError) as caught:
        await client.conversations.items.create(conversation_id, items=[user("a")])

    assert len(caught.value.attempts) > 3
    assert all(0 < attempt.wait <= 0.1 for attempt in caught.value.attempts[:-1])


@pytest.mark.parametrize("guard", ["auto", "strict"])
async def test_a_listing_that_lags_after_an_unknown_outcome(server, make_client, guard):
    """A list that shows less than was known before an unknown outcome tells nothing: an older item is not ours."""
    client = make_client(timeout=5)
    conversation_id = (await client.conversations.create(items=[user("old")])).id
    items = client.conversations.items
    await items.list(conversation_id, order="desc")
    await asyncio.sleep(10)
    await items.create(conversation_id, items=[user("yes")])
    server.add_fault(faults.stale_reads(5))
    server.add_fault(faults.drop_before_commit(**ITEMS))
    with pytest.raises(AmbiguousWriteError):
        await items.create(conversation_id, items=[user("no")], guard="off")
    assert ["old"] == [item.text for item in (await items.list(conversation_id, order="desc")).data]

    server.add_fault(faults.drop_before_commit(**ITEMS))
    with pytest.raises(AmbiguousWriteError):
        await items.create(conversation_id, items=[user("yes")], guard=guard)

    assert ["old", "yes"] == texts(server, conversation_id)


@pytest.mark.parametrize("first", [faults.commit_then_drop, faults.drop_before_commit])
@pytest.mark.parametrize("second", [faults.commit_then_drop, faults.drop_before_commit])
async def test_an_unknown_outcome_after_another(server, client, conversation, first, second):
    """A write whose outcome is unknown is told from the next one, unless it is there and the next one is not."""
    await client.conversations.items.create(conversation, items=[user("old")])
    server.add_fault(first(**ITEMS))
    with pytest.raises(AmbiguousWriteError):
        await client.conversations.items.create(conversation, items=[user("one")], guard="off")
    server.add_fault(second(**ITEMS))
    before = ["old", "one"] if first is faults.commit_then_drop else ["old"]

    if first is faults.commit_then_drop and second is faults.drop_before_commit:
        with pytest.raises(AmbiguousWriteError, match="these, rewritten, or another writer's"):
            await client.conversations.items.create(conversation, items=[user("two")])
        assert before == texts(server, conversation)
        return
    await client.conversations.items.create(conversation, items=[user("two")])
    assert [*before, "two"] == texts(server, conversation)


@pytest.mark.parametrize("guard", ["auto", "strict"])
async def test_to_lookup_first_without_the_last_item(client, server, conversation, guard):
    """What the conversation ends with now is not taken for what was there before a write that is looked for."""
    await client.conversations.items.create(conversation, items=[user("a")])

    with pytest.raises(AmbiguousWriteError, match="nothing was sent"):
        await client.conversations.items.create(conversation, items=[user("a")], guard=guard, lookup_first=True)

    assert ["a"] == texts(server, conversation)


@pytest.fixture(params=["asc", "desc"])
async def disobedient(request):
    """A server with one order for every list, whatever is asked for."""
    profile = f"openai,default_order={request.param},ignores_order=true"
    async with ConversationsServer(profile=profile, clock=asyncio.get_running_loop().time) as running:
        yield running


@pytest.mark.parametrize("fault", [faults.commit_then_drop, faults.drop_before_commit], ids=["stored", "lost"])
@pytest.mark.parametrize("guard", ["auto", "strict"])
@pytest.mark.parametrize("written", [1, 3])
async def test_a_server_that_ignores_the_order(disobedient, make_client, fault, guard, written):
    """Nothing is stored twice or taken for stored; what the client knows of the order by itself, it goes by."""
    client = make_client(base_url=disobedient.base_url)
    conversation = await client.conversations.create()
    for number in range(written):
        await client.conversations.items.create(conversation.id, items=[assistant(f"{number}")])
    disobedient.add_fault(fault(**ITEMS))

    try:
        page = await client.conversations.items.create(conversation.id, items=[user("Hi")], guard=guard)
    except AmbiguousWriteError:
        claimed = {0, 1}
    else:
        claimed = {1}
        assert disobedient.items(conversation.id)[-1]["id"] == page.data[0].id
    assert texts(disobedient, conversation.id).count("Hi") in claimed
