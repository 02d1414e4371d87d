"""From an address to an operation."""

from __future__ import annotations

import pytest

from tests.server.api import user


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
    response = await api.ask(method, path)

    assert status == response.status
    assert "invalid_request_error" == response.json["error"]["type"]
    assert ("allow" in response.headers) == (status == 405)


async def test_ids_are_decoded_after_the_address_is_split(api):
    """A slash in an encoded id does not reach another address."""
    conversation = await api.create(user("a"))
    encoded = "".join(f"%{ord(letter):02x}" for letter in conversation)

    assert 200 == (await api.ask("GET", f"/conversations/{encoded}")).status
    assert 404 == (await api.ask("GET", f"/conversations/{conversation}%2Fitems")).status
