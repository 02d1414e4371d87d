"""What servers say in bodies that should have been something else: their words, and nothing that a terminal obeys."""

from __future__ import annotations

import gzip

import pytest

from openai_conversations import APIResponseValidationError, ConversationsClient
from openai_conversations.error_bodies import error_message, filtered_for, said_instead
from openai_conversations.errors import one_line
from tests.sockets import answering, http


def zipped(content):
    """The same bytes whenever it is done: they are in the names of tests."""
    return gzip.compress(content, mtime=0)


BUSY = b'{"error":{"message":"The model is busy","code":"busy"}}'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the body is empty"),
        (b" \r\n", "the body is empty"),
        (BUSY, "The model is busy"),
        (b'{"detail":"busy"}', "busy"),
        (b'{"id":"conv_1"}', ""),
        (b"[]", ""),
        (b"null", ""),
        (b"Service is down", "Service is down"),
        (b"<html>down</html>", "the response is an HTML page"),
        (b"\xff", "\ufffd"),
        (b'{"id":"conv_1","metadata":{"a":"secr', ""),
        (b' [{"id"', ""),
        (zipped(BUSY), "the body is compressed with gzip and not labelled so: The model is busy"),
        (zipped(b""), "the body is compressed with gzip and not labelled so: the body is empty"),
        (zipped(zipped(b"x")), "the body is compressed with gzip and not labelled so: nothing"),
        (b"\x1f\x8bbroken", "the body is compressed with gzip and not labelled so: it is broken"),
        (b"event: error\ndata: " + BUSY, "a stream of events came where JSON was expected: The model is busy"),
        (b"data: [DONE]\n\n", "a stream of events came where JSON was expected: [DONE]"),
        (b"\xef\xbb\xbfdata: {}\n", "a stream of events came where JSON was expected: {}"),
        (b": ping\n", "a stream of events came where JSON was expected: it has no data"),
    ],
)
def test_what_a_body_says(content, expected):
    """Whatever came in the place of JSON, its words are found, or what it is."""
    assert expected == said_instead(content)


FILTERED = {"violence": {"filtered": True, "severity": "high"}, "hate": {"filtered": False, "severity": "safe"}}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"innererror": {"content_filter_result": FILTERED}}, "violence (high)"),
        ({"inner_error": {"content_filter_results": FILTERED}}, "violence (high)"),
        ({"inner_error": {"error_details": {"content_filter_results": FILTERED}}}, "violence (high)"),
        ({"content_filter_result": {"self_harm": {"filtered": True}}}, "self harm"),
        ({"content_filters": [{"content_filter_results": FILTERED}] * 2}, "violence (high)"),
        ({"content_filter_result": {"custom_blocklists": {"filtered": True, "details": []}}}, "custom blocklists"),
        ({"content_filter_result": {"violence": {"filtered": "true"}, "hate": None}}, ""),
        ({"content_filter_result": [], "innererror": "x", "content_filters": {"a": 1}}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_content_filters(details, expected):
    """What a filter took offence at, wherever it stands; what has another shape says nothing."""
    assert expected == filtered_for(details)


def test_a_filter_that_nests():
    """An inner error in an inner error, without end, is not followed without end."""
    details = {"content_filter_result": FILTERED}
    for _ in range(10_000):
        details = {"innererror": details}

    assert filtered_for(details) == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"statusCode": 429, "message": "Token rate limit is exceeded."}, "Token rate limit is exceeded."),
        ({"error": {"code": "DeploymentNotFound", "message": "No deployment."}}, "No deployment."),
        (
            {"error": {"message": "Bad.", "details": [{"code": "X", "message": "The index is missing."}, {}, "x"]}},
            "Bad.; The index is missing.",
        ),
        ({"error": {"message": "The index is missing.", "details": [{"message": "missing"}]}}, "The index is missing."),
        (
            {"error": {"message": "Filtered.", "content_filter_result": FILTERED}},
            "filtered for violence (high): Filtered.",
        ),
    ],
)
def test_what_azure_says(body, expected):
    """Errors of API Management and of the service, with what they hold inside."""
    assert expected == error_message(body)


def test_a_bomb_is_not_decompressed():
    """Of an unlabelled body only the beginning is decompressed."""
    bomb = gzip.compress(b"x" * 50_000_000)

    assert len(said_instead(bomb)) < 70_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;4mbold", "red and bold"),
        ("\x1b]0;title\x07here", "here"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[Hcleared", "cleared"),
        ("\x9b31mc1", "31mc1"),
        ("bell\x07 back\x08space \x00null", "bell backspace null"),
        ("a\r\nb\tc\u2028d", "a b c d"),
        ("admin\u202etxt.exe\u2066", "admintxt.exe"),
        ("ü 漢字 🎈 \u200d", "ü 漢字 🎈 \u200d"),
    ],
)
def test_what_a_terminal_obeys_is_dropped(text, expected):
    """A message is one line of text: no escape sequence, no control character, nothing that turns it round."""
    assert expected == one_line(text)


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (BUSY, [], "The model is busy"),
        (b'{"error":{"message":"\\u001b[31mred"}}', [], "red"),
        (b"data: " + BUSY, ["Content-Type: text/event-stream"], "The model is busy"),
        (zipped(BUSY), [], "The model is busy"),
        (b"", [], "the body is empty"),
    ],
)
async def test_what_comes_instead_of_an_object(body, headers, said):
    """The error for a 200 that is something else has the server's words, for objects and for pages."""
    async with (
        answering(http(200, body, *headers)) as server,
        ConversationsClient(api_key="sk-test", base_url=server.base_url) as client,
    ):
        for call in (client.conversations.retrieve("conv_1"), client.conversations.items.list("conv_1")):
            with pytest.raises(APIResponseValidationError) as caught:
                await call

            assert f": {said}; " in str(caught.value)
            assert "\x1b" not in str(caught.value)
    assert 2 == len(server.asked)
