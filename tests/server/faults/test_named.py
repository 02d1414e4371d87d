"""What each fault does to a request, seen from the other end of the socket."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from openai_conversations.server import ConversationsServer, faults
from tests.server.api import Api, texts, user

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
LOST = (aiohttp.ClientError, TimeoutError)


class Naps:
    """A sleep that takes no time, or lasts for ever, and remembers what it was asked for."""

    def __init__(self, *, endless=False):
        self.asked = []
        self.begun = asyncio.Event()
        self._endless = endless

    async def __call__(self, seconds):
        self.asked.append(seconds)
        self.begun.set()
        await (asyncio.get_running_loop().create_future() if self._endless else asyncio.sleep(0))


@pytest.fixture
def naps():
    return Naps()


@pytest.fixture
def settings(naps):
    return {"seed": 1, "sleep": naps}


@pytest.fixture
async def conversation(api):
    return await api.create()


def stored(server, conversation):
    return [item["content"][0]["text"] for item in server.items(conversation)]


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        (faults.commit_then_drop(), ["a"]),
        (faults.commit_then_drop(reset=True), ["a"]),
        (faults.drop_before_commit(), []),
        (faults.drop_before_commit(reset=True), []),
        (faults.truncated_json(cut=True), ["a"]),
        (faults.refuse(0), []),
    ],
    ids=["commit", "commit and reset", "drop", "drop and reset", "cut", "refuse"],
)
async def test_lost_answers(api, server, conversation, fault, kept):
    """A connection that closes tells nothing; the name of the fault says whether the work was done."""
    server.add_fault(fault)
    with pytest.raises(LOST):
        await api.append(conversation, user("a"))

    assert kept == stored(server, conversation)
    assert (fault.name, bool(kept), False) == (
        server.requests[-1].fault,
        server.requests[-1].committed,
        server.requests[-1].acknowledged,
    )


async def test_commit_then_status(api, server, conversation):
    """The work is done and an error is answered."""
    server.add_fault(faults.commit_then_status(502))
    answer = await api.append(conversation, user("a"))

    assert (502, "server_error") == (answer.status, answer.json["error"]["type"])
    assert ["a"] == stored(server, conversation)
    assert not server.requests[-1].acknowledged


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [
        (faults.status(503, retry_after=2), 503, {"retry-after": "2"}),
        (faults.status(429, retry_after_ms=1500), 429, {"retry-after-ms": "1500"}),
        (faults.status(500, should_retry=False), 500, {"x-should-retry": "false"}),
        (faults.status(409, headers={"x-a": "b"}), 409, {"x-a": "b"}),
        (faults.status(503, retry_after=DATE), 503, {"retry-after": DATE}),
    ],
    ids=["retry-after", "retry-after-ms", "x-should-retry", "headers", "date"],
)  # fmt: skip
async def test_status(api, fault, status, headers):
    """Any status with any header, and nothing is done."""
    conversation = await api.create()
    api.server.add_fault(fault)
    answer = await api.append(conversation, user("a"))

    assert status == answer.status
    assert headers == {name: answer.headers[name] for name in headers}
    assert [] == stored(api.server, conversation)


async def test_locked(api, server, conversation):
    """A lock is told ``n`` times in the words of the service, then the request works."""
    server.add_fault(faults.locked(2))
    answers = [await api.append(conversation, user("a")) for _ in range(3)]

    assert [400, 400, 200] == [answer.status for answer in answers]
    assert (400, "conversation", "conversation_locked") == answers[0].error
    assert ["a"] == stored(server, conversation)


async def test_refuse(api, server, naps, conversation):
    """While the server is down its port refuses; then it is back, with everything it knew."""
    server.add_fault(faults.refuse(5))
    with pytest.raises(LOST):
        await api.append(conversation, user("a"))
    await naps.begun.wait()
    answer = await _until_back(api.append, conversation, user("a"))

    assert [5] == naps.asked
    assert 200 == answer.status


async def _until_back(ask, *arguments):
    """The first answer of a server that may be down."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await ask(*arguments)
            except LOST:
                await asyncio.sleep(0)


async def test_a_server_that_is_down_refuses_connections(session):
    """Being down is what a client sees when nobody listens."""
    naps = Naps(endless=True)
    async with ConversationsServer(sleep=naps) as server:
        api = Api(server, session)
        conversation = await api.create()
        server.go_down(60)
        await naps.begun.wait()
        with pytest.raises(LOST):
            await api.list(conversation)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)


@pytest.mark.parametrize("before_commit", [False, True])
async def test_slow(api, server, naps, conversation, before_commit):
    """The wait comes after the work or before it, as asked, and the answer is true in the end."""
    server.add_fault(faults.slow(3, before_commit=before_commit))
    answer = await api.append(conversation, user("a"))

    assert ([3], ["a"]) == (naps.asked, texts(answer))


