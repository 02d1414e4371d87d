"""A response that is lost, late, or says something else than what was done."""

from __future__ import annotations

from typing import Any

import attrs

from openai_conversations.server.faults.effects.common import OrderedError, changed, gateway_page, instead_of
from openai_conversations.server.http.errors import conversation_locked
from openai_conversations.server.http.messages import ServerResponse, error_response
from openai_conversations.server.processing import PendingRequest


async def commit_then_drop(pending: PendingRequest, *, reset: bool) -> ServerResponse:
    return attrs.evolve(await pending.process(), drop=True, reset=reset, truth=False)


async def commit_then_status(pending: PendingRequest, *, error: OrderedError) -> ServerResponse:
    return instead_of(await pending.process(), error.response())


async def late_commit(pending: PendingRequest, *, seconds: float, status: int | None, reset: bool) -> ServerResponse:
    pending.process_later(seconds)
    if status is None:
        return ServerResponse(drop=True, reset=reset, truth=False)
    return gateway_page(status)


async def reordered_response(pending: PendingRequest) -> ServerResponse:
    done = await pending.process()
    return instead_of(done, changed(done, _reversed))


def _reversed(page: dict[str, Any]) -> dict[str, Any]:
    ends = {"first_id": page.get("last_id"), "last_id": page.get("first_id")}
    return {**page, "data": page["data"][::-1], **{name: end for name, end in ends.items() if name in page}}


async def drop_before_commit(pending: PendingRequest, *, reset: bool) -> ServerResponse:  # noqa: ARG001  # an effect
    return ServerResponse(drop=True, reset=reset, truth=False)


async def refuse(pending: PendingRequest, *, seconds: float) -> ServerResponse:  # noqa: ARG001  # an effect
    return ServerResponse(drop=True, outage=seconds, truth=False)


async def half_open(pending: PendingRequest, *, commit: bool) -> ServerResponse:
    done = await pending.process() if commit else ServerResponse()
    return attrs.evolve(done, silent=True, truth=False)


async def close_idle(pending: PendingRequest, *, seconds: float, reset: bool) -> ServerResponse:
    return attrs.evolve(await pending.begin(), idle_close=seconds, reset=reset)


async def status(pending: PendingRequest, *, error: OrderedError) -> ServerResponse:  # noqa: ARG001  # an effect
    return error.response()


async def error_in_200(pending: PendingRequest, *, error: OrderedError, commit: bool) -> ServerResponse:
    return instead_of(await pending.process(), error.response()) if commit else error.response()


async def locked(pending: PendingRequest) -> ServerResponse:  # noqa: ARG001  # an effect
    return error_response(conversation_locked())


async def slow(pending: PendingRequest, *, seconds: float, before_commit: bool) -> ServerResponse:
    if before_commit:
        await pending.sleep(seconds)
        return await pending.process()
    response = await pending.process()
    await pending.sleep(seconds)
    return response


async def trickle(pending: PendingRequest, *, seconds: float, chunk: int) -> ServerResponse:
    return attrs.evolve(await pending.process(), interval=seconds, chunk=chunk)
