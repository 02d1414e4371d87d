"""What the pages show, what their forms do, and what they refuse."""

from __future__ import annotations

import builtins
import re
from urllib.parse import urlencode

import pytest

from openai_conversations.operations.archive.render.html import environment
from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.page import rendering
from tests.server.api import Api, user

DEEP = b"[" * 490 + b"]" * 490


class Page:
    """Looks at pages and sends their forms, as a browser without JavaScript."""

    def __init__(self, api):
        self._api = api
        self._url = api.server.url

    async def get(self, path=""):
        return await self._api.ask("GET", f"{self._url}/_control/{path}")

    async def text(self, path=""):
        response = await self.get(path)
        assert 200 == response.status, response.body
        return response.body.decode()

    async def post(self, path, **fields):
        """A form with the token of the page."""
        token = re.search(r'name="token" value="([^"]+)"', await self.text("page/faults"))[1]
        return await self.send(path, {"token": token, **fields})

    async def send(self, path, fields, **headers):
        kind = {"content-type": "application/x-www-form-urlencoded", "origin": self._url}
        sent = {name: value for name, value in {**kind, **headers}.items() if value}
        return await self._api.ask("POST", f"{self._url}/_control/{path}", urlencode(fields).encode(), headers=sent)


@pytest.fixture
def page(api):
    return Page(api)


async def test_an_overview(api, server, page):
    """The first page has the journal, the conversations, the faults and the script."""
    server.add_fault(faults.sort_keys())
    server.model.say("Salut")
    conversation = await api.create(user("Grüezi"))
    text = await page.text()

    for shown in ("createConversation", conversation, "Grüezi", "sort_keys", "Salut", server.base_url):
        assert shown in text


async def test_the_address_without_its_slash(server, page, api):
    """Who leaves the slash out is sent on."""
    response = await api.ask("GET", f"{server.url}/_control")

    assert (307, "/_control/") == (response.status, response.headers["location"])


async def test_a_conversation(api, page):
    """A conversation is a transcript, with its requests; a deleted one says so."""
    conversation = await api.create(user("Grüezi"), title="A title")
    await api.ask("DELETE", f"/conversations/{conversation}")
    text = await page.text(f"page/conversations/{conversation}")

    assert "<h1>A title" in text
    assert '<article class="message user"' in text
    assert "deleted" in text
    assert "deleteConversation" in text


async def test_a_long_conversation(api, server, page):
    """It comes in pieces, oldest first."""
    conversation = await api.create()
    server.add_items(conversation, [f"text {n}." for n in range(150)])
    first = await page.text(f"page/conversations/{conversation}")
    second = await page.text(f"page/conversations/{conversation}?skip=100")

    assert [True, False] == ["text 99." in first, "text 100." in first]
    assert [False, True] == ["text 99." in second, "text 149." in second]
    assert 'href="?skip=100"' in first
    assert 'href="?skip=0"' in second


async def test_many_conversations(api, page):
    """The list comes in pages, newest first."""
    ids = [await api.create() for _ in range(101)]
    first, second = await page.text("page/conversations"), await page.text("page/conversations?skip=100")

    assert [False, True] == [ids[0] in first, ids[0] in second]
    assert [True, False] == [ids[-1] in first, ids[-1] in second]


async def test_a_request(api, page):
    """A request is shown with its body and what came of it, and without credentials."""
    await api.turn(
        "Grüezi", tools=[{"type": "mcp", "server_label": "a", "server_url": "https://a", "authorization": "sk-secret"}]
    )
    text = await page.text("page/requests/1")

    assert "Grüezi" in text
    assert "sk-" not in text
    assert "createResponse" in text


async def test_credentials_in_items(api, server, page):
    """A transcript shows no credential that a tool in an item holds."""
    conversation = await api.create()
    tool = {"type": "mcp", "server_label": "a", "headers": {"x": "sk-secret"}}
    server.add_items(conversation, [{"type": "additional_tools", "role": "developer", "tools": [tool]}])
    text = await page.text(f"page/conversations/{conversation}")

    assert "server_label" in text
    assert "sk-secret" not in text


async def test_items_that_nest_deeply(api, page):
    """Whatever is stored can be looked at."""
    conversation = await api.create()
    body = b'{"items":[{"role":"user","content":"\\ud800","deep":%b}]}' % DEEP
    await api.ask("POST", f"/conversations/{conversation}/items", body)
    await page.text()

    assert "user" in await page.text(f"page/conversations/{conversation}")
    assert "user" in await page.text("page/requests/2")


@pytest.mark.parametrize("path", ["page/nothing", "page/requests/7", "page/conversations/conv_none", "page/requests/x"])
async def test_what_is_not_there(page, path):
    """A page that is not there is a page that says so."""
    response = await page.get(path)

    assert 404 == response.status
    assert b'role="alert"' in response.body


