"""
Let a model take turns, and call the functions that it asks for, until it is done.

Nothing is called before a response is complete, and each call once. The outputs are the input of the next turn: one
write, which is there or is not. Where a run stops in between, they are added to the conversation as far as that can be
done; what is left open then, ``repair`` closes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.api.caller import Caller, codec
from openai_conversations.errors import APIError, ConversationsError
from openai_conversations.operations.concurrency import checked_concurrency, for_each
from openai_conversations.operations.errors import RunIncompleteError
from openai_conversations.operations.turns.tools import Tool, ToolCall, ToolFunction, as_tools, failed
from openai_conversations.schemas.items.function_call import FunctionCall
from openai_conversations.schemas.responses.response import Response
from openai_conversations.schemas.responses.usage import ResponseUsage
from openai_conversations.writing.chunks import AppendOptions, append
from openai_conversations.writing.turns.result import OnEvent, check_complete, take_turn
from openai_conversations.writing.write_order import Writing


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

    body: dict[str, Any]
    functions: Mapping[str, ToolFunction]
    max_rounds: int
    concurrency: int
    on_event: OnEvent | None = None


async def run(caller: Caller, writing: Writing, conversation_id: str, options: RunOptions) -> RunResult:
    """
    See ``conversations.run``.

    Raises:
        RunIncompleteError: It stopped after functions were called.
        APIError: The first turn failed.
    """
    checked_concurrency(options.concurrency)
    given = [codec().to_json(tool) for tool in options.body.get("tools") or ()]
    tools = as_tools(options.functions, given)
    described = [*given, *(tool.definition for tool in tools.values() if tool.definition is not None)]
    body = {**options.body, "conversation": conversation_id, **({"tools": described} if described else {})}
    running = _Run(caller=caller, writing=writing, conversation_id=conversation_id, options=options, tools=tools)
    return await running.until_done(body)


@attrs.define(kw_only=True, eq=False)
class _Run:
    caller: Caller
    writing: Writing
    conversation_id: str
    options: RunOptions
    tools: Mapping[str, Tool]
    calls: list[ToolCall] = attrs.field(factory=list[ToolCall])
    responses: list[Response] = attrs.field(factory=list[Response])

    async def until_done(self, body: dict[str, Any]) -> RunResult:
        """Turn after turn, until one asks for no function of ours."""
        outputs: list[ToolCall] = []
        while True:
            response = await self._turn(body, outputs)
            self.responses.append(response)
            asked = self._asked(response)
            if not asked:
                return self._result()
            outputs = await self._answer(asked)
            self.calls += outputs
            if len(self.responses) >= self.options.max_rounds:
                raise await self._stopped(outputs, f"the model is not done after {self.options.max_rounds} turns")
            body = {**body, "input": [output.item for output in outputs]}

    async def _turn(self, body: dict[str, Any], outputs: Sequence[ToolCall]) -> Response:
        """Take a turn. Where outputs would be lost with it, they are kept."""
        try:
            return check_complete(await take_turn(self.caller, self.writing, body, on_event=self.options.on_event))
        except APIError as error:
            if not outputs:
                raise
            raise await self._stopped(outputs, f"a turn failed: {error}", is_open=error.not_carried_out) from error

    def _asked(self, response: Response) -> list[FunctionCall]:
        answered = {call.call_id for call in self.calls}
        calls = [item for item in response.output if isinstance(item, FunctionCall)]
        once = {call.call_id: call for call in calls if call.call_id not in answered}
        # What somebody else is to answer stays open: a function without an implementation here, given as a definition.
        return list(once.values()) if any(call.name in self.tools for call in once.values()) else []

    async def _answer(self, asked: Sequence[FunctionCall]) -> list[ToolCall]:
        """Call what was asked for, several at a time; the answers in the order of the calls."""
        answers: dict[str, ToolCall] = {}

        async def call(one: FunctionCall) -> None:
            tool = self.tools.get(one.name)
            answers[one.call_id] = (
                await tool.answer(one) if tool is not None else failed(one, f"There is no function {one.name!r}.")
            )

        await for_each(asked, call, concurrency=self.options.concurrency)
        return [answers[one.call_id] for one in asked]

    async def _stopped(self, outputs: Sequence[ToolCall], why: str, *, is_open: bool = True) -> RunIncompleteError:
        """The error for a run that stops with outputs that no turn has taken: they are added, if that is known."""
        is_stored = is_open and await self._store(outputs)
        where = "are in the conversation" if is_stored else "may not be in the conversation: see `calls`, and `repair`"
        return RunIncompleteError(
            f"the run stopped after {len(self.calls)} calls: {why}; the last outputs {where}",
            conversation_id=self.conversation_id,
            calls=tuple(self.calls),
            response=self.responses[-1],
            is_closed=is_stored,
        )

    async def _store(self, outputs: Sequence[ToolCall]) -> bool:
        items = [output.item for output in outputs]
        options = AppendOptions(call=self.caller.options)
        try:
            await append(self.caller, self.writing, self.conversation_id, items, resume=None, options=options)
        except ConversationsError:
            return False
        return True

    def _result(self) -> RunResult:
        return RunResult(
            response=self.responses[-1],
            calls=tuple(self.calls),
            rounds=len(self.responses),
            usage=_sum([one.usage for one in self.responses if one.usage is not None]),
        )


def _sum(usages: Sequence[ResponseUsage]) -> ResponseUsage:
    total = ResponseUsage()
    for usage in usages:
        total.input_tokens += usage.input_tokens
        total.output_tokens += usage.output_tokens
        total.total_tokens += usage.total_tokens
        total.input_tokens_details.cached_tokens += usage.input_tokens_details.cached_tokens
        total.output_tokens_details.reasoning_tokens += usage.output_tokens_details.reasoning_tokens
    return total
