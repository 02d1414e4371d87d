"""Faults as lines and as JSON."""

from __future__ import annotations

import pytest

from openai_conversations.server import ConversationsServer, faults
from openai_conversations.server.faults.parse import build_fault, parse_fault
from tests.server.api import Api


@pytest.mark.parametrize("name", faults.NAMED)
def test_every_fault_has_a_line(name):
    """Every fault can be ordered by its name alone, written with dashes or underscores."""
    assert name == parse_fault(name).name == parse_fault(name.replace("_", "-")).name


def test_a_line_says_everything():
    """A line carries what the function takes."""
    fault = parse_fault(
        "status:status=429,retry-after=2,should_retry=true,operation=getConversation,count=none,probability=0.5,seed=3,skip=1"
    )

    assert ("getConversation", None, 0.5, 3, 1) == (
        fault.operation,
        fault.count,
        fault.probability,
        fault.seed,
        fault.skip,
    )
    assert "status on getConversation" == str(fault)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("explode", "there is no fault 'explode'; the faults are commit_then_drop, "),
        ("comit_then_drop", "there is no fault 'comit_then_drop'; did you mean 'commit_then_drop'? the faults are "),
        ("locked:cuont=1", "locked has no 'cuont'; did you mean 'count'? it takes "),
        ("slow:minutes=3", "slow has no 'minutes'; it takes seconds, before_commit, operation, "),
        ("slow:seconds=long", "slow: seconds cannot be 'long'"),
        ("slow:before_commit=1", "slow: before_commit cannot be 1"),
        ("locked:n=true", "locked: n cannot be True"),
        ("wrong_shape:shape=round", "wrong_shape: shape cannot be 'round'"),
        ("slow:operation=create", "there is no operation 'create'"),
        ("empty_page:operation=getConversation", "empty_page does not apply to getConversation"),
        ("slow:count=0", "count is at least 1"),
        ("slow:probability=2", "probability is between 0 and 1"),
        ("slow:seconds=-1", "seconds is between 0 and 1e+09, not -1"),
        ("slow:seconds=nan", "seconds is between 0 and 1e+09, not nan"),
        ("late_commit:seconds=inf", "seconds is between 0"),
        ("late_commit:status=99", "status is between 200 and 999, not 99"),
        ("refuse:seconds=-1", "seconds is between 0"),
        ("stale_reads:seconds=-1", "seconds is between 0"),
        ("trickle:chunk=0", "chunk is between 1"),
        ("status:status=1000", "status is between 200"),
        ("commit_then_status:status=0", "status is between 200"),
        ("html:status=100", "status is between 200"),
        ("empty_body:status=0", "status is between 200"),
        ("gzip_bomb:size=9999999999", "size is between 0"),
        ("large_headers:size=-1", "size is between 0"),
        ("partial_commit:n=-1", "n is between 0"),
        ("drop_parts:keep=-1", "keep is between 0"),
        ("truncate_text:n=-1", "n is between 0"),
        ("status:body=xml", "status: body cannot be 'xml'"),
    ],
)
def test_lines_that_mean_nothing(line, message):
    """A line that means nothing is refused, and the error names the choices."""
    with pytest.raises(ValueError) as caught:
        parse_fault(line)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("headers", [["a"], {"a": 1}, "a"])
def test_headers_are_checked(headers):
    """Headers are an object of strings."""
    with pytest.raises(ValueError, match="headers cannot be"):
        build_fault("status", {"headers": headers})


@pytest.mark.parametrize("headers", [{"a b": "c"}, {"": "c"}, {"a": "b\r\nc: d"}, {"a": "\0"}, {"ü": "a"}])
def test_headers_are_http(headers):
    """Headers that HTTP cannot carry are refused when the fault is made, not when it fires."""
    with pytest.raises(ValueError, match="is not an HTTP header"):
        build_fault("commit_then_status", {"headers": headers})


def test_headers_are_taken():
    """JSON can carry what a line cannot."""
    assert "status" == build_fault("status", {"headers": {"a": "b"}}).name


async def test_faults_of_the_constructor(session):
    """A server can be made with its faults, as values or as lines."""
    async with ConversationsServer(faults=["locked", faults.status(500)]) as server:
        api = Api(server, session)

        assert [400, 500, 200] == [(await api.ask("POST", "/conversations")).status for _ in range(3)]
