"""
Every parameter of every public callable is given what it cannot be.

One of our own errors names the parameter, before anything is sent or a file is made. What a parameter may be is read
off its annotation, so a new one is tried without a line here.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import attrs
import pytest

import openai_conversations.resources.conversations
import openai_conversations.resources.items
import openai_conversations.resources.response_inputs
import openai_conversations.resources.responses
import openai_conversations.resources.webhooks
from openai_conversations import (
    AZURE,
    BodyLimits,
    BulkOptions,
    ClientClosedError,
    ConfigurationError,
    Conversation,
    ConversationsClient,
    InvalidArgumentError,
    Ledger,
    Limits,
    PendingCreate,
    Profile,
    RateLimiter,
    Registry,
    RepairReport,
    RetryPolicy,
    Runtime,
    Timeout,
    azure,
    checking,
    erasing,
    erasure_receipts,
    exporting,
    importing,
    read_archive,
    render_archive,
    run_bulk,
)
from openai_conversations.api.arguments import CallOptions
from openai_conversations.checks import shown
from openai_conversations.resources.conversation_operations import OperationOptions
from openai_conversations.resources.response_params import (
    InputTokenCountParams,
    ResponseCompactParams,
    ResponseCreateParams,
    ResponseRetrieveParams,
    TurnParams,
)
from tests.sockets import answering, http

ITEMS = [{"role": "user", "content": "Hi"}]
ARCHIVE = read_archive('{"messages":[{"role":"user","content":"Hi"}]}')
PENDING = PendingCreate(number=1, owner=None, metadata={}, at=0.0)


async def no_job(_row: object, _checkpoint: object) -> None:
    """A job for a run that must not begin."""


class Thing:
    """What no parameter takes."""


@attrs.frozen
class Entrance:
    """
    A public callable.

    Attributes:
        name: What people call it.
        call: Calls it on a client, in a folder, with keywords; whatever that gives is awaited or gone through.
        signature: Its parameters.
        right: Keywords with which it can be called.
        error: The class of its errors.
    """

    name: str
    call: Callable[..., Any]
    signature: inspect.Signature
    right: dict[str, Any]
    error: type[Exception] = InvalidArgumentError


OWNERS = {
    "": ConversationsClient,
    "conversations": openai_conversations.resources.conversations.Conversations,
    "conversations.items": openai_conversations.resources.items.Items,
    "responses": openai_conversations.resources.responses.Responses,
    "responses.input_items": openai_conversations.resources.response_inputs.InputItems,
    "responses.input_tokens": openai_conversations.resources.response_inputs.InputTokens,
    "webhooks": openai_conversations.resources.webhooks.Webhooks,
}


def method(path: str, error: type[Exception] = InvalidArgumentError, /, **right: Any) -> Entrance:
    """A method of a client."""
    attributes = path.split(".")

    def call(client: ConversationsClient, _: object, **keywords: Any) -> Any:
        found: Any = client
        for attribute in attributes:
            found = getattr(found, attribute)
        return found(**keywords)

    owner: Any = OWNERS[path.rpartition(".")[0]]
    return Entrance(path, call, inspect.signature(getattr(owner, attributes[-1])), right, error)


def function(made: Callable[..., Any], error: type[Exception] = InvalidArgumentError, **right: Any) -> Entrance:
    """A function or a class."""
    return Entrance(made.__name__, lambda _client, _folder, **k: made(**k), inspect.signature(made), right, error)


def of_registry(name: str, **right: Any) -> Entrance:
    """A method of a registry."""

    async def call(_: object, folder: Any, **keywords: Any) -> Any:
        async with Registry(folder / "registry.sqlite") as registry:
            return await drained(getattr(registry, name)(**keywords))

    return Entrance(f"Registry.{name}", call, inspect.signature(getattr(Registry, name)), right)


async def of_run(_: object, folder: Any, **keywords: Any) -> Any:
    return await run_bulk(**{"ledger": folder / "ledger.sqlite", **keywords})


class Conversations:
    """What jobs work with."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_, **__: None


