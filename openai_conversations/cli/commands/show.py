"""``show``: a conversation as a chat, once or for as long as it grows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from openai_conversations.cli.connection import Connection
from openai_conversations.cli.exit_codes import Exit
from openai_conversations.cli.flags import Flag, Json, a_count, a_duration
from openai_conversations.cli.render.output import as_json, console, wants_json, write_json

if TYPE_CHECKING:
    from openai_conversations.client import ConversationsClient

PAGE: Final = 100
DEFAULT = Connection()


async def show(
    conversation_id: str,
    /,
    *,
    last: Annotated[int | None, Parameter(name=["--last", "-n"], validator=a_count)] = None,
    full: Flag = False,
    ids: Flag = False,
    follow: Annotated[bool, Parameter(name=["--follow", "-F"])] = False,
    interval: Annotated[float, Parameter(validator=a_duration)] = 1.0,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> int:
    """
    Show a conversation as a chat.

    Tool calls are folded to one line.

    Args:
        conversation_id: The conversation.
        last: Begin with the newest so many items; without, with the first.
        full: Show tool calls and their outputs whole.
        ids: Show the id of each item; in a pipe they are in the JSON.
        follow: Go on showing what is added, until Ctrl-C.
        interval: Seconds between two listings when following.
    """
    printer = _JsonPrinter() if wants_json(json) else _Drawer(full=full, ids=ids)
    async with connection.client() as client:
        async for items in _batches(client, conversation_id, last, interval if follow else None):
            printer.print(items)
    return Exit.OK


async def _batches(
    client: ConversationsClient, id: str, last: int | None, interval: float | None
) -> AsyncIterator[Sequence[Any]]:
    """What is there, page by page; then, with an interval, what comes."""
    import asyncio

    position = _Position()
    if last is not None:
        yield position.new(await _newest(client, id, last))
    if last is None or interval is not None:
        async for items in _after(client, id, position):
            yield items
    while interval is not None:
        await asyncio.sleep(interval)
        async for items in _after(client, id, position):
            yield items


class _Position:
    """
    What was shown last. A listing goes on after an id; items without one that were shown behind it come again.

    Attributes:
        after: The last id.
        again: How many items behind it were shown.
    """

    def __init__(self) -> None:
        self.after: str | None = None
        self.again = 0

    def new(self, items: Sequence[Any], *, known: int = 0) -> Sequence[Any]:
        """Take note of items, oldest first, of which the first *known* have been shown; gives the others."""
        for item in items[known:]:
            id = item.get("id")
            self.after, self.again = (id, 0) if isinstance(id, str) and id else (self.after, self.again + 1)
        return items[known:]


async def _after(client: ConversationsClient, id: str, position: _Position) -> AsyncIterator[Sequence[Any]]:
    lister = client.conversations.items.list(id, order="asc", limit=PAGE, after=position.after)
    known = position.again
    async for page in lister.iter_pages():
        items = [as_json(item) for item in page.data]
        fresh = position.new(items, known=known)
        known = max(0, known - len(items))
        if fresh:
            yield fresh


async def _newest(client: ConversationsClient, id: str, count: int) -> list[Any]:
    lister = client.conversations.items.list(id, limit=min(max(count, 1), PAGE), max_items=count)
    return [as_json(item) async for item in lister][::-1]


class _JsonPrinter:
    def print(self, items: Sequence[Any]) -> None:
        for item in items:
            write_json(item)


class _Drawer:
    def __init__(self, *, full: bool, ids: bool) -> None:
        from openai_conversations.cli.render.terminal import view_width

        self._console = console()
        self._width = view_width(self._console)
        self._full = full
        self._ids = ids

    def print(self, items: Sequence[Any]) -> None:
        from openai_conversations.cli.render.terminal import draw

        for drawn in draw(items, width=self._width, full=self._full, ids=self._ids):
            self._console.print(drawn)
