"""
Nothing secret shows: one marker in every place where a secret may be, and a search through all that can be seen.

What can be seen: repr and str of everything that a caller holds, the errors and all that is chained to them, their
tracebacks, log records at DEBUG of this package and of aiohttp, and pickles.
"""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import logging
import pickle
import traceback
import zlib
from base64 import b64encode
from contextlib import suppress
from html import unescape
from typing import Any, TypedDict
from urllib.parse import quote, unquote

import aiohttp
import pytest

from openai_conversations import (
    APIResponseValidationError,
    APIStatusError,
    BodyLimits,
    Conversation,
    ConversationsClient,
    ConversationsError,
    RequestInfo,
    RetryPolicy,
    UnknownItem,
)
from openai_conversations.converters.codec import codec
from openai_conversations.converters.json import dumps
from openai_conversations.schemas.items.base import Item
from openai_conversations.settings import resolve
from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from tests.fakes import respond, until
from tests.sockets import answering, hanging_up, http, serving, silent
from tests.virtual_time import runtime

MARKER = "mArKeR-7f3a9c"
KEY = f"sk-{MARKER}"

TOOLS = {
    "type": "additional_tools",
    "id": "at_1",
    "role": "developer",
    "tools": [
        {"type": "mcp", "server_label": "s", "authorization": MARKER, "headers": {"X-Api": MARKER}},
        {
            "type": "shell",
            "environment": {
                "type": "container_auto",
                "network_policy": {
                    "type": "allowlist",
                    "allowed_domains": ["h"],
                    "domain_secrets": [{"domain": "h", "name": "n", "value": MARKER}],
                },
            },
        },
        {"type": "new_tool", "authorization": MARKER, "nested": {"key": MARKER}},
    ],
}
EXECUTED = {
    "type": "local_shell_call",
    "id": "ls_1",
    "call_id": "c",
    "status": "completed",
    "action": {"type": "exec", "command": ["ls"], "env": {"TOKEN": MARKER}},
}
UNKNOWN = {"type": "hologram", "id": "h_1", "authorization": MARKER, "headers": {"a": MARKER}}
MISFIT = {"type": "additional_tools", "id": "at_2", "role": 7, "tools": [{"authorization": MARKER}]}


