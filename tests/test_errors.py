"""The tree of errors: the official names and fields, and what they survive."""

from __future__ import annotations

import copy
import inspect
import pickle
import traceback

import openai
import pytest

from openai_conversations import errors
from openai_conversations.errors import (
    AmbiguousWriteError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    Attempt,
    ClientClosedError,
    ConfigurationError,
    ConversationLockedError,
    ConversationsError,
    InvalidArgumentError,
    InvalidWebhookSignatureError,
    NotFoundError,
    OperationError,
    PaginationStalledError,
    RateLimitError,
    RequestInfo,
    WrongEventLoopError,
    error_class,
    one_line,
    shown_url,
    without_secrets,
)
from openai_conversations.transport.status import status_error
from tests.fakes import respond

INFO = RequestInfo(method="GET", url="http://h/v1/conversations/c", headers={"A": "1"}, operation="getConversation")


def classes() -> list[type[ConversationsError]]:
    """Every class of the tree that stands in its module."""
    found = [value for value in vars(errors).values() if inspect.isclass(value)]
    return [cls for cls in found if issubclass(cls, ConversationsError)]


def attempt(number=1, **changes):
    values = {
        "number": number,
        "started": 0.0,
        "elapsed": 1.0,
        "status_code": 500,
        "error": None,
        "request_id": None,
        "outcome_unknown": False,
    }
    return Attempt(**{**values, **changes})


def examples() -> list[ConversationsError]:
    """One error of each class, with everything that it can hold."""
    history = (attempt(1, request_id="req_1"), attempt(2, status_code=None, error="gone", outcome_unknown=True))
    response = respond(400, b'{"error":{"message":"No"}}', x_request_id="req_9").replace(attempts=history)
    body = {"error": {"message": "No", "code": "bad", "param": "items", "type": "invalid_request_error"}}
    by_status = [cls for cls in classes() if issubclass(cls, APIStatusError)]
    return [
        *(cls("message") for cls in (ConversationsError, ConfigurationError, InvalidArgumentError)),
        InvalidWebhookSignatureError("message"),
        *(cls("message") for cls in (ClientClosedError, WrongEventLoopError, OperationError)),
        PaginationStalledError("message", cursor="msg_1"),
        APIError("message", INFO, body=body, attempts=history, retry_after=1.5),
        APIConnectionError(message="message", request=INFO, sent=False),
        APITimeoutError(INFO, message="message", sent=False),
        APIResponseValidationError(response, body, message="message"),
        AmbiguousWriteError("message", INFO, known="known", stored=("msg_1",), attempts=history),
        *(cls("message", response=response, body=body, retry_after=1.5) for cls in by_status),
    ]


every_error = pytest.mark.parametrize("error", [pytest.param(e, id=type(e).__name__) for e in examples()])


def test_every_class_has_an_example():
    """The tests here leave no class of the tree out."""
    assert set(classes()) == {type(error) for error in examples()}


# The tree


def test_the_tree_is_drawn_as_it_is():
    """The drawing at the top of the module names every class of the module, below its base."""
    drawn = {}
    path: list[tuple[int, str]] = []
    for line in errors.__doc__.splitlines():
        name = line.lstrip(" │├└─").partition(" ")[0]
        if name in vars(errors):
            depth = line.index(name)
            path = [*[(d, n) for d, n in path if d < depth], (depth, name)]
            drawn[name] = path[-2][1] if len(path) > 1 else "Exception"

    assert {cls.__name__: cls.__bases__[0].__name__ for cls in classes()} == drawn


@pytest.mark.parametrize("name", [cls.__name__ for cls in classes() if hasattr(openai, cls.__name__)])
def test_official_names_have_official_bases(name):
    """A class that the official client has stands below the same classes as there; its root is ours."""
    official = [cls.__name__ for cls in getattr(openai, name).__mro__]
    ours = [cls.__name__ for cls in getattr(errors, name).__mro__]

    # A webhook that is not from the service stands below no root there.
    below = [n for n in ours if n != "ConversationsError" or "OpenAIError" in official]
    assert [n.replace("OpenAIError", "ConversationsError") for n in official] == below


def test_official_names_are_here():
    """Every error of the official client that a call of this API can raise is here."""
    elsewhere = {
        *("LengthFinishReasonError", "ContentFilterFinishReasonError"),
        *("OAuthError", "SubjectTokenProviderError", "WebSocketConnectionClosedError", "WebSocketQueueFullError"),
    }
    official = {
        name
        for name in openai.__all__
        if inspect.isclass(getattr(openai, name)) and issubclass(getattr(openai, name), openai.APIError)
    }

    assert set() == official - elsewhere - {cls.__name__ for cls in classes()}


@pytest.mark.parametrize(
    ("cls", "base"),
    [
        (ConfigurationError, ValueError),
        (InvalidArgumentError, ValueError),
        (ClientClosedError, RuntimeError),
        (WrongEventLoopError, RuntimeError),
    ],
)
def test_python_bases(cls, base):
    """Mistakes of the caller can be caught by the names that Python has for them."""
    assert issubclass(cls, base)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        *((400, "BadRequestError"), (401, "AuthenticationError"), (403, "PermissionDeniedError")),
        *((404, "NotFoundError"), (409, "ConflictError"), (422, "UnprocessableEntityError")),
        *((429, "RateLimitError"), (500, "InternalServerError"), (503, "InternalServerError")),
        *((599, "InternalServerError"), (402, "APIStatusError"), (418, "APIStatusError"), (302, "APIStatusError")),
    ],
)
def test_classes_by_status(status, name):
    """A status has the class that the official client gives it; a lock has its own, at 400 only."""
    lock = {"error": {"code": "conversation_locked"}}

    assert name == error_class(status, None).__name__ == error_class(status, {"error": "text"}).__name__
    assert (ConversationLockedError.__name__ if status == 400 else name) == error_class(status, lock).__name__


