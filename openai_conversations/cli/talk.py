"""A chat in the terminal: what is said, what the model answers as it comes, and the words that begin with a slash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from openai_conversations.cli.failures import EXPECTED, CommandError, explain
from openai_conversations.cli.render.output import as_json, console, note
from openai_conversations.cli.render.talk import Answer
from openai_conversations.cli.talk_lines import Lines, interrupting

if TYPE_CHECKING:
    from openai_conversations.client import ConversationsClient
    from openai_conversations.schemas.responses.response import Response

_HELP: Final = """\
/history        the conversation so far
/fork           go on in a copy; the original stays as it is
/export FILE    write the conversation: .jsonl, .md or .html
/help           this
/quit           end; so do Ctrl-D and Ctrl-C"""


@attrs.frozen(kw_only=True)
class TalkOptions:
    """
    How turns are taken.

    Attributes:
        model: The model.
        instructions: A system message of each turn; ``None`` for none.
        safe: See ``responses.create``.
    """

    model: str
    instructions: str | None
    safe: bool


class Talk:
    """
    One chat.

    Args:
        client: Talks to the service.
        conversation_id: The conversation.
        options: How turns are taken.
        lines: What the person types.
    """

    def __init__(self, client: ConversationsClient, conversation_id: str, options: TalkOptions, lines: Lines) -> None:
        self._client = client
        self._conversation_id = conversation_id
        self._options = options
        self._lines = lines
        self._console = console()
        self._words: dict[str, Callable[[str], Awaitable[None]]] = {
            "/history": self._history,
            "/fork": self._fork,
            "/export": self._export,
            "/help": self._help,
        }

    async def until_quit(self) -> bool:
        """
        Line after line; what goes wrong with one is said, and the next may be typed.

        Returns:
            Whether nothing went wrong: a script learns it by the exit code.
        """
        all_went_well = True
        while (line := await self._lines.next()) is not None:
            word, _, rest = line.strip().partition(" ")
            if word in {"/quit", "/exit"}:
                break
            if not word:
                continue
            try:
                await self._do(word, rest.strip(), line.strip())
            except EXPECTED as error:
                all_went_well = False
                note(f"error: {explain(error)}")
        return all_went_well

    async def _do(self, word: str, rest: str, line: str) -> None:
        if not word.startswith("/"):
            await self._turn(line)
        elif word in self._words:
            await self._words[word](rest)
        else:
            raise CommandError(f"there is no {word}; /help says what there is")

    async def _turn(self, text: str) -> None:
        """Take a turn; Ctrl-C stops it."""
        turn = asyncio.ensure_future(self._answer(text))
        with interrupting(turn):
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():
                    turn.cancel()
                    raise
                note("stopped")

    async def _answer(self, text: str) -> None:
        options = self._options
        params: dict[str, Any] = {} if options.instructions is None else {"instructions": options.instructions}
        manager: Any = self._client.responses.stream(
            conversation=self._conversation_id, model=options.model, input=text, safe=options.safe, **params
        )
        async with manager as stream:
            try:
                with Answer(self._console) as answer:
                    async for event in stream:
                        answer.take(event)
                self._tell_of_calls(await stream.get_final_response())
            except asyncio.CancelledError:
                await asyncio.shield(stream.cancel())
                raise

    def _tell_of_calls(self, response: Response) -> None:
        """A chat calls no functions; until a call has an output, the service takes no further turn."""
        if any(item.type == "function_call" for item in response.output):
            note(
                "the model waits for the output of a function, and nothing here calls functions; to go on: "
                f"openai-conversations repair {self._conversation_id} --apply"
            )

    async def _history(self, _: str) -> None:
        from openai_conversations.cli.render.terminal import draw, view_width

        lister = self._client.conversations.items.list(self._conversation_id, order="asc", limit=100)
        items = [as_json(item) async for item in lister]
        for drawn in draw(items, width=view_width(self._console)):
            self._console.print(drawn)

    async def _fork(self, _: str) -> None:
        report = await self._client.conversations.fork(self._conversation_id)
        if report.conversation_id is None:
            raise CommandError("the conversation could not be copied")
        self._conversation_id = report.conversation_id
        note(f"conversation: {self._conversation_id}")

    async def _export(self, name: str) -> None:
        from openai_conversations.bulk.files import write_file
        from openai_conversations.cli.commands.export import ENDINGS
        from openai_conversations.cli.files import check_target

        target = Path(name)
        if not name or target.suffix.lower() not in ENDINGS:
            raise CommandError("name a file that ends in .jsonl, .md or .html: /export chat.html")
        check_target(target, force=False)
        lines = self._client.conversations.export(self._conversation_id, format=ENDINGS[target.suffix.lower()])
        _, size = await write_file(target, lines)
        note(f"written: {target}, {size} bytes")

    async def _help(self, _: str) -> None:
        self._console.print(_HELP, markup=False, highlight=False)
