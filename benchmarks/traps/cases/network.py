"""Proxies, gateways, large and hostile responses, TLS."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from unittest import mock

import aiohttp
import openai
import trustme

from benchmarks.traps.clients import KEY, Contender
from benchmarks.traps.stage import in_real_time, message, server, stage
from benchmarks.traps.trap import Trap, Traps
from benchmarks.traps.words import attempted, counted, outcome, raised, times
from openai_conversations.server import faults
from tests.sockets import answering, http

trap = Traps()


@trap("The response is a redirect to itself")
async def redirect(who: Contender) -> str:
    async with stage(who) as at:
        location = {"location": f"/v1/conversations/{at.id}"}
        at.server.add_fault(faults.status(307, headers=location, operation="getConversation", count=None))
        came = await outcome(at.client.conversations.retrieve(at.id))
        return f"{came} after {counted(len(at.server.requests) - 1)}"


@trap("A gateway sets a cookie of 9,000 bytes with every response")
async def large_cookie(who: Contender) -> str:
    async with server() as running, who.client(running) as client:
        running.add_fault(faults.large_headers())
        made = await outcome(client.conversations.create())
        number = len(running.conversations())
        came = await outcome(client.conversations.items.create(running.conversations()[0].id, items=[message("Hi")]))
        stored = len(running.items(running.conversations()[0].id))
        return f"{made}, {number} made; {came}, stored {times(stored)}"


@trap("The same cookie, two messages, through a session or HTTP client that the caller lends")
async def lent(who: Contender) -> str:
    async with server() as running, lent_by(who) as settings, who.client(running, **settings) as client:
        made = (await client.conversations.create()).id
        running.add_fault(faults.large_headers())
        items = client.conversations.items
        came = [await outcome(items.create(made, items=[message(text)])) for text in ("Hi", "Hello")]
        return f"{' and '.join(came)}; {len(running.items(made))} of 2 stored"


@asynccontextmanager
async def lent_by(who: Contender) -> AsyncIterator[dict[str, Any]]:
    """As its users make it."""
    if not who.is_ours:
        yield {"http_client": openai.DefaultAsyncHttpxClient()}
        return
    async with aiohttp.ClientSession() as session:
        yield {"session": session}


@trap("`base_url` lacks the `/v1`")
async def no_prefix(who: Contender) -> str:
    async with server() as running, who.client(running.url) as client:
        came, error = await attempted(client.conversations.create())
        return f"{came} that {'names' if running.url in str(error) else 'does not name'} it"


@trap("A 400 whose 87 kB grow to 20 MB")
async def bomb(who: Contender) -> str:
    return await in_real_time(bombed(who))


async def bombed(who: Contender) -> str:
    async with stage(who) as at:
        at.server.add_fault(faults.gzip_bomb())
        came, error = await attempted(at.client.conversations.retrieve(at.id))
        return f"{came}, whose text has {len(str(error)):,} characters"


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """These variables, in lower and upper case, while a client is made, which reads them."""
    with mock.patch.dict(os.environ, variables | {name.upper(): value for name, value in variables.items()}):
        yield


def excepted(no_proxy: str) -> Callable[[Contender], Awaitable[str]]:
    """The environment names a proxy, and excepts this machine."""

    async def scenario(who: Contender) -> str:
        async with server() as running, answering(http(502)) as proxy:
            with environment(http_proxy=f"http://127.0.0.1:{proxy.port}", no_proxy=no_proxy):
                client = who.made(running)
            async with client:
                await outcome(client.conversations.create())
            to_proxy = any(KEY in value for asked in proxy.asked for value in asked.headers.values())
            return "**the proxy gets the request, and the key**" if to_proxy else "goes straight to the service"

    return scenario


trap += [
    Trap(
        f'The environment names a proxy, and `NO_PROXY="{no_proxy}"` a service on 127.0.0.1',
        excepted(no_proxy),
        is_alone=True,
    )
    for no_proxy in ("localhost,127.0.0.0/8,::1/128", "127.*")
]


@trap("The environment names a SOCKS proxy in `ALL_PROXY`, and what that needs is not installed", is_alone=True)
async def socks(who: Contender) -> str:
    # The official client's half-made object fails once more, in a task of its own, when it is thrown away.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with server() as running:
        try:
            with environment(all_proxy="socks5h://127.0.0.1:1080", http_proxy="", no_proxy=""):
                client = who.made(running)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the result
            names = "names" if "all_proxy" in str(error).lower() else "does not name"
            return f"{raised(error)} that {names} the variable"
        async with client:
            return await outcome(client.conversations.create())


@trap("The service asks for a client's certificate, and there is none; a message is appended")
async def no_certificate(who: Contender) -> str:
    return await in_real_time(refused_in_handshake(who))


async def refused_in_handshake(who: Contender) -> str:
    authority = trustme.CA()
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    settings: dict[str, Any] = (
        {"ssl": trusting} if who.is_ours else {"http_client": openai.DefaultAsyncHttpxClient(verify=trusting)}
    )
    with wanting_certificates(authority) as base_url:
        async with who.client(base_url, max_retries=0, **settings) as client:
            came, error = await attempted(client.conversations.items.create("conv_1", items=[message("Hi")]))
            says = ", and says that nothing was sent" if getattr(error, "sent", None) is False else ""
            return f"{came}{says}"


@contextmanager
def wanting_certificates(authority: trustme.CA) -> Iterator[str]:
    """A server that lets nobody in who shows no certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=refuse_all, args=(listening, context), daemon=True)
        thread.start()
        yield f"https://localhost:{listening.getsockname()[1]}/v1"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def refuse_all(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Begin handshakes until the socket is closed; the alert arrives because the connection is closed in order."""
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
                with suppress(OSError):
                    tls.do_handshake()
                socket.socket.shutdown(tls, socket.SHUT_WR)
                while socket.socket.recv(tls, 65536):
                    pass


@trap("500 calls at once while every response is 503", is_heavy=True)
async def storm(who: Contender) -> str:
    async with server() as running, who.client(running) as client:
        running.add_fault(faults.status(503, count=None))
        await asyncio.gather(*(outcome(client.conversations.retrieve(f"conv_{n}")) for n in range(500)))
        return counted(len(running.requests))
