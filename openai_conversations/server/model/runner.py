"""A turn from its beginning to its end: what the model is given, what it says, what is stored."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import attrs

from openai_conversations.server.http import errors
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.lifetime import Lifetime, ServerClosing
from openai_conversations.server.model.events import output_events
from openai_conversations.server.model.output import Output, limited, make_output, of_agent
from openai_conversations.server.model.reply import Reply
from openai_conversations.server.model.response import begun_response, count_prompt, ended_response
from openai_conversations.server.model.run import Run
from openai_conversations.server.model.script import NoReplyError, ScriptedModel, ScriptedTurn
from openai_conversations.server.model.turn import Turn
from openai_conversations.server.model.turn_call import TurnCall, TurnOptions
from openai_conversations.server.rules import turns, views
from openai_conversations.server.rules.operations import Context
from openai_conversations.server.rules.prompt import OUTPUTS
from openai_conversations.server.rules.turn_request import TurnRequest
from openai_conversations.server.rules.turns import Begun
from openai_conversations.server.storage.store import ItemRow, Store, on_store
from openai_conversations.storage.database import Database
from openai_conversations.storage.errors import DatabaseError

T = TypeVar("T")
Json = dict[str, Any]

_ROUND = 256
_LEAST = 16
"""
Events that are said in one round of the event loop, by all turns together, and at least by each.

