"""What a service computes: an error beside it is an error."""

from __future__ import annotations

import pytest

from openai_conversations.api.requests import get_conversation
from openai_conversations.api.results import check_deleted, computed
from openai_conversations.errors import APIResponseValidationError
from openai_conversations.schemas.responses.usage import InputTokenCount
from tests.operations.fakes import FakeService, caller, response

COUNT = {"object": "response.input_tokens", "input_tokens": 5}


def counted(**more):
    request = get_conversation(caller(FakeService()), "conv_1")
    return computed(response(request, {**COUNT, **more}), InputTokenCount)


@pytest.mark.parametrize("error", [{"message": "no tokenizer"}, "no tokenizer"], ids=["object", "text"])
def test_an_error_beside_a_result(error):
    """Servers that send errors with 200 may send them beside what they had by then."""
    with pytest.raises(APIResponseValidationError, match="no tokenizer"):
        counted(error=error)


def test_no_error():
    """A null is no error, and other members are kept."""
    assert (5, {"error": None, "a": 1}) == ((read := counted(error=None, a=1)).input_tokens, read.extra)


def deleted(value, status=200):
    check_deleted(response(get_conversation(caller(FakeService()), "conv_1"), value, status=status))


@pytest.mark.parametrize(
    "value",
    [{"id": "conv_1", "error": None}, {"deleted": True}, {}, b""],
    ids=["null", "own", "empty object", "nothing"],
)
def test_deletions(value):
    """Servers answer a deletion with the conversation, an object of their own, or nothing."""
    deleted(value)


@pytest.mark.parametrize(
    "value",
    [{"error": {"message": "no"}}, {"id": "conv_1", "error": "no"}, {"deleted": False}, [], None, b"<html>no</html>"],
    ids=["error", "beside an error", "not deleted", "list", "null", "page"],
)
def test_no_deletions(value):
    """What says that it failed, or is no response of this API, is no deletion."""
    with pytest.raises(APIResponseValidationError):
        deleted(value)
