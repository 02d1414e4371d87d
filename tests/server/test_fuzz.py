"""Nothing that anybody sends makes the server fail: no 5xx, errors of one shape, answers as described."""

from __future__ import annotations

import copy
import re
import socket
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, strategies as st

from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.rules.turn_request import TURN_FIELDS
from openai_conversations.server.rules.views import INCLUDABLE
from tests.server import description, samples
from tests.server.model import description as responses

WORDS = st.sampled_from(["type", "role", "content", "id", "items", "metadata", "user", "message", "text", "limit", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner, max_size=4),
    max_leaves=12,
)
METHODS = st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "X"])


@pytest.fixture(scope="module")
def server():
    with ConversationsServer(journal_limit=10) as server:
        yield server


class Line:
    """Asks the server in raw bytes, one connection for each request."""

    def __init__(self, server):
        self._address = ("127.0.0.1", server.port)

    def ask(self, method, target, body=b"", headers=()):
        """Send any bytes; status and body of the response."""
        lines = [f"{method} ".encode() + target + b" HTTP/1.1", b"host: localhost", b"connection: close"]
        lines += [b"authorization: Bearer x", *headers, b"content-length: %d" % len(body)]
        with socket.create_connection(self._address) as connection:
            connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
            response = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, content = response.partition(b"\r\n\r\n")
        return int(head.split()[1]), content


@pytest.fixture(scope="module")
def line(server):
    return Line(server)


def check(status, body, operation=""):
    """No failure, and an error of the one shape."""
    assert status < 500
    if status != 200 and body:
        assert {"message", "type", "param", "code"} == set(json.loads(body)["error"])
    if body:
        description.check(operation, status, body)


def new_conversation(line):
    return json.loads(line.ask("POST", b"/v1/conversations")[1])["id"].encode()


@pytest.mark.hypothesis
@given(body=st.binary() | JSON.map(json.dumps))
def test_bodies(line, body):
    """Any body to every operation that takes one."""
    conversation = new_conversation(line)
    kind = [b"content-type: application/json"]
    check(*line.ask("POST", b"/v1/conversations", body, kind), "createConversation")
    check(*line.ask("POST", b"/v1/conversations/" + conversation, body, kind), "updateConversation")
    check(*line.ask("POST", b"/v1/conversations/" + conversation + b"/items", body, kind), "createConversationItems")


@st.composite
def damaged_items(draw):
    """A good item with one node of it replaced, removed or doubled."""
    item = copy.deepcopy(draw(st.sampled_from(samples.ITEMS)))
    places = [
        (parent, key)
        for _, parent in json.walk(item)
        if isinstance(parent, (dict, list))
        for key in (parent if isinstance(parent, dict) else range(len(parent)))
    ]
    if places:
        parent, key = draw(st.sampled_from(places))
        if draw(st.booleans()):
            parent[key] = draw(JSON)
        else:
            del parent[key]
    return item


@pytest.mark.hypothesis
@given(items=st.lists(damaged_items(), min_size=1, max_size=3))
def test_damaged_items(line, items):
    """Items that are almost right are refused, or stored as the description wants them."""
    conversation = new_conversation(line)
    body = json.dumps({"items": items})
    target = b"/v1/conversations/" + conversation + b"/items"
    check(*line.ask("POST", target, body, [b"content-type: application/json"]), "createConversationItems")
    query = "&".join(f"include={name}" for name in INCLUDABLE).encode()
    check(*line.ask("GET", target + b"?" + query), "listConversationItems")
    check(*line.ask("GET", target), "listConversationItems")


@pytest.mark.hypothesis
@given(method=METHODS, path=st.binary(), query=st.binary())
def test_addresses(line, method, path, query):
    """Any address, of any bytes."""
    target = b"/v1/conversations/" + path + b"?" + query
    blank = bytes(range(33)) + b"\x7f"
    target = target.translate(None, blank)
    status, body = line.ask(method, target)
    assert status < 500
    assert status == 200 or not body or method == "HEAD" or b'"error"' in body


