"""What the service refuses, and how it says so."""

from __future__ import annotations

import pytest

from openai_conversations.server.http.errors import Refusal
from openai_conversations.server.rules import checks
from tests.server.api import user


def pairs(count):
    return {f"k{n}": "v" for n in range(count)}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (pairs(17), (400, "metadata", "object_above_max_properties")),
        ({"k" * 65: "v"}, (400, "metadata", "property_name_above_max_length")),
        ({"k": "v" * 513}, (400, "metadata.k", "string_above_max_length")),
        ({"k": 1}, (400, "metadata.k", "invalid_type")),
        ({"k": None}, (400, "metadata.k", "invalid_type")),
        ({"k": {"a": "b"}}, (400, "metadata.k", "invalid_type")),
        ([], (400, "metadata", "invalid_type")),
        ("a", (400, "metadata", "invalid_type")),
    ],
)
async def test_metadata_limits(api, metadata, expected):
    """Metadata beyond 16 pairs, 64 and 512 characters, or of anything but strings, is refused on create and update."""
    conversation = await api.create(kept="1")

    assert expected == (await api.ask("POST", "/conversations", {"metadata": metadata})).error
    assert expected == (await api.ask("POST", f"/conversations/{conversation}", {"metadata": metadata})).error
    assert {"kept": "1"} == (await api.ask("GET", f"/conversations/{conversation}")).json["metadata"]


async def test_metadata_at_the_limits(api):
    """Exactly 16 pairs of 64 and 512 characters are taken, counted as characters and not as bytes."""
    metadata = {f"{n:x}" + "ü" * 63: "ü" * 512 for n in range(16)}

    assert metadata == (await api.ask("POST", "/conversations", {"metadata": metadata})).json["metadata"]


async def test_update_needs_metadata(api):
    """An update without metadata is refused; null empties them."""
    conversation = await api.create(a="1")

    refused = await api.ask("POST", f"/conversations/{conversation}", {})
    assert (400, "metadata", "missing_required_parameter") == refused.error
    assert {} == (await api.ask("POST", f"/conversations/{conversation}", {"metadata": None})).json["metadata"]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([user("a")] * 21, (400, "items", "array_above_max_length")),
        ({}, (400, "items", "invalid_type")),
        ("a", (400, "items", "invalid_type")),
        (["a"], (400, "items[0]", "invalid_type")),
        ([{}], (400, "items[0].type", "missing_required_parameter")),
        ([{"type": 1}], (400, "items[0].type", "invalid_type")),
        ([user("a"), {"type": "hologram"}], (400, "items[1].type", "invalid_value")),
    ],
)
async def test_batches(api, items, expected):
    """A batch is an array of at most 20 items of known types."""
    conversation = await api.create()

    assert expected == (await api.ask("POST", f"/conversations/{conversation}/items", {"items": items})).error
    assert expected == (await api.ask("POST", "/conversations", {"items": items})).error


async def test_twenty_items_are_taken(api):
    """Twenty is not too many."""
    assert 20 == len((await api.append(await api.create(), *[user("a")] * 20)).json["data"])


async def test_append_needs_items(api):
    """An append without items is refused."""
    answer = await api.ask("POST", f"/conversations/{await api.create()}/items", {})

    assert (400, "items", "missing_required_parameter") == answer.error


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=0", ("limit", "integer_below_min_value")),
        ("limit=-1", ("limit", "integer_below_min_value")),
        ("limit=101", ("limit", "integer_above_max_value")),
        ("limit=9999999999999999999", ("limit", "invalid_type")),
        ("limit=ten", ("limit", "invalid_type")),
        ("limit=1.5", ("limit", "invalid_type")),
        ("limit=", ("limit", "invalid_type")),
        ("limit=%D9%A1", ("limit", "invalid_type")),
        ("order=up", ("order", "invalid_value")),
        ("order=", ("order", "invalid_value")),
        ("include=everything", ("include", "invalid_value")),
        ("include[]=everything", ("include", "invalid_value")),
    ],
)
async def test_queries(api, query, expected):
    """``limit`` is a whole number from 1 to 100, ``order`` one of two words, ``include`` one of eight."""
    conversation = await api.create()

    assert (400, *expected) == (await api.list(conversation, f"?{query}")).error


async def test_unknown_parameters_are_ignored(api):
    """What nobody knows in a query changes nothing; an empty cursor is none."""
    conversation = await api.create(user("a"))

    assert (await api.list(conversation)).json == (await api.list(conversation, "?after=&color=red")).json


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/conversations", 405),
        ("PUT", "/conversations/conv_1", 405),
        ("PATCH", "/conversations/conv_1", 405),
        ("DELETE", "/conversations/conv_1/items", 405),
        ("POST", "/conversations/conv_1/items/msg_1", 405),
        ("OPTIONS", "/conversations", 405),
        ("GET", "/models", 404),
        ("POST", "/conversations/", 404),
        ("GET", "/conversations/conv_1/", 404),
        ("GET", "/conversations/conv_1/messages", 404),
        ("GET", "/conversations/conv_1/items/msg_1/parts", 404),
        ("GET", "/conversationsconv_1", 404),
    ],
)
async def test_wrong_addresses(api, method, path, status):
    """Unknown addresses answer 404, wrong methods 405 with the right ones in ``allow``."""
    answer = await api.ask(method, path)

    assert status == answer.status
    assert "invalid_request_error" == answer.json["error"]["type"]
    assert ("allow" in answer.headers) == (status == 405)


