"""Moving here by a change of import: the official client's names, sentinels and timeouts."""

from __future__ import annotations

import copy
import pickle

import openai
import pytest

import openai_conversations as ours
from openai_conversations import (
    AsyncOpenAI,
    BadRequestError,
    ConfigurationError,
    Conversation,
    ConversationsClient,
    InvalidArgumentError,
    NotFoundError,
    Omit,
    OpenAIError,
    Timeout,
)
from openai_conversations.resources.official_names import NOT_HERE
from openai_conversations.settings import as_timeout
from tests.sockets import answering, http

CONVERSATION = http(200, b'{"id":"conv_1","object":"conversation","created_at":1}', "x-request-id: req_1")
HERE = {"conversations", "responses", "webhooks"}


def test_resources_that_are_not_here() -> None:
    """Each resource of the official client that we do not have says in one sentence where it is."""
    client = AsyncOpenAI(api_key="sk-test")
    official = {
        name
        for name, value in vars(openai.AsyncOpenAI).items()
        if type(value).__name__ == "cached_property" and not name.startswith("with_")
    }

    assert official - HERE <= set(NOT_HERE.split())
    for name in NOT_HERE.split():
        with pytest.raises(AttributeError, match=rf"has no `{name}`: use `openai\.AsyncOpenAI\(\)\.{name}` beside it"):
            getattr(client, name)
    assert not hasattr(client, "chat")


def test_names_that_nobody_has() -> None:
    """What is a slip is said as Python says it."""
    with pytest.raises(AttributeError, match="'ConversationsClient' object has no attribute 'conversation'"):
        _ = ConversationsClient(api_key="sk-test").conversation


def test_aliases() -> None:
    """The official names are ours; an error is caught under either."""
    assert AsyncOpenAI is ConversationsClient
    assert OpenAIError is ours.ConversationsError
    assert ours.NOT_GIVEN is ours.omit
    assert ours.NotGiven is Omit


@pytest.mark.parametrize("name", ["DefaultAioHttpClient", "DefaultAsyncHttpxClient"])
def test_http_clients(name: str) -> None:
    """The official client's way to aiohttp says that none is needed."""
    with pytest.raises(ConfigurationError, match="this client uses aiohttp already"):
        AsyncOpenAI(api_key="sk-test", http_client=getattr(ours, name)(timeout=3))


@pytest.mark.parametrize("value", [openai.omit, openai.NOT_GIVEN, openai.not_given, ours.omit])
def test_sentinels(value: object) -> None:
    """The official sentinels are taken for ours, and so is a copy."""
    assert isinstance(value, Omit)
    assert isinstance(copy.deepcopy(value), Omit)
    assert Timeout() == as_timeout(value)


@pytest.mark.parametrize("value", [None, "", 0, Omit, Conversation(id="conv_1")])
def test_no_sentinels(value: object) -> None:
    """Nothing else is: not null, not the empty string, not the class."""
    assert not isinstance(value, Omit)


async def test_sentinels_in_a_call() -> None:
    """A call leaves out what was omitted with the official client's words."""
    async with answering(CONVERSATION) as server, AsyncOpenAI(api_key="sk-test", base_url=server.base_url) as client:
        await client.conversations.create(metadata=openai.omit, items=openai.NOT_GIVEN, timeout=openai.NOT_GIVEN)

    assert [b"{}"] == [asked.body for asked in server.asked]


def test_timeouts() -> None:
    """A timeout of httpx or of the official client: its patience for a response is that for the whole call."""
    patient = as_timeout(openai.Timeout(30, connect=5))
    unbounded = as_timeout(openai.Timeout(None))

    assert (30, 30, 30, 5) == (patient.total, patient.attempt, patient.turn, patient.connect)
    assert (None, None, None, None) == (unbounded.total, unbounded.attempt, unbounded.turn, unbounded.connect)
    assert as_timeout(openai.Timeout(3)) == AsyncOpenAI(api_key="sk-test", timeout=openai.Timeout(3)).timeout


