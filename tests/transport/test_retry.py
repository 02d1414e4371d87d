"""The retry loop: what it sends, how long it waits, what it remembers and what it raises."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

import pytest

from openai_conversations import Runtime
from openai_conversations.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    BadRequestError,
    ConfigurationError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from openai_conversations.settings import Timeout
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import Retry, RetryBudget
from openai_conversations.transport.status import status_to_error
from tests.fakes import (
    FakeClock,
    Script,
    append_request,
    broken,
    delete_request,
    get_request,
    locked,
    respond,
    timed_out,
)


class Loop:
    """The retry middleware below the one for statuses, on a clock that nobody waits for."""

    def __init__(self, **policy):
        self.clock = FakeClock()
        self.budget = RetryBudget()
        self.seen = []
        policy.setdefault("on_attempt", self.seen.append)
        runtime = Runtime(clock=self.clock, sleep=self.clock.sleep, uniform=lambda: 0.0)
        self.retry = Retry(RetryPolicy(**policy), budget=self.budget, runtime=runtime)

    async def __call__(self, request, *steps):
        self.script = Script(*steps)
        return await status_to_error(request, partial(self.retry, handler=self.script))

    @property
    def sent(self):
        return len(self.script.requests)

    def within(self, seconds, request):
        """The request with a deadline."""
        return request.replace(
            deadline=self.clock.now + seconds, timeout=Timeout(total=seconds or 1, attempt=None, connect=None)
        )


@pytest.fixture
def loop():
    return Loop()


def slow(clock, seconds, outcome):
    """An outcome that takes its time, by the fake clock."""

    async def step(_request):
        clock.now += seconds
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return step


# What is sent again


async def test_one_attempt_when_nothing_fails(loop):
    """A call that succeeds is one request, without waiting and without a retry header."""
    response = await loop(get_request(), respond(200))

    assert 200 == response.status_code
    assert (1, []) == (loop.sent, loop.clock.slept)
    assert [()] == [request.attempts for request in loop.script.requests]


async def test_retries_wait_and_know_what_came_before(loop):
    """Two retries by default, after 0.5 and 1 s; each request carries the attempts before it."""
    response = await loop(get_request(headers={"a": "b"}), respond(503), broken(), respond(200))

    assert 200 == response.status_code
    assert [0.5, 1.0] == loop.clock.slept
    assert [(), (503,), (503, None)] == [
        tuple(attempt.status_code for attempt in request.attempts) for request in loop.script.requests
    ]
    assert [{"a": "b"}] * 3 == [request.headers for request in loop.script.requests]


async def test_the_last_failure_is_raised(loop):
    """When retries do not help, the last failure comes out, with all that was tried."""
    with pytest.raises(InternalServerError) as caught:
        await loop(get_request(), respond(503), broken(), respond(500, x_request_id="req_3"))

    assert (3, 2) == (loop.sent, caught.value.retries_taken)
    assert [503, None, 500] == [attempt.status_code for attempt in caught.value.attempts]
    assert "req_3" == caught.value.request_id


async def test_a_connection_error_is_raised_with_its_history(loop):
    """A failure without a response carries the history, too."""
    with pytest.raises(APIConnectionError) as caught:
        await loop(get_request(), respond(503, x_request_id="req_1"), broken(), broken())

    assert 2 == caught.value.retries_taken
    assert "req_1" == caught.value.request_id


async def test_other_errors_pass(loop):
    """What is no failure of the network is not retried and comes out as it is."""
    with pytest.raises(KeyError):
        await loop(get_request(), KeyError("a bug"))
    with pytest.raises(ConfigurationError):
        await loop(get_request(), ConfigurationError("api_key is empty"))


async def test_a_foreign_timeout_passes(loop):
    """A TimeoutError that is not the loop's own is somebody else's, and is not taken for a deadline."""
    with pytest.raises(TimeoutError, match="theirs") as caught:
        await loop(loop.within(5, get_request()), TimeoutError("theirs"))

    assert TimeoutError is type(caught.value)


async def test_a_plain_404_is_an_error(loop):
    """A deletion that meets 404 at once has deleted nothing, and nothing says otherwise."""
    with pytest.raises(NotFoundError) as caught:
        await loop(delete_request(), respond(404))

    assert not caught.value.after_unknown_outcome


@pytest.mark.parametrize(
    ("first", "unknown"),
    [
        (broken(), True),
        (timed_out(), True),
        (respond(500), True),
        (respond(429), False),
        (broken(sent=False), False),
    ],
)
async def test_a_404_after_an_unknown_outcome(loop, first, unknown):
    """A 404 says whether an attempt before it may have done the deletion."""
    with pytest.raises(NotFoundError) as caught:
        await loop(delete_request(), first, respond(404))

    assert unknown is caught.value.after_unknown_outcome


# Locks


async def test_locks_are_not_retries(loop):
    """A lock is waited for longer than there are retries, and leaves them untouched."""
    response = await loop(append_request(), *[locked()] * 7, respond(429), respond(429), respond(200))

    assert 200 == response.status_code
    assert 9 == len(loop.clock.slept)
    assert [0.25, 0.375, 0.5625] == loop.clock.slept[:3]


async def test_a_lock_that_stays(loop):
    """Without a deadline a lock is waited for a minute at the most, then raised."""
    with pytest.raises(BadRequestError, match="Another process"):
        await loop(append_request(), locked())

    assert 58 < sum(loop.clock.slept) <= 60


async def test_a_lock_costs_no_token(loop):
    """Waits for locks leave the retry budget alone."""
    await loop(append_request(), locked(), locked(), respond(200))

    assert 100 == loop.budget.tokens


# The deadline


async def test_a_deadline_that_has_passed(loop):
    """A call whose time is up before it begins sends nothing."""
    with pytest.raises(APITimeoutError, match="createConversationItems did not finish within 1 s") as caught:
        await loop(loop.within(0, append_request()), respond(200))

    assert (0, False) == (loop.sent, caught.value.sent)


async def test_no_retry_beyond_the_deadline(loop):
    """A retry whose wait would end after the deadline is not made: the failure comes now."""
    request = loop.within(3, get_request(max_retries=9))

    with pytest.raises(InternalServerError):
        await loop(request, slow(loop.clock, 1, respond(500)))

    assert [0.5] == loop.clock.slept
    assert 1002.5 == loop.clock.now


async def test_a_server_that_asks_for_more_than_is_left(loop):
    """The error comes at once and says how long the server wanted."""
    with pytest.raises(InternalServerError) as caught:
        await loop(loop.within(3, get_request()), respond(503, retry_after="4"))

    assert (4.0, []) == (caught.value.retry_after, loop.clock.slept)


async def test_a_write_is_not_sent_when_there_is_no_time_for_it(loop):
    """A refusal that is certain is not followed by an attempt that the deadline would cut off."""
    for request, refusal in (
        (loop.within(0.55, append_request()), respond(429)),
        (loop.within(0.3, append_request()), locked()),
    ):
        with pytest.raises((RateLimitError, BadRequestError)):
            await loop(request, refusal)

        assert 1 == loop.sent

    assert 200 == (await loop(loop.within(0.55, get_request()), respond(429), respond(200))).status_code


async def test_a_wait_that_took_too_long(loop):
    """When the deadline passed while an attempt was under way, what came out of it is reported."""
    with pytest.raises(InternalServerError):
        await loop(loop.within(3, get_request()), slow(loop.clock, 3, respond(503, retry_after_ms="0")))

    assert (1, []) == (loop.sent, loop.clock.slept)


# Writes whose outcome is unknown


@pytest.mark.parametrize("failure", [broken(), timed_out(), respond(500), respond(409), respond(408), respond(499)])
async def test_a_write_of_unknown_outcome_is_reported(loop, failure):
    """A write whose outcome is unknown is not sent again: its history says so, and who is above looks it up."""
    with pytest.raises(APIError) as caught:
        await loop(append_request(), failure, AssertionError("sent again"))

    assert (1, []) == (loop.sent, loop.clock.slept)
    assert [True] == [attempt.outcome_unknown for attempt in caught.value.attempts]


@pytest.mark.parametrize("failure", [broken(sent=False), timed_out(sent=False), respond(429)])
async def test_an_append_that_was_certainly_not_carried_out(loop, failure):
    """A write that did not reach the server is simply sent again."""
    response = await loop(append_request(), failure, failure, respond(200))

    assert (200, 3) == (response.status_code, loop.sent)


async def test_a_refusal_after_an_unknown_outcome(loop):
    """Who sends a write again passes on what was tried: a refusal is then reported, with the whole history."""
    with pytest.raises(APIConnectionError) as first:
        await loop(append_request(), broken())
    again = append_request(attempts=first.value.attempts)
    with pytest.raises(RateLimitError) as second:
        await loop(again, respond(429))

    assert [(1, True), (2, False)] == [(each.number, each.outcome_unknown) for each in second.value.attempts]


async def test_a_cancelled_attempt(loop):
    """Who cancels a call gets no error of ours, and nothing is sent again."""

    async def never(_request):
        await asyncio.Event().wait()

    task = asyncio.create_task(loop(loop.within(9, append_request()), never))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert 1 == loop.sent


# The budget


def test_each_retry_takes_a_token():
    """As many retries are allowed as there are tokens, then none."""
    budget = RetryBudget(capacity=3)

    assert [True, True, True, False, False] == [budget.take() for _ in range(5)]


def test_a_success_gives_a_part_of_a_token_back():
    """Ten calls that succeed pay for one retry."""
    budget = RetryBudget(capacity=1)
    budget.take()

    given_back = []
    for _ in range(11):
        budget.give_back()
        given_back.append(budget.tokens >= 1)

    assert 0 < given_back.count(True) <= 2
    assert not any(given_back[:9])
    assert budget.take()


def test_never_more_than_at_the_start():
    """A long time of success does not pile up tokens."""
    budget = RetryBudget(capacity=2)
    for _ in range(100):
        budget.give_back()

    assert 2 == budget.tokens


async def test_retries_take_tokens_and_successes_give_back(loop):
    """Each retry takes a token of the budget; a success gives them back, and a tenth more."""
    loop.budget.tokens = 50
    await loop(get_request(), respond(500), respond(500), respond(200))
    await loop(append_request(), respond(429), respond(200))
    await loop(get_request(), respond(200))

    assert 50.3 == pytest.approx(loop.budget.tokens)

    with pytest.raises(InternalServerError):
        await loop(get_request(), respond(500))

    assert 48.3 == pytest.approx(loop.budget.tokens)


async def test_a_budget_that_is_exhausted(loop):
    """With the budget exhausted, calls fail with their first failure."""
    loop.budget.tokens = 0.5

    with pytest.raises(InternalServerError, match="500"):
        await loop(get_request(), respond(500))

    assert (1, []) == (loop.sent, loop.clock.slept)
    assert [None] == [attempt.wait for attempt in loop.seen]


# History, hook, log


async def test_the_hook_sees_every_attempt_before_the_wait():
    """The hook is told of each attempt with its outcome and of the wait that follows, before it begins."""
    slept_before = []
    loop = Loop(on_attempt=lambda attempt: slept_before.append((attempt, list(loop.clock.slept))))

    response = await loop(
        get_request(),
        slow(loop.clock, 2, respond(503, x_request_id="req_1")),
        slow(loop.clock, 3, broken()),
        slow(loop.clock, 1, respond(200, x_request_id="req_3")),
    )

    assert [[], [0.5], [0.5, 1.0]] == [slept for _, slept in slept_before]
    first, second, third = (attempt for attempt, _ in slept_before)
    assert (first, second, third) == response.attempts
    assert (1, 0.0, 2.0, 503, None, "req_1", 0.5) == (
        *(first.number, first.started, first.elapsed, first.status_code, first.error, first.request_id, first.wait),
    )
    assert (2, 2.5, 3.0, None, "Connection error: gone", None, 1.0) == (
        *(second.number, second.started, second.elapsed, second.status_code, second.error),
        *(second.request_id, second.wait),
    )
    assert (3, 6.5, 1.0, 200, None, "req_3", None) == (
        *(third.number, third.started, third.elapsed, third.status_code, third.error, third.request_id, third.wait),
    )


async def test_the_hook_sees_a_call_that_just_succeeds(loop):
    """The hook is told of the one attempt of the usual call."""
    await loop(get_request(), respond(200))

    assert [200] == [attempt.status_code for attempt in loop.seen]


async def test_the_history_of_a_call_that_just_succeeds():
    """Without a hook nobody keeps a record of the usual call, but its history can still be asked for."""
    loop = Loop(on_attempt=None)

    response = await loop(get_request(), respond(200, x_request_id="req_1"))

    assert () == response.attempts
    assert [(1, 200, "req_1", None)] == [
        (attempt.number, attempt.status_code, attempt.request_id, attempt.wait) for attempt in response.history
    ]


async def test_reads_have_no_unknown_outcome(loop):
    """A read changes nothing, so that its outcome does not matter."""
    response = await loop(get_request(), broken(), respond(200))

    assert [False, False] == [attempt.outcome_unknown for attempt in response.attempts]


async def test_a_hook_that_fails_does_not_lose_the_response(caplog):
    """A write that succeeded is not reported as an error because the caller's hook has a bug; the log has it."""

    def hook(_attempt):
        raise KeyError("a bug of the hook")

    loop = Loop(on_attempt=hook)

    assert 200 == (await loop(append_request(), respond(429), respond(200))).status_code
    assert 2 == sum("on_attempt" in record.getMessage() for record in caplog.records)


async def test_log(loop, caplog):
    """Logs carry method, path template, status, attempt, request id, time and wait; no id, no content, no header."""
    caplog.set_level(logging.DEBUG, "openai_conversations")

    await loop(
        append_request(headers={"authorization": "Bearer sk-secret"}, body=b"content"),
        slow(loop.clock, 2, respond(429, x_request_id="req_1")),
        slow(loop.clock, 1, broken(sent=False)),
        respond(200, b"content"),
    )

    told = [record.getMessage().split(" -> ") for record in caplog.records]
    assert {"POST /conversations/{conversation_id}/items"} == {what for what, _ in told}
    assert [
        "429, attempt 1, request id req_1, 2.000 s, next in 0.500 s",
        "Connection error: gone, attempt 2, request id None, 1.000 s, next in 1.000 s",
        "200, attempt 3, request id None, 0.000 s",
    ] == [how for _, how in told]


async def test_defaults():
    """A loop with nothing but a policy works by the real clock and has a budget of its own."""
    retry = Retry(RetryPolicy(initial=0.0))

    assert 200 == (await retry(get_request(), Script(respond(500), respond(200)))).status_code
