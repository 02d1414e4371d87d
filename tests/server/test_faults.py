"""What each fault does to a request, seen from the other end of the socket."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import attrs
import pytest

from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.faults.injector import build, parse
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


# Which requests are struck


async def test_only_the_operation_is_struck(api, server, conversation):
    """A fault of one operation passes the others."""
    server.add_fault(faults.status(500, operation="getConversation"))

    assert 200 == (await api.append(conversation, user("a"))).status
    assert 500 == (await api.ask("GET", f"/conversations/{conversation}")).status


async def test_lists_only(api, server, conversation):
    """A fault of lists waits for a list, without being told."""
    server.add_fault(faults.empty_page())
    await api.ask("GET", f"/conversations/{conversation}")

    assert server.unfired_faults
    assert (await api.list(conversation)).json["has_more"]


async def test_count_and_skip(api, server, conversation):
    """The first ``skip`` requests pass, the next ``count`` are struck, the rest pass."""
    server.add_fault(faults.status(500, skip=2, count=3))
    answers = [(await api.ask("GET", f"/conversations/{conversation}")).status for _ in range(7)]

    assert [200, 200, 500, 500, 500, 200, 200] == answers


async def test_for_ever(api, server, conversation):
    """Without a count a fault goes on until it is cleared."""
    server.add_fault(faults.status(500, count=None))

    assert {500} == {(await api.list(conversation)).status for _ in range(5)}
    server.clear_faults()
    assert 200 == (await api.list(conversation)).status


async def test_probability_repeats_with_its_seed(api, server, conversation):
    """A seed decides which requests a probability strikes."""

    async def story(seed):
        server.clear_faults()
        server.add_fault(faults.status(500, probability=0.5, seed=seed, count=None))
        return [(await api.list(conversation)).status for _ in range(20)]

    first = await story(1)
    assert first == await story(1)
    assert first != await story(2)
    assert {200, 500} == set(first)


async def test_predicate(api, server, conversation):
    """A predicate sees the request and decides."""
    server.add_fault(faults.status(500, when=lambda call: b"bad" in call.body, count=None))

    assert 200 == (await api.append(conversation, user("good"))).status
    assert 500 == (await api.append(conversation, user("bad"))).status


async def test_one_fault_at_a_time(api, server, conversation):
    """The first fault that fits strikes; the next has its turn when that is spent."""
    server.add_fault(faults.status(501))
    server.add_fault(faults.status(502))

    assert [501, 502, 200] == [(await api.list(conversation)).status for _ in range(3)]
    assert [1, 1] == [fired for _, fired in server.faults]


async def test_every_fault_on_every_operation(session):
    """Whatever strikes whatever, the server lives, and what it says is stored is stored."""
    naps = Naps()
    calls = [
        ("POST", "", {"items": [user("x")]}),
        ("GET", "/{c}", None),
        ("POST", "/{c}", {"metadata": {}}),
        ("POST", "/{c}/items", {"items": [user("y")]}),
        ("GET", "/{c}/items", None),
        ("GET", "/{c}/items/{i}", None),
        ("DELETE", "/{c}/items/{i}", None),
        ("DELETE", "/{c}", None),
    ]
    async with ConversationsServer(sleep=naps) as server:
        api = Api(server, session)
        for name, make in faults.NAMED.items():
            for method, path, body in calls:
                answer = await _until_back(api.ask, "POST", "/conversations", {"items": [user("a")]})
                conversation = answer.json["id"]
                (item,) = server.items(conversation)
                server.add_fault(attrs.evolve(make(), count=1))
                with contextlib.suppress(*LOST):
                    await api.ask(method, "/conversations" + path.format(c=conversation, i=item["id"]), body)
                fits = not make().possible or server.requests[-1].operation in make().possible
                assert [fits] == [bool(fired) for _, fired in server.faults], name
                server.clear_faults()


# Faults as lines and as JSON


@pytest.mark.parametrize("name", faults.NAMED)
def test_every_fault_has_a_line(name):
    """Every fault can be ordered by its name alone, written with dashes or underscores."""
    assert name == parse(name).name == parse(name.replace("_", "-")).name


def test_a_line_says_everything():
    """A line carries what the function takes."""
    fault = parse(
        "status:status=429,retry-after=2,should_retry=true,operation=getConversation,count=none,probability=0.5,seed=3,skip=1"
    )

    assert ("getConversation", None, 0.5, 3, 1) == (
        fault.operation,
        fault.count,
        fault.probability,
        fault.seed,
        fault.skip,
    )
    assert "status on getConversation" == str(fault)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("explode", "there is no fault 'explode'; the faults are commit_then_drop, "),
        ("slow:minutes=3", "slow has no 'minutes'; it takes seconds, before_commit, operation, "),
        ("slow:seconds=long", "slow: seconds cannot be 'long'"),
        ("slow:before_commit=1", "slow: before_commit cannot be 1"),
        ("locked:n=true", "locked: n cannot be True"),
        ("wrong_shape:shape=round", "wrong_shape: shape cannot be 'round'"),
        ("slow:operation=create", "there is no operation 'create'"),
        ("empty_page:operation=getConversation", "empty_page cannot strike getConversation"),
        ("slow:count=0", "count is at least 1"),
        ("slow:probability=2", "probability is between 0 and 1"),
    ],
)
def test_lines_that_mean_nothing(line, message):
    """A line that means nothing is refused, and the error names the choices."""
    with pytest.raises(ValueError) as caught:
        parse(line)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("headers", [["a"], {"a": 1}, "a"])
def test_headers_are_checked(headers):
    """Headers are an object of strings."""
    with pytest.raises(ValueError, match="headers cannot be"):
        build("status", {"headers": headers})


def test_headers_are_taken():
    """JSON can carry what a line cannot."""
    assert "status" == build("status", {"headers": {"a": "b"}}).name


async def test_faults_of_the_constructor(session):
    """A server can be made with its faults, as values or as lines."""
    async with ConversationsServer(faults=["locked", faults.status(500)]) as server:
        api = Api(server, session)

        assert [400, 500, 200] == [(await api.ask("POST", "/conversations")).status for _ in range(3)]
