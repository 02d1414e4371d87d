"""What a body must be to be read."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json", ""]
)
async def test_wrong_content_type(api, content_type):
    """Only JSON is read."""
    response = await api.ask("POST", "/conversations", b"{}", headers={"content-type": content_type})

    assert (400, None, "unsupported_content_type") == response.error


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
    response = await api.ask("POST", f"/conversations/{await api.create()}", body)

    assert 400 == response.status


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"1", b"null", b"true"])
async def test_a_body_is_an_object(api, body):
    """JSON that is no object is refused."""
    assert (400, "body", "invalid_type") == (await api.ask("POST", "/conversations", body)).error


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
        response = await api.ask("POST", "/conversations", gzip.compress(b" " * 100_000), headers=headers)

        assert 413 == response.status

    async def test_a_compressed_body_is_read(self, api):
        """A gzip of JSON is JSON; what only claims to be one is refused."""
        import gzip

        headers = {"content-encoding": "gzip"}
        body = gzip.compress(b'{"metadata":{"a":"b"}}')

        assert {"a": "b"} == (await api.ask("POST", "/conversations", body, headers=headers)).json["metadata"]
        assert 400 == (await api.ask("POST", "/conversations", b"{}", headers=headers)).status
