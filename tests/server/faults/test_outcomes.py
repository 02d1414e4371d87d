"""Responses that are lost, late, or say something else than what was done."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations.server import ConversationsServer, faults
from tests.server.api import Api, texts, user
from tests.server.faults.support import LOST, Naps, stored, until, until_back

DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


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
async def test_lost_responses(api, server, conversation, fault, kept):
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
    "form",
    [
        ("openai", "application/json", b'{"error":{"message":"m",'),
        ("message", "application/json", b'{"error":{"message":"m"}}'),
        ("detail", "application/json", b'{"detail":"m"}'),
        ("problem", "application/problem+json", b'{"type":"https://'),
        ("text", "text/plain", b"m"),
        ("html", "text/html", b"<!doctype html><html><head><title>499 Unknown</title>"),
    ],
    ids=lambda form: form[0],
)
@pytest.mark.parametrize("commit", [False, True])
async def test_errors_in_every_form(api, server, conversation, commit, form):
    """An error of any status comes in any form, the page of a gateway included, before the work or after it."""
    body, content_type, expected = form
    fault = faults.commit_then_status if commit else faults.status
    server.add_fault(fault(499, message="m", body=body, headers={"x-a": "b"}))
    response = await api.append(conversation, user("a"))

    assert (499, content_type, "b") == (
        response.status,
        response.headers["content-type"].partition(";")[0],
        response.headers["x-a"],
    )
    assert response.body.startswith(expected)
    assert ["a"] * commit == stored(server, conversation)


async def test_a_gateway_that_knows_no_such_address(api, conversation):
    """A 404 that is not the API's: another framework's, a page, nothing."""
    api.server.add_fault(faults.status(404, body="detail", message="Not Found"))
    api.server.add_fault(faults.status(404, body="html"))
    api.server.add_fault(faults.status(404, body="empty"))
    responses = [await api.list(conversation) for _ in range(3)]

    assert {404} == {response.status for response in responses}
    assert b'{"detail":"Not Found"}' == responses[0].body
    assert b"<h1>404 Not Found</h1>" in responses[1].body
    assert b"" == responses[2].body


@pytest.mark.parametrize("commit", [False, True])
async def test_an_error_in_200(api, server, conversation, commit):
    """The status says that all is well, the body says that it is not."""
    server.add_fault(faults.error_in_200("Too busy.", commit=commit))
    response = await api.append(conversation, user("a"))

    assert (200, "Too busy.") == (response.status, response.json["error"]["message"])
    assert ["a"] * commit == stored(server, conversation)
    assert not server.requests[-1].acknowledged


async def test_newest_first(api, server, conversation):
    """The response to an append has its items, and its ends, the wrong way round; the store has not."""
    server.add_fault(faults.reordered_response())
    page = await api.append(conversation, *map(user, "abc"))

    assert (["c", "b", "a"], ["a", "b", "c"]) == (texts(page), stored(server, conversation))
    assert (page.json["data"][0]["id"], page.json["data"][-1]["id"]) == (page.json["first_id"], page.json["last_id"])


@pytest.mark.parametrize("status", [None, 504])
async def test_late_commit(session, status):
    """The connection is gone, or a gateway has answered, long before the work is done."""
    naps = Naps(endless=True)
    async with ConversationsServer(sleep=naps) as server:
        api = Api(server, session)
        conversation = await api.create()
        server.add_fault(faults.late_commit(7, status=status))
        asking = asyncio.ensure_future(api.append(conversation, user("a")))
        (outcome,) = await asyncio.gather(asking, return_exceptions=True)
        await naps.begun.wait()
        before = stored(server, conversation)
        naps.ended.set()
        await until(lambda: server.requests[-1].committed)

        assert ([7], [], ["a"]) == (naps.asked, before, stored(server, conversation))
        assert status == (None if isinstance(outcome, LOST) else outcome.status)
        assert (status, False) == (server.requests[-1].status, server.requests[-1].acknowledged)


async def test_a_server_that_stops_commits_nothing_more(session, tmp_path):
    """What was to be committed late is not when the server stops first."""
    naps = Naps(endless=True)
    async with ConversationsServer(sleep=naps, database=tmp_path / "db") as server:
        api = Api(server, session)
        conversation = await api.create()
        server.add_fault(faults.late_commit(reset=True))
        with pytest.raises(LOST):
            await api.append(conversation, user("a"))
        await naps.begun.wait()
    async with ConversationsServer(database=tmp_path / "db") as server:
        assert [] == stored(server, conversation)


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
    answer = await until_back(api.append, conversation, user("a"))

    assert [5] == naps.asked
    assert 200 == answer.status


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
    """The wait comes after the work or before it, as asked, and the response is true in the end."""
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