ENTRANCES = [
    function(ConversationsClient, ConfigurationError, api_key="k"),
    method("with_options", ConfigurationError),
    method("get", path="/models", cast_to=dict),
    method("post", path="/models", cast_to=dict),
    method("put", path="/models", cast_to=dict),
    method("patch", path="/models", cast_to=dict),
    method("delete", path="/models", cast_to=dict),
    method("responses.create", model="m", input="Hi"),
    method("responses.stream", model="m", input="Hi"),
    method("responses.parse", model="m", input="Hi", text_format=Timeout),
    method("responses.retrieve", response_id="resp_1"),
    method("responses.delete", response_id="resp_1"),
    method("responses.cancel", response_id="resp_1"),
    method("responses.compact", model="m", input="Hi"),
    method("responses.input_items.list", response_id="resp_1"),
    method("responses.input_tokens.count", model="m", input="Hi"),
    method("webhooks.unwrap", payload=b"{}", headers={}),
    method("webhooks.verify_signature", payload=b"{}", headers={}),
    method("conversations.create"),
    method("conversations.list"),
    method("conversations.retrieve", conversation_id="conv_1"),
    method("conversations.update", conversation_id="conv_1", metadata={}),
    method("conversations.delete", conversation_id="conv_1"),
    method("conversations.erase", conversation_id="conv_1"),
    method("conversations.fork", conversation_id="conv_1"),
    method("conversations.export", conversation_id="conv_1"),
    method("conversations.import_", lines='{"messages":[{"role":"user","content":"Hi"}]}'),
    method("conversations.check", conversation_id="conv_1"),
    method("conversations.repair", conversation_id="conv_1"),
    method("conversations.compact", conversation_id="conv_1", model="m"),
    method("conversations.trim", conversation_id="conv_1", model="m", max_tokens=1),
    method("conversations.run", conversation_id="conv_1", model="m", input="Hi"),
    method("conversations.patch_metadata", conversation_id="conv_1", changes={}),
    method("conversations.items.create", conversation_id="conv_1", items=ITEMS),
    method("conversations.items.append", conversation_id="conv_1", items=ITEMS),
    method("conversations.items.list", conversation_id="conv_1"),
    method("conversations.items.retrieve", conversation_id="conv_1", item_id="msg_1"),
    method("conversations.items.delete", conversation_id="conv_1", item_id="msg_1"),
    method("conversations.items.written_elsewhere", conversation_id="conv_1"),
    function(Timeout, ConfigurationError),
    function(BodyLimits, ConfigurationError),
    function(Profile, ConfigurationError, name="mine"),
    function(RetryPolicy, ConfigurationError),
    function(Runtime, ConfigurationError),
    function(azure, ConfigurationError),
    function(Limits),
    function(Limits.parse, text="1"),
    function(RateLimiter),
    function(BulkOptions),
    function(read_archive, lines="{}"),
    function(render_archive, archive=ARCHIVE, format="markdown"),
    function(erasing, conversations=Conversations()),
    function(exporting, conversations=Conversations(), folder="folder"),
    function(importing, conversations=Conversations()),
    function(checking, conversations=Conversations()),
    function(erasure_receipts),
    Entrance("run_bulk", of_run, inspect.signature(run_bulk), {"operation": "x", "job": no_job, "ids": []}),
    function(Ledger, path="ledger.sqlite", operation="x"),
    function(Registry, path="registry.sqlite"),
    of_registry("find"),
    of_registry("expired", older_than=1),
    of_registry("ids"),
    of_registry("get", conversation_id="conv_1"),
    of_registry("track", ids=[]),
    of_registry("pending"),
    of_registry("resolve", pending=PENDING),
]

# What people read, and what only our own code makes; an error is raised, not made.
RESULTS = re.compile(
    r".*(Error|Event|Report|Result|Progress|Summary|Receipt|Page|Lister|Outcome|Row|Item|Proof|Deletes|Plan|Step"
    r"|Checkpoint|Difference|Finding|NotWritable|Registered|PendingCreate|Archive|Attempt|RequestInfo|APIResponse)$"
)

# Shapes for type checkers; what travels through middlewares, two of which are made for each call; a hook of json.dumps,
# which is given anything; what loads names; what only says that there is none of it here;
# what only the client makes.
TAKEN_AS_THEY_ARE = {
    *("AppendResume", "CallOptions", "ConversationLock", "Omit", "OperationOptions", "RequestOptions", "Webhooks"),
    *("HTTPRequest", "HTTPResponse", "Replay"),
    *("ParsedResponse", "ResponseStream", "ResponseStreamManager", "ToolCall"),
    *("json_default", "lazy_imports", "provide", "DefaultAioHttpClient", "OpenAI"),
}

LISTS = Profile(name="lists", lists_conversations=True)

WRONG = [Thing(), 5, -1, 1.5, float("nan"), True, "wrong", b"wrong", [Thing()], {"wrong": Thing()}, Thing]

