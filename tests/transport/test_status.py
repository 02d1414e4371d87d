"""Answers with an error status become errors."""

from __future__ import annotations

import pytest

from openai_conversations import errors
from openai_conversations.transport.status import error_body, status_error, status_to_error
from tests.fakes import Script, answer, get_request, locked

CLASSES = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
}


async def test_success_passes():
    """A 2xx answer is handed on as it is."""
    response = answer(204)

    assert response is await status_to_error(get_request(), Script(response))


@pytest.mark.parametrize("status", [300, 304, 400, 401, 402, 403, 404, 409, 418, 422, 429, 499, 500, 503, 599])
async def test_everything_else_is_raised(status):
    """Each status has its class; 5xx share one, and what has none of its own is an APIStatusError."""
    expected = CLASSES.get(status, errors.InternalServerError if status >= 500 else errors.APIStatusError)

    with pytest.raises(errors.APIStatusError) as caught:
        await status_to_error(get_request(), Script(answer(status)))

    assert expected is type(caught.value)
    assert status == caught.value.status_code == caught.value.response.status_code


def test_a_lock_has_its_class():
    """A 400 with the code of a lock is a BadRequestError that says so."""
    error = status_error(locked())

    assert errors.ConversationLockedError is type(error)
    assert isinstance(error, errors.BadRequestError)
    assert ("conversation_locked", "conversation", "invalid_request_error") == (error.code, error.param, error.type)


# What servers of this API were seen to send: the bytes, what the message says, and code, param, type.
BODIES = [
    pytest.param(
        b'{"error":{"message":"No such item","type":"invalid_request_error","param":"item_id","code":"missing"}}',
        "No such item",
        ("missing", "item_id", "invalid_request_error"),
        id="whole",
    ),
    pytest.param(b'{"error":{"message":"No such item"}}', "No such item", (None, None, None), id="message alone"),
    pytest.param(b'{"error":"No such item"}', "No such item", (None, None, None), id="text under error"),
    pytest.param(b'{"message":"No such item","code":7}', "No such item", (None, None, None), id="bare, odd code"),
    pytest.param(b'{"detail":"No such item"}', "No such item", (None, None, None), id="detail"),
    pytest.param(
        b'{"detail":[{"loc":["body","items",0],"msg":"Field required","type":"missing"},"and more",{"message":"m"}]}',
        "body.items.0: Field required; and more; m",
        (None, None, None),
        id="list of details",
    ),
    pytest.param(b'{"detail":[{"odd":1}]}', "{'odd': 1}", (None, None, None), id="odd detail"),
    pytest.param(b'{"detail":{"msg":"No"}}', "No", (None, None, None), id="object as detail"),
    pytest.param(
        b'{"type":"https://example.org/not-found","title":"Not found","detail":"No such item","status":404}',
        "No such item",
        (None, None, "https://example.org/not-found"),
        id="problem+json",
    ),
    pytest.param(b'{"title":"Not found"}', "Not found", (None, None, None), id="problem+json without detail"),
    pytest.param(b"No such item", "No such item", (None, None, None), id="text"),
    pytest.param(b"<html><title>502</title></html>", "the answer is an HTML page", (None, None, None), id="HTML"),
    pytest.param(b"", "", (None, None, None), id="empty"),
    pytest.param(b"[1]", "", (None, None, None), id="array"),
    pytest.param(b"null", "", (None, None, None), id="null"),
    pytest.param(b"{}", "", (None, None, None), id="empty object"),
    pytest.param(b'{"error":null}', "", (None, None, None), id="null under error"),
    pytest.param(b'{"error":{"message":null}}', "", (None, None, None), id="null message"),
    pytest.param(b'{"error":{"message":{"en":"No"}}}', "{'en': 'No'}", (None, None, None), id="object as message"),
    pytest.param(b"\xff\xfe", "��", (None, None, None), id="no text"),
    pytest.param(b"[" * 100_000, "[" * 280, (None, None, None), id="deep"),
]


@pytest.mark.parametrize(("body", "said", "details"), BODIES)
def test_kinds_of_bodies(body, said, details):
    """Whatever shape an error has, its message is one line with the status and the server's words; the body is kept."""
    error = status_error(answer(404, body))

    assert str(error).startswith(f"404 Not Found: {said}" if said else "404 Not Found")
    assert said or str(error) == "404 Not Found"
    assert 1 == len(str(error).splitlines())
    assert details == (error.code, error.param, error.type)
    assert body == error.response.content
    assert error.body == error_body(answer(404, body))


def test_long_and_ragged_messages():
    """The server's words are folded into one line and cut; the body has all of them."""
    error = status_error(answer(500, b"line one\n\n  line\ttwo " + b"x" * 5000))

    assert str(error).startswith("500 Internal Server Error: line one line two xxx")
    assert len(str(error)) < 310
    assert 5000 < len(error.body)


def test_redirect():
    """A redirect is not followed; the error says where it points and what to check."""
    error = status_error(answer(307, location="https://api.example.org/v1/"))

    assert (
        str(error)
        == "307 Temporary Redirect: redirects are not followed; check base_url (it points to https://api.example.org/v1/)"
    )


def test_a_status_without_a_name():
    """A status that nobody has named is shown as its number."""
    assert "599" == str(status_error(answer(599)))


def test_what_a_handler_needs():
    """The error has the request id, the wait that was asked for, and the headers in any case."""
    error = status_error(answer(429, retry_after="7", x_request_id="req_1"))

    assert "req_1" == error.request_id
    assert 7.0 == error.retry_after
    assert "7" == error.response.headers["Retry-After"]