def chain(error: BaseException | None) -> list[BaseException]:
    """An error and all that is chained to it, suppressed or not."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def locals_of(error: BaseException) -> str:
    """
    What error reporters show: the local variables of all frames of an error and of all that is chained to it.

    Those of the tests themselves, which know the key, and of functions that a test gave, are left out.
    """
    shown = []
    for each in chain(error):
        traceback_ = each.__traceback__
        while traceback_ is not None:
            frame, traceback_ = traceback_.tb_frame, traceback_.tb_next
            if frame.f_code.co_filename != __file__:
                name = f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
                shown += [f"{name}: {variable} = {value!r}" for variable, value in frame.f_locals.items()]
    return "\n".join(shown)


def leaks(error: BaseException) -> list[str]:
    """The local variables that show the marker."""
    return [line for line in locals_of(error).split("\n") if MARKER in line]


def seen(value: Any) -> str:
    """All that can be seen of a value."""
    shown = [repr(value), str(value)]
    if isinstance(value, BaseException):
        shown.append("".join(traceback.format_exception(value)))
        for error in chain(value):
            shown += [repr(error), str(error), repr(error.args), repr(vars(error))]
            shown += [repr(attribute) + str(attribute) for attribute in vars(error).values()]
    return "\n".join(shown)


def pickled(value: Any) -> str:
    """What a pickle holds, and what comes out of it."""
    body = pickle.dumps(value)
    return body.decode("latin-1") + repr(vars(pickle.loads(body)) if hasattr(value, "__dict__") else value)  # noqa: S301


# Ways to give a key, and what each is called.
WAYS = {
    "constructor": {"api_key": KEY},
    "provider": {"api_key": lambda: KEY},
    "azure key": {"api_key": KEY, "profile": "azure"},
    "isolation key": {"api_key": "k", "profile": "azure", "user_isolation_key": MARKER},
    "extra headers": {"api_key": None, "profile": "generic", "extra": {"Authorization": f"Bearer {KEY}"}},
    "default headers": {"api_key": None, "profile": "generic", "default_headers": {"X-Auth-Token": MARKER}},
    "a header of any name": {
        "api_key": None,
        "profile": "generic",
        "default_headers": {"X-LocalLimiter": f"Bearer {KEY}"},
    },
    "default query": {"api_key": None, "profile": "generic", "default_query": {"api-key": MARKER}},
    "extra query": {"api_key": None, "profile": "generic", "query": {"access_token": MARKER}},
}
SERVERS = {
    "says no": lambda: answering(http(401, b'{"error":{"message":"Incorrect API key provided: %s"}}' % KEY.encode())),
    "repeats headers": lambda: answering(http(400, b'{"detail":"bad header authorization: Bearer %s"}' % KEY.encode())),
    "is broken": lambda: answering(http(500, b"")),
    "redirects": lambda: answering(http(307, b"", "Location: http://h/v1")),
    "hangs up": hanging_up,
    "speaks no HTTP": lambda: hanging_up(after=b"HTTP/9.9 what\r\n\r\n"),
    "breaks off": lambda: hanging_up(after=b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    "answers nonsense": lambda: answering(http(200, b"<html>")),
    "answers another kind": lambda: answering(http(200, b'{"id":["x"]}')),
    "is silent": silent,
}


@pytest.mark.virtual_time
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", SERVERS)
async def test_keys(way, kind, caplog):
    """However a key is given, and whatever a server does with a call, nobody sees the key."""
    caplog.set_level(logging.DEBUG)
    settings = dict(WAYS[way])
    options = {"extra_headers": settings.pop("extra", None), "extra_query": settings.pop("query", None)}
    async with SERVERS[kind]() as server:
        settings |= {"retry": RetryPolicy(initial=0.001), "max_retries": 1, "timeout": 0.2, "runtime": runtime()}
        client = ConversationsClient(base_url=server.base_url, **settings)
        errors = []
        async with client:
            for call in (
                client.conversations.retrieve("conv_1", **options),
                client.conversations.items.create("conv_1", items=[TOOLS], guard="off", **options),
            ):
                with pytest.raises(ConversationsError) as caught:
                    await call
                errors.append(caught.value)
        assert any(MARKER in asked.line + repr(asked.headers) for asked in server.asked), "the key was never sent"

    if kind in {"says no", "repeats headers"}:  # the body is what the server said; it is kept, and not shown
        for error in errors:
            error.body = None
    hidden = [client, client.with_options(max_retries=0), *errors, *(copy.deepcopy(error) for error in errors)]
    assert MARKER not in "\n".join(seen(value) for value in hidden)
    assert MARKER not in caplog.text + repr([record.__dict__ for record in caplog.records])
    if kind not in {"says no", "repeats headers"}:
        assert MARKER not in "\n".join(pickled(error) for error in errors)


@pytest.mark.parametrize("way", WAYS)
async def test_responses(way, caplog):
    """Answers, raw and streamed ones, and their requests show no key, and pickle none."""
    caplog.set_level(logging.DEBUG)
    settings = dict(WAYS[way])
    options = {"extra_headers": settings.pop("extra", None), "extra_query": settings.pop("query", None)}
    kept: list[Any] = []

    async def keep(request, handler):
        response = await handler(request)
        kept.extend([request, response, response.source, response.request, response.history])
        return response

    reply = http(200, b'{"id":"conv_1","object":"conversation","created_at":1,"metadata":{}}')
    async with (
        answering(reply) as server,
        ConversationsClient(base_url=server.base_url, middlewares=[keep], **settings) as client,
    ):
        kept.append(await client.conversations.retrieve("conv_1", **options))
        raw = await client.conversations.with_raw_response.retrieve("conv_1", **options)
        kept.extend([raw, raw.http_request, raw.attempts])
        async with client.conversations.with_streaming_response.retrieve("conv_1", **options) as streamed:
            kept.append(streamed)
            await streamed.read()

    assert MARKER not in "\n".join(seen(value) for value in kept)
    assert MARKER not in caplog.text
    travelling = [value for value in kept if isinstance(value, HTTPRequest | HTTPResponse | RequestInfo | Conversation)]
    assert {HTTPRequest, HTTPResponse, RequestInfo, Conversation} == {type(value) for value in travelling}
    assert MARKER not in "\n".join(pickled(value) for value in travelling if getattr(value, "stream", None) is None)


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": f"{KEY}\n"},
        {"api_key": [KEY]},
        {"api_key": f"{KEY} "},
        {"api_key": "k", "base_url": KEY},
        {"api_key": "k", "base_url": f"http://{MARKER}:{MARKER}@h/v1"},
        {"api_key": "k", "base_url": f"http://h/v1?key={MARKER}"},
        {"api_key": "k", "default_headers": {"X": f"{MARKER}\n"}},
        {"api_key": "k", "default_headers": {f"Authorization Bearer {KEY}": ""}},
        {"api_key": "k", "proxy": f"socks5://user:{MARKER}@h"},
    ],
)
def test_settings_that_are_refused(settings):
    """What is refused when a client is made is named and not shown, in no traceback either."""
    with pytest.raises(ConversationsError) as caught:
        ConversationsClient(**settings)

    assert MARKER not in seen(caught.value)


def test_settings():
    """The settings of a client show no secret, and cannot be pickled."""
    settings = resolve(
        api_key=KEY,
        base_url="http://h/v1",
        default_headers={"X": MARKER},
        default_query={"X": MARKER},
        proxy=f"http://u:{MARKER}@h",
        environ={},
    )

    assert MARKER not in seen(settings)
    with pytest.raises(TypeError):
        pickle.dumps(settings)


async def test_proxies(caplog):
    """The password of a proxy is not shown, whether the proxy is not there, refuses, or speaks no HTTP."""
    caplog.set_level(logging.DEBUG)
    shown = []
    for proxied in (lambda: answering(http(407, b"")), lambda: hanging_up(after=b"what\r\n\r\n"), hanging_up):
        for scheme in ("http", "https"):
            async with proxied() as proxy:
                address = f"http://user:{MARKER}@127.0.0.1:{proxy.port}"
                settings = {"base_url": f"{scheme}://api.example/v1", "proxy": address, "max_retries": 0}
                async with ConversationsClient(api_key=KEY, **settings) as client:
                    with pytest.raises(ConversationsError) as caught:
                        await client.conversations.retrieve("conv_1")
                shown.append(seen(caught.value) + pickled(caught.value))
    async with ConversationsClient(api_key=KEY, **{**settings, "proxy": address}) as client:
        with pytest.raises(ConversationsError) as caught:
            await client.conversations.retrieve("conv_1")

    assert MARKER not in "\n".join(shown) + seen(caught.value) + pickled(caught.value) + caplog.text


@pytest.mark.parametrize("data", [TOOLS, EXECUTED, UNKNOWN, MISFIT], ids=["tools", "shell", "unknown", "misfit"])
def test_items(data):
    """Tokens, headers and secrets of tools, and the environment of a command, are not shown by an item."""
    item: Item = codec().decode(dumps(data), Item)

    assert MARKER not in seen(item)
    assert MARKER not in seen([item])
    for tool in getattr(item, "tools", []):
        assert MARKER not in seen(tool)
    assert (data["type"] in repr(item)) is isinstance(item, UnknownItem)


async def test_items_that_are_refused():
    """An item that cannot be sent, and a response that does not fit, are named by their place, and not shown."""
    page = b'{"object":"list","data":{"authorization":"%s"}}' % MARKER.encode()
    async with (
        answering(http(200, page)) as server,
        ConversationsClient(api_key=KEY, base_url=server.base_url, max_retries=0) as client,
    ):
        bad = {"type": "mcp", "authorization": MARKER, "headers": {"X": object(), "Y": MARKER}}
        with pytest.raises(ConversationsError) as refused:
            await client.conversations.items.create("conv_1", items=[bad])
        with pytest.raises(ConversationsError) as misfit:
            await client.conversations.items.list("conv_1")
    misfit.value.body = None  # what the server said is kept, and not shown

    assert MARKER not in seen(refused.value) + seen(misfit.value)


async def test_a_provider_that_fails(caplog):
    """The words of a provider's error are the caller's own; they do not get into ours, or into a log."""
    caplog.set_level(logging.DEBUG)
    asked = []

    def provider():
        asked.append(1)
        if len(asked) > 1:
            raise PermissionError(f"vault refused {MARKER}")
        return KEY

    async with (
        hanging_up() as server,
        ConversationsClient(api_key=provider, base_url=server.base_url, retry=RetryPolicy(initial=0.001)) as client,
    ):
        with pytest.raises(ConversationsError) as caught:
            await client.conversations.items.create("conv_1", items=[{"role": "user", "content": "Hi"}])

    assert "PermissionError" in str(caught.value)
    assert MARKER not in seen(caught.value) + pickled(caught.value) + caplog.text


async def test_native_failures():
    """An error of aiohttp that holds the headers of the request is not chained to ours."""

    async def peer(_reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n")

    async with (
        serving(peer) as server,
        ConversationsClient(api_key=KEY, base_url=server.base_url, max_retries=0) as client,
    ):
        with pytest.raises(ConversationsError) as caught:
            await client.conversations.retrieve("conv_1")

    assert MARKER not in seen(caught.value)


# Local variables


OURS = {
    "constructor",
    "provider",
    "azure key",
    "isolation key",
    "default headers",
    "a header of any name",
    "default query",
}
"""Ways to give a key to the client; what a caller gives to a call is in the caller's own frames as well."""


