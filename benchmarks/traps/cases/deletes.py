"""Deletions, and a 404 that is not the API's."""

from __future__ import annotations

from benchmarks.traps.clients import Contender
from benchmarks.traps.stage import message, stage
from benchmarks.traps.trap import Traps
from benchmarks.traps.words import outcome
from openai_conversations.server import faults
from openai_conversations.server.faults.fault import Fault
from openai_conversations.server.http.messages import ServerResponse
from openai_conversations.server.processing import PendingRequest

trap = Traps()

DELETE = "deleteConversation"


@trap("An item is deleted, and the response is lost")
async def lost_delete(who: Contender) -> str:
    async with stage(who) as at:
        await at.append(message("Hi"))
        at.server.add_fault(faults.commit_then_drop(operation="deleteConversationItem"))
        return await outcome(at.client.conversations.items.delete(at.items[0]["id"], conversation_id=at.id))


async def deleted(who: Contender, *spoils: Fault) -> str:
    """Delete a conversation."""
    async with stage(who) as at:
        for fault in spoils:
            at.server.add_fault(fault)
        came = await outcome(at.client.conversations.delete(at.id))
        found = at.server.conversation(at.id)
        is_there = found is not None and not found.deleted
        lied = " (**and it said so**)" if is_there and came == "returns" else ""
        return f"{came}; {'it is there' if is_there else 'it is gone'}{lied}"


@trap("A conversation is deleted: a 502, then a gateway's 404 in HTML")
async def html_404(who: Contender) -> str:
    return await deleted(who, faults.status(502, operation=DELETE), faults.status(404, body="html", operation=DELETE))


@trap('A conversation is deleted: a 502, then a 404 `{"detail": "Not Found"}`')
async def detail_404(who: Contender) -> str:
    other = faults.status(404, body="detail", message="Not Found", operation=DELETE)
    return await deleted(who, faults.status(502, operation=DELETE), other)


async def no_content(pending: PendingRequest) -> ServerResponse:
    await pending.process()
    return ServerResponse(status=204)


@trap("A conversation is deleted, and the response is a 204")
async def answered_204(who: Contender) -> str:
    return await deleted(who, Fault(name="no_content", effect=no_content, operation=DELETE))