async def test_faults(api, server, page):
    """A fault is added with what a form says, and removed again; others stay."""
    kept = server.add_fault(faults.sort_keys())
    added = await page.post(
        "page/faults", fault="status", operation="getConversation", count="2", skip="1", more="status=418, message=tea"
    )
    (_, (fault, _)) = server.faults

    assert (303, "/_control/page/faults") == (added.status, added.headers["location"])
    assert ("status", "getConversation", 2, 1) == (fault.name, fault.operation, fault.count, fault.skip)
    assert "of 2" in await page.text("page/faults")
    assert 409 == (await page.post("page/faults/remove", position="0", fault="status")).status
    assert 303 == (await page.post("page/faults/remove", position="1", fault="status")).status
    assert [kept] == [fault for fault, _ in server.faults]
    assert 303 == (await page.post("page/faults/clear")).status
    assert [] == server.faults


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"fault": "explode"}, "there is no fault"),
        ({}, "there is no fault"),
        ({"fault": "status", "more": "statu=1"}, "has no"),
        ({"fault": "status", "count": "0"}, "count is at least 1"),
        ({"fault": "status", "operation": "getConversation,count=9"}, "operation cannot be"),
        ({"fault": "status", "count": "x"}, "count cannot be"),
    ],
)
async def test_faults_that_are_none(server, page, fields, message):
    """What is no fault is refused on the page, and what was typed is still there."""
    response = await page.post("page/faults", **fields)

    assert 400 == response.status
    assert message in response.body.decode()
    assert f'value="{fields.get("more", "")}"' in response.body.decode()
    assert [] == server.faults


async def test_a_fault_for_ever(server, page):
    """A fault can fire for ever."""
    await page.post("page/faults", fault="locked", forever="on", count="3")

    assert [None] == [fault.count for fault, _ in server.faults]


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ("Grüezi", ["message"]),
        ('{"refuse": "No."}', ["message"]),
        ('["a", {"reason": "Hm.", "call": "f"}]', ["message", "reasoning + function_call"]),
    ],
)
async def test_the_script(server, page, turn, said):
    """The script is written and forgotten on its page."""
    assert 303 == (await page.post("page/script", turn=turn)).status
    assert said == [str(scripted) for scripted in server.model.scripted]
    assert "message" in await page.text("page/model")
    await page.post("page/script/clear")
    assert [] == server.model.scripted


@pytest.mark.parametrize("turn", ["{", '{"sing": 1}', "[7]", "[" * 5000])
async def test_scripts_that_are_none(server, page, turn):
    """What is no script is refused on the page."""
    response = await page.post("page/script", turn=turn)

    assert 400 == response.status
    assert b'role="alert"' in response.body
    assert [] == server.model.scripted


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"origin": ""}, 403),
        ({"origin": "", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"host": "evil.example"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 400),
        ({"content-type": "application/json"}, 400),
    ],
    ids=str,
)
async def test_forms_of_others(server, page, headers, status):
    """A form is taken from a page of this server only, in the one way in which a browser sends it."""
    token = re.search(r'name="token" value="([^"]+)"', await page.text("page/faults"))[1]
    response = await page.send("page/faults", {"token": token, "fault": "locked"}, **headers)

    assert status == response.status
    assert (status == 303) == bool(server.faults)


@pytest.mark.parametrize("token", ["", "x", "ü"])
async def test_forms_without_the_token(server, page, token):
    """And only with the token that stands in it."""
    assert 403 == (await page.send("page/faults", {"token": token, "fault": "locked"})).status
    assert [] == server.faults


async def test_its_policy(page):
    """Every page says what a browser may do with it: run one script, load nothing, send forms here."""
    for path in ("", "page/faults", "page/nothing"):
        headers = (await page.get(path)).headers
        assert re.fullmatch(
            r"default-src 'none'; img-src data:; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            headers["content-security-policy"],
        )
        assert ("no-store", "nosniff", "same-origin") == (
            headers["cache-control"],
            headers["x-content-type-options"],
            headers["cross-origin-resource-policy"],
        )


async def test_no_page(session):
    """It can be switched off; the control path stays."""
    async with ConversationsServer(page=False) as server:
        page = Page(Api(server, session))

        assert [404, 404, 200] == [(await page.get(path)).status for path in ("", "page/faults", "faults")]
        assert "" == server.page_url


async def test_what_is_not_installed(page, monkeypatch):
    """Where the extra is not installed, the page says what to install, and the rest works."""
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.partition(".")[0] == "jinja2":
            raise ImportError(f"No module named {name!r}", name="jinja2")
        return real(name, *args, **kwargs)

    for cache in (environment, rendering.templates, rendering.assets):
        cache.cache_clear()
    monkeypatch.setattr(builtins, "__import__", absent)
    response = await page.get()

    assert (501, "text/plain") == (response.status, response.headers["content-type"])
    assert b"pip install jinja2 markdown-it-py" in response.body
    assert 200 == (await page.get("faults")).status


# The live part


async def test_the_feed(api, server, session):
    """An open page is told of every request that comes, and of what stands beside the journal."""
    await api.create()
    async with session.get(f"{server.url}/_control/page/events?seen=1") as events:
        assert "text/event-stream; charset=utf-8" == events.headers["content-type"]
        assert b"event: panels\n" in await events.content.readuntil(b"</section>\n\n")
        await api.create(user("Grüezi"))
        rows = (await events.content.readuntil(b"</li>\n\n")).decode()

    assert "event: rows\nid: 2\n" in rows
    assert 'id="r2"' in rows
    assert 'id="r1"' not in rows


async def test_a_feed_ends_with_the_server(session):
    """A page that is open does not keep the server from stopping."""
    async with ConversationsServer() as server:
        events = await session.get(f"{server.url}/_control/page/events")
        await events.content.readuntil(b"\n\n")
    events.close()
