"""Turns of a model that run in a conversation, and whose response, or the stream of it, is spoiled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from benchmarks.traps.clients import Contender
from benchmarks.traps.stage import Stage, message, stage
from benchmarks.traps.trap import Scenario, Trap, Traps
from benchmarks.traps.words import outcome, times
from openai_conversations.server import faults
from tests.sockets import http, read_request, serving

trap = Traps()

TURN = "createResponse"
ANSWER = "The quick brown fox jumps over the lazy dog."

Take = Callable[[Stage], Any]


async def taken(who: Contender, fault: faults.Fault, take: Take) -> str:
    """Take one turn after a message, while something goes wrong."""
    async with stage(who) as at:
        await at.append(message("Before"))
        at.server.model.when().say(ANSWER)
        at.server.add_fault(fault)
        came = await take(at)
        return f"{came}; the turn is stored {times(at.number_of('Hi'))}"


async def whole(at: Stage) -> str:
    """A turn that is not streamed."""
    came = await outcome(at.client.responses.create(model="m", conversation=at.id, input="Hi"))
    return came.replace("returns a `Response`", "returns")


def streamed(**options: Any) -> Take:
    """A turn that is streamed: what a loop over its events reads."""

    async def take(at: Stage) -> str:
        read: list[str] = []
        turn = at.client.responses.create(model="m", conversation=at.id, input="Hi", stream=True, **options)
        return told(read, await outcome(_read_all(turn, read)))

    return take


def told(read: Sequence[str], came: str) -> str:
    """What was read, and how it ended."""
    text = "".join(read)
    part = "all of the text" if text == ANSWER else "a part of the text" if text else "no text"
    return f"{part}, then {came if came.startswith('raises') else 'the loop ends'}"


async def _read_all(turn: Awaitable[Any], read: list[str]) -> None:
    async for event in await turn:
        read.append(event.delta if event.type == "response.output_text.delta" else "")  # noqa: PERF401  # before an error


def taking(fault: faults.Fault, take: Take) -> Scenario:
    return lambda who: taken(who, fault, take)


trap += [
    Trap(f"A turn runs, {what}", taking(fault, whole))
    for what, fault in (
        ("and the connection drops before the response", faults.commit_then_drop(operation=TURN)),
        ("and a 500 comes", faults.commit_then_status(500, operation=TURN)),
        ("and a 504 comes", faults.commit_then_status(504, operation=TURN)),
        ("and half of the response comes", faults.truncated_json(cut=True, operation=TURN)),
        ("and the response is a page of HTML", faults.html(operation=TURN)),
        ("and the response is empty", faults.empty_body(operation=TURN)),
    )
]
trap += [
    Trap("A turn meets a conversation that is locked for a moment", taking(faults.locked(3, operation=TURN), whole)),
    Trap(
        "A turn that is streamed meets a conversation that is locked for a moment",
        taking(faults.locked(3, operation=TURN), streamed()),
    ),
]
trap += [
    Trap(f"The stream of a turn {what}", taking(fault, streamed()))
    for what, fault in (
        ("is cut before its first event", faults.cut_stream(after=0, operation=TURN)),
        ("is cut after `response.created`", faults.cut_stream(after=1, operation=TURN)),
        ("is cut in the text", faults.cut_stream(in_text=True, operation=TURN)),
        ("is cut before its last event", faults.cut_stream(at="response.completed", operation=TURN)),
        ("ends without a terminal event", faults.no_terminal_event(operation=TURN)),
        ("is JSON instead", faults.json_instead_of_stream(operation=TURN)),
        ("stays open after its last event", faults.hold_open(operation=TURN)),
        ("brings an empty `completed`", faults.completed_without_output(operation=TURN)),
    )
]
trap += [
    Trap(
        "The stream of a turn in the background is cut in the text",
        taking(faults.cut_stream(in_text=True, operation=TURN), streamed(background=True)),
    ),
]


@trap("A proxy ends the stream of a turn in the text, as if it were whole")
async def ended_by_a_proxy(who: Contender) -> str:
    """The turn went on behind the proxy, and is complete by the time that anybody asks."""
    async with serving(_proxy) as proxy, who.client(proxy.base_url) as client:
        read: list[str] = []
        take = _read_all(client.responses.create(model="m", input="Hi", stream=True), read)
        return told(read, await outcome(take))


async def _proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while (asked := await read_request(reader)) is not None:
        if asked.line.startswith("POST"):
            writer.write(BROKEN_OFF)
            return
        writer.write(http(200, json.dumps(_response("completed", ANSWER)).encode(), "Content-Type: application/json"))


def _response(status: str, *texts: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    output: list[dict[str, Any]] = [
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    ]
    return {"id": "resp_1", "object": "response", "created_at": 1, "status": status, "output": output if texts else []}


def _event(kind: str, number: int, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **members})}\n\n".encode()


BROKEN_OFF = b"".join(
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
        _event("response.created", 0, response=_response("in_progress")),
        _event("response.output_text.delta", 1, output_index=0, content_index=0, item_id="msg_1", delta=ANSWER[:20]),
    ]
)


async def helped(who: Contender, fault: faults.Fault) -> str:
    """The final response of the helper that both clients have."""
    async with stage(who) as at:
        await at.append(message("Before"))
        at.server.model.when().say(ANSWER)
        at.server.add_fault(fault)
        return await outcome(_final(at))


async def _final(at: Stage) -> None:
    async with at.client.responses.stream(model="m", conversation=at.id, input="Hi") as stream:
        await stream.get_final_response()


def helping(fault: faults.Fault) -> Scenario:
    return lambda who: helped(who, fault)


trap += [
    Trap(f"`get_final_response()` of a stream {what}", helping(fault))
    for what, fault in (
        ("with an `error` event", faults.error_event(operation=TURN)),
        ("with `response.failed`, then `error`", faults.failed_then_error(operation=TURN)),
        ("that is cut in the text", faults.cut_stream(in_text=True, operation=TURN)),
    )
]
trap += [
    Trap(
        "The service completes a turn, and stores nothing of it",
        taking(faults.completed_not_stored(operation=TURN), streamed()),
    ),
]