async def test_ids_are_decoded_after_the_address_is_split(api):
    """A slash in an encoded id does not reach another address."""
    conversation = await api.create(user("a"))
    encoded = "".join(f"%{ord(letter):02x}" for letter in conversation)

    assert 200 == (await api.ask("GET", f"/conversations/{encoded}")).status
    assert 404 == (await api.ask("GET", f"/conversations/{conversation}%2Fitems")).status


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", ""]
)
async def test_wrong_content_type(api, content_type):
    """Only JSON is read."""
    answer = await api.ask("POST", "/conversations", b"{}", headers={"content-type": content_type})

    assert (400, None, "unsupported_content_type") == answer.error


async def test_content_type_with_parameters(api):
    """A charset beside ``application/json`` changes nothing."""
    headers = {"content-type": "Application/JSON; charset=utf-8"}

    assert 200 == (await api.ask("POST", "/conversations", b"{}", headers=headers)).status


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{]", b"nul", b"{'a':1}", b"\xff", b"[" * 100_000, b'{"metadata":NaN}', b"\x00", b'{"items":[1e999]}'],
)
async def test_malformed_json(api, body):
    """A body that is no JSON is refused, however it is broken."""
    answer = await api.ask("POST", f"/conversations/{await api.create()}", body)

    assert 400 == answer.status


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"1", b"null", b"true"])
async def test_a_body_is_an_object(api, body):
    """JSON that is no object is refused."""
    assert (400, "body", "invalid_type") == (await api.ask("POST", "/conversations", body)).error


@pytest.mark.parametrize(
    "item",
    [
        b'{"role":"user","content":"a","deep":' + b"[" * 600 + b"]" * 600 + b"}",
        b'{"role":"user","content":"a","x":1e999}',
    ],
    ids=["depth", "infinity"],
)
async def test_what_cannot_be_written_again_is_refused(api, item):
    """JSON that the parser takes but nobody can write back never reaches the store."""
    conversation = await api.create()
    answer = await api.ask("POST", f"/conversations/{conversation}/items", b'{"items":[' + item + b"]}")

    assert 400 == answer.status
    assert [] == (await api.list(conversation)).json["data"]


async def test_lone_surrogates_are_kept(api, server):
    """Half of a pair is no text, but JSON can carry it, and so does the server."""
    conversation = await api.create()
    body = b'{"items":[{"role":"user","content":"\\ud800"}]}'
    answer = await api.ask("POST", f"/conversations/{conversation}/items", body)

    assert "\ud800" == answer.json["data"][0]["content"][0]["text"]


class TestBodyLimit:
    @pytest.fixture
    def settings(self):
        return {"max_body": 1000}

    async def test_a_body_over_the_limit(self, api):
        """A body that is too large answers 413, whether its length was announced or not."""

        async def chunks():
            yield b'{"metadata":{"a":"'
            yield b"x" * 2000
            yield b'"}}'

        headers = {"content-type": "application/json"}
        announced = await api.ask("POST", "/conversations", {"metadata": {"a": "x" * 2000}})
        chunked = await api.ask("POST", "/conversations", data=chunks(), headers=headers)

        assert [413, 413] == [announced.status, chunked.status]
        assert {"request_too_large"} == {announced.error[2], chunked.error[2]}

    async def test_a_compressed_body_counts_unpacked(self, api):
        """A small gzip that unpacks to much is refused."""
        import gzip

        headers = {"content-encoding": "gzip"}
        answer = await api.ask("POST", "/conversations", gzip.compress(b" " * 100_000), headers=headers)

        assert 413 == answer.status

    async def test_a_compressed_body_is_read(self, api):
        """A gzip of JSON is JSON; what only claims to be one is refused."""
        import gzip

        headers = {"content-encoding": "gzip"}
        body = gzip.compress(b'{"metadata":{"a":"b"}}')

        assert {"a": "b"} == (await api.ask("POST", "/conversations", body, headers=headers)).json["metadata"]
        assert 400 == (await api.ask("POST", "/conversations", b"{}", headers=headers)).status


class TestUnknownItems:
    @pytest.fixture
    def settings(self):
        return {"profile": "openai,unknown_types=true"}

    async def test_unknown_types_can_be_kept(self, api, server):
        """By setting, an item of an unknown type is stored as it is, with an id."""
        conversation = await api.create({"type": "hologram", "depth": 1})
        (item,) = server.items(conversation)

        assert {"type": "hologram", "depth": 1} == {name: item[name] for name in ("type", "depth")}
        assert item["id"].startswith("item_")


class TestRateLimit:
    @pytest.fixture
    def settings(self):
        return {"rate_limit": 2}

    async def test_rate_limit(self, api):
        """By setting, requests beyond the limit of a minute answer 429 and say how long to wait."""
        answers = [await api.ask("POST", "/conversations") for _ in range(3)]

        assert [200, 200, 429] == [answer.status for answer in answers]
        assert ["1", "0", "0"] == [answer.headers["x-ratelimit-remaining-requests"] for answer in answers]
        assert 0 < int(answers[2].headers["retry-after"]) <= 60
        assert "rate_limit_exceeded" == answers[2].error[2]


def test_a_minute_later_the_rate_limit_starts_again():
    """The count begins anew with each minute."""
    from openai_conversations.server.http.rate_limit import RateLimit

    now = 0.0
    rate = RateLimit(1, lambda: now)
    rate.take()
    with pytest.raises(Refusal) as error:
        rate.take()
    assert {"retry-after": "60", "retry-after-ms": "60000"} == error.value.headers

    now = 60.0
    rate.take()
    assert "0" == rate.headers()["x-ratelimit-remaining-requests"]


@pytest.mark.parametrize("names", [("include",), ("include", "include[]")])
def test_include_styles(names):
    """Which parameters ask for more fields is the profile's to say."""
    query = {"include": [checks.INCLUDABLE[0]], "include[]": [checks.INCLUDABLE[1]]}

    assert set(checks.INCLUDABLE[: len(names)]) == checks.include(query, names)
