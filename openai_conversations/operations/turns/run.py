"""
Let a model take turns, and call the functions that it asks for, until it is done.

Nothing is called before a response is complete, and each call once. The outputs are the input of the next turn: one
write, which is there or is not. Where a run stops in between, they are added to the conversation as far as that can be
done; what is left open then, ``repair`` closes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs

from openai_conversations.api.arguments import CallOptions, Members, is_given
from openai_conversations.api.caller import Caller, codec
from openai_conversations.errors import ConversationsError
from openai_conversations.operations.concurrency import checked_concurrency, for_each, is_cancelled
from openai_conversations.operations.errors import RunIncompleteError
from openai_conversations.operations.turns.asked import Asked, asked_of, may_be_described
from openai_conversations.operations.turns.tools import Tool, ToolCall, ToolFunction, as_tools, failed, words_of
from openai_conversations.schemas.items.function_call import FunctionCall
from openai_conversations.schemas.responses.response import Response
from openai_conversations.schemas.responses.usage import ResponseUsage
from openai_conversations.writing.chunks import AppendOptions, append
from openai_conversations.writing.turns.result import OnEvent, check_complete, take_turn
from openai_conversations.writing.write_order import Writing

logger: Final = logging.getLogger("openai_conversations")


@attrs.frozen(kw_only=True)
class RunResult:
    """
    What a run came to.

    Attributes:
        response: The last response: the one that asked for no function of ours.
        calls: What was called, in order.
        rounds: How many turns it took.
        usage: The tokens of all turns together.
    """

    response: Response
    calls: tuple[ToolCall, ...]
    rounds: int
    usage: ResponseUsage

    @property
    def output_text(self) -> str:
        """The text of the last response."""
        return self.response.output_text


@attrs.frozen(kw_only=True, eq=False)
class RunOptions:
    """
    How a run goes.

    Attributes:
        body: Members of each turn; its ``input`` is that of the first.
        functions: What the model may call, by name.
        max_rounds: How many turns it may take.
        concurrency: How many functions are called at a time.
        on_event: Called with each event; ``None`` reads no events but where ``body`` asks for a stream.
    """

    body: Members = attrs.field(repr=False)
    functions: Mapping[str, ToolFunction]
    max_rounds: int
    concurrency: int
    on_event: OnEvent | None = None


async def run(caller: Caller, writing: Writing, conversation_id: str, options: RunOptions) -> RunResult:
    """
    See ``conversations.run``.

    Raises:
        RunIncompleteError: It stopped after functions were called, or at calls that cannot be answered.
        APIError: The first turn failed.
    """
    checked_concurrency(options.concurrency)
    body, tools = _first(conversation_id, options)
    running = _Run(caller=caller, writing=writing, conversation_id=conversation_id, options=options, tools=tools)
    return await running.until_done(body)


def _first(conversation_id: str, options: RunOptions) -> tuple[Members, Mapping[str, Tool]]:
    """The members of the first turn, and the functions that the model is told of with them."""
    given = [codec().to_json(tool) for tool in options.body.get("tools") or ()]
    tools = as_tools(options.functions, given)
    described = [*given, *(tool.definition for tool in tools.values() if tool.definition is not None)]
    body = options.body | {"conversation": conversation_id}
    return (body | {"tools": described} if described else body), tools


@attrs.define(kw_only=True, eq=False)
class _Run:
    caller: Caller
    writing: Writing
    conversation_id: str
    options: RunOptions
    tools: Mapping[str, Tool]
    calls: list[ToolCall] = attrs.field(factory=list[ToolCall])
    answered: list[FunctionCall] = attrs.field(factory=list[FunctionCall])
    responses: list[Response] = attrs.field(factory=list[Response])

    async def until_done(self, body: Members) -> RunResult:
        """Turn after turn, until one asks for no function of ours."""
        outputs: list[ToolCall] = []
        while True:
            response = await self._turn(body, outputs)
            self.responses.append(response)
            asked = asked_of(response, self._is_ours, self.answered)
            if asked.unclear:
                raise await self._stopped((), asked.unclear)
            if not asked.calls:
                return self._result()
            outputs = await self._answer(asked.calls)
            if why := self._why_not_on(asked):
                raise await self._stopped(outputs, why, leaves_open=bool(asked.others))
            body = body | {"input": [output.item for output in outputs]}

    def _why_not_on(self, asked: Asked) -> str:
        """Why there can be no further turn; ``""`` when there can."""
        if asked.others:
            return f"the model waits for the output of a {asked.others[0]}, too"
        if len(self.responses) >= self.options.max_rounds:
            return f"the model is not done after {self.options.max_rounds} turns"
        return ""

    async def _turn(self, body: Members, outputs: Sequence[ToolCall]) -> Response:
        """Take a turn. Where outputs would be lost with it, they are kept."""
        try:
            return check_complete(await take_turn(self.caller, self.writing, body, on_event=self.options.on_event))
        except (Exception, asyncio.CancelledError) as error:
            if not outputs or (isinstance(error, asyncio.CancelledError) and is_cancelled()):
                raise
            # Only what sends may say that nothing was: an error of a callback or a middleware says nothing of the turn.
            is_open = isinstance(error, ConversationsError) and error.not_carried_out
            raise await self._stopped(outputs, f"a turn failed: {words_of(error)}", is_known=is_open) from error

    async def _answer(self, asked: Sequence[FunctionCall]) -> list[ToolCall]:
        """Call what was asked for, several at a time; the answers in the order of the calls."""
        answers: dict[int, ToolCall] = {}

        async def call(place: int) -> None:
            answers[place] = failed(asked[place], "The function was stopped, and nothing is known of its outcome.")
            answers[place] = await self._call(asked[place])

        try:
            await for_each(range(len(asked)), call, concurrency=self.options.concurrency)
        except (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
            raise
        except BaseException as error:
            outputs = self._note(asked, answers)
            raise await self._stopped(outputs, f"a function raised {words_of(error)}") from error
        return self._note(asked, answers)

    async def _call(self, one: FunctionCall) -> ToolCall:
        tool = self.tools.get(one.name)
        if tool is not None:
            return await tool.answer(one)
        if not self._is_ours(one.name):
            return failed(one, f"Somebody else answers {one.name!r}: call it alone, and not together with others.")
        return failed(one, f"There is no function {one.name!r}.")

    def _is_ours(self, name: str) -> bool:
        """Whether a call is answered here: also one of a function that nobody knows, so that it does not stay open."""
        return name in self.tools or not may_be_described(name, self._sent)

    @property
    def _sent(self) -> Mapping[str, object]:
        extra = cast("Members", self.caller.options.get("extra_body") or {})
        sent = {**self.options.body, **extra}
        return {name: value for name, value in sent.items() if is_given(value)}

    def _note(self, asked: Sequence[FunctionCall], answers: Mapping[int, ToolCall]) -> list[ToolCall]:
        not_called = "The function was not called: the run stopped."
        outputs = [answers.get(place) or failed(one, not_called) for place, one in enumerate(asked)]
        self.calls += outputs
        self.answered += asked
        return outputs

    async def _stopped(
        self, outputs: Sequence[ToolCall], why: str, *, is_known: bool = True, leaves_open: bool = False
    ) -> RunIncompleteError:
        """
        The error for a run that stops.

        Args:
            outputs: What no turn has taken; it is added where that is safe.
            why: Why it stops.
            is_known: Whether the outputs are certainly not in the conversation.
            leaves_open: Whether there are calls beside these, which somebody else answers.
        """
        is_stored = bool(outputs) and is_known and await self._store(outputs)
        return RunIncompleteError(
            f"the run stopped after {len(self.calls)} calls: {why}; {_where(outputs, is_stored=is_stored)}",
            conversation_id=self.conversation_id,
            calls=tuple(self.calls),
            response=self.responses[-1],
            is_closed=is_stored and not leaves_open,
        )

    async def _store(self, outputs: Sequence[ToolCall]) -> bool:
        items = [output.item for output in outputs]
        # What was to be added to the body of each turn is nothing for the body of an append.
        call = {name: value for name, value in self.caller.options.items() if name != "extra_body"}
        # A second copy of an output is worse than none, which `repair` adds.
        options = AppendOptions(guard="strict", call=cast("CallOptions", call))
        try:
            await append(self.caller, self.writing, self.conversation_id, items, resume=None, options=options)
        except Exception as error:  # noqa: BLE001  # the error of the run is raised, and says that they may be missing
            logger.warning("the outputs of a run could not be added: %s", words_of(error))
            return False
        return True

    def _result(self) -> RunResult:
        return RunResult(
            response=self.responses[-1],
            calls=tuple(self.calls),
            rounds=len(self.responses),
            usage=_sum([one.usage for one in self.responses if one.usage is not None]),
        )


def _where(outputs: Sequence[ToolCall], *, is_stored: bool) -> str:
    if not outputs:
        return "nothing of the last response was called: see `response`, and `repair`"
    if is_stored:
        return "the last outputs are in the conversation"
    return "the last outputs may not be in the conversation: see `calls`, and `repair`"


def _sum(usages: Sequence[ResponseUsage]) -> ResponseUsage:
    total = ResponseUsage()
    for usage in usages:
        total.input_tokens += usage.input_tokens
        total.output_tokens += usage.output_tokens
        total.total_tokens += usage.total_tokens
        total.input_tokens_details.cached_tokens += usage.input_tokens_details.cached_tokens
        total.output_tokens_details.reasoning_tokens += usage.output_tokens_details.reasoning_tokens
    return total