@pytest.mark.hypothesis
@given(
    limit=st.text() | st.integers().map(str),
    order=st.text() | st.sampled_from(["asc", "desc"]),
    after=st.text(),
    include=st.text() | st.sampled_from(INCLUDABLE),
)
def test_queries(line, limit, order, after, include):
    """Any query to the operation that takes one."""
    pairs = {"limit": limit, "order": order, "after": after, "include": include, "include[]": include}
    query = urlencode(pairs, errors="surrogatepass").encode()
    target = b"/v1/conversations/" + new_conversation(line) + b"/items?" + query
    check(*line.ask("GET", target), "listConversationItems")


@pytest.mark.hypothesis
@given(
    name=st.sampled_from([b"content-type", b"accept", b"expect", b"x", b"content-encoding", b"upgrade", b"cookie"]),
    value=st.binary(max_size=50).map(lambda value: value.translate(None, bytes(range(32)) + b"\x7f")),
)
def test_headers(line, name, value):
    """Any value in any header."""
    status, _ = line.ask("POST", b"/v1/conversations", b"{}", [name + b": " + value])
    assert status < 500


FIELDS = st.sampled_from(
    [
        "fault",
        "operation",
        "count",
        "skip",
        "seed",
        "status",
        "headers",
        "message",
        "seconds",
        "n",
        "size",
        "body",
        "conversation_id",
        "items",
        "expected",
        "by",
        "operations",
        "counts",
        "id",
        "type",
        "role",
        "content",
        "turns",
        "when",
        "say",
        "call",
        "hold",
        "number",
        "tokens_per_second",
    ]
)
CONTROLLED = st.sampled_from(
    [
        *(b"faults", b"items", b"script", b"script/hold", b"script/release"),
        *(b"assertions/" + name for name in (b"no-duplicates", b"no-loss", b"erased", b"requests", b"turns")),
    ]
)
VALUES = JSON | st.sampled_from([*faults.NAMED, *faults.OPERATION_IDS, "{id}", ["{id}"], {"{id}": ["a"]}])


@pytest.mark.hypothesis
@given(path=CONTROLLED, body=st.binary() | JSON.map(json.dumps) | st.dictionaries(FIELDS, VALUES).map(json.dumps))
def test_the_control_path(line, server, path, body):
    """Whatever is asked of the control path, it does it or says why not."""
    body = body.replace(b"{id}", new_conversation(line))
    server.model.say("a")
    status, response = line.ask("POST", b"/_control/" + path, body, [b"content-type: application/json"])
    told = [line.ask("GET", b"/_control/" + name)[0] for name in (b"script", b"turns", b"faults")]
    server.clear_faults()
    server.model.clear()
    server.model.set_speed()

    assert [200] * 3 == told
    assert status in {200, 400}
    assert ("error" in json.loads(response)) == (status == 400)
    assert 200 == line.ask("GET", b"/_control/conversations")[0]


# The page

SHOWN = st.sampled_from([b"", b"journal", b"requests/1", b"requests/", b"conversations", b"conversations/", b"model"])
FORM_FIELDS = st.sampled_from(["fault", "operation", "count", "skip", "more", "forever", "position", "turn"])
TEXTS = st.text() | st.sampled_from(["locked", "status", "getConversation", "status=500", "1", "0", '[{"say": "a"}]'])


@pytest.mark.hypothesis
@given(path=SHOWN, rest=st.text(max_size=9), query=st.dictionaries(st.sampled_from(["skip", "seen"]), st.text()))
def test_pages(line, path, rest, query):
    """Any page, whatever stands in its address."""
    options = b"?" + urlencode(query, errors="replace").encode()
    for name in (path, path + quote(rest, safe="", errors="replace").encode()):
        assert line.ask("GET", b"/_control/page/" + name + options)[0] in {200, 404}