async def test_request_id() -> None:
    """Every result knows the service's id of its response; what is inside another does not."""
    async with answering(CONVERSATION) as server, AsyncOpenAI(api_key="sk-test", base_url=server.base_url) as client:
        conversation = await client.conversations.retrieve("conv_1")

    assert "req_1" == conversation._request_id  # noqa: SLF001  # the official name
    assert Conversation(id="conv_1")._request_id is None  # noqa: SLF001  # the official name
    assert conversation == pickle.loads(pickle.dumps(conversation))  # noqa: S301  # our own


async def test_response_of_an_error() -> None:
    """``error.response`` has what people read from httpx's."""
    body = b'{"error":{"message":"no","code":"c"}}'
    bad = http(400, body, "x-request-id: req_2")
    async with answering(bad) as server, AsyncOpenAI(api_key="sk-test", base_url=server.base_url) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.conversations.retrieve("conv_1")

    response = caught.value.response
    assert (400, "req_2", body.decode()) == (response.status_code, response.headers["X-Request-ID"], response.text)
    assert {"error": {"message": "no", "code": "c"}} == response.json()


async def test_items_retrieve_by_position() -> None:
    """The positions of OpenAI's examples are refused with the right call."""
    async with AsyncOpenAI(api_key="sk-test") as client:
        with pytest.raises(TypeError, match=r"retrieve\('msg_abc', conversation_id='conv_123'\)"):
            await client.conversations.items.retrieve("conv_123", "msg_abc")
        with pytest.raises(TypeError, match=r"delete\('msg_abc', conversation_id='conv_123'\)"):
            await client.conversations.items.with_raw_response.delete("conv_123", "msg_abc")


@pytest.mark.filterwarnings("error")
async def test_what_is_no_id() -> None:
    """An object in place of an id, or a call that was not awaited: the error names the way out."""
    async with AsyncOpenAI(api_key="sk-test") as client:
        with pytest.raises(InvalidArgumentError, match=r"must be a string, not of type Conversation: pass its `\.id`"):
            await client.conversations.retrieve(Conversation(id="conv_1"))
        with pytest.raises(InvalidArgumentError, match="was given a call that was not awaited: put `await`"):
            await client.conversations.retrieve(client.conversations.create())
        with pytest.raises(InvalidArgumentError, match="Expected a non-empty value for `conversation_id` but received"):
            await client.conversations.retrieve("")


async def test_listing_that_was_not_awaited() -> None:
    """A listing says that it is to be awaited, or iterated over with ``async for``."""
    async with AsyncOpenAI(api_key="sk-test") as client:
        lister = client.conversations.items.list("conv_1")
        with pytest.raises(AttributeError, match="ItemLister has no 'data': `await` it for a page"):
            _ = lister.data
        with pytest.raises(TypeError, match="use `async for item in"):
            list(lister)


async def test_items_that_are_none() -> None:
    """What holds items, or is one, in place of a list of items says how to give them."""
    async with AsyncOpenAI(api_key="sk-test") as client:
        with pytest.raises(InvalidArgumentError, match="not Message: put it in a list"):
            await client.conversations.items.create("conv_1", items=ours.Message(role="user", content="Hi"))
        with pytest.raises(InvalidArgumentError, match=r"not ConversationItemList: give its `\.data`"):
            await client.conversations.items.create("conv_1", items=ours.ConversationItemList(data=[]))


def test_official_handlers_catch_ours() -> None:
    """A handler written for the official names, changed by import only, catches what is raised here."""
    assert issubclass(NotFoundError, OpenAIError)


def test_an_http_client() -> None:
    """Any other ``http_client`` is refused in the same words; ``None`` and what was left out are none."""
    with pytest.raises(ConfigurationError, match="give a ClientSession of your own as session="):
        AsyncOpenAI(api_key="sk-test", http_client=object())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # refused
    for nothing in (None, openai.omit):
        AsyncOpenAI(api_key="sk-test", http_client=nothing)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # ours is another


def test_the_sync_class() -> None:
    """What imports the official sync class is told what to use instead, when it is called."""
    with pytest.raises(ConfigurationError, match="this client is async: use AsyncOpenAI"):
        ours.OpenAI(api_key="sk-test")
