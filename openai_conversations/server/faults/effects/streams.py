"""A stream that breaks off, stalls, repeats itself or is written in an unusual way; the turn itself runs to its end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Literal

import attrs

from openai_conversations.converters import json
from openai_conversations.server.faults.effects.common import changed
from openai_conversations.server.http.messages import Events, ServerResponse, StreamEvent, json_response
from openai_conversations.server.model.recorded_turn import ENDS
from openai_conversations.server.processing import PendingRequest

TERMINAL = ENDS.keys()
"""Types of the events after which nothing comes."""

Frames = Sequence[StreamEvent | bytes]


@attrs.frozen(kw_only=True)
class Step:
    """
    What becomes of an event.

    Attributes:
        frames: What is sent for it.
        then: Whether the stream goes on, ends as if it were whole, or its connection is closed.
        wait: Seconds before the next event; ``None`` waits until the client hangs up.
    """

    frames: Frames = ()
    then: Literal["go_on", "end", "hang_up"] = "go_on"
    wait: float | None = 0.0


Change = Callable[[StreamEvent], Step]


async def _begin(pending: PendingRequest, change: Change, *, truth: bool = False) -> ServerResponse:
    """The stream with every event changed; what is no stream stays as it is."""
    response = await pending.begin()
    if response.events is None:
        return response
    return attrs.evolve(response, events=_changed(pending, response.events, change), truth=truth)


async def _changed(pending: PendingRequest, events: Events, change: Change) -> Events:
    async with contextlib.aclosing(events):
        async for batch in events:
            for event in batch:
                step = Step(frames=[event]) if isinstance(event, bytes) else change(event)
                yield step.frames
                if step.then == "hang_up":
                    raise ConnectionAbortedError("a fault closes the connection")
                if step.then == "end":
                    return
                await _wait(pending, step.wait)


async def _wait(pending: PendingRequest, seconds: float | None) -> None:
    if seconds:
        await pending.sleep(seconds)
    elif seconds is None and pending.gone is not None:
        await pending.lifetime.wait(pending.gone)


def _renumbered(event: StreamEvent, **fields: Any) -> StreamEvent:
    """The event with some fields changed."""
    body = json.dumps({**json.loads_exact(event.body), **fields})
    return attrs.evolve(event, body=body, type=fields.get("type", event.type))


async def each_object(pending: PendingRequest, change: Callable[[dict[str, Any]], dict[str, Any]]) -> ServerResponse:
    """The response with its object changed, or the stream with that of every event; an error stays as it is."""
    response = await pending.begin()
    if response.events is None:
        return changed(response, change)

    def step(event: StreamEvent) -> Step:
        return Step(frames=[attrs.evolve(event, body=json.dumps(change(json.loads_exact(event.body))))])

    return attrs.evolve(response, events=_changed(pending, response.events, step))


async def cut_stream(pending: PendingRequest, *, after: int | None, at: str | None, in_text: bool) -> ServerResponse:
    sent = 0

    def change(event: StreamEvent) -> Step:
        nonlocal sent
        if in_text and event.type.endswith(".delta"):
            frame = event.frame()
            return Step(frames=[frame[: len(frame) // 2]], then="hang_up")
        if sent == after or event.type == at:
            return Step(then="hang_up")
        sent += 1
        return Step(frames=[event])

    return await _begin(pending, change)


async def no_terminal_event(pending: PendingRequest) -> ServerResponse:
    def change(event: StreamEvent) -> Step:
        return Step(then="end") if event.type in TERMINAL else Step(frames=[event])

    return await _begin(pending, change)


Shape = Literal["flat", "nested", "bare", "text"]


async def error_event(
    pending: PendingRequest, *, shape: Shape, code: str | None, message: str, param: str | None, after: int | None
) -> ServerResponse:
    sent = 0

    def change(event: StreamEvent) -> Step:
        nonlocal sent
        if sent == after or event.type in TERMINAL:
            return Step(frames=[_shaped(shape, event.number, code, message, param)], then="end")
        sent += 1
        return Step(frames=[event])

    return await _begin(pending, change)


def _shaped(shape: Shape, number: int, code: str | None, message: str, param: str | None) -> StreamEvent | bytes:
    """An error in the middle of a stream, as one kind of server writes it."""
    error = {"type": "server_error", "code": code, "message": message, "param": param}
    if shape == "flat":
        return _error(number, code, message, param)
    if shape == "nested":
        fields = {"type": "error", "sequence_number": number, "error": error}
        return StreamEvent(type="error", number=number, body=json.dumps(fields))
    if shape == "bare":
        return b"data: %b\n\n" % json.dumps({"error": error})
    return b"event: error\ndata: %b\n\n" % message.encode()


def _error(number: int, code: str | None, message: str, param: str | None) -> StreamEvent:
    fields = {"type": "error", "code": code, "message": message, "param": param, "sequence_number": number}
    return StreamEvent(type="error", number=number, body=json.dumps(fields))


async def stall_stream(pending: PendingRequest, *, after: int, seconds: float | None) -> ServerResponse:
    sent = 0

    def change(event: StreamEvent) -> Step:
        nonlocal sent
        sent += 1
        return Step(frames=[event], wait=seconds if sent == after else 0.0)

    return await _begin(pending, change, truth=True)


async def duplicate_event(pending: PendingRequest, *, at: str) -> ServerResponse:
    return await _at_first(pending, at, lambda event: [event, event])


async def skip_event(pending: PendingRequest, *, at: str) -> ServerResponse:
    return await _at_first(pending, at, lambda event: [])  # noqa: ARG005  # what is left of the event


async def _at_first(pending: PendingRequest, at: str, frames: Callable[[StreamEvent], Frames]) -> ServerResponse:
    """Send something else for the first event of a type."""
    met = False

    def change(event: StreamEvent) -> Step:
        nonlocal met
        if met or event.type != at:
            return Step(frames=[event])
        met = True
        return Step(frames=frames(event))

    return await _begin(pending, change, truth=True)


async def completed_without_output(pending: PendingRequest) -> ServerResponse:
    def change(event: StreamEvent) -> Step:
        if event.type not in TERMINAL or event.type == "error":
            return Step(frames=[event])
        response: dict[str, Any] = {**json.loads_exact(event.body)["response"], "output": []}
        return Step(frames=[_renumbered(event, response=response)])

    return await _begin(pending, change)


async def rewrite_ids(pending: PendingRequest) -> ServerResponse:
    def change(event: StreamEvent) -> Step:
        if event.type == "response.output_item.done":
            item = json.loads_exact(event.body)["item"]
            return Step(frames=[_renumbered(event, item={**item, "id": pending.context.ids.new("item")})])
        return Step(frames=[event])

    return await _begin(pending, change)


async def null_item(pending: PendingRequest) -> ServerResponse:
    def change(event: StreamEvent) -> Step:
        is_item = event.type.startswith("response.output_item.")
        return Step(frames=[_renumbered(event, item=None) if is_item else event])

    return await _begin(pending, change, truth=True)


async def control_blocks(pending: PendingRequest) -> ServerResponse:
    def change(event: StreamEvent) -> Step:
        return Step(frames=[b"retry: 1000\n\n", b"id: %d\n\n" % event.number, b"event: ping\n\n", event])

    return await _begin(pending, change, truth=True)


async def keepalive_comments(pending: PendingRequest) -> ServerResponse:
    return await _begin(pending, lambda event: Step(frames=[b": keep-alive\n\n", event]), truth=True)


async def constant_sequence(pending: PendingRequest, *, n: int) -> ServerResponse:
    return await _begin(pending, lambda event: Step(frames=[_renumbered(event, sequence_number=n)]), truth=True)


async def failed_then_error(pending: PendingRequest, *, code: str, message: str) -> ServerResponse:
    def change(event: StreamEvent) -> Step:
        if event.type not in TERMINAL or event.type == "error":
            return Step(frames=[event])
        failed = {**json.loads_exact(event.body)["response"], "status": "failed", "completed_at": None}
        failed["error"] = {"code": code, "message": message}
        frames = [
            _renumbered(event, type="response.failed", response=failed),
            _error(event.number + 1, code, message, None),
        ]
        return Step(frames=frames, then="end")

    return await _begin(pending, change)


async def json_instead_of_stream(pending: PendingRequest) -> ServerResponse:
    response = await pending.begin()
    if response.events is None:
        return response
    body: dict[str, Any] = {}
    async with contextlib.aclosing(response.events) as events:
        async for batch in events:
            for event in batch:
                if isinstance(event, StreamEvent):
                    body = json.loads_exact(event.body).get("response", body)
    return json_response(body)


async def written_as(pending: PendingRequest, **format: Any) -> ServerResponse:
    response = await pending.begin()
    return attrs.evolve(response, format=attrs.evolve(response.format, **format))


async def headers_late(pending: PendingRequest, *, seconds: float) -> ServerResponse:
    response = await pending.begin()
    await pending.sleep(seconds)
    return response


async def with_options(pending: PendingRequest, *, truth: bool, **options: Any) -> ServerResponse:
    """A turn that keeps less, or a lock that stays longer."""
    changed = attrs.evolve(pending, options=attrs.evolve(pending.options, **options))
    response = await changed.begin()
    return response if truth else attrs.evolve(response, truth=False)
