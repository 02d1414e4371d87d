"""Which requests a fault fires at."""

from __future__ import annotations

import contextlib

import aiohttp
import attrs

from openai_conversations.server import ConversationsServer, faults
from tests.server.api import Api, user
from tests.server.faults.support import LOST, Naps, until_back


async def test_only_the_operation_is_spoiled(api, server, conversation):
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
    """The first ``skip`` requests pass, the next ``count`` are spoiled, the rest pass."""
    server.add_fault(faults.status(500, skip=2, count=3))
    responses = [(await api.ask("GET", f"/conversations/{conversation}")).status for _ in range(7)]

    assert [200, 200, 500, 500, 500, 200, 200] == responses


async def test_for_ever(api, server, conversation):
    """Without a count a fault goes on until it is cleared."""
    server.add_fault(faults.status(500, count=None))

    assert {500} == {(await api.list(conversation)).status for _ in range(5)}
    server.clear_faults()
    assert 200 == (await api.list(conversation)).status


async def test_probability_repeats_with_its_seed(api, server, conversation):
    """A seed decides which requests a probability spoils."""

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
    """The first fault that matches fires; the next has its turn when that is spent."""
    server.add_fault(faults.status(501))
    server.add_fault(faults.status(502))

    assert [501, 502, 200] == [(await api.list(conversation)).status for _ in range(3)]
    assert [1, 1] == [fired for _, fired in server.faults]


async def test_every_fault_on_every_operation(session):
    """Whatever spoils whatever, the server lives, and what it says is stored is stored."""
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
                response = await until_back(api.ask, "POST", "/conversations", {"items": [user("a")]})
                conversation = response.json["id"]
                (item,) = server.items(conversation)
                server.add_fault(attrs.evolve(make(), count=1))
                patience = aiohttp.ClientTimeout(total=0.1 if name == "half_open" else 60)
                with contextlib.suppress(*LOST):
                    await api.ask(
                        method, "/conversations" + path.format(c=conversation, i=item["id"]), body, timeout=patience
                    )
                fits = not make().possible or server.requests[-1].operation in make().possible
                assert [fits] == [bool(fired) for _, fired in server.faults], name
                server.clear_faults()
