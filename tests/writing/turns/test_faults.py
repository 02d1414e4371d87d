"""
Every fault, every way of taking a turn: no turn is taken twice for a call, and none is returned that is not whole.

A call returns, or raises one of the errors that say what is known; whichever it is, it agrees with what the server
holds. No call takes longer than its bounds.
"""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import AmbiguousWriteError, APIError, Timeout
from openai_conversations.server import faults
from openai_conversations.writing.turns.errors import ResponseFailedError, StreamInterruptedError, TurnLostError

ANSWER = "The quick brown fox jumps over the lazy dog."
PATIENCE = 5.0

WAYS = {
    "whole": {},
    "safe": {"safe": True},
    "stream": {"stream": True},
    "safe stream": {"stream": True, "safe": True},
    "background": {"background": True, "stream": True},
    "not stored": {"stream": True, "store": False},
}

FAULTS = {
    "commit, then drop": faults.commit_then_drop,
    "commit, then reset": lambda **select: faults.commit_then_drop(reset=True, **select),
    "commit, then 500": faults.commit_then_status,
    "commit, then 504": lambda **select: faults.commit_then_status(504, **select),
    "drop before the commit": faults.drop_before_commit,
    "late commit": lambda **select: faults.late_commit(1.0, **select),
    "503": faults.status,
    "429": lambda **select: faults.status(429, **select),
    "504": lambda **select: faults.status(504, **select),
    "locked": lambda **select: faults.locked(3, **select),
    "lock is held": lambda **select: faults.lock_held(2.0, **select),
    "slow": lambda **select: faults.slow(60.0, **select),
    "slow commit": lambda **select: faults.slow(60.0, before_commit=True, **select),
    "trickle": lambda **select: faults.trickle(0.001, chunk=100, **select),
    "truncated": faults.truncated_json,
    "cut": lambda **select: faults.truncated_json(cut=True, **select),
    "malformed": faults.malformed_json,
    "HTML": faults.html,
    "empty body": faults.empty_body,
    "array": faults.wrong_shape,
    "error in 200": faults.error_in_200,
    "error in 200, committed": lambda **select: faults.error_in_200(commit=True, **select),
    "half open": faults.half_open,
    "half open, committed": lambda **select: faults.half_open(commit=True, **select),
    "cut at once": lambda **select: faults.cut_stream(after=0, **select),
    "cut after created": lambda **select: faults.cut_stream(after=1, **select),
    "cut in text": lambda **select: faults.cut_stream(in_text=True, **select),
    "cut before the end": lambda **select: faults.cut_stream(at="response.completed", **select),
    "no terminal event": faults.no_terminal_event,
    "error event": faults.error_event,
    "failed, then error": faults.failed_then_error,
    "stall": faults.stall_stream,
    "completed, not stored": faults.completed_not_stored,
    "completed, stored later": lambda **select: faults.stored_later(1.0, **select),
    "duplicate event": faults.duplicate_event,
    "skip event": faults.skip_event,
    "constant sequence": faults.constant_sequence,
    "JSON instead": faults.json_instead_of_stream,
    "no output": faults.completed_without_output,
    "rewritten ids": faults.rewrite_ids,
    "null item": faults.null_item,
    "control blocks": faults.control_blocks,
    "comments": faults.keepalive_comments,
    "held open": faults.hold_open,
    "CRLF": faults.crlf,
    "BOM": faults.bom,
    "byte by byte": lambda **select: faults.chunk_size(1, **select),
    "late headers": lambda **select: faults.headers_late(1.0, **select),
    "unknown fields": faults.unknown_fields,
}

FAILING = {"error event", "failed, then error", "error in 200", "error in 200, committed"}

NOT_STORED_YET = {"completed, not stored", "completed, stored later"}

# What these do to a text cannot be told from what the server meant.
GARBLED = {"duplicate event", "skip event"}


@pytest.fixture
async def patient(make_client):
    """A client with bounds for each event and for a turn."""
    bounds = Timeout(turn=PATIENCE, first_event=PATIENCE, next_event=PATIENCE)
    return make_client(timeout=bounds, max_retries=2)


async def _take(client, conversation_id, text, **how):
    """The text that was returned, streamed and whole."""
    made = await client.responses.create(conversation=conversation_id, model="m", input=text, **how)
    if not how.get("stream"):
        return made.output_text, made
    async with made:
        pieces = [event.delta async for event in made if event.type == "response.output_text.delta"]
        response = await made.get_final_response()
    return "".join(pieces), response


def _is_honest(error, fault):
    """Whether an error claims no more than can be known."""
    if isinstance(error, ResponseFailedError):
        return fault in FAILING
    if isinstance(error, TurnLostError):
        return bool(error.items) or fault == "completed, not stored"
    if isinstance(error, StreamInterruptedError):
        return ANSWER.startswith(error.text) or fault in GARBLED
    return bool(error.known) if isinstance(error, AmbiguousWriteError) else error.not_carried_out


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_turn_is_taken_once(server, patient, fault, how):
    """At most one turn is stored for a call; what is returned is whole and stored, or the error says what is known."""
    conversation = await patient.conversations.create()
    await patient.conversations.items.create(conversation.id, items=[{"role": "user", "content": "before"}])
    server.model.when().say(ANSWER)
    server.add_fault(FAULTS[fault](operation="createResponse"))
    began = asyncio.get_running_loop().time()

    try:
        outcome = await _take(patient, conversation.id, "Hello", **WAYS[how])
    except APIError as error:
        outcome = error
    took = asyncio.get_running_loop().time() - began

    assert took <= 3 * PATIENCE, took
    if isinstance(outcome, APIError):
        assert _is_honest(outcome, fault), (type(outcome), outcome)
        assert len(server.items(conversation.id)) == 1 or not outcome.not_carried_out
    else:
        text, response = outcome
        assert text == ANSWER or (fault in GARBLED and WAYS[how].get("stream"))
        assert response.output_text == ANSWER
        assert response.status == "completed" or fault in FAILING
        assert len(server.items(conversation.id)) == 3 or fault in {*NOT_STORED_YET, *FAILING}
    await asyncio.sleep(60.0)  # virtual: whatever is late has come
    assert len([item for item in server.items(conversation.id) if item.get("role") == "assistant"]) <= 1
    server.assert_no_duplicates()


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
async def test_the_next_write_goes(server, patient, fault, how):
    """Whatever became of a turn, its write lock is given back, and what comes after it is stored once."""
    conversation = await patient.conversations.create()
    server.model.when().say(ANSWER)
    server.add_fault(FAULTS[fault](operation="createResponse"))

    try:
        await _take(patient, conversation.id, "Hello", **WAYS[how])
    except APIError:
        await asyncio.sleep(60.0)  # virtual: whatever is late has come
    server.clear_faults()
    await patient.conversations.items.create(conversation.id, items=[{"role": "user", "content": "after"}])
    after = [item for item in server.items(conversation.id) if item["type"] == "message" and item["role"] == "user"]

    assert "after" == after[-1]["content"][0]["text"]