@pytest.mark.virtual_time
@pytest.mark.parametrize("way", sorted(OURS))
@pytest.mark.parametrize("kind", [*SERVERS, "is not there", "speaks no TLS", "is cancelled"])
async def test_local_variables(way, kind):
    """No frame that an error reporter shows holds the key, whatever failed and however."""
    settings = dict(WAYS[way])
    async with SERVERS.get(kind, silent)() as server:
        base_url = server.base_url.replace("http:", "https:") if kind == "speaks no TLS" else server.base_url
        if kind == "is not there":
            base_url = "http://127.0.0.1:1/v1"
        settings |= {"retry": RetryPolicy(initial=0.001), "max_retries": 1, "timeout": 0.2, "runtime": runtime()}
        async with ConversationsClient(base_url=base_url, **settings) as client:
            for call in (
                lambda: client.conversations.retrieve("conv_1"),
                lambda: client.conversations.items.create("conv_1", items=[{"role": "user", "content": "Hi"}]),
                lambda: client.conversations.items.append("conv_1", [{"role": "user", "content": "Hi"}]),
            ):
                task = asyncio.ensure_future(call())
                if kind == "is cancelled":
                    await until(lambda: server.asked)
                    server.asked.clear()
                    task.cancel()
                with pytest.raises((Exception, asyncio.CancelledError)) as caught:
                    await task
                assert [] == leaks(caught.value)