A server on which many talk at once still answers, and one that has a single listener does not wake it for each event.
"""

logger: Final = logging.getLogger("openai_conversations")


class _Cancelled(Exception):  # noqa: N818  # no error: somebody asked for it
    """The turn is to stop."""


class TurnRunner:
    """
    Lets turns happen.

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
        self.context = context
        self._model = model
        self.lifetime = lifetime
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._speaking = 0

    async def write(self, job: Callable[[Store], T]) -> T:
        """Run a job on the store."""
        return await self._database.write(on_store(job))

    async def start(self, asked: TurnRequest, call: TurnCall) -> Run:
        """
        Begin a turn, which then goes on by itself.

        Raises:
            HTTPError: It is refused, or its conversation is locked.
        """
        locks = self.context.locks
        locks.take(asked.owner, asked.conversation_id)
        try:
            run = await self._begin(asked)
        except BaseException:
            locks.release(asked.owner, asked.conversation_id)
            raise
        call.entry.response_id = run.response["id"]
        self.lifetime.start(self._live(run, call))
        return run

    async def _begin(self, asked: TurnRequest) -> Run:
        self._forget_expired()
        begun = await self.write(turns.begin(asked, self.context))
        scripted = self._choose(asked, begun)
        new_id, now = self.context.ids.new, self.context.now()
        status = "queued" if asked.background else "in_progress"
        response = begun_response(new_id("resp"), now, asked.fields, asked.conversation_id, status)
        output = make_output(scripted.reply or Reply(), new_id)
        if self.context.profile.agents:
            output = of_agent(output, response)
        run = Run(
            asked=asked,
            begun=begun,
            scripted=scripted,
            output=limited(output, asked.fields.get("max_output_tokens")),
            response=response,
            prompt_tokens=count_prompt(asked.fields, begun.prompt),
            started=self._clock(),
            stored=asked.store,
        )
        if asked.background:
            row = turns.row_of_response(asked, begun, run.response)
            await self.write(lambda store: store.save_response(row))
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
        oldest = self._clock() - self.context.profile.resume_seconds
        for id in [id for id, run in self._runs.items() if run.ended.done() and run.started < oldest]:
            del self._runs[id]

    async def _live(self, run: Run, call: TurnCall) -> None:
        """The whole turn, from its first event to its end."""
        left = 0.0
        try:
            self._announce(run)
            reply = await self._speak(run)
            await self._finish_or_fail(run, reply, call)
            left = self.context.profile.lock_after_disconnect if run.client_left else 0.0
        finally:
            self.context.locks.release(
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
        self._speaking += 1
        try:
            await self._say_all(run)
        except _Cancelled:
            return None
        except (ServerClosing, asyncio.CancelledError):
            raise
        except Exception as error:  # the script holds an item that is none
            logger.exception("the scripted reply cannot be streamed")
            return Reply(end="failed", code="server_error", message=f"{type(error).__name__}: {error}")
        finally:
            self._speaking -= 1
        return run.output.reply

    async def _say_all(self, run: Run) -> None:
        if self._model.first_token:
            await self._sleep(run, self._model.first_token)
        said = 0
        left = self._breath
        for event in output_events(_shown(run)):
            if "delta" in event:
                await self._before_delta(run, said)
                said += 1
            run.emit(event)
            left -= 1
            if not left:
                await asyncio.sleep(0)
                left = self._breath
        if not said:
            await self._pass(run)

    @property
    def _breath(self) -> int:
        """Events after which the others have their turn on the event loop."""
        return max(_LEAST, _ROUND // self._speaking)

    async def _before_delta(self, run: Run, said: int) -> None:
        speed = self._model.tokens_per_second
        if said and speed:
            await self._sleep(run, 1 / speed)
        await self._pass(run)

    async def _pass(self, run: Run) -> None:
        while (waiting := run.scripted.gate.take()) is not None:
            if not await self.lifetime.wait(waiting, run.stop):
                raise _Cancelled
        if run.stop.done():
            raise _Cancelled

    async def _sleep(self, run: Run, seconds: float) -> None:
        if not await self.lifetime.sleep(seconds, run.stop):
            raise _Cancelled

    async def _finish_or_fail(self, run: Run, reply: Reply | None, call: TurnCall) -> None:
        """Finish the turn; what the model said and nobody can store fails it."""
        try:
            await self._finish(run, reply, call)
        except (HTTPError, ValueError, TypeError) as error:  # the script holds an item that is none
            logger.exception("the scripted reply cannot be stored")
            message = f"The scripted reply cannot be stored: {error}"
            await self._finish(run, Reply(end="failed", code="server_error", message=message), call)

    async def _finish(self, run: Run, reply: Reply | None, call: TurnCall) -> None:
        """Store what came of the turn, then tell it."""
        if reply is None:
            response = {**run.response, "status": "cancelled"}
        else:
            items = run.output.items if reply is run.output.reply else []
            response = ended_response(run.response, reply, items, run.prompt_tokens, self.context.now())
        kept = self._kept(run, response, call.options)
        rewrites = call.options.rewrites
        added = [] if kept is None else turns.items_of_turn(run.begun, kept, rewrites)
        row = turns.row_of_response(run.asked, run.begun, response) if run.stored else None
        if row is not None and rewrites:
            row = turns.rewritten(row, rewrites)
        try:
            now = () if call.options.late_seconds else added
            ids = await self.write(turns.finish(run.begun, now, row, run.asked.agent))
        except DatabaseError as error:
            problem = Reply(end="failed", code="server_error", message=f"The database does not work: {error}.")
            reply, row, ids = problem, None, ()
            response = ended_response(run.response, problem, [], run.prompt_tokens, self.context.now())
        partial = kept is not None and len(added) < len(run.begun.input) + len(kept)
        call.entry.note_turn(ids, committed=bool(ids) or row is not None, partial=partial)
        self.context.writes.note(ids)
        if call.options.late_seconds and added and reply is not None:
            self.lifetime.start(self._add_late(run, added, call))
        run.response = response
        if reply is not None:
            shown = turns.shown(response, run.asked.include)
            run.emit({"type": f"response.{response['status']}", "response": shown})

    async def _add_late(self, run: Run, added: Sequence[ItemRow], call: TurnCall) -> None:
        """Add the items of a turn to its conversation, some time after it told its end."""
        await self.lifetime.sleep(call.options.late_seconds)
        try:
            ids = await self.write(turns.finish(run.begun, added, None, run.asked.agent))
        except DatabaseError:
            logger.exception("the items of a turn cannot be stored")
            return
        call.entry.note_turn(ids, committed=bool(ids) or call.entry.committed, partial=call.entry.partial)
        self.context.writes.note(ids)

    def _kept(self, run: Run, response: Json, options: TurnOptions) -> list[Json] | None:
        """What the conversation gets of the output; ``None`` leaves it as it is."""
        profile = self.context.profile
        keeps = {"completed": True, "incomplete": profile.incomplete_turn == "stored"}.get(response["status"], False)
        if not run.asked.store and profile.unstored_turn == "dropped":
            keeps = False
        if not (keeps and options.keeps_items):
            return None
        if not run.client_left or run.asked.background or profile.aborted_turn == "stored":
            return run.output.items
        return None if profile.aborted_turn == "unchanged" else _up_to_call(run.output.items)

    # the turns that run, and those that can be streamed again

    def find(self, response_id: str, owner: str) -> Run | None:
        """The turn of a response, if this owner may see it."""
        run = self._runs.get(response_id)
        return run if run is not None and run.stored and run.asked.owner == owner else None

    def is_expired(self, run: Run) -> bool:
        """Whether it began too long ago to be streamed again."""
        return self._clock() - run.started > self.context.profile.resume_seconds

    def drop(self, run: Run) -> None:
        """Its response is not to be stored, nor found."""
        run.stored = False
        self._runs.pop(run.response["id"], None)

    def forget(self) -> None:
        """Forget every turn that has ended, and stop the others."""
        for run in list(self._runs.values()):
            self.drop(run)
            run.cancel()
        self.context.locks.clear()


def _shown(run: Run) -> Output:
    """What is said, without the fields that were not asked for."""
    include = run.asked.include
    steps = (attrs.evolve(step, item=step.item and views.hide(step.item, include)) for step in run.output.steps)
    return attrs.evolve(run.output, steps=tuple(steps))


def _up_to_call(items: Sequence[Json]) -> list[Json]:
    """The items up to the first call that waits for its output."""
    calls = [n for n, item in enumerate(items) if item["type"] in OUTPUTS]
    return list(items[: calls[0] + 1]) if calls else list(items)
