"""The values that travel through the chain."""

from __future__ import annotations

import copy
import pickle

from multidict import CIMultiDict

from openai_conversations.transport.message import HTTPRequest, HTTPResponse
from tests.fakes import append_request, get_request, respond


def test_copies_leave_the_original_alone():
    """A request is changed by making another one."""
    request = get_request(headers={"A": "1", "B": "2"})

    changed = request.with_headers({"a": "3"}).replace(max_retries=7)

    assert ({"B": "2", "a": "3"}, 7) == (changed.headers, changed.max_retries)
    assert ({"A": "1", "B": "2"}, 2) == (request.headers, request.max_retries)


def test_repr_is_what_logs_may_show():
    """A repr has operation, method and URL; no header, no body."""
    request = append_request(headers={"authorization": "Bearer sk-secret"}, body=b"content")

    assert f"<HTTPRequest createConversationItems POST {request.url}>" == repr(request)
    assert "HTTPResponse(status_code=200, elapsed=0.0)" == repr(respond(content=b"content", set_cookie="secret"))


def test_what_errors_show_of_a_request():
    """The public face of a request has no body, and stars for every credential."""
    info = append_request(headers={"Authorization": "Bearer sk-1", "X-Team": "a", "api-key": "k"}).info

    assert {"Authorization": "***", "X-Team": "a", "api-key": "***"} == info.headers
    assert ("POST", "createConversationItems") == (info.method, info.operation)


def test_copies_are_the_same():
    """Requests and responses do not change, so that a copy is the same object, with all that it holds."""
    for value in (append_request(), respond()):
        assert value is copy.copy(value)
        assert value is copy.deepcopy(value)


def test_responses_travel_without_secrets():
    """A pickled response has lost what must not travel: credentials, the body that was sent."""
    request = append_request(url="http://h/v1?api-key=sk-2", headers={"Authorization": "Bearer sk-1"}, body=b"sk-3")
    response = HTTPResponse(
        status_code=201,
        headers=CIMultiDict({"A": "1"}),
        content=b"{}",
        source=request,
        sent_headers=CIMultiDict({"Authorization": "Bearer sk-1", "Host": "h"}),
        elapsed=1.5,
    )

    other = pickle.loads(pickle.dumps(response))  # noqa: S301

    assert (201, "1", b"{}", 1.5) == (other.status_code, other.headers["a"], other.content, other.elapsed)
    assert (request.operation, "http://h/v1?api-key=***") == (other.source.operation, other.source.url)
    assert ({"Authorization": "***"}, None) == (other.source.headers, other.source.body)
    assert {"Authorization": "***", "Host": "h"} == other.sent_headers
    assert b"sk-" not in pickle.dumps(response)


def test_history_of_one():
    """A call that just succeeded has a history all the same."""
    [attempt] = respond(200, x_request_id="req_1").replace(elapsed=2.0).history

    assert (1, 0.0, 2.0, 200, None, "req_1", False, None) == (
        *(attempt.number, attempt.started, attempt.elapsed, attempt.status_code),
        *(attempt.error, attempt.request_id, attempt.outcome_unknown, attempt.wait),
    )


def test_requests_are_themselves():
    """Requests are told apart by identity: two equal calls are two calls."""
    assert get_request() != get_request()
    assert isinstance(hash(get_request()), int)
    assert isinstance(get_request(), HTTPRequest)
