"""A response that is lost, late, or says something else than what was done."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from openai_conversations.server.faults.effects.common import instead_of, ordered_error
from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.messages import ServerResponse, error_response
from openai_conversations.server.http.processing import PendingRequest


async def commit_then_drop(pending: PendingRequest, *, reset: bool) -> ServerResponse:
    return attrs.evolve(await pending.process(), drop=True, reset=reset, truth=False)


async def commit_then_status(pending: PendingRequest, *, status: int, headers: Mapping[str, str]) -> ServerResponse:
    done = await pending.process()
    return instead_of(done, ordered_error(status, headers, None, None))


async def drop_before_commit(pending: PendingRequest, *, reset: bool) -> ServerResponse:  # noqa: ARG001  # an effect
    return ServerResponse(drop=True, reset=reset, truth=False)


async def refuse(pending: PendingRequest, *, seconds: float) -> ServerResponse:  # noqa: ARG001  # an effect
    return ServerResponse(drop=True, outage=seconds, truth=False)


async def status(
    pending: PendingRequest,  # noqa: ARG001  # an effect
    *,
    status: int,
    headers: Mapping[str, str],
    message: str | None,
    code: str | None,
) -> ServerResponse:
    return ordered_error(status, headers, message, code)


async def locked(pending: PendingRequest) -> ServerResponse:  # noqa: ARG001  # an effect
    message = "Another process is currently operating on this conversation. Please retry in a few seconds."
    return error_response(HTTPError(400, message, param="conversation", code="conversation_locked"))


async def slow(pending: PendingRequest, *, seconds: float, before_commit: bool) -> ServerResponse:
    if before_commit:
        await pending.sleep(seconds)
        return await pending.process()
    response = await pending.process()
    await pending.sleep(seconds)
    return response


async def trickle(pending: PendingRequest, *, seconds: float, chunk: int) -> ServerResponse:
    return attrs.evolve(await pending.process(), pace=seconds, chunk=chunk)