# Fields


@pytest.mark.parametrize(
    "name", ["message", "request", "body", "code", "param", "type", "response", "status_code", "request_id"]
)
def test_official_fields(name):
    """The fields of the official client's errors are here under their names."""
    error = status_error(
        respond(404, b'{"error":{"message":"No","code":"c","param":"p","type":"t"}}', x_request_id="r")
    )

    assert getattr(error, name) is not None


def test_history():
    """An error says how often the call was tried, and the newest id that the service gave."""
    error = APIError("m", attempts=(attempt(1, request_id="req_1"), attempt(2, request_id="req_2"), attempt(3)))

    assert (2, "req_2") == (error.retries_taken, error.request_id)
    assert (0, None) == (APIError("m").retries_taken, APIError("m").request_id)


@pytest.mark.parametrize(
    ("outcomes", "expected"), [([], False), ([True], False), ([True, False], True), ([False, False], False)]
)
def test_after_unknown_outcome(outcomes, expected):
    """An attempt before the last may have been carried out; the last is what the error tells of."""
    error = APIError("m", attempts=tuple(attempt(n, outcome_unknown=o) for n, o in enumerate(outcomes, 1)))

    assert expected is error.after_unknown_outcome


def test_official_construction():
    """Errors can be made as those of the official client, for tests of those who catch them."""
    response = respond(429)

    assert ("Connection error.", True) == (APIConnectionError(request=INFO).message, APIConnectionError().sent)
    assert "Request timed out." == APITimeoutError(INFO).message
    assert 429 == RateLimitError("m", response=response, body=None).status_code
    assert 429 == APIResponseValidationError(response, {}).status_code


def test_an_ambiguous_write_that_nobody_looked_for():
    """Nothing is known, and ``stored`` says that nobody looked."""
    error = AmbiguousWriteError("m")

    assert ("Nothing is known about its outcome.", None) == (error.known, error.stored)


# What errors survive


@every_error
def test_errors_travel(error):
    """Every error can be pickled and copied, and has all its fields afterwards."""
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301
        assert type(error) is type(other)
        assert (str(error), error.args) == (str(other), other.args)
        plain = {name: value for name, value in vars(error).items() if name != "response"}
        assert plain == {name: value for name, value in vars(other).items() if name != "response"}
        if hasattr(error, "response"):
            assert (error.response.content, error.request_id) == (other.response.content, other.request_id)


@every_error
def test_errors_are_one_line(error):
    """An error is one line of text, also in a traceback."""
    assert "message" == str(error)
    assert 1 == len(traceback.format_exception_only(error))


def test_errors_can_be_raised_and_caught_again():
    """An error that came out of another process is raised as one that was made here."""
    with pytest.raises(NotFoundError, match="gone"):
        raise pickle.loads(pickle.dumps(NotFoundError("gone", response=respond(404), body=None)))  # noqa: S301


# Text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n b\r\n\tc  d ", "a b c d"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "…"),
        ("Incorrect API key provided: sk-proj-abcdef123456. See", "Incorrect API key provided: sk-*** See"),
        ("Authorization: Bearer abcdef.123456-x", "Authorization: Bearer ***"),
        ("api-key: abcdef123456", "api-key: ***"),
        ("{'api_key': 'abcdef123456'}", "{'api_key': '***'}"),
        ("task-force of desk-bound people", "task-force of desk-bound people"),
    ],
)
def test_one_line(text, expected):
    """White space is folded, what looks like a credential is hidden, and what is long is cut."""
    assert expected == one_line(text)


def test_servers_that_quote_a_key():
    """A service that repeats the key in its message does not bring it into ours."""
    error = status_error(respond(401, b'{"error":{"message":"Incorrect API key provided: sk-marker-1234567890"}}'))

    assert "401 Unauthorized: Incorrect API key provided: sk-***" == str(error)


@pytest.mark.parametrize(
    "name",
    [
        *("Authorization", "authorization", "Proxy-Authorization", "api-key", "X-API-Key", "Cookie", "Set-Cookie"),
        *("X-Auth", "x-ms-user-isolation-key", "X-Session-Token", "X-Secret", "X-Credential", "X-Password"),
    ],
)
def test_headers_that_are_hidden(name):
    """The value of a header whose name speaks of credentials is never shown."""
    assert {name: "***", "X-Team": "a"} == without_secrets({name: "marker", "X-Team": "a"})


def test_values_that_are_hidden():
    """A value that looks like a credential is hidden, whatever its header is called."""
    assert {"X-Gateway": "Bearer ***"} == without_secrets({"X-Gateway": "Bearer abcdef123456"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/v1/c?after=a&limit=1", "http://h/v1/c?after=a&limit=1"),
        ("http://h/v1/c?api-key=marker&after=a", "http://h/v1/c?api-key=***&after=a"),
        ("http://h/v1/c?after=a&Access_Token=marker", "http://h/v1/c?after=a&Access_Token=***"),
        ("http://h/v1/tokens", "http://h/v1/tokens"),
    ],
)
def test_urls_are_shown_without_secrets(url, expected):
    """A query value whose name speaks of credentials is never shown."""
    assert expected == shown_url(url)