# What each word of an annotation takes of these.
TAKES = [
    (r"\bobject\b(?! \| None\])|\bAny\b(?!.* cast_to)|extra_body", lambda v: True),
    (r"\bInputParam\b|\bConversationParam\b", lambda v: isinstance(v, str)),
    (r"\bRequestOptions\b", lambda v: isinstance(v, dict)),  # an unknown member is Python's own error
    (r" cast_to$", lambda v: v is bytes),
    (r"\bstr\b(?!,)|\bIds\b|ApiKey|PathLike|\bText\b|Lines", lambda v: isinstance(v, str)),
    (r"\bbytes\b|Lines", lambda v: isinstance(v, bytes)),
    (r"\bbool\b|SSL", lambda v: isinstance(v, bool)),
    (r"\bint\b.* limit$", lambda v: v == -1),  # it is sent as given, and so is the order
    (r"\bOmit\b.* order$", lambda v: isinstance(v, str)),
    # Words of the service, closed for type checkers alone: those that are newer than this package are sent, too.
    (
        r"\b(?:PromptCacheRetention|ServiceTier|ToolChoiceParam|Truncation)\b| service_tier$",
        lambda v: isinstance(v, str),
    ),
    (r" interval$", lambda v: v == 0),
    (
        r" idle_for$| older_than$",
        lambda v: v in {-1, 5, 1.5} and not isinstance(v, bool) if isinstance(v, (int, float)) else False,
    ),
    (r"\bint\b", lambda v: v == 5 and not isinstance(v, bool)),
    (r"\bfloat\b", lambda v: type(v) in {int, float} and v in {5, 1.5}),
    (r"Callable|ApiKey|OnAppendProgress|OnProgress|OnCreated", callable),
    (r"^Mapping\[str, object\]|extra_query", lambda v: isinstance(v, dict)),
]


def annotations(entrance: Entrance) -> Iterator[tuple[str, str]]:
    """The parameters and what is written behind them; keywords of options stand for themselves."""
    for name, parameter in entrance.signature.parameters.items():
        if name == "self":
            continue
        if parameter.kind is not parameter.VAR_KEYWORD:
            yield name, str(parameter.annotation)
            continue
        (options,) = [kind for kind in KEYWORDS if f"[{kind.__name__}]" in str(parameter.annotation)]
        for option in options.__annotations__:
            yield option, str(options.__annotations__[option])


KEYWORDS = (
    *(CallOptions, OperationOptions),
    *(TurnParams, ResponseCreateParams, ResponseRetrieveParams, ResponseCompactParams, InputTokenCountParams),
)


def wrong_values(entrance: Entrance) -> Iterator[tuple[str, Any]]:
    for name, annotation in annotations(entrance):
        for value in WRONG:
            if not any(re.search(words, f"{annotation} {name}") and takes(value) for words, takes in TAKES):
                yield name, value


async def drained(result: Any) -> Any:
    """What a call does is done when it was awaited, or gone through."""
    if isinstance(result, AbstractAsyncContextManager):  # awaiting that of a stream only says how it is used
        async with result:
            return None
    if inspect.isawaitable(result):
        return await drained(await result)
    if isinstance(result, AsyncIterator):
        return [each async for each in result]
    return result


def complaint(entrance: Entrance, name: str, error: Exception | None) -> str | None:
    """What is wrong with an error for a parameter."""
    if not isinstance(error, entrance.error):
        return f"{type(error).__name__}: {error}"
    message = str(error)
    is_clear = re.search(rf"\b{name}\b", message) and "\n" not in message and "object at 0x" not in message
    return None if is_clear else message


@pytest.mark.parametrize("entrance", ENTRANCES, ids=lambda entrance: entrance.name)
async def test_wrong_values(tmp_path, entrance):
    """Our own error names the parameter in one sentence; nothing is sent and no ledger is made for it."""
    unclear: list[tuple[str, object, str]] = []
    async with answering(http(500)) as server:
        keywords = {"base_url": server.base_url, "max_retries": 0, "profile": LISTS}
        async with ConversationsClient(api_key="k", **keywords) as client:
            for name, value in wrong_values(entrance):
                error: Exception | None = None
                try:
                    await drained(entrance.call(client, tmp_path, **{**entrance.right, name: value}))
                except Exception as raised:  # noqa: BLE001  # what it is, is what is tried
                    error = raised
                if (said := complaint(entrance, name, error)) is not None:
                    unclear.append((name, value, said))
        assert [] == unclear
        assert 0 == server.connections
    assert not (tmp_path / "ledger.sqlite").exists()


def test_every_public_callable_is_tried():
    """What is public and takes arguments is an entrance above, or a result that people read, or travels inside."""
    tried = {entrance.name.partition(".")[0] for entrance in ENTRANCES}
    assert [] == sorted(set(_made_by_people()) - tried - TAKEN_AS_THEY_ARE)


def _made_by_people() -> Iterator[str]:
    for name in dir(openai_conversations):
        found = getattr(openai_conversations, name)
        home = getattr(found, "__module__", "")
        is_ours = home.startswith("openai_conversations") and not home.startswith("openai_conversations.schemas")
        if callable(found) and is_ours and not name.startswith("_") and not RESULTS.match(name):
            yield found.__name__  # some have two names