MCP = {"type": "mcp", "server_label": "a", "authorization": MARKER, "headers": {"authorization": MARKER}}

TURNS = {
    "create": lambda client, **turn: client.responses.create(conversation="conv_1", **turn),
    "stream=True": lambda client, **turn: client.responses.create(stream=True, **turn),
    "stream": lambda client, **turn: client.responses.stream(conversation="conv_1", **turn).__aenter__(),
    "safe": lambda client, **turn: client.responses.create(safe=True, **turn),
    "parse": lambda client, **turn: client.responses.parse(text_format=TypedDict("T", {"a": int}), **turn),
    "raw": lambda client, **turn: client.responses.with_raw_response.create(**turn),
    "streaming": lambda client, **turn: client.responses.with_streaming_response.create(**turn).__aenter__(),
    "run": lambda client, *, tools, **turn: client.conversations.run("conv_1", definitions=tools, **turn),
}


@pytest.mark.virtual_time
@pytest.mark.parametrize("way", TURNS)
@pytest.mark.parametrize("how", ["lost", "refused"])
async def test_local_variables_of_a_turn(way, how):
    """No frame of ours holds what a tool is authorized with: not of a turn that fails, nor of one that is refused."""
    wrong = {"extra_body": {"input": "b"}} if how == "refused" else {}
    async with (
        hanging_up() as server,
        ConversationsClient(
            api_key="sk-test", base_url=server.base_url, timeout=1.0, max_retries=0, runtime=runtime()
        ) as client,
    ):
        with pytest.raises(ConversationsError) as caught:
            await TURNS[way](client, model="m", input="a", tools=[MCP], **wrong)

    assert [] == leaks(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "proxied",
    [lambda: answering(http(407, b"")), lambda: hanging_up(after=b"what\r\n\r\n"), hanging_up, None],
    ids=["refuses", "speaks no HTTP", "hangs up", "is not there"],
)
async def test_local_variables_behind_a_proxy(proxied, scheme):
    """The same for the password of a proxy, and for the key."""
    async with (proxied or silent)() as proxy:
        port = 1 if proxied is None else proxy.port
        settings = {"base_url": f"{scheme}://api.example/v1", "proxy": f"http://user:{MARKER}@127.0.0.1:{port}"}
        async with ConversationsClient(api_key=KEY, max_retries=0, **settings) as client:
            with pytest.raises(ConversationsError) as caught:
                await client.conversations.retrieve("conv_1")

    assert [] == leaks(caught.value)


