"""What ``client.conversations`` can do with turns: thin methods on ``operations/turns``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Unpack, cast

from openai_conversations.api.arguments import path_id, refuse_other_keywords
from openai_conversations.api.caller import Caller
from openai_conversations.writing.write_order import Writing

if TYPE_CHECKING:
    from openai_conversations.operations.turns.run import RunResult
    from openai_conversations.operations.turns.tools import ToolFunction
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
        of content parts too, anything else is written as JSON; what it raises is logged and said to the model. The
        outputs are the input of the next turn.

        When this is cancelled, or the process dies, between a call and the turn that takes its output, the conversation
        holds a call without output, which the API refuses to go on with: :meth:`repair` closes it.

        Args:
            conversation_id: The conversation.
            model: The model.
            input: What is said to the model.
            tools: Functions by the names that the model knows them by; async ones do not keep the event loop.
            definitions: Tools that are not functions here, or functions described by hand. Where the model calls one
                that is not in ``tools``, and no other, the run ends: the call is in ``response.output``.
            max_rounds: How many turns it may take.
            concurrency: How many functions are called at a time.
            on_event: Called with each event of each turn as it comes, to show it to somebody; may be a coroutine
                function. What it raises ends the run.
            safe: See ``responses.create``.
            **params: See :class:`TurnParams`; they are for each turn.

        Raises:
            RunIncompleteError: It stopped after functions were called: after ``max_rounds``, or because a turn failed.
            ResponseFailedError: The first turn failed.
            ResponseIncompleteError: It ended before it was whole.
            APIError: Any other error of the first turn; see ``responses.create``.
        """
        from openai_conversations.api import turn_requests
        from openai_conversations.operations.turns.run import RunOptions, run
        from openai_conversations.resources.response_params import TurnParams, split

        refuse_other_keywords(params, TurnParams)
        path_id("conversation_id", conversation_id)
        body, options = split(params)
        body |= {"model": model, "input": input, "tools": list(definitions)}
        chosen = RunOptions(
            body=turn_requests.in_background(body) if safe else body,
            functions=tools or {},
            max_rounds=max_rounds,
            concurrency=concurrency,
            on_event=on_event,
        )
        caller = self._caller.streaming(stream=False).with_options(cast("Any", options))
        return await run(caller, self._writing, conversation_id, chosen)
