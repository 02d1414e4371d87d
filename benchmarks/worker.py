"""
One measurement in a process of its own: ``python -m benchmarks.worker CASE CONTENDER URL``; prints one number.

Times are CPU time of this process, in microseconds per operation, unless the case says otherwise; memory is in bytes.
"""

from __future__ import annotations

import asyncio
import compileall
import gc
import importlib.util
import itertools
import os
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks import fleet, payloads
from benchmarks.contenders import CONTENDERS
from benchmarks.streams import cases


async def _rate(call: Callable[[], Awaitable[object]], concurrency: int, total: int) -> float:
    """Microseconds of CPU per call, after a warm-up that opens the connections."""

    async def work(count: int) -> None:
        for _ in range(count):
            await call()

    async def all_workers(count: int) -> None:
        await asyncio.gather(*(work(max(1, count // concurrency)) for _ in range(concurrency)))

    await all_workers(total // 5)
    gc.collect()
    gc.freeze()
    began = time.process_time()
    await all_workers(total)
    return (time.process_time() - began) / (max(1, total // concurrency) * concurrency) * 1e6


def _scale(contender: str, total: int) -> int:
    """The official client is slow enough to be measured with a fifth of the calls."""
    return total // 5 if contender.startswith("official") else total


async def retrieve(contender: str, url: str, concurrency: int) -> float:
    client = CONTENDERS[contender](url)
    try:
        return await _rate(client.retrieve, concurrency, _scale(contender, 6000))
    finally:
        await client.close()


async def create_items(contender: str, url: str, count: int) -> float:
    """
    Sixteen tasks, each append in a conversation of its own: ours sends one at a time to each.

    The response has the same ids every time, which in one conversation would be looked up.
    """
    client = CONTENDERS[contender](url)
    items = payloads.items_to_send(count)
    names = (f"create{count}-{number}" for number in itertools.count())
    total = _scale(contender, 3000 if count == 1 else 1500)
    try:
        return await _rate(lambda: client.create_items(next(names), items), 16, total)
    finally:
        await client.close()


async def page(contender: str, url: str) -> float:
    client = CONTENDERS[contender](url)
    try:
        return await _rate(client.page, 4, _scale(contender, 600))
    finally:
        await client.close()


async def walk(contender: str, url: str) -> float:
    client = CONTENDERS[contender](url)
    try:
        if contender != "official":
            await client.page()
        began = time.process_time()
        for _ in range(1 if contender.startswith("official") else 4):
            assert await client.walk() == payloads.PAGES * payloads.PAGE_SIZE
        return (time.process_time() - began) / (1 if contender.startswith("official") else 4) * 1e6
    finally:
        await client.close()


async def export(contender: str, url: str) -> float:
    """10,000 items: ``walk`` reads them as objects, ``ours`` writes them as JSON Lines with a manifest."""
    client = CONTENDERS["ours"](url)
    try:
        await (client.walk() if contender == "walk" else client.export())
        began = time.process_time()
        for _ in range(4):
            count = await client.walk() if contender == "walk" else await client.export()
            assert count == payloads.PAGES * payloads.PAGE_SIZE
        return (time.process_time() - began) / 4 * 1e6
    finally:
        await client.close()


async def burst(contender: str, url: str) -> float:
    """5,000 tasks at once on a pool of 100; CPU of all of them. Raises when one fails."""
    client = CONTENDERS[contender](url)
    try:
        await client.retrieve()
        began = time.process_time()
        await asyncio.gather(*(client.retrieve() for _ in range(5000)))
        return (time.process_time() - began) / 5000 * 1e6
    finally:
        await client.close()


async def first_call(contender: str, url: str) -> float:
    """From nothing imported to the first response, CPU."""
    began = time.process_time()
    client = CONTENDERS[contender](url)
    await client.retrieve()
    spent = time.process_time() - began
    await client.close()
    return spent * 1e6


def decode(contender: str, kind: str, count: int) -> float:
    """A page from bytes to objects."""
    rounds = 2000 // count * (1 if contender == "official" else 10)
    return _repeated(decoder(contender), payloads.as_bytes(payloads.page(kind, count)), rounds)


def _repeated(step: Callable[[bytes], object], body: bytes, rounds: int) -> float:
    """Microseconds of CPU per round, after a warm-up."""
    for _ in range(rounds // 5 + 2):
        step(body)
    gc.collect()
    gc.freeze()
    began = time.process_time()
    for _ in range(rounds):
        step(body)
    return (time.process_time() - began) / rounds * 1e6


def decoder(contender: str) -> Callable[[bytes], object]:
    if contender == "ours":
        from openai_conversations.converters.codec import codec
        from openai_conversations.resources.listing import ConversationItemPage

        return lambda body: codec().decode(body, ConversationItemPage)
    if contender == "orjson":
        import orjson

        return orjson.loads
    if contender == "msgspec":
        import msgspec

        return msgspec.json.Decoder().decode
    import json

    from openai._models import construct_type
    from openai.types.conversations import ConversationItemList

    return lambda body: construct_type(type_=ConversationItemList, value=json.loads(body))


def ids_of_page(contender: str, count: int) -> float:
    """A page of which nothing but the ids is read, as erase reads it."""
    return _repeated(ids_reader(contender), payloads.as_bytes(payloads.page("mixed", count)), 20_000 // count)


def ids_reader(contender: str) -> Callable[[bytes], object]:
    if contender == "orjson":
        return decoder(contender)
    from openai_conversations.api.pagination import item_id, json_page
    from openai_conversations.transport.message import HTTPResponse

    source: Any = None  # no request: only the body is looked at

    def read(body: bytes) -> object:
        response = HTTPResponse(status_code=200, headers={}, content=body, source=source)
        return [item_id(item) for item in json_page(response, exact=False).items]

    return read


def memory_of_items(contender: str, _: str) -> float:
    """Growth of the resident memory with 100,000 decoded items of every page its own strings."""
    step = decoder(contender)
    step(payloads.as_bytes(payloads.page("mixed", 100)))
    gc.collect()
    before = _resident()
    kept = [step(payloads.as_bytes(payloads.page("mixed", 100, number))) for number in range(1000)]
    gc.collect()
    grown = _resident() - before
    assert len(kept) == 1000
    return grown


def _resident() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory_of_client(contender: str, url: str) -> float:
    """Bytes of one more client; ``ours`` is a view that shares the connections."""
    make = _client_maker(contender, url)
    kept: list[Any] = [make() for _ in range(10)]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    count = 1000 if contender == "ours" else 20
    kept += [make() for _ in range(count)]
    gc.collect()
    return (tracemalloc.get_traced_memory()[0] - before) / count


def _client_maker(contender: str, url: str) -> Callable[[], object]:
    if contender == "ours":
        from openai_conversations import ConversationsClient

        client = ConversationsClient(api_key="sk-x", base_url=url)
        return lambda: client.with_options(api_key="sk-y")
    import openai

    official = openai.AsyncOpenAI(api_key="sk-x", base_url=url)
    if contender == "official-view":
        return lambda: official.with_options(api_key="sk-y")
    return lambda: openai.AsyncOpenAI(api_key="sk-x", base_url=url)


async def middleware(contender: str, _: str) -> float:
    """CPU of a retrieve without network, with a part of the chain: what each middleware costs."""
    from openai_conversations import ConversationsClient
    from openai_conversations.transport.message import HTTPRequest, HTTPResponse

    body = payloads.as_bytes(payloads.conversation())

    async def response(request: HTTPRequest, _: Any) -> HTTPResponse:
        return HTTPResponse(status_code=200, headers={}, content=body, source=request)

    async def pass_on(request: HTTPRequest, handler: Any) -> HTTPResponse:
        return await handler(request)  # type: ignore[no-any-return]

    chains: dict[str, tuple[Any, ...]] = {"none": (response,), "one of the user's": (pass_on, response)}
    client = ConversationsClient(api_key="sk-x", base_url="http://localhost/v1", middlewares=chains.get(contender, ()))
    if contender not in chains:
        _cut_chain(client, contender, response)
    retrieve = client.conversations.retrieve
    return await _rate(lambda: retrieve(payloads.CONVERSATION_ID), 1, 10000)


def _cut_chain(client: Any, part: str, response: Any) -> None:
    """Leave only the named part of the chain above a handler that responses."""
    from functools import partial

    import attrs

    from openai_conversations.api.caller import Caller
    from openai_conversations.client import build_chain
    from openai_conversations.resources.conversations import Conversations
    from openai_conversations.transport.credentials import Credentials
    from openai_conversations.transport.status import status_to_error
    from openai_conversations.version import __version__

    async def bare(request: Any, _: Any = None) -> Any:
        return await response(request, None)

    shared = client._shared
    auth = Credentials(client._settings, __version__, bare)
    parts = {
        "order": partial(shared.writing.order, handler=bare),
        "reconcile": partial(shared.reconcile, handler=bare),
        "status": partial(status_to_error, handler=bare),
        "retry": partial(shared.retry, handler=bare),
        "auth": auth,
        "all": build_chain(attrs.evolve(shared, middlewares=()), auth),
    }
    caller = Caller(settings=client._settings, send=parts[part], runtime=shared.runtime)
    client.conversations = Conversations(caller, shared.writing)


CASES: dict[str, Callable[[str, str], Any]] = {
    "first-call": first_call,
    "retrieve-1": lambda who, url: retrieve(who, url, 1),
    "retrieve-16": lambda who, url: retrieve(who, url, 16),
    "retrieve-128": lambda who, url: retrieve(who, url, 128),
    "retrieve-16-cookies": lambda who, url: retrieve(who, url, 16),
    "create-1": lambda who, url: create_items(who, url, 1),
    "create-20": lambda who, url: create_items(who, url, 20),
    "page-100": page,
    "walk-10000": walk,
    "export-10000": export,
    "burst-5000": burst,
    "decode-10-mixed": lambda who, _: decode(who, "mixed", 10),
    "decode-100-mixed": lambda who, _: decode(who, "mixed", 100),
    "decode-100-messages": lambda who, _: decode(who, "messages", 100),
    "decode-100-unknown": lambda who, _: decode(who, "unknown", 100),
    "decode-100-ids": lambda who, _: ids_of_page(who, 100),
    "memory-items": memory_of_items,
    "memory-client": memory_of_client,
    "bulk-erase": lambda who, _: fleet.measure(who),
    "turn-16": lambda who, _: cases.turn(who),
    "event-1": lambda who, _: cases.events(who, 1),
    "event-10": lambda who, _: cases.events(who, 10),
    "streams-1000": lambda who, _: cases.many(who),
    "streams-1000-silent": lambda who, _: cases.waiting(who),
    "memory-stream": lambda who, _: cases.memory(who),
    "middleware": middleware,
}


def compile_all() -> None:
    """As an installer does; a source tree is compiled at each import where Python is told to write no bytecode."""
    for package in ("openai_conversations", "benchmarks"):
        found = importlib.util.find_spec(package)
        for folder in found.submodule_search_locations or () if found else ():
            compileall.compile_dir(folder, quiet=1)


def pin_to_first() -> None:
    """Stay on the first core, children too; the server has the last."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def main() -> None:
    case, contender, url = sys.argv[1:4]
    pin_to_first()
    result = CASES[case](contender, url)
    print(asyncio.run(result) if asyncio.iscoroutine(result) else result)


if __name__ == "__main__":
    main()
