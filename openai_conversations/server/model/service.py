"""The operations of turns: from a request to a response or a stream, and the turns that run meanwhile."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs

from openai_conversations.converters import json
from openai_conversations.server.http import errors
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.lifetime import Lifetime, ServerClosing
from openai_conversations.server.http.messages import (
    ServerRequest,
    ServerResponse,
    StreamEvent,
    StreamFormat,
    json_response,
)
from openai_conversations.server.inspection.journal import JournalEntry
from openai_conversations.server.model.events import output_events
from openai_conversations.server.model.output import limited, make_output, usage
from openai_conversations.server.model.reply import Reply
from openai_conversations.server.model.response import begun_response, count_prompt, ended_response
from openai_conversations.server.model.run import Run
from openai_conversations.server.model.script import NoReplyError, ScriptedModel, ScriptedTurn
from openai_conversations.server.model.turn import Turn
from openai_conversations.server.rules import checks, turns, views
from openai_conversations.server.rules.operations import Context, fields_of
from openai_conversations.server.rules.prompt import OUTPUTS
from openai_conversations.server.rules.turn_request import TurnRequest, read_prompt, read_turn
from openai_conversations.server.rules.turns import Begun
from openai_conversations.server.storage.store import Store, on_store
from openai_conversations.storage.database import Database
from openai_conversations.storage.errors import DatabaseError

T = TypeVar("T")
Json = dict[str, Any]

_BREATH = 256
"""Events after which others have their turn on the event loop."""

logger: Final = logging.getLogger("openai_conversations")


class _Cancelled(Exception):  # noqa: N818  # no error: somebody asked for it
    """The turn is to stop."""


@attrs.frozen(kw_only=True)
class TurnOptions:
    """
    What a fault changes in a turn.

    Attributes:
        keeps_items: Whether input and output are added to the conversation.
        lock_seconds: Seconds for which the conversation stays locked after the end.
    """

    keeps_items: bool = True
    lock_seconds: float = 0.0


@attrs.frozen(kw_only=True)
class TurnCall:
    """
    One request that concerns turns.

    Attributes:
        request: What was asked.
        entry: Its entry in the journal.
        gone: Done when the client has hung up; ``None`` when it does not matter.
        options: What faults change.
    """

    request: ServerRequest
    entry: JournalEntry
    gone: asyncio.Future[None] | None
    options: TurnOptions


class TurnService:
    """
    Answers the operations of ``/responses``.

    Args:
        database: Runs jobs on the store.
        context: What the rules need.
        model: Says what the model gives back.
        lifetime: The server's: its end ends every turn, and nothing of them is stored.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        *,
        database: Database,
        context: Context,
        model: ScriptedModel,
        lifetime: Lifetime,
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._context = context
        self._model = model
        self._lifetime = lifetime
        self._clock = clock
        self._runs: dict[str, Run] = {}
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

    async def _write(self, job: Callable[[Store], T]) -> T:
        return await self._database.write(on_store(job))

    # a turn

    async def _create(self, call: TurnCall) -> ServerResponse:
        asked = read_turn(call.request, self._context)
        call.entry.conversation_id = asked.conversation_id
        locks = self._context.locks
        locks.take(asked.owner, asked.conversation_id)
        try:
            run = await self._begin(asked)
        except BaseException:
            locks.release(asked.owner, asked.conversation_id)
            raise
        call.entry.response_id = run.response["id"]
        self._lifetime.start(self._live(run, call))
        if asked.stream:
            return self._streamed(run, 0, call)
        if asked.background:
            return self._shown(run.response, asked.include)
        if not await self._lifetime.wait(run.ended, call.gone):
            run.leave()
            call.entry.client_left = True
            raise ConnectionAbortedError("the client has hung up")
        return self._shown(run.response, asked.include)

    async def _begin(self, asked: TurnRequest) -> Run:
        self._forget_expired()
        begun = await self._write(turns.begin(asked, self._context))
        scripted = self._choose(asked, begun)
        new_id, now = self._context.ids.new, self._context.now()
        status = "queued" if asked.background else "in_progress"
        run = Run(
            asked=asked,
            begun=begun,
            scripted=scripted,
            output=limited(make_output(scripted.reply or Reply(), new_id), asked.fields.get("max_output_tokens")),
            response=begun_response(new_id("resp"), now, asked.fields, asked.conversation_id, status),
            prompt_tokens=count_prompt(asked.fields, begun.prompt),
            started=self._clock(),
            stored=asked.store,
        )
        if asked.background:
            row = turns.row_of_response(asked, begun, run.response)
            await self._write(lambda store: store.save_response(row))
        self._runs[run.response["id"]] = run
        return run

    def _choose(self, asked: TurnRequest, begun: Begun) -> ScriptedTurn:
        turn = Turn(
            number=self._model.next_number(),
            prompt=begun.prompt,
            input=begun.input_items,
            request=asked.fields,
            conversation_id=asked.conversation_id,
            owner=asked.owner,
        )
        try:
            return self._model.choose(turn)
        except NoReplyError as error:
            raise errors.bad_request(str(error), None, "no_scripted_reply") from None
        except Exception as error:
            logger.exception("the function that scripts the model raised an error")
            message = f"The function that scripts the model raised {type(error).__name__}: {error}"
            raise errors.bad_request(message, None, "script_error") from error

    def _forget_expired(self) -> None:
        oldest = self._clock() - self._context.profile.resume_seconds
        for id in [id for id, run in self._runs.items() if run.ended.done() and run.started < oldest]:
            del self._runs[id]

    async def _live(self, run: Run, call: TurnCall) -> None:
        """The whole turn, from its first event to its end."""
        left = 0.0
        try:
            self._announce(run)
            reply = await self._speak(run)
            run.is_ending = True
            await self._finish(run, reply, call)
            left = self._context.profile.lock_after_disconnect if run.client_left else 0.0
        finally:
            self._context.locks.release(
                run.asked.owner, run.asked.conversation_id, after=max(left, call.options.lock_seconds)
            )
            if not (run.asked.background and run.asked.stream):
                self._runs.pop(run.response["id"], None)
            run.end()

    def _announce(self, run: Run) -> None:
        shown = run.response
        run.emit({"type": "response.created", "response": shown})
        if run.asked.background:
            run.emit({"type": "response.queued", "response": shown})
        run.response = {**run.response, "status": "in_progress"}
        run.emit({"type": "response.in_progress", "response": run.response})

    async def _speak(self, run: Run) -> Reply | None:
        """Let the model say what it has to say; ``None`` when it was stopped."""
        try:
            await self._say_all(run)
        except _Cancelled:
            return None
        except (ServerClosing, asyncio.CancelledError):
            raise
        except Exception as error:  # the script holds an item that is none
            logger.exception("the scripted reply cannot be streamed")
            return Reply(end="failed", code="server_error", message=f"{type(error).__name__}: {error}")
        return run.output.reply

    async def _say_all(self, run: Run) -> None:
        if self._model.first_token:
            await self._sleep(run, self._model.first_token)
        hidden = [views.hide(s, run.asked.include) if isinstance(s, dict) else s for s in run.output.steps]
        said = 0
        for n, event in enumerate(output_events(attrs.evolve(run.output, steps=tuple(hidden)))):
            if "delta" in event:
                await self._before_delta(run, said)
                said += 1
            run.emit(event)
            if n % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
        if not said:
            await self._pass(run)

    async def _before_delta(self, run: Run, said: int) -> None:
        speed = self._model.tokens_per_second
        if said and speed:
            await self._sleep(run, 1 / speed)
        await self._pass(run)

    async def _pass(self, run: Run) -> None:
        while (waiting := run.scripted.gate.take()) is not None:
            if not await self._lifetime.wait(waiting, run.stop):
                raise _Cancelled
        if run.stop.done():
            raise _Cancelled

    async def _sleep(self, run: Run, seconds: float) -> None:
        if not await self._lifetime.sleep(seconds, run.stop):
            raise _Cancelled

    async def _finish(self, run: Run, reply: Reply | None, call: TurnCall) -> None:
        """Store what came of the turn, then tell it."""
        if reply is None:
            response = {**run.response, "status": "cancelled"}
        else:
            items = run.output.items if reply is run.output.reply else []
            response = ended_response(run.response, reply, items, run.prompt_tokens, self._context.now())
        kept = self._kept(run, response, call.options)
        row = turns.row_of_response(run.asked, run.begun, response) if run.stored else None
        try:
            ids = await self._write(turns.finish(run.begun, kept, row))
        except DatabaseError as error:
            problem = Reply(end="failed", code="server_error", message=f"The database does not work: {error}.")
            reply, row, ids = problem, None, ()
            response = ended_response(run.response, problem, [], run.prompt_tokens, self._context.now())
        call.entry.note_turn(ids, committed=bool(ids) or row is not None)
        self._context.writes.note(ids)
        run.response = response
        if reply is not None:
            shown = turns.shown(response, run.asked.include)
            run.emit({"type": f"response.{response['status']}", "response": shown})

    def _kept(self, run: Run, response: Json, options: TurnOptions) -> list[Json] | None:
        """What the conversation gets of the output; ``None`` leaves it as it is."""
        profile = self._context.profile
        keeps = {"completed": True, "incomplete": profile.incomplete_turn == "stored"}.get(response["status"], False)
        if not run.asked.store and profile.unstored_turn == "dropped":
            keeps = False
        if not (keeps and options.keeps_items):
            return None
        if not run.client_left or run.asked.background or profile.aborted_turn == "stored":
            return run.output.items
        return None if profile.aborted_turn == "unchanged" else _up_to_call(run.output.items)

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

    def _running(self, request: ServerRequest) -> Run | None:
        """The turn of the response that a request names, if the caller may see it."""
        run = self._runs.get(request.response_id)
        return run if run is not None and run.stored and run.asked.owner == request.owner else None

    async def _get(self, call: TurnCall) -> ServerResponse:
        request = call.request
        include = checks.include(request.query, self._context.profile.include)
        start = _starting_after(request.query)
        streamed = _asks_for_stream(request.query)
        run = self._running(request)
        body = run.response if run else await self._body(request)
        if not streamed:
            return self._shown(body, include)
        if run is None or not (run.asked.background and run.asked.stream) or self._is_expired(run):
            raise _cannot_stream(request.response_id)
        return self._streamed(run, start, call)

    async def _body(self, request: ServerRequest) -> Json:
        row = await self._write(turns.find_response(request))
        body: Json = json.loads_exact(row.body)
        return body

    def _is_expired(self, run: Run) -> bool:
        return self._clock() - run.started > self._context.profile.resume_seconds

    async def _delete(self, call: TurnCall) -> ServerResponse:
        run = self._running(call.request)
        if run is not None:
            run.stored = False
            del self._runs[call.request.response_id]
        return await self._write(turns.delete_response(call.request, running=run is not None))

    async def _cancel(self, call: TurnCall) -> ServerResponse:
        run = self._running(call.request)
        body = run.response if run else await self._body(call.request)
        if not body["background"]:
            raise errors.bad_request("Cannot cancel a synchronous response.", None, None)
        if run is not None:
            run.cancel()
            await self._lifetime.wait(run.ended)
            body = run.response
        return self._shown(body, views.NOTHING)

    async def _list_input(self, call: TurnCall) -> ServerResponse:
        return await self._write(turns.list_input(call.request, self._context))

    async def _count(self, call: TurnCall) -> ServerResponse:
        asked = read_prompt(call.request, self._context)
        begun = await self._write(turns.begin(asked, self._context, whole=False))
        tokens = count_prompt(asked.fields, begun.prompt)
        return json_response({"object": "response.input_tokens", "input_tokens": tokens})

    async def _compact(self, call: TurnCall) -> ServerResponse:
        if not fields_of(call.request).get("model"):
            raise errors.missing("model")
        asked = attrs.evolve(read_prompt(call.request, self._context), conversation_id="")
        begun = await self._write(turns.begin(asked, self._context, whole=False))
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
        for run in list(self._runs.values()):
            run.stored = False
            run.cancel()
        self._runs.clear()
        self._context.locks.clear()


def _up_to_call(items: Sequence[Json]) -> list[Json]:
    """The items up to the first call that waits for its output."""
    calls = [n for n, item in enumerate(items) if item["type"] in OUTPUTS]
    return list(items[: calls[0] + 1]) if calls else list(items)


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