@pytest.mark.parametrize(
    "bad",
    [
        {"api_key": f"{KEY}\n"},
        {"base_url": "h"},
        {"base_url": f"http://h/v1?key={MARKER}"},
        {"timeout": -1},
        {"max_retries": -1},
        {"max_connections": 0},
        {"profile": "aws"},
        {"proxy": f"socks5://user:{MARKER}@h"},
        {"default_headers": {"X-Auth": f"{MARKER}\n"}},
        {"organization": "org\n"},
    ],
    ids=["key", "address", "query", "timeout", "retries", "connections", "profile", "proxy", "header", "organization"],
)
def test_local_variables_of_a_client_that_is_refused(bad):
    """When a client cannot be made, no frame shows the key; and what shows them can show the half-made client."""
    settings = {"api_key": KEY, "default_headers": {"X-Auth": MARKER}, "default_query": {"k": MARKER}, **bad}
    settings = {"proxy": f"http://user:{MARKER}@h", **settings}

    with pytest.raises(ConversationsError) as caught:
        ConversationsClient(**settings)
    assert [] == leaks(caught.value)
    assert "<ConversationsClient" in locals_of(caught.value)

    bad = {name: value for name, value in bad.items() if name not in {"max_connections", "profile", "proxy"}}
    if bad:
        client = ConversationsClient(api_key=KEY, base_url="http://h/v1")
        with pytest.raises(ConversationsError) as caught:
            client.with_options(**{"api_key": KEY, "default_headers": {"X-Auth": MARKER}, **bad})
        assert [] == leaks(caught.value)


@pytest.mark.parametrize("key", [f"{KEY}\n", f" {KEY}", [KEY], KEY.encode()])
async def test_local_variables_of_a_key_that_is_refused(key):
    """A provider's key that cannot be sent is in no frame."""
    async with ConversationsClient(api_key=lambda: key, base_url="http://127.0.0.1:1/v1") as client:
        with pytest.raises(ConversationsError) as caught:
            await client.conversations.retrieve("conv_1")
    assert [] == leaks(caught.value)


@pytest.mark.parametrize("error", [KeyError, RuntimeError, ValueError])
async def test_local_variables_of_a_native_middleware_that_fails(error):
    """The error of a native middleware comes out as it is, with its own frames and without those that hold the key."""

    async def native(_request, _handler):
        raise error("a bug")

    async with aiohttp.ClientSession(middlewares=(native,)) as session:
        client = ConversationsClient(api_key=KEY, base_url="http://127.0.0.1:1/v1", session=session)
        with pytest.raises(error, match="a bug") as caught:
            await client.conversations.retrieve("conv_1")

    assert [] == leaks(caught.value)
    assert "native" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


