"""What ``client.conversations`` can do with turns: thin methods on ``operations/turns``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Unpack, cast

from openai_conversations.api.arguments import (
    Omit,
    checked_definitions,
    checked_metadata,
    omit,
    path_id,
)
from openai_conversations.api.caller import Caller
from openai_conversations.api.keywords import refuse_other_keywords
from openai_conversations.checks import COUNT, FLAG, FUNCTIONS, NAME, OPTIONAL_FUNCTION, OPTIONAL_TEXT, POSITIVE_COUNT
from openai_conversations.resources.operation_options import OperationOptions, operation_caller
from openai_conversations.writing.write_order import Writing

if TYPE_CHECKING:
    from openai_conversations.operations.turns.compact import CompactReport
    from openai_conversations.operations.turns.run import RunResult
    from openai_conversations.operations.turns.tools import ToolFunction
    from openai_conversations.operations.turns.trim import TrimReport
    from openai_conversations.resources.response_params import InputParam, ToolParam, TurnParams


class TurnOperations:
    """The part of ``client.conversations`` that takes turns."""

    _caller: Caller
    _writing: Writing

    async def run(
        self,
        conversation_id: str,
        *,
        model: str,
        input: InputParam,  # the API's name
        tools: Mapping[str, ToolFunction] | None = None,
        definitions: Iterable[ToolParam] = (),
        max_rounds: int = 10,
        concurrency: int = 8,
        on_event: Callable[[Any], object] | None = None,
        safe: bool = False,
        **params: Unpack[TurnParams],
    ) -> RunResult:
        """
        Let a model take turns and call functions until it is done.

        A function is called when the response that asks for it is complete, and once for each call. Its parameters are
        described to the model by their annotations, it by its docstring. A text that it returns is the output, a list
        of ``input_text``, ``input_image`` and ``input_file`` too, anything else is written as JSON; what it raises is
        logged and said to the model. The outputs are the input of the next turn.

        When this is cancelled, or the process dies, between a call and the turn that takes its output, the conversation
        holds a call without output, which the API refuses to go on with: :meth:`repair` closes it.

        Args:
            conversation_id: The conversation.
            model: The model.
            input: What is said to the model.
            tools: Functions by the names that the model knows them by; async ones do not keep the event loop. Methods,
                objects that can be called and partials count as functions; what a partial has given is not told to the
                model. A parameter with a default may be left out by the model.
            definitions: Tools that are not functions here, or functions described by hand. Where the model calls one
                that is not in ``tools``, and no other, the run ends: the call is in ``response.output``. So it does for
                a function that a stored prompt or an agent may have brought. Any other that the model calls is answered
                with an error that says that there is none, and the model goes on.
            max_rounds: How many turns it may take.
            concurrency: How many functions are called at a time.
            on_event: Called with each event of each turn as it comes, to show it to somebody; may be a coroutine
                function. What it raises ends the run; after functions were called it is the cause of
                ``RunIncompleteError``.
            safe: See ``responses.create``.
            **params: See :class:`TurnParams`; they are for each turn.

        Raises:
            RunIncompleteError: It stopped after functions were called: after ``max_rounds``, because a turn failed, or
                because the model waits for something else, too. Or the calls of a response cannot be answered, because
                their ids are missing or stand for two: then none of them was made.
            ResponseFailedError: The first turn failed.
            ResponseIncompleteError: It ended before it was whole.
            APIError: Any other error of the first turn; see ``responses.create``.
        """
        from openai_conversations.api import turn_requests
        from openai_conversations.operations.turns.run import RunOptions, run
        from openai_conversations.resources.response_params import TurnParams, split

        refuse_other_keywords(params, TurnParams)
        path_id("conversation_id", conversation_id)
        FUNCTIONS.or_none().check("tools", tools)
        OPTIONAL_FUNCTION.check("on_event", on_event)
        POSITIVE_COUNT.check("max_rounds", max_rounds)
        FLAG.check("safe", safe)
        body, options = split(params)
        body |= {"model": model, "input": input, "tools": checked_definitions(definitions)}
        chosen = RunOptions(
            body=turn_requests.in_background(body) if safe else body,
            functions=tools or {},
            max_rounds=max_rounds,
            concurrency=concurrency,
            on_event=on_event,
        )
        del params, definitions, input  # a traceback that shows them shows what tools are authorized with
        caller = self._caller.streaming(stream=False).with_options(cast("Any", options))
        return await run(caller, self._writing, conversation_id, chosen)

    async def compact(
        self,
        conversation_id: str,
        *,
        model: str,
        keep_last: int = 4,
        instructions: str | Omit | None = omit,
        metadata: Mapping[str, str] | Omit | None = omit,
        on_created: Callable[[str], Awaitable[object]] | None = None,
        **options: Unpack[OperationOptions],
    ) -> CompactReport:
        """
        Make a new conversation in which the older turns are compacted. The original is only read.

        The newest turns are carried over as they are, and so is what a developer says at the start. What is between
        them is sent to the model to be compacted; what it gives stands in their place. No call is separated from its
        output, and no reasoning from the item that must follow it. Where there is nothing to compact, nothing is made,
        and the report says why.

        Args:
            conversation_id: The original.
            model: The model that compacts, and whose tokens are counted.
            keep_last: How many of the newest turns are carried over as they are. A turn begins with what a user says.
                One whose call waits for its output is carried over in any case.
            instructions: What the model is told about the compaction; it is not stored.
            metadata: Of the new conversation; the original's when it is not given.
            on_created: Awaited with the id of the new conversation before anything is appended to it, to keep it where
                a crash does not reach it.
            **options: See :class:`OperationOptions`.

        Returns:
            The id of the new conversation, the service's counts of tokens, and what did not come through.

        Raises:
            APIResponseValidationError: The service gave nothing that can be stored; nothing was made.
            CopyIncompleteError: The new conversation was made, but not all items could be appended.
        """
        from openai_conversations.operations.copy.fork import INHERIT
        from openai_conversations.operations.turns.compact import compact

        path_id("conversation_id", conversation_id)
        NAME.check("model", model)
        COUNT.check("keep_last", keep_last)
        if not isinstance(instructions, Omit):
            OPTIONAL_TEXT.check("instructions", instructions)
        OPTIONAL_FUNCTION.check("on_created", on_created)
        return await compact(
            operation_caller(self._caller, options),
            self._writing,
            conversation_id,
            model=model,
            keep_last=keep_last,
            instructions=instructions,
            metadata=INHERIT if isinstance(metadata, Omit) else checked_metadata(metadata),
            on_created=on_created,
        )

    async def trim(
        self,
        conversation_id: str,
        *,
        model: str,
        max_tokens: int,
        dry_run: bool = False,
        **options: Unpack[OperationOptions],
    ) -> TrimReport:
        """
        Delete the oldest turns until a conversation has no more than so many tokens, by the service's count.

        Whole turns go, and no call without its output; what a developer says at the start stays, and so does the
        newest turn. What is left is counted before anything is deleted. Where the service counts more in the
        conversation than these items have, one turn more goes at a time, each only after a count that has followed the
        deletions before. When it stops half way, calling it again goes on.

        Args:
            conversation_id: The conversation.
            model: The model whose tokens are counted.
            max_tokens: How many the items of the conversation may have. The instructions and tools of a turn, and its
                output, come on top.
            dry_run: Whether to delete nothing and only say what would be deleted.
            **options: See :class:`OperationOptions`.

        Raises:
            TurnTooLongError: The newest turn alone has more tokens, with what stays at the start.
            TrimIncompleteError: It stopped half way, the server does not delete items, or its count of the conversation
                does not follow the deletions.
        """
        from openai_conversations.operations.turns.trim import trim

        path_id("conversation_id", conversation_id)
        NAME.check("model", model)
        POSITIVE_COUNT.check("max_tokens", max_tokens)
        FLAG.check("dry_run", dry_run)
        caller = operation_caller(self._caller, options)
        return await trim(caller, conversation_id, model=model, max_tokens=max_tokens, dry_run=dry_run)
