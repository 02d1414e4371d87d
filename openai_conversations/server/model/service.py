"""The operations of turns: from a request to a response or a stream."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http import errors
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import (
    ServerRequest,
    ServerResponse,
    StreamEvent,
    StreamFormat,
    json_response,
)
from openai_conversations.server.model.output import usage
from openai_conversations.server.model.response import count_prompt
from openai_conversations.server.model.run import Run
from openai_conversations.server.model.runner import TurnRunner
from openai_conversations.server.model.turn_call import TurnCall
from openai_conversations.server.rules import checks, turns, views
from openai_conversations.server.rules.operations import fields_of
from openai_conversations.server.rules.turn_request import TurnRequest, read_prompt, read_turn

Json = dict[str, Any]


class TurnService:
    """
    Answers the operations of ``/responses``.

    Args:
        runner: Lets turns happen; with its store, its rules and its lifetime.
    """

    def __init__(self, runner: TurnRunner) -> None:
        self._runner = runner
        self._context = runner.context
        self._lifetime = runner.lifetime
        self._operations: Mapping[str, Callable[[TurnCall], Awaitable[ServerResponse]]] = {
            "createResponse": self._create,
            "getResponse": self._get,
            "deleteResponse": self._delete,
            "cancelResponse": self._cancel,
            "listInputItems": self._list_input,
            "Getinputtokencounts": self._count,
            "Compactconversation": self._compact,
        }

    def owns(self, operation: str) -> bool:
        """Whether an operation concerns turns."""
        return operation in self._operations

    async def respond(self, call: TurnCall) -> ServerResponse:
        """
        Do what was asked; a stream begins, and goes on while it is sent.

        Raises:
            HTTPError: It is refused.
            ConnectionError: The client has hung up meanwhile.
        """
        return await self._operations[call.request.operation](call)

    # a turn

    async def _create(self, call: TurnCall) -> ServerResponse:
        asked = read_turn(call.request, self._context)
        call.entry.conversation_id = asked.conversation_id
        run = await self._runner.start(asked, call)
        if asked.stream:
            return self._streamed(run, 0, call)
        if asked.background:
            return self._shown(run.response, asked.include)
        if not await self._lifetime.wait(run.ended, call.gone):
            run.leave()
            call.entry.client_left = True
            raise ConnectionAbortedError("the client has hung up")
        return self._shown(run.response, asked.include)

    # looking at it

    def _shown(self, body: Json, include: views.Shown) -> ServerResponse:
        return json_response(turns.shown(body, include))

    def _streamed(self, run: Run, start: int, call: TurnCall) -> ServerResponse:
        return ServerResponse(
            content_type="text/event-stream",
            events=self._follow(run, start, call),
            format=StreamFormat(done_marker=self._context.profile.done_marker),
        )

    async def _follow(self, run: Run, start: int, call: TurnCall) -> AsyncGenerator[Sequence[StreamEvent | bytes]]:
        """Everything that was said and will be said, from a number on."""
        try:
            while True:
                fresh = run.events[start:]
                start += len(fresh)
                if fresh:
                    yield fresh
                elif run.ended.done():
                    return
                elif not await self._lifetime.wait(run.news(), call.gone):
                    raise ConnectionAbortedError("the client has hung up")
        finally:
            if call.gone is not None and call.gone.done() and not run.ended.done():
                call.entry.client_left = True
                if call.request.operation == "createResponse":
                    run.leave()

    async def _get(self, call: TurnCall) -> ServerResponse:
        request = call.request
        include = checks.include(request.query, self._context.profile.include)
        start = _starting_after(request.query)
        streamed = _asks_for_stream(request.query)
        run = self._runner.find(request.response_id, request.owner)
        body = run.response if run else await self._body(request)
        if not streamed:
            return self._shown(body, include)
        if run is None or not (run.asked.background and run.asked.stream) or self._runner.is_expired(run):
            raise _cannot_stream(request.response_id)
        return self._streamed(run, start, call)

    async def _body(self, request: ServerRequest) -> Json:
        row = await self._runner.write(turns.find_response(request))
        body: Json = json.loads_exact(row.body)
        return body

    async def _delete(self, call: TurnCall) -> ServerResponse:
        run = self._runner.find(call.request.response_id, call.request.owner)
        if run is not None:
            self._runner.drop(run)
        return await self._runner.write(turns.delete_response(call.request, running=run is not None))

    async def _cancel(self, call: TurnCall) -> ServerResponse:
        run = self._runner.find(call.request.response_id, call.request.owner)
        body = run.response if run else await self._body(call.request)
        if not body["background"]:
            raise errors.bad_request("Cannot cancel a synchronous response.", None, None)
        if run is not None:
            run.cancel()
            await self._lifetime.wait(run.ended)
            body = run.response
        return self._shown(body, views.NOTHING)

    async def _list_input(self, call: TurnCall) -> ServerResponse:
        return await self._runner.write(turns.list_input(call.request, self._context))

    async def _count(self, call: TurnCall) -> ServerResponse:
        asked = read_prompt(call.request, self._context)
        begun = await self._runner.write(turns.begin(asked, self._context, whole=False))
        tokens = count_prompt(asked.fields, begun.prompt)
        return json_response({"object": "response.input_tokens", "input_tokens": tokens})

    async def _compact(self, call: TurnCall) -> ServerResponse:
        if not fields_of(call.request).get("model"):
            raise errors.missing("model")
        asked = attrs.evolve(read_prompt(call.request, self._context), conversation_id="")
        begun = await self._runner.write(turns.begin(asked, self._context, whole=False))
        return json_response(self._compacted(asked, begun.prompt))

    def _compacted(self, asked: TurnRequest, prompt: list[Json]) -> Json:
        """What users said, and the rest as one item; what is "encrypted" in it is the JSON of the prompt in base64."""
        content = base64.b64encode(json.dumps(prompt)).decode()
        compaction = {"id": self._context.ids.new("cmp"), "type": "compaction", "encrypted_content": content}
        return {
            "id": self._context.ids.new("resp"),
            "object": "response.compaction",
            "created_at": self._context.now(),
            "output": [*(item for item in prompt if item.get("role") == "user"), compaction],
            "usage": usage(count_prompt(asked.fields, prompt), [compaction]),
        }

    def forget(self) -> None:
        """Forget every turn that has ended, and stop the others."""
        self._runner.forget()


def _asks_for_stream(query: checks.Query) -> bool:
    values = query.get("stream") or ("false",)
    if values[-1] not in {"true", "false"}:
        message = f"Invalid type for 'stream': expected a boolean, but got '{errors.shorten(values[-1])}' instead."
        raise errors.bad_request(message, "stream", "invalid_type")
    return values[-1] == "true"


def _starting_after(query: checks.Query) -> int:
    """The index of the first event that is wanted."""
    values = query.get("starting_after")
    if not values:
        return 0
    if re.fullmatch("[0-9]{1,18}", values[-1]):
        return int(values[-1]) + 1
    message = f"Invalid type for 'starting_after': expected an integer, but got '{errors.shorten(values[-1])}' instead."
    raise errors.bad_request(message, "starting_after", "invalid_type")


def _cannot_stream(response_id: str) -> HTTPError:
    """The service streams again what was begun as a stream in the background, for about five minutes."""
    message = (
        f"Response '{errors.shorten(response_id)}' cannot be streamed: it was not created with 'background' and "
        "'stream', or too long ago."
    )
    return errors.bad_request(message, "stream", "invalid_value")
