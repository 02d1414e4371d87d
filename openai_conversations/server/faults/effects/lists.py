"""A list that misleads."""

from __future__ import annotations

from openai_conversations.server.faults.effects.common import changed
from openai_conversations.server.http.messages import ServerRequest, ServerResponse
from openai_conversations.server.processing import PendingRequest


async def empty_page(pending: PendingRequest) -> ServerResponse:
    done = await pending.process()
    cursor = pending.cursor_for(_cursor_of(pending.request))
    return changed(done, lambda page: page | {"data": [], "has_more": True, "first_id": cursor, "last_id": cursor})


async def stuck_cursor(pending: PendingRequest) -> ServerResponse:
    cursor = _cursor_of(pending.request)
    stuck = {"has_more": True} | ({"last_id": cursor} if cursor else {})
    return changed(await pending.process(), lambda page: page | stuck)


async def missing_last_id(pending: PendingRequest) -> ServerResponse:
    gone = ("first_id", "last_id")
    return changed(await pending.process(), lambda page: {k: v for k, v in page.items() if k not in gone})


async def stale_reads(pending: PendingRequest, *, seconds: float) -> ServerResponse:
    return await pending.process_on_replica(seconds)


def _cursor_of(request: ServerRequest) -> str:
    return next(iter(request.query.get("after", ())), "")