@pytest.mark.parametrize("key", ["mArKeR/7f+3a9c==", "plain-mArKeR-key", 'a"mArKeR"b', r"a\mArKeR\b"])
@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("escaped", ["", "/", "+=", None], ids=["plain", "slash", "signs", "all"])
async def test_keys_of_any_look(key, status, escaped):
    """A key that looks like nothing is hidden where a server repeats it: by its value, in the body, too."""
    codes = {one: rf"\u{ord(one):04X}" for one in (key if escaped is None else escaped)}
    codes = {one: json.dumps(one)[1:-1] for one in key} | codes | ({"/": r"\/"} if escaped == "/" else {})
    said = "".join(codes[one] for one in key)
    body = b'{"error":{"message":"Incorrect key: %s","code":"%s"}}' % (said.encode(), said.encode())
    async with (
        answering(http(status, body)) as server,
        ConversationsClient(api_key=key, base_url=server.base_url, max_retries=0) as client,
    ):
        with pytest.raises(ConversationsError, match=r"Incorrect key: \*\*\*") as caught:
            await client.conversations.retrieve("conv_1")

    assert "mArKeR" not in seen(caught.value) + pickled(caught.value)


async def test_a_key_in_a_redirect():
    """The address that a redirect leads to is shown without the key that it repeats."""
    async with (
        answering(http(302, b"", "Location: https://login.example/mArKeR+7f/mArKeR%2B7f/?token=mArKeR")) as server,
        ConversationsClient(api_key="mArKeR+7f", base_url=server.base_url) as client,
    ):
        with pytest.raises(ConversationsError, match="redirects are not followed") as caught:
            await client.conversations.retrieve("conv_1")

    assert "mArKeR" not in str(caught.value)


@pytest.mark.parametrize("ensure_ascii", [False, True])
@pytest.mark.parametrize(
    "secret", ["mArKeR\U0001f600\U0001f601", "\U0001f600" * 6, "mArKeR\udcff", "mArKeR" * 1000 + '"']
)
def test_credentials_of_any_characters(secret, ensure_ascii):
    """A credential in the query or a header is hidden in JSON, whatever its characters; the rest of the body stays."""
    content = json.dumps({"error": f"key {secret}!"}, ensure_ascii=ensure_ascii).encode(errors="surrogateescape")
    response = respond(401, content).replace(sent_headers={"x-api-key": secret})

    shown = response.without_secrets().content

    assert shown == (b"***" if len(secret) > 4096 else b'{"error": "key ***!"}')


SAID = b'{"error":{"message":"Incorrect key: %s","code":"%s"}}' % (KEY.encode(), KEY.encode())


def bits(body: bytes, encoding: str) -> bytes:
    return body.decode().encode(encoding)


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(SAID, mtime=0),
        gzip.compress(gzip.compress(SAID, mtime=0), mtime=0),
        gzip.compress(b"-", mtime=0) + SAID,
        gzip.compress(SAID, mtime=0)[:-9],
        gzip.compress(SAID, mtime=0)[:-12] + b"\x00" * 12,
        zlib.compress(SAID),
        gzip.compress(b" " * (1 << 20) + SAID, mtime=0),
        bits(SAID, "utf-16"),
        bits(SAID, "utf-16-le"),
        bits(SAID, "utf-16-be"),
        bits(SAID, "utf-32"),
        b"\x00" + bits(SAID, "utf-16-le"),
        b"\x01\xff" + SAID,
        b"<html>%s" % "".join(f"&#{ord(one)};" for one in KEY).encode(),
        b"<html>%s" % "".join(f"&#x{ord(one):X};" for one in KEY).encode(),
        b"/login?key=%s" % "".join(f"%{ord(one):02X}" for one in KEY).encode(),
        b"/login?key=%s" % KEY.replace("-", "%2d").encode(),
    ],
)
async def test_bodies_of_any_look(status, body, caplog):
    """Compressed without a label, in another encoding, or escaped: the key that a server repeats is hidden."""
    caplog.set_level(logging.DEBUG)
    async with (
        answering(http(status, body)) as server,
        ConversationsClient(api_key=KEY, base_url=server.base_url, max_retries=0) as client,
    ):
        with pytest.raises((APIStatusError, APIResponseValidationError)) as caught:
            await client.conversations.retrieve("conv_1")

    error = caught.value
    assert MARKER not in seen(error) + pickled(error) + str(error.body) + caplog.text
    assert not holds_the_marker(error.response.content)


