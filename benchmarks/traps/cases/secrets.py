"""Where a key may show: errors, their tracebacks with local variables, raw responses."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import openai

from benchmarks.traps.clients import KEY, Contender
from benchmarks.traps.stage import server, stage
from benchmarks.traps.trap import Traps
from openai_conversations.server import ConversationsServer, faults
from tests.sockets import answering, http

trap = Traps()

OTHER_KEY = "b7e1f0c2a94d4e58"
"""A key that does not look like one, as gateways give them out."""


@trap("The key ends with a line break")
async def bad_key(who: Contender) -> str:
    async with ConversationsServer() as running:
        place, shown = "nowhere", ""
        try:
            place = "when the client is made"
            async with who.client(running, api_key=f"{KEY}\n") as client:
                place = "at the call"
                await client.conversations.retrieve("conv_1")
            place = "nowhere"
        except Exception:  # noqa: BLE001  # whatever it is, it is the result
            shown = traceback.format_exc()
        return f"refused {place}, {verdict(KEY in shown, 'in the traceback')}"


def verdict(is_shown: bool, where: str) -> str:  # reads as a sentence
    return f"the key is **{where}**" if is_shown else "the key is not shown"


async def error_of(call: Awaitable[Any]) -> BaseException:
    """What a call raises."""
    try:
        await call
    except Exception as error:  # noqa: BLE001  # the very thing
        return error
    raise AssertionError("the call succeeded")


def local_variables(error: BaseException) -> str:
    """What error reporters show: the local variables of all frames, of the packages alone."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    chain: list[Any] = []
    while shown is not None:
        chain += [frame.locals for frame in shown.stack if "benchmarks" not in frame.filename]
        shown = shown.__cause__ or shown.__context__  # type: ignore[assignment]
    return repr(chain)


def reported(
    call: Callable[[Contender, ConversationsServer], Awaitable[BaseException]],
) -> Callable[[Contender], Awaitable[str]]:
    """An error goes to what shows the local variables of a traceback."""

    async def scenario(who: Contender) -> str:
        async with server() as running:
            return verdict(KEY in local_variables(await call(who, running)), "in local variables")

    return scenario


async def refused(who: Contender, _: ConversationsServer) -> BaseException:
    async with who.client("http://127.0.0.1:1/v1", max_retries=0) as client:
        return await error_of(client.conversations.retrieve("conv_1"))


async def dropped(who: Contender, running: ConversationsServer) -> BaseException:
    running.add_fault(faults.drop_before_commit(count=None))
    async with who.client(running, max_retries=0) as client:
        return await error_of(client.conversations.retrieve("conv_1"))


async def silent(who: Contender, running: ConversationsServer) -> BaseException:
    running.add_fault(faults.slow(10, count=None))
    async with who.client(running, max_retries=0, **who.bound(1.0)) as client:
        return await error_of(client.conversations.retrieve("conv_1"))


async def cancelled(who: Contender, running: ConversationsServer) -> BaseException:
    running.add_fault(faults.slow(10, count=None))
    async with who.client(running) as client:
        return await error_of(asyncio.wait_for(client.conversations.retrieve("conv_1"), 1.0))


async def proxy_down(who: Contender, running: ConversationsServer) -> BaseException:
    """Nothing listens on port 1."""
    nowhere = "http://127.0.0.1:1"
    settings: Any = (
        {"proxy": nowhere} if who.is_ours else {"http_client": openai.DefaultAsyncHttpxClient(proxy=nowhere)}
    )
    async with who.client(running, max_retries=0, **settings) as client:
        return await error_of(client.conversations.retrieve("conv_1"))


async def unreadable(who: Contender, running: ConversationsServer) -> BaseException:
    running.add_fault(faults.malformed_json())
    async with who.client(running) as client:
        return await error_of(client.conversations.create())


for what, call in (
    ("The connection is refused", refused),
    ("The connection drops", dropped),
    ("Time is up", silent),
    ("The call is cancelled", cancelled),
    ("The proxy is down", proxy_down),
    ("The response is not JSON", unreadable),
):
    trap(f"{what}, and the traceback is reported with its local variables")(reported(call))


@trap("A 401 repeats a key that does not look like one")
async def echoed(who: Contender) -> str:
    said = f'{{"error": {{"message": "Incorrect API key provided: {OTHER_KEY}"}}}}'.encode()
    async with (
        answering(http(401, said, "content-type: application/json")) as listening,
        who.client(listening.base_url, api_key=OTHER_KEY) as client,
    ):
        error = await error_of(client.conversations.retrieve("conv_1"))
        return verdict(OTHER_KEY in str(error), "in the error's text")


@trap("The request's headers are read from a raw response")
async def raw_headers(who: Contender) -> str:
    async with stage(who) as at:
        raw = await at.client.conversations.with_raw_response.retrieve(at.id)
        headers = dict(raw.http_request.headers)
        are_all = "authorization" in {name.lower() for name in headers}
        return f"{'all' if are_all else 'not all'} that were sent, {verdict(KEY in str(headers), 'among them')}"