@pytest.mark.parametrize(("before_commit", "kept"), [(False, ["a"]), (True, [])])
async def test_slow_and_impatient(session, before_commit, kept):
    """When the client gives up during the wait, the work is done already, or not yet."""
    naps = Naps(endless=True)
    async with ConversationsServer(sleep=naps) as server:
        api = Api(server, session)
        conversation = await api.create()
        server.add_fault(faults.slow(3, before_commit=before_commit))
        asking = asyncio.ensure_future(api.append(conversation, user("a")))
        await naps.begun.wait()
        asking.cancel()

        assert kept == stored(server, conversation)


async def test_stopping_wakes_whoever_sleeps(session):
    """A server stops at once, whatever its faults are waiting for."""
    naps = Naps(endless=True)
    async with ConversationsServer(sleep=naps) as server:
        api = Api(server, session)
        server.add_fault(faults.slow(1e9))
        asking = asyncio.ensure_future(api.create())
        await naps.begun.wait()
    with pytest.raises(LOST):
        await asking


async def test_trickle(api, server, naps, conversation):
    """The body comes in small pieces, and is whole in the end."""
    server.add_fault(faults.trickle(0.5, chunk=100))
    answer = await api.append(conversation, user("a"))

    assert ["a"] == texts(answer)
    assert [0.5] * ((len(answer.body) - 1) // 100) == naps.asked
    assert server.requests[-1].acknowledged


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        (faults.truncated_json(), 200, "application/json"),
        (faults.malformed_json(), 200, "application/json"),
        (faults.html(), 200, "text/html"),
        (faults.html(502), 502, "text/html"),
    ],
    ids=["truncated", "malformed", "html", "html 502"],
)
async def test_bodies_that_are_no_json(api, fault, status, content_type):
    """The work is done; the body cannot be read as JSON."""
    conversation = await api.create()
    api.server.add_fault(fault)
    answer = await api.append(conversation, user("a"))

    assert (status, content_type) == (answer.status, answer.headers["content-type"].partition(";")[0])
    with pytest.raises(ValueError):
        _ = answer.json
    assert ["a"] == stored(api.server, conversation)
    assert not api.server.requests[-1].acknowledged


@pytest.mark.parametrize(
    ("shape", "value"), [("array", []), ("string", "done"), ("null", None), ("object", {"result": "done"})]
)
async def test_wrong_shape(api, server, conversation, shape, value):
    """The work is done; the JSON is of no use."""
    server.add_fault(faults.wrong_shape(shape))

    assert value == (await api.append(conversation, user("a"))).json
    assert ["a"] == stored(server, conversation)


@pytest.mark.parametrize("after", [False, True])
async def test_empty_page(api, server, conversation, after):
    """An empty page says that more follows, and the list goes on after its cursor without losing an item."""
    await api.append(conversation, *map(user, "abcd"))
    start = f"&after={server.items(conversation)[0]['id']}" if after else ""
    server.add_fault(faults.empty_page())
    empty = (await api.list(conversation, f"?order=asc&limit=2{start}")).json
    rest = await api.list(conversation, f"?order=asc&after={empty['last_id']}")

    assert ([], True) == (empty["data"], empty["has_more"])
    assert list("bcd" if after else "abcd") == texts(rest)


async def test_stuck_cursor(api, server, conversation):
    """Every page points to itself."""
    await api.append(conversation, *map(user, "abcd"))
    server.add_fault(faults.stuck_cursor())
    first = (await api.list(conversation, "?limit=2")).json
    second = (await api.list(conversation, f"?limit=2&after={first['last_id']}")).json
    third = (await api.list(conversation, f"?limit=2&after={second['last_id']}")).json

    assert first["last_id"] == second["last_id"] == third["last_id"]
    assert [True, True, True] == [page["has_more"] for page in (first, second, third)]


async def test_missing_last_id(api, server, conversation):
    """Lists have no cursor at all."""
    await api.append(conversation, user("a"), user("b"))
    server.add_fault(faults.missing_last_id())
    page = (await api.list(conversation, "?limit=1")).json

    assert {"object", "data", "has_more"} == set(page)
    assert page["has_more"]


async def test_unknown_item(api, server, conversation):
    """The first item of an answer is of a type from the future; its id stays, and so does the store."""
    server.add_fault(faults.unknown_item(count=None))
    (appended,) = (await api.append(conversation, user("a"))).json["data"]
    (listed,) = (await api.list(conversation)).json["data"]
    retrieved = (await api.ask("GET", f"/conversations/{conversation}/items/{appended['id']}")).json

    assert "hologram" == appended["type"]
    assert appended == listed == retrieved
    assert ["a"] == stored(server, conversation)


async def test_unknown_fields(api, server, conversation):
    """Every object has a field more, but for the metadata, which are the user's own."""
    await api.append(conversation, user("a"))
    server.add_fault(faults.unknown_fields(count=None))
    page = (await api.list(conversation)).json
    shown = (await api.ask("GET", f"/conversations/{conversation}")).json

    part = page["data"][0]["content"][0]
    assert all("x_future" in node for node in (page, page["data"][0], part, shown))
    assert {} == shown["metadata"]


async def test_a_refusal_is_not_changed(api, server):
    """Faults that change answers leave errors alone."""
    server.add_fault(faults.unknown_fields())

    assert {"error"} == set((await api.list("conv_none")).json)
