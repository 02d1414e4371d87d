"""What a turn of this client may still add to its conversation: it is taken for nothing else, and for no longer."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import AmbiguousWriteError, APIResponseValidationError, RetryPolicy, TurnLostError
from openai_conversations.server import faults
from openai_conversations.writing.last_item import LastItems
from openai_conversations.writing.open_turns import OUTPUT_OF_A_TURN, OpenTurn, in_brief
from tests.writing.conftest import CREATE_ITEMS
from tests.writing.helpers import assistant, texts, user

LATE = 3.0
LOST = faults.drop_before_commit(operation=CREATE_ITEMS)
UNHEARD = faults.commit_then_drop(operation=CREATE_ITEMS)


@pytest.fixture
async def patient(make_client):
    """A client whose looks are some time apart."""
    return make_client(retry=RetryPolicy(initial=0.1, maximum=0.2), timeout=10)


async def take(client, conversation_id, text="yes", **how):
    """A turn that returned."""
    return await client.responses.create(conversation=conversation_id, model="m", input=text, **how)


# Turns that are complete, and stored some time later


@pytest.mark.parametrize("way", [{}, {"stream": True}], ids=["whole", "stream"])
@pytest.mark.parametrize("item", [user("yes"), assistant("You said: yes")], ids=["input", "output"])
async def test_an_append_that_is_like_what_a_turn_adds_late(server, patient, way, item):
    """The items of a complete turn that come late are not taken for an append that is lost: it is sent again."""
    conversation = (await patient.conversations.create()).id
    server.add_fault(faults.stored_later(LATE))
    made = await take(patient, conversation, **way)
    if way:
        await made.get_final_response()
    await patient.conversations.items.create(conversation, items=[user("between")])
    await asyncio.sleep(2 * LATE)  # virtual

    server.add_fault(LOST)
    await patient.conversations.items.create(conversation, items=[item])
    assert ["between", "yes", "You said: yes", item["content"]] == texts(server, conversation)


async def test_an_append_beside_an_equal_turn_that_comes_late(server, patient):
    """An append that is stored, and whose response is lost, is found among the items that a turn adds late."""
    conversation = (await patient.conversations.create()).id
    server.add_fault(faults.stored_later(0.05))
    await take(patient, conversation)
    await patient.conversations.items.create(conversation, items=[user("between")])

    server.add_fault(UNHEARD)
    stored = await patient.conversations.items.create(conversation, items=[user("yes")])
    assert ["between", "yes", "yes", "You said: yes"] == texts(server, conversation)
    assert server.items(conversation)[1]["id"] == stored.data[0].id


async def test_an_equal_append_before_a_turn_is_stored(server, patient):
    """As long as a complete turn has not been seen, an append like its input is not told from it."""
    conversation = (await patient.conversations.create()).id
    server.add_fault(faults.stored_later(60))
    await take(patient, conversation)
    await patient.conversations.items.create(conversation, items=[user("between")])

    server.add_fault(UNHEARD)
    with pytest.raises(AmbiguousWriteError, match="An earlier write like this one"):
        await patient.conversations.items.create(conversation, items=[user("yes")])


async def test_an_append_after_a_turn_that_is_stored(server, patient):
    """Where a turn is stored when it says so, an append like its input costs no doubt, whatever came between."""
    conversation = (await patient.conversations.create()).id
    await take(patient, conversation)
    await patient.conversations.items.create(conversation, items=[user("between")])

    server.add_fault(UNHEARD)
    await patient.conversations.items.create(conversation, items=[user("yes")])
    assert ["yes", "You said: yes", "between", "yes"] == texts(server, conversation)


async def test_a_lost_turn_after_an_equal_one_that_comes_late(server, patient):
    """What an earlier turn adds late is not said to be of a turn that was lost."""
    conversation = (await patient.conversations.create()).id
    server.add_fault(faults.stored_later(LATE))
    await take(patient, conversation)
    await patient.conversations.items.create(conversation, items=[user("between")])
    await asyncio.sleep(2 * LATE)  # virtual

    server.add_fault(faults.drop_before_commit(operation="createResponse"))
    with pytest.raises(AmbiguousWriteError, match="Nothing of it was in the conversation") as raised:
        await take(patient, conversation)
    assert not isinstance(raised.value, TurnLostError)


# Turns whose end becomes known


@pytest.mark.parametrize("way", ["retrieve", "stream", "cancel"])
async def test_a_turn_in_the_background_is_complete(server, patient, way):
    """A background turn is in doubt until its response is seen to be complete; then its last item is known."""
    conversation = (await patient.conversations.create()).id
    made = await take(patient, conversation, background=True, **({"stream": True} if way == "stream" else {}))
    response_id = made.id if way != "stream" else (await anext(made)).response.id
    if way == "stream":
        await made.close()
    await asyncio.sleep(1)  # virtual

    if way == "retrieve":
        await patient.responses.retrieve(response_id)
    elif way == "cancel":
        await patient.responses.cancel(response_id)
    else:
        async with patient.responses.stream(response_id=response_id) as stream:
            await stream.until_done()
    server.add_fault(LOST)
    await patient.conversations.items.create(conversation, items=[assistant("You said: yes")])
    assert ["yes", "You said: yes", "You said: yes"] == texts(server, conversation)


async def test_a_turn_in_the_background_that_runs(server, patient):
    """A response that has not ended settles nothing."""
    conversation = (await patient.conversations.create()).id
    turn = server.model.say("Hello").hold()
    made = await take(patient, conversation, background=True)
    assert (await patient.responses.retrieve(made.id)).status == "in_progress"

    server.add_fault(UNHEARD)
    with pytest.raises(AmbiguousWriteError, match="An earlier write like this one"):
        await patient.conversations.items.create(conversation, items=[user("yes")])
    turn.release()


@pytest.mark.parametrize("fault", [faults.malformed_json, faults.wrong_shape], ids=["no JSON", "no response"])
async def test_a_response_that_cannot_be_read(server, patient, fault):
    """What does not tell of the response that was asked for settles nothing."""
    conversation = (await patient.conversations.create()).id
    made = await take(patient, conversation, background=True)
    server.add_fault(fault(operation="getResponse", count=None))
    with pytest.raises(APIResponseValidationError):
        await patient.responses.retrieve(made.id)

    server.add_fault(UNHEARD)
    with pytest.raises(AmbiguousWriteError, match="An earlier write like this one"):
        await patient.conversations.items.create(conversation, items=[user("yes")])


async def test_a_lost_turn_after_one_that_is_not_shown(server, patient):
    """As long as the list does not show the output of the turn before, it says nothing of a turn that was lost."""
    conversation = (await patient.conversations.create()).id
    server.add_fault(faults.stored_later(60))
    await take(patient, conversation)

    server.add_fault(faults.commit_then_drop(operation="createResponse"))
    with pytest.raises(AmbiguousWriteError, match="does not show the last known item") as raised:
        await take(patient, conversation, "no", timeout=5)
    assert not isinstance(raised.value, TurnLostError)


# What is kept


def test_a_complete_turn_without_ids():
    """Of a complete turn whose output has no ids nothing is kept: it could not be known again."""
    known = LastItems()
    known.end_turn("key", known.begin("key")[1], sent=[user("first")])
    known.end_turn("key", known.begin("key")[1], sent=[user("second")], output=[""])

    assert (None, ()) == (known.get("key"), known.turns("key"))


def test_what_settles_a_turn():
    """A turn that is complete has its output for the last item, unless something was written since."""
    known = LastItems()
    for key, is_written in (("quiet", False), ("written", True)):
        _, begun = known.begin(key)
        known.end_turn(key, begun, sent=[user("yes")], response_key=key)
        if is_written:
            known.end(key, None, known.begin(key)[1], unresolved=[user("more")])
        assert known.is_open(key)
        known.note_complete(key, ["msg_1"])
        assert not known.is_open(key)

    assert ("msg_1", None) == (known.get("quiet"), known.get("written"))
    assert [("msg_1",)] == [turn.output for turn in known.turns("written")]


def test_a_complete_turn_ends_the_doubt():
    """There is one turn at a time: what may come of earlier ones is in doubt until a later one is complete."""
    known = LastItems()
    known.end_turn("key", known.begin("key")[1], sent=[user("first")])
    assert [(user("first"), OUTPUT_OF_A_TURN)] == [turn.may_add for turn in known.turns("key")]
    known.end_turn("key", known.begin("key")[1], sent=[user("second")], output=["msg_1"])

    assert [(user("second"),)] == [turn.sent for turn in known.turns("key")]


def test_a_listing_ends_the_wait():
    """A complete turn whose output a listing shows may add nothing more."""
    known = LastItems()
    known.end_turn("key", known.begin("key")[1], sent=[user("yes")], output=["msg_1"])
    known.learn("key", ["msg_2", "msg_1"], known.version("key"))

    assert () == known.turns("key")


@pytest.mark.parametrize("number", [1, 30])
def test_few_turns_are_kept(number):
    """However many turns are taken, what is kept of them is bounded."""
    known = LastItems(most=3)
    for n in range(number):
        known.end_turn("key", known.begin("key")[1], sent=[user("yes")], output=[f"msg_{n}"])
    for n in range(number):
        known.end_turn("key", known.begin("key")[1], sent=[user("yes")], response_key=f"resp_{n}")

    assert len(known.turns("key")) <= 15
    assert sum(known.is_open(f"resp_{n}") for n in range(number)) <= 3


def test_input_in_brief():
    """Of a large item of a turn that is complete, only the kind is kept."""
    image = {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "x" * 10_000}]}

    assert (user("yes"), {"type": "message", "role": "user"}) == in_brief([user("yes"), image])
    turn = OpenTurn(response_key="", sent=in_brief([image]), output=("msg_1",), version=0)
    assert not turn.is_shown({"msg_2"})