def test_profiles_that_are_there():
    """A value that was checked once can be changed and is checked again."""
    with pytest.raises(ConfigurationError, match="profile: path must be a string, not 5"):
        attrs.evolve(AZURE, path=5)


# Mistakes that people make: the sentence says what to do.


class WithErase:
    """A client, as far as a job looks at it."""

    conversations = Conversations()


def read(lines: Any) -> Any:
    return read_archive(lines)


MISTAKES: list[tuple[Callable[..., Any], str]] = [
    (lambda c: ConversationsClient(api_key="k", retry=5), "retry must be a RetryPolicy or None, not 5"),
    (
        lambda c: ConversationsClient(api_key="k", lock=asyncio.Lock()),
        (
            "lock must be a ConversationLock (an object whose hold(conversation_id) is an async context manager) "
            "or None, not of type Lock"
        ),
    ),
    (
        lambda c: ConversationsClient(api_key="k", middlewares=[Registry]),
        "middlewares[0] must be an async function of a request and a handler, not the class Registry",
    ),
    (
        lambda c: ConversationsClient(api_key="k", default_headers=["X"]),
        "default_headers must be a mapping of strings, not list",
    ),
    (
        lambda c: c.conversations.retrieve(Conversation(id="conv_1", created_at=1, metadata={"a": "secret"})),
        "`conversation_id` must be a string, not of type Conversation: pass its `.id`",
    ),
    (
        lambda c: c.conversations.items.create("conv_1", items=ITEMS, lookup_first="yes"),
        "lookup_first must be True or False, not 'yes'",
    ),
    (lambda c: Limits(delete=-1), "limits: delete must be a number of requests per second above 0 or None, not -1"),
    (lambda c: RateLimiter(5), "limits must be a Limits or None, not 5"),
    (
        erasing,
        (
            "conversations must be what has `erase`, as client.conversations has, not of type ConversationsClient: "
            "pass its `.conversations`"
        ),
    ),
    *(
        (
            lambda c, job=job: run_bulk("erase", job, ["conv_1"], ledger="none.sqlite"),
            (
                "job must be an async function of a row and a checkpoint, such as erasing(client.conversations), "
                f"not {said}"
            ),
        )
        for job, said in ((None, "None"), (erasing, "of type function"), (WithErase(), "of type WithErase"))
    ),
    (
        lambda c: run_bulk("erase", no_job, "conv_1", ledger="none.sqlite"),
        "ids: there is no file 'conv_1'; ids are given as a list, one id as well",
    ),
    (lambda c: read(Path("a.jsonl")), "lines must be what a file holds, not a path: pass path.read_bytes()"),
    (
        lambda c: read("folder/a.jsonl"),
        "lines must be what a file holds, not its name 'folder/a.jsonl': pass Path(…).read_bytes()",
    ),
    (lambda c: read({"items": []}), "lines must be what a file holds, not a mapping: pass json.dumps() of it"),
    (lambda c: read([{"role": "user"}]), "lines must hold strings or bytes, not of type dict: pass json.dumps() of it"),
    (lambda c: c.conversations.import_(5), "lines must be an open file, its lines or its text, not 5"),
]


@pytest.mark.parametrize(("call", "said"), MISTAKES, ids=range(len(MISTAKES)))
async def test_mistakes(tmp_path, monkeypatch, call, said):
    """A mistake that many make is answered with what to do."""
    monkeypatch.chdir(tmp_path)
    async with ConversationsClient(api_key="k", base_url="http://127.0.0.1:1/v1") as client:
        with pytest.raises((ConfigurationError, InvalidArgumentError)) as caught:
            await drained(call(client))

    assert said == str(caught.value)
    assert [] == list(tmp_path.iterdir())


async def test_a_report_is_no_plan():
    """Who passes the report of a repair for its plan is told where the plan is."""
    report = object.__new__(RepairReport)
    async with ConversationsClient(api_key="k", base_url="http://127.0.0.1:1/v1") as client:
        with pytest.raises(
            InvalidArgumentError, match=r"^plan must be a RepairPlan or None, .*\(its `.plan` is one\)$"
        ):
            await client.conversations.repair("conv_1", plan=report)


async def test_a_closed_client_is_not_entered():
    """`async with` on a closed client says so at once, and not at the first call."""
    client = ConversationsClient(api_key="k")
    await client.close()

    for closed in (client, client.with_options(timeout=1)):
        with pytest.raises(ClientClosedError, match="this client is closed; make a new one"):
            await closed.__aenter__()


@pytest.mark.parametrize(
    ("value", "said"),
    [(1 << 70, "a whole number of more than 64 bits"), ("x" * 99, repr("x" * 60 + "…")), ("a\nb", "'a b'")],
)
def test_what_is_shown(value, said):
    """A sentence stays one, whatever it speaks of."""
    assert said == shown(value)
