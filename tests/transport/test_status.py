"""Answers with an error status become errors."""

from __future__ import annotations

import json
import math
from email.utils import formatdate

import pytest
from hypothesis import given, strategies as st
from multidict import CIMultiDict

from openai_conversations import errors
from openai_conversations.transport.status import (
    error_body,
    is_api_not_found,
    retry_after,
    says_conversation_is_gone,
    status_error,
    status_to_error,
)
from tests.fakes import Script, delete_request, get_request, locked, respond

NOW = 1_800_000_000.0

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
    """A 2xx response is handed on as it is."""
    response = respond(204)

    assert response is await status_to_error(get_request(), Script(response))


@pytest.mark.parametrize("status", [300, 304, 400, 401, 402, 403, 404, 409, 418, 422, 429, 499, 500, 503, 599])
async def test_everything_else_is_raised(status):
    """Each status has its class; 5xx share one, and what has none of its own is an APIStatusError."""
    expected = CLASSES.get(status, errors.InternalServerError if status >= 500 else errors.APIStatusError)

    with pytest.raises(errors.APIStatusError) as caught:
        await status_to_error(get_request(), Script(respond(status)))

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
    pytest.param(b"<html><title>502</title></html>", "the response is an HTML page", (None, None, None), id="HTML"),
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
    error = status_error(respond(403, body))

    assert str(error).startswith(f"403 Forbidden: {said}" if said else "403 Forbidden")
    assert said or str(error) == "403 Forbidden"
    assert 1 == len(str(error).splitlines())
    assert details == (error.code, error.param, error.type)
    assert body == error.response.content
    assert error.body == error_body(respond(403, body))


OURS = b'{"error":{"message":"Conversation with id \'conv_1\' not found.","type":"invalid_request_error"}}'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(OURS, True, id="the API's"),
        pytest.param(b'{"error":{"message":"Invalid URL (GET /conversations/conv_1)"}}', False, id="a wrong path"),
        pytest.param(b'{"detail":"Not Found"}', False, id="a web framework"),
        pytest.param(b'{"detail":"Conversation conv_1 not found"}', True, id="detail with the conversation"),
        pytest.param(b'{"detail":"No item msg_1"}', True, id="detail with the item"),
        pytest.param(b"<html>conv_1</html>", False, id="HTML"),
        pytest.param(b"Not Found conv_1", False, id="text"),
        pytest.param(b"", False, id="empty"),
        pytest.param(b"[]", False, id="array"),
        pytest.param(b'{"error":"conv_1 not found"}', True, id="text under error, with the conversation"),
        pytest.param(b'{"error":{"message":"Conversation not found"}}', True, id="the API's, without the id"),
        pytest.param(b'{"error":{"message":"","code":"conversation_not_found"}}', True, id="a code"),
        pytest.param(b'{"error":{"code":"404","message":"Resource not found"}}', False, id="Azure, a wrong path"),
        pytest.param(
            b'{"error":{"code":"unknown_url","message":"Unknown request URL: DELETE /v1/conversations/conv_1"}}',
            False,
            id="OpenAI, a wrong path",
        ),
        pytest.param(
            b'{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}',
            False,
            id="Azure, a wrong deployment",
        ),
        *(
            pytest.param(json.dumps({"error": {"message": said}}).encode(), False, id=said)
            for said in (
                "no healthy upstream",
                "No message available",
                "No message",
                "Message broker not found",
                "Service 'conversations' not found",
                "Project not found for this conversation",
                "The requested resource was not found (message id: 8a)",
                "Host not found. If this message persists, contact support",
                "Operation deleteItem not found on conversations",
                "API version not found for conversations resource",
                "Model x does not exist or conversation access is denied",
                "The conversation could not be loaded: user not found",
                "Path /v1/conversations/conv_1 not found",
                "/v1/conversation/conv_1 not found",
                "conversation" + "'" * 3001 + " not found",
            )
        ),
        *(
            pytest.param(json.dumps({"error": {"message": said}}).encode(), True, id=said)
            for said in (
                "Item with id 'msg_1' not found in conversation 'conv_1'.",
                "Item with id 'msg_...' not found.",
                "Error: the conversation does not exist",
                "Conversation doesn't exist",
                "Message msg_1 was not found",
                'conversation id: "conv_1" could not be found',
                "No such conversation: conv_1",
                "conv_1 has been deleted",
            )
        ),
        pytest.param(b'{"error":{"message":"Gone","code":"ConversationNotFound"}}', True, id="a code in one word"),
        pytest.param(b'{"detail":"Model for conv_1 not found"}', False, id="detail, of something else"),
        pytest.param(b'{"detail":"Conversation conv_17 not found"}', False, id="detail, of another"),
        pytest.param(b'{"detail":"no route to conv_1"}', False, id="a route"),
        pytest.param(
            b'{"message":"Cannot DELETE /v1/conversations/conv_1","error":"Not Found","statusCode":404}',
            False,
            id="NestJS",
        ),
    ],
)
def test_whose_404_it_is(body, expected):
    """Only words about a conversation or an item, and not about an address, say that it is not there."""
    request = get_request(item_id="msg_1")

    assert expected is is_api_not_found(status_error(respond(404, body)), request)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"detail":"Not Found"}',
        b"[]",
        b'{"error":{"message":"Invalid URL (GET /conversations)"}}',
    ],
)
def test_a_404_that_is_not_the_api_says_where_it_comes_from(body):
    """A 404 that is not about a conversation or an item names the base URL: most often that is what is wrong."""
    response = respond(404, body).replace(source=get_request(base_url="http://h"))

    assert str(status_error(response)).endswith(
        "is base_url right? It is http://h, without the /v1 that most servers have"
    )
    right = response.replace(source=get_request(base_url="http://h/v1"))
    assert str(status_error(right)).endswith("is base_url right? It is http://h/v1")
    assert "base_url" not in str(status_error(response.replace(content=OURS)))


