"""A request that was read whole, on its way through the rules and the store: what a fault works with."""

from __future__ import annotations

import asyncio
import contextlib

import attrs

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.lifetime import Lifetime
from openai_conversations.server.http.messages import ServerRequest, ServerResponse, error_response
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.model.service import TurnService
from openai_conversations.server.model.turn_call import TurnCall, TurnOptions
from openai_conversations.server.rules.operations import OPERATIONS, Context
from openai_conversations.server.storage.store import on_store
from openai_conversations.storage.database import Database
from openai_conversations.storage.errors import DatabaseError


@attrs.frozen(kw_only=True)
class PendingRequest:
    """
    One request that is read and not processed yet.

    Attributes:
        request: What was asked.
        entry: Its entry in the journal.
        database: Runs jobs on the store.
        context: What the rules need.
        lifetime: The server's: its end ends every wait.
        turns: Answers the operations of turns.
        gone: Done when the client has hung up; ``None`` when that does not matter.
        options: What faults change in a turn.
        keeps_all: Whether the request still holds every item that was sent; if not, no response to it is true.
    """

    request: ServerRequest
    entry: JournalEntry
    database: Database
    context: Context
    lifetime: Lifetime
    turns: TurnService
    gone: asyncio.Future[None] | None = None
    options: TurnOptions = attrs.field(factory=TurnOptions)
    keeps_all: bool = True

    async def process(self) -> ServerResponse:
        """Do what :meth:`begin` does, with a stream read to its end: the turn is over."""
        response = await self.begin()
        if response.events is None:
            return response
        async with contextlib.aclosing(response.events) as events:
            frames = [frame async for batch in events for frame in batch]
        body = b"".join(frame if isinstance(frame, bytes) else frame.frame() for frame in frames)
        return attrs.evolve(response, events=None, body=body)

    async def begin(self) -> ServerResponse:
        """What a sound server does with the request; an error is a response too, and a stream goes on."""
        try:
            response = await self._respond()
        except HTTPError as error:
            return error_response(_with_status_of_profile(error, self.context), self.context.profile.errors)
        except DatabaseError as error:
            return error_response(_broken_database(error), self.context.profile.errors)
        self.entry.note_commit(response)
        self.context.writes.note(response.item_ids)
        return response if self.keeps_all else attrs.evolve(response, truth=False)

    async def _respond(self) -> ServerResponse:
        if self.turns.owns(self.request.operation):
            return await self.turns.respond(
                TurnCall(request=self.request, entry=self.entry, gone=self.gone, options=self.options)
            )
        job = OPERATIONS[self.request.operation](self.request, self.context)
        return await self.database.write(on_store(job))

    async def process_on_replica(self, lag: float) -> ServerResponse:
        """Process on a replica that does not show what was stored within the last ``lag`` seconds."""
        hidden = self.context.writes.younger_than(lag)
        return await attrs.evolve(self, request=attrs.evolve(self.request, hidden=hidden)).process()

    def process_later(self, seconds: float) -> None:
        """Do the same after so many seconds, whatever becomes of the request meanwhile; not after the server's end."""
        self.lifetime.start(self._process_after(seconds))

    async def _process_after(self, seconds: float) -> None:
        await self.sleep(seconds)
        await attrs.evolve(self, gone=None).process()

    async def sleep(self, seconds: float) -> None:
        """
        Wait, on the server's clock.

        Raises:
            ServerClosing: The server is being closed.
        """
        await self.lifetime.sleep(seconds)

    def cursor_for(self, after: str) -> str:
        """A new cursor that stands for another."""
        cursor = self.context.ids.new("msg")
        cursors = self.context.cursors
        cursors[cursor] = cursors.get(after, after)  # `after` may be made up itself: one empty page after another
        return cursor


def _with_status_of_profile(error: HTTPError, context: Context) -> HTTPError:
    """The error with the status that this profile gives to content that it refuses."""
    if error.status == 400:
        error.status = context.profile.invalid_status
    return error


def _broken_database(error: DatabaseError) -> HTTPError:
    """The disk is full, the file is gone, another program holds it: nobody's input is to blame."""
    return HTTPError(503, f"The database does not work: {error}.", type="server_error")