@pytest.mark.hypothesis
@given(
    path=st.sampled_from([b"faults", b"faults/remove", b"faults/clear", b"script", b"script/clear"]),
    fields=st.dictionaries(FORM_FIELDS, TEXTS),
    item=damaged_items(),
)
def test_forms(line, server, path, fields, item):
    """Any form, and every page after it, with any item in the store."""
    token = re.search(rb'name="token" value="([^"]+)"', line.ask("GET", b"/_control/page/faults")[1])[1]
    conversation = new_conversation(line)
    line.ask(
        "POST",
        b"/_control/items",
        json.dumps({"conversation_id": conversation.decode(), "items": [item]}),
        [b"content-type: application/json"],
    )
    body = urlencode({"token": token.decode(), **fields}, errors="replace").encode()
    kind = [b"content-type: application/x-www-form-urlencoded", b"origin: http://localhost"]
    assert line.ask("POST", b"/_control/page/" + path, body, kind)[0] in {303, 400, 409}
    for name in (b"", b"page/faults", b"page/model", b"page/conversations/" + conversation):
        assert 200 == line.ask("GET", b"/_control/" + name)[0]
    server.reset()  # other tests refer to items by their ids, and expect what the rules let in


# Turns

FIELDS = st.sampled_from(sorted(TURN_FIELDS))
QUERY = ["stream", "starting_after", "include", "limit", "order", "after"]


def check_turn(status, body, operation):
    """The same, against the description of responses."""
    assert status < 500
    if status != 200:
        assert {"message", "type", "param", "code"} == set(json.loads(body)["error"])
    elif body.startswith(b"{"):
        responses.check_result(operation, json.loads_exact(body))
    else:
        for line in body.splitlines():
            if line.startswith(b"data: "):
                responses.check_event(json.loads_exact(line.removeprefix(b"data: ")))


@pytest.mark.hypothesis
@given(body=st.binary() | JSON.map(json.dumps) | st.dictionaries(FIELDS, JSON).map(json.dumps))
def test_bodies_of_turns(line, body):
    """Any body to every operation of turns that takes one."""
    kind = [b"content-type: application/json"]
    check_turn(*line.ask("POST", b"/v1/responses", body, kind), "createResponse")
    check_turn(*line.ask("POST", b"/v1/responses/input_tokens", body, kind), "Getinputtokencounts")
    check_turn(*line.ask("POST", b"/v1/responses/compact", body, kind), "Compactconversation")


@pytest.mark.hypothesis
@given(items=st.lists(damaged_items(), min_size=1, max_size=3), field=FIELDS, value=JSON, stream=st.booleans())
def test_damaged_turns(line, items, field, value, stream):
    """A turn that is almost right is refused, or takes place as described."""
    kind = [b"content-type: application/json"]
    good = {"model": "gpt-5", "stream": stream, "input": items}
    for fields in (good, {**good, "input": "Hi", field: value}):
        status, body = line.ask("POST", b"/v1/responses", json.dumps(fields), kind)
        check_turn(status, _dechunked(body), "createResponse")


def _dechunked(body):
    """The content of a body that was sent in chunks, or the body of any other."""
    content = b""
    while match := re.match(rb"([0-9a-f]+)\r\n", body):
        size = int(match[1], 16)
        content += body[match.end() : match.end() + size]
        body = body[match.end() + size + 2 :]
    return content or body


@pytest.mark.hypothesis
@given(id=st.text(max_size=20), query=st.dictionaries(st.sampled_from(QUERY), st.text(max_size=10) | st.just("true")))
def test_addresses_of_turns(line, id, query):
    """Any id and any query."""
    target = b"/v1/responses/" + quote(id, safe="", errors="replace").encode()
    options = b"?" + urlencode(query, errors="replace").encode()
    for method, rest in (("GET", b""), ("GET", b"/input_items"), ("POST", b"/cancel"), ("DELETE", b"")):
        status, body = line.ask(method, target + rest + options)
        assert 400 <= status < 500, body