def test_long_and_ragged_messages():
    """The server's words are folded into one line and cut; the body has all of them."""
    error = status_error(respond(500, b"line one\n\n  line\ttwo " + b"x" * 5000))

    assert str(error).startswith("500 Internal Server Error: line one line two xxx")
    assert len(str(error)) < 310
    assert 5000 < len(error.body)


def test_redirect():
    """A redirect is not followed; the error says where it points and what to check."""
    error = status_error(respond(307, location="https://api.example.org/v1/"))

    assert (
        str(error)
        == "307 Temporary Redirect: redirects are not followed; check base_url (it points to https://api.example.org/v1/)"
    )


def test_a_status_without_a_name():
    """A status that nobody has named is shown as its number."""
    assert "599" == str(status_error(respond(599)))


def test_what_a_handler_needs():
    """The error has the request id, the wait that was asked for, and the headers in any case."""
    error = status_error(respond(429, retry_after="7", x_request_id="req_1"))

    assert "req_1" == error.request_id
    assert 7.0 == error.retry_after
    assert "7" == error.response.headers["Retry-After"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after-ms": "1500"}, 1.5, id="milliseconds"),
        pytest.param({"retry-after-ms": "0.5"}, 0.0005, id="part of a millisecond"),
        pytest.param({"Retry-After-Ms": "20", "Retry-After": "7"}, 0.02, id="milliseconds win, in any case"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "7"}, 7.0, id="no number of milliseconds"),
        pytest.param({"retry-after-ms": "nan", "retry-after": "7"}, None, id="milliseconds that are no number"),
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": " 0.25 "}, 0.25, id="part of a second"),
        pytest.param({"retry-after": "0"}, None, id="zero"),
        pytest.param({"retry-after": "-3"}, None, id="negative"),
        pytest.param({"retry-after": "nan"}, None, id="NaN"),
        pytest.param({"retry-after": "inf"}, None, id="infinite"),
        pytest.param({"retry-after": "1e999"}, None, id="too large for a float"),
        pytest.param({"retry-after": "100000"}, 100_000.0, id="long"),
        pytest.param({"retry-after": formatdate(NOW + 90, usegmt=True)}, 90.0, id="date"),
        pytest.param({"retry-after": formatdate(NOW - 90, usegmt=True)}, None, id="date in the past"),
        pytest.param({"retry-after": "Mon, 1 Jan 10000 00:00:00 GMT"}, None, id="year out of range"),
        pytest.param({"retry-after": f"1 Jan 2030 {'9' * 400}:00:00 GMT"}, None, id="hour out of range"),
        pytest.param({"retry-after": "Friday"}, None, id="neither"),
        pytest.param({"retry-after": ""}, None, id="empty"),
    ],
)
def test_retry_after(headers, expected):
    """A server asks in milliseconds, seconds or as a date; what is not a finite time ahead counts as nothing."""
    assert expected == retry_after(CIMultiDict(headers), now=lambda: NOW)


@given(
    st.text()
    | st.from_regex(r"(Mon, )?[0-9]{1,5} (Jan|Feb|Dec) -?[0-9]{1,30} [0-9]{1,400}:[0-9:]{1,9} (GMT|[+-][0-9]{1,40})")
)
def test_retry_after_of_anything(text):
    """No text that a server may send is an error: it is a positive finite time, or nothing."""
    seconds = retry_after({"retry-after": text}, now=lambda: NOW)

    assert seconds is None or (math.isfinite(seconds) and seconds > 0)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Conversation with id 'conv_1' not found.", True),
        ("conversation conv_1 does not exist", True),
        ("conv_1 not found", True),
        ("Item with id 'msg_0' not found in conversation 'conv_1'.", False),
        ("msg_0 not found", False),
    ],
)
def test_of_whom_a_404_speaks(said, expected):
    """A 404 that says of the conversation that it is gone is told from one that says it of the item."""
    request = delete_request(operation="deleteConversationItem", item_id="msg_0")
    error = status_error(respond(404, json.dumps({"error": {"message": said}}).encode()))

    assert expected is says_conversation_is_gone(error, request)