def holds_the_marker(content: bytes) -> bool:
    """Also where it is compressed or in an encoding of wide characters."""
    if not content:
        return False
    with suppress(OSError, EOFError):
        return holds_the_marker(gzip.decompress(content))
    with suppress(zlib.error):
        return holds_the_marker(zlib.decompressobj(47).decompress(content))
    text = unquote(unescape(content.replace(b"\0", b"").decode("latin-1")))
    return MARKER in text


@pytest.mark.parametrize("length", [6, 10, len(KEY) - 1])
@pytest.mark.parametrize("spelling", ["{}", r"\u{:04x}", "%{:02X}", "&#{};"])
async def test_a_body_that_is_cut(length, spelling):
    """Where the body of an error is cut in the middle of the key, what is left of the key is hidden."""
    repeated = "".join(spelling.format(one if spelling == "{}" else ord(one)) for one in KEY)
    kept = "".join(spelling.format(one if spelling == "{}" else ord(one)) for one in KEY[:length])
    body = b"x" * (BodyLimits().errors - len(kept) - 1) + b" " + repeated.encode()
    async with (
        answering(http(401, body)) as server,
        ConversationsClient(api_key=KEY, base_url=server.base_url, max_retries=0) as client,
    ):
        with pytest.raises(APIStatusError) as caught:
            await client.conversations.retrieve("conv_1")

    assert caught.value.response.content.endswith(b"x ***")


@pytest.mark.parametrize("status", [200, 401])
async def test_a_request_id_that_is_the_key(status, caplog):
    """A gateway may make a request id of the key, or repeat it in any header."""
    caplog.set_level(logging.DEBUG)
    attempts = []
    reply = http(status, b"<html>", f"x-request-id: {KEY}", f"x-echo: Bearer {KEY}")
    async with (
        answering(reply) as server,
        ConversationsClient(
            api_key=KEY, base_url=server.base_url, max_retries=0, retry=RetryPolicy(on_attempt=attempts.append)
        ) as client,
    ):
        raw = client.conversations.with_raw_response
        with pytest.raises((APIStatusError, APIResponseValidationError)) as caught:
            (await raw.retrieve("conv_1")).parse()

    error = caught.value
    assert MARKER not in seen(error) + pickled(error) + repr(dict(error.response.headers)) + repr(attempts)
    assert "***" == error.request_id
    assert MARKER not in caplog.text


@pytest.mark.parametrize("name", ["sig", "code", "pwd", "X-Amz-Signature", "X-Goog-Signature", "sas", "t", "x-unknown"])
async def test_credentials_in_a_query(name, caplog):
    """Of a query, only the API's own parameters are shown; what it signs or proves is hidden in bodies, too."""
    caplog.set_level(logging.DEBUG)
    secret = f"{MARKER}+/="
    async with (
        answering(http(403, f"no access with {secret}, {quote(secret, safe='')}".encode())) as server,
        ConversationsClient(api_key="k-other-key", base_url=server.base_url, default_query={name: secret}) as client,
    ):
        with pytest.raises(APIStatusError) as caught:
            await client.conversations.items.list("conv_1", limit=7, order="asc")

    error = caught.value
    assert f"?{name}=***&limit=7&order=asc" in error.request.url
    assert MARKER not in seen(error) + pickled(error) + str(error.body) + caplog.text


async def test_the_password_of_basic_credentials():
    """What a server reads in them, it may repeat."""
    given = {"Authorization": "Basic " + b64encode(f"user:{MARKER}".encode()).decode()}
    async with (
        answering(http(401, f"wrong password {MARKER}".encode())) as server,
        ConversationsClient(base_url=server.base_url, profile="generic", default_headers=given) as client,
    ):
        with pytest.raises(APIStatusError) as caught:
            await client.conversations.retrieve("conv_1")

    assert MARKER not in seen(caught.value) + pickled(caught.value)
