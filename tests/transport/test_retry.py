"""The retry loop: what it sends, how long it waits, what it remembers and what it raises."""

from __future__ import annotations

import asyncio
import logging

import pytest

from openai_conversations.errors import (
    AmbiguousWriteError,
    APIConnectionError,
    APIResponseValidationError,
    APITimeoutError,
    BadRequestError,
    ConfigurationError,
    ConversationLockedError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from openai_conversations.settings import Timeout
from openai_conversations.transport.budget import RetryBudget
from openai_conversations.transport.message import Verdict
from openai_conversations.transport.middleware import build_chain
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import Retry
from openai_conversations.transport.status import status_to_error
from tests.fakes import (
    FakeClock,
    Script,
    answer,
    append_request,
    broken,
    delete_request,
    get_request,
    locked,
    settles,
    timed_out,
)

ABSENT = Verdict(absent=True)
FOUND = Verdict(response=answer(200, b'{"data":[]}'))
UNSURE = Verdict(known="Items that may be a part of it are there.", stored=("msg_1",))


class Loop:
    """The retry middleware below the one for statuses, on a clock that nobody waits for."""

    def __init__(self, **policy):
        self.clock = FakeClock()
        self.budget = RetryBudget()
        self.seen = []
        policy.setdefault("on_attempt", self.seen.append)
        self.retry = Retry(
            RetryPolicy(**policy), budget=self.budget, clock=self.clock, sleep=self.clock.sleep, uniform=lambda: 0.0
        )

    async def __call__(self, request, *steps):
        self.script = Script(*steps)
        return await build_chain([status_to_error, self.retry], self.script)(request)

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


async def never(request):
    """An attempt that reaches the server and is never answered."""
    request.progress.begin()
    await asyncio.Event().wait()


async def never_connected(_request):
    """An attempt that never gets a connection."""
    await asyncio.Event().wait()


# What is sent again


async def test_one_attempt_when_nothing_fails(loop):
    """A call that succeeds is one request, without waiting and without a retry header."""
    response = await loop(get_request(), answer(200))

    assert 200 == response.status_code
    assert (1, []) == (loop.sent, loop.clock.slept)
    assert {} == loop.script.requests[0].headers


async def test_retries_wait_and_say_their_number(loop):
    """Two retries by default, after 0.5 and 1 s; each says in a header which one it is."""
    response = await loop(get_request(headers={"a": "b"}), answer(503), broken(), answer(200))

    assert 200 == response.status_code
    assert [0.5, 1.0] == loop.clock.slept
    assert [{"a": "b"}, {"a": "b", "x-stainless-retry-count": "1"}, {"a": "b", "x-stainless-retry-count": "2"}] == [
        request.headers for request in loop.script.requests
    ]


async def test_the_last_failure_is_raised(loop):
    """When retries do not help, the last failure comes out, with all that was tried."""
    with pytest.raises(InternalServerError) as caught:
        await loop(get_request(), answer(503), broken(), answer(500, x_request_id="req_3"))

    assert (3, 2) == (loop.sent, caught.value.retries_taken)
    assert [503, None, 500] == [attempt.status_code for attempt in caught.value.attempts]
    assert "req_3" == caught.value.request_id


async def test_a_connection_error_is_raised_with_its_history(loop):
    """A failure without an answer carries the history, too."""
    with pytest.raises(APIConnectionError) as caught:
        await loop(get_request(), answer(503, x_request_id="req_1"), broken(), broken())

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
        await loop(delete_request(), answer(404))

    assert not caught.value.after_unknown_outcome


@pytest.mark.parametrize(
    ("first", "unknown"),
    [(broken(), True), (timed_out(), True), (answer(500), True), (answer(429), False), (broken(sent=False), False)],
)
async def test_a_404_after_an_unknown_outcome(loop, first, unknown):
    """A 404 says whether an attempt before it may have done the deletion."""
    with pytest.raises(NotFoundError) as caught:
        await loop(delete_request(), first, answer(404))

    assert unknown is caught.value.after_unknown_outcome


# Locks


async def test_locks_are_not_retries(loop):
    """A lock is waited for longer than there are retries, and leaves them untouched."""
    response = await loop(append_request(), *[locked()] * 7, answer(429), answer(429), answer(200))

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
    await loop(append_request(), locked(), locked(), answer(200))

    assert 100 == loop.budget.tokens


# The deadline


async def test_a_deadline_that_has_passed(loop):
    """A call whose time is up before it begins sends nothing."""
    with pytest.raises(APITimeoutError, match="createConversationItems did not finish within 1 s") as caught:
        await loop(loop.within(0, append_request()), answer(200))

    assert (0, False) == (loop.sent, caught.value.sent)


async def test_no_retry_beyond_the_deadline(loop):
    """A retry whose wait would end after the deadline is not made: the failure comes now."""
    request = loop.within(3, get_request(max_retries=9))

    with pytest.raises(InternalServerError):
        await loop(request, slow(loop.clock, 1, answer(500)))

    assert [0.5] == loop.clock.slept
    assert 1002.5 == loop.clock.now


async def test_a_server_that_asks_for_more_than_is_left(loop):
    """The error comes at once and says how long the server wanted."""
    with pytest.raises(InternalServerError) as caught:
        await loop(loop.within(3, get_request()), answer(503, retry_after="4"))

    assert (4.0, []) == (caught.value.retry_after, loop.clock.slept)


async def test_the_deadline_ends_an_attempt():
    """A silent server cannot hold a call longer than its deadline; the history has the attempt that was under way."""
    loop = Loop()

    with pytest.raises(APITimeoutError, match=r"listConversationItems did not finish within 0\.02 s") as caught:
        await loop(loop.within(0.02, get_request()), never)

    assert (True, 1) == (caught.value.sent, len(caught.value.attempts))
    assert caught.value.attempts == tuple(loop.seen)
    assert caught.value.attempts[0].error == str(caught.value)


async def test_the_deadline_of_an_append_leaves_its_outcome_open():
    """An append that reached the server and was not answered in time may be stored: the error says so."""
    loop = Loop()

    with pytest.raises(AmbiguousWriteError, match="There was no time left to look") as caught:
        await loop(loop.within(0.02, append_request()), never)

    assert isinstance(caught.value.__cause__, APITimeoutError | TimeoutError)
    assert [True] == [attempt.outcome_unknown for attempt in caught.value.attempts]


async def test_the_deadline_of_an_append_that_was_never_sent():
    """An append that never got a connection is certainly not stored: a plain timeout."""
    loop = Loop()

    with pytest.raises(APITimeoutError) as caught:
        await loop(loop.within(0.02, append_request()), never_connected)

    assert not caught.value.sent
    assert [False] == [attempt.outcome_unknown for attempt in caught.value.attempts]


async def test_the_bound_of_an_attempt(loop):
    """An attempt has its own, shorter bound; what it ends is retried."""
    request = get_request(timeout=Timeout(total=None, attempt=0.02, connect=None))

    response = await loop(request, never, answer(200))

    assert 200 == response.status_code
    assert "No answer within 0.02 s." == response.attempts[0].error


async def test_the_bound_of_an_attempt_starts_with_a_connection(loop):
    """Waiting for a connection does not count as time of the attempt."""
    request = loop.within(5, get_request(max_retries=0))
    request = request.replace(timeout=Timeout(total=5, attempt=0.02, connect=None))

    async def waits(request):
        request.progress.wait_for_connection()
        await asyncio.sleep(0.05)
        request.progress.begin()
        return answer(200)

    assert 200 == (await loop(request, waits)).status_code


async def test_the_bound_counts_from_the_connection_on(loop):
    """After the wait for a connection, the attempt has its whole bound, and no more."""
    request = get_request(max_retries=0, timeout=Timeout(total=None, attempt=0.02, connect=None))

    async def waits(request):
        request.progress.wait_for_connection()
        request.progress.wait_for_connection()
        await never(request)

    with pytest.raises(APITimeoutError, match=r"No answer within 0\.02 s") as caught:
        await loop(request, waits)
    assert caught.value.sent


async def test_the_deadline_counts_while_waiting_for_a_connection(loop):
    """The deadline of the call holds while there is no connection, though the bound of the attempt does not."""
    request = loop.within(0.02, get_request()).replace(timeout=Timeout(total=0.02, attempt=0.01, connect=None))

    async def waits(request):
        request.progress.wait_for_connection()
        await asyncio.Event().wait()

    with pytest.raises(APITimeoutError, match=r"did not finish within 0\.02 s"):
        await loop(request, waits)


async def test_an_attempt_that_could_outlast_the_call(loop):
    """When the bound of the attempt ends after the deadline, the deadline stays in force."""
    request = loop.within(0.02, get_request()).replace(timeout=Timeout(total=0.02, attempt=9, connect=None))

    async def waits(request):
        request.progress.wait_for_connection()
        await never(request)

    with pytest.raises(APITimeoutError, match=r"did not finish within 0\.02 s"):
        await loop(request, waits)


async def test_progress_outside_a_call():
    """What the session tells is of no consequence when nobody bounds the attempt."""
    request = get_request()

    request.progress.wait_for_connection()
    request.progress.begin()

    assert request.progress.sent


# Writes whose outcome is unknown


@pytest.mark.parametrize("failure", [broken(), answer(500), answer(502), answer(409)])
async def test_an_append_is_looked_for(loop, failure):
    """What is found stored is the answer; nothing is sent again."""
    settle = settles(FOUND)

    response = await loop(append_request(settle=settle), failure, AssertionError("sent again"))

    assert FOUND.response.content == response.content
    assert (1, [0.5]) == (loop.sent, loop.clock.slept)
    assert [True] == [attempt.outcome_unknown for attempt in response.attempts]
    assert 1 == len(settle.failures[0].attempts)


async def test_an_append_that_is_not_there_is_sent_again(loop):
    """What is certainly not stored is sent again, as a retry."""
    response = await loop(append_request(settle=settles(ABSENT)), broken(), answer(500), answer(200))

    assert (200, 3) == (response.status_code, loop.sent)


async def test_an_append_that_cannot_be_told_is_an_error(loop):
    """When the look cannot tell, the error says what is known; the cause is chained."""
    with pytest.raises(AmbiguousWriteError, match="Items that may be a part of it are there") as caught:
        await loop(append_request(settle=settles(UNSURE)), answer(500, x_request_id="req_1"))

    assert (UNSURE.known, ("msg_1",)) == (caught.value.known, caught.value.stored)
    assert isinstance(caught.value.__cause__, InternalServerError)
    assert "req_1" == caught.value.request_id


async def test_an_append_that_is_not_there_when_no_retry_is_left(loop):
    """Certainly not stored and no retry left: the failure itself comes out, for it is the truth."""
    with pytest.raises(InternalServerError):
        await loop(append_request(settle=settles(ABSENT), max_retries=0), answer(500))
    with pytest.raises(APIConnectionError):
        await loop(append_request(settle=settles(ABSENT)), broken())

    assert 3 == loop.sent


@pytest.mark.parametrize("failure", [timed_out(), answer(504), answer(408), answer(524), answer(200, b"half")])
async def test_what_may_arrive_late_is_never_sent_again(loop, failure):
    """After a timeout the write may still be under way: it is looked for until the deadline, and never sent again."""
    settle = settles(ABSENT)
    request = append_request(settle=settle, is_whole=lambda body: body != b"half")

    with pytest.raises(AmbiguousWriteError, match="may still arrive") as caught:
        await loop(loop.within(10, request), failure, AssertionError("sent again"))

    assert 1 == loop.sent
    assert [0.5, 0.5, 1.0, 2.0, 3.0, 1.5, 0.75, 0.375, 0.1875] == loop.clock.slept  # longer, then closer to the end
    assert 9 == len(settle.failures)
    assert () == caught.value.stored


async def test_what_arrives_late_is_found(loop):
    """A write that arrives while it is looked for is the answer."""
    response = await loop(append_request(settle=settles(ABSENT, ABSENT, FOUND)), timed_out())

    assert FOUND.response.content == response.content
    assert 1 == loop.sent


async def test_a_late_write_without_a_deadline(loop):
    """Without a deadline, a write that may arrive late is looked for a minute at the most."""
    with pytest.raises(AmbiguousWriteError, match="may still arrive"):
        await loop(append_request(settle=settles(ABSENT)), timed_out())

    assert 50 < sum(loop.clock.slept) <= 61


async def test_looks_are_bounded():
    """A policy without waits still ends: looks are counted."""
    settle = settles(ABSENT)
    loop = Loop(initial=0.0)

    with pytest.raises(AmbiguousWriteError, match="may still arrive"):
        await loop(append_request(settle=settle), timed_out())

    assert len(settle.failures) <= 1000


@pytest.mark.parametrize("failure", [broken(), timed_out(), answer(500), answer(409)])
async def test_an_append_without_a_look(loop, failure):
    """A write that cannot be looked for and whose outcome is unknown is an error at once."""
    with pytest.raises(AmbiguousWriteError, match="Nobody looked") as caught:
        await loop(append_request(), failure)

    assert (1, []) == (loop.sent, loop.clock.slept)
    assert caught.value.stored is None
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("failure", [broken(sent=False), timed_out(sent=False), answer(429)])
async def test_an_append_that_was_certainly_not_carried_out(loop, failure):
    """A write that did not reach the server is simply sent again."""
    response = await loop(append_request(), failure, failure, answer(200))

    assert (200, 3) == (response.status_code, loop.sent)


async def test_half_an_answer_without_a_look(loop):
    """A 2xx whose body is spoiled is handed on when nobody may look: what decodes it says what is wrong."""
    response = await loop(append_request(is_whole=lambda _: False), answer(200, b"half"))

    assert (200, b"half") == (response.status_code, response.content)


async def test_half_an_answer_is_a_validation_error_for_the_look(loop):
    """The look is told that the answer was spoiled."""
    settle = settles(FOUND)

    await loop(append_request(is_whole=lambda _: False, settle=settle), answer(200, b"half"))

    assert [APIResponseValidationError] == [type(failure) for failure in settle.failures]
    assert "200: the answer is not whole." == str(settle.failures[0])


async def test_an_append_leaves_time_to_look(loop):
    """The attempt of a write that can be looked for takes at most 70 % of what is left of the call."""
    request = append_request(settle=settles(FOUND), timeout=Timeout(total=0.1, attempt=20, connect=None))

    response = await loop(request.replace(deadline=loop.clock.now + 0.1), never)

    assert FOUND.response.content == response.content
    assert "No answer within 0.07 s." == response.attempts[0].error


@pytest.mark.parametrize("failure", [ConfigurationError("api_key is empty"), PermissionError("vault sk-secret sealed")])
async def test_a_look_that_fails(loop, failure):
    """Whatever keeps the client from looking, the caller learns that the write may be stored."""
    with pytest.raises(AmbiguousWriteError, match="Looking whether it was carried out failed") as caught:
        await loop(append_request(settle=settles(failure)), broken())

    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert "sk-secret" not in str(caught.value)


async def test_a_cancelled_attempt(loop):
    """Who cancels a call gets no error of ours, and nothing is sent again."""
    task = asyncio.create_task(loop(loop.within(9, append_request(settle=settles(FOUND))), never))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert 1 == loop.sent


async def test_a_look_that_is_cancelled(loop):
    """A cancelled call stays cancelled."""
    with pytest.raises(asyncio.CancelledError):
        await loop(append_request(settle=settles(asyncio.CancelledError())), broken())


# The budget


async def test_retries_take_tokens_and_successes_give_back(loop):
    """Each retry, each look and what follows it takes a token of the budget; a success gives them back."""
    loop.budget.tokens = 50
    await loop(get_request(), answer(500), answer(500), answer(200))
    await loop(append_request(settle=settles(FOUND)), broken())

    assert 50.2 == pytest.approx(loop.budget.tokens)

    with pytest.raises(InternalServerError):
        await loop(get_request(), answer(500))
    with pytest.raises(AmbiguousWriteError):
        await loop(append_request(settle=settles(ABSENT, UNSURE)), broken())

    assert 50.2 - 2 - 1 == pytest.approx(loop.budget.tokens)

    with pytest.raises(APIConnectionError):
        await loop(append_request(settle=settles(ABSENT), max_retries=1), broken())

    assert 47.2 - 3 == pytest.approx(loop.budget.tokens)


@pytest.mark.parametrize("request_", [get_request(), append_request(settle=settles(FOUND))])
async def test_a_spent_budget(loop, request_):
    """With the budget spent, calls fail with their first failure; a write says that nobody looked."""
    loop.budget.tokens = 0.5

    with pytest.raises((InternalServerError, AmbiguousWriteError), match=r"500|budget of this client is spent"):
        await loop(request_, answer(500))

    assert (1, []) == (loop.sent, loop.clock.slept)
    assert [None] == [attempt.wait for attempt in loop.seen]


# History, hook, log


async def test_the_hook_sees_every_attempt_before_the_wait():
    """The hook is told of each attempt with its outcome and of the wait that follows, before it begins."""
    slept_before = []
    loop = Loop(on_attempt=lambda attempt: slept_before.append((attempt, list(loop.clock.slept))))

    response = await loop(
        get_request(),
        slow(loop.clock, 2, answer(503, x_request_id="req_1")),
        slow(loop.clock, 3, broken()),
        slow(loop.clock, 1, answer(200, x_request_id="req_3")),
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
    await loop(get_request(), answer(200))

    assert [200] == [attempt.status_code for attempt in loop.seen]


async def test_the_history_of_a_call_that_just_succeeds():
    """Without a hook nobody keeps a record of the usual call, but its history can still be asked for."""
    loop = Loop(on_attempt=None)

    response = await loop(get_request(), answer(200, x_request_id="req_1"))

    assert () == response.attempts
    assert [(1, 200, "req_1", None)] == [
        (attempt.number, attempt.status_code, attempt.request_id, attempt.wait) for attempt in response.history
    ]


async def test_reads_have_no_unknown_outcome(loop):
    """A read changes nothing, so that its outcome does not matter."""
    response = await loop(get_request(), broken(), answer(200))

    assert [False, False] == [attempt.outcome_unknown for attempt in response.attempts]


async def test_a_hook_that_fails_does_not_lose_the_answer(caplog):
    """A write that succeeded is not reported as an error because the caller's hook has a bug; the log has it."""

    def hook(_attempt):
        raise KeyError("a bug of the hook")

    loop = Loop(on_attempt=hook)

    assert 200 == (await loop(append_request(), answer(429), answer(200))).status_code
    assert 2 == sum("on_attempt" in record.getMessage() for record in caplog.records)


async def test_log(loop, caplog):
    """Logs carry method, path template, status, attempt, request id, time and wait; no id, no content, no header."""
    caplog.set_level(logging.DEBUG, "openai_conversations")

    await loop(
        append_request(headers={"authorization": "Bearer sk-secret"}, body=b"content"),
        slow(loop.clock, 2, answer(429, x_request_id="req_1")),
        slow(loop.clock, 1, broken(sent=False)),
        answer(200, b"content"),
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

    assert 200 == (await retry(get_request(), Script(answer(500), answer(200)))).status_code


# After an attempt in doubt


async def test_every_further_attempt_of_a_write_in_doubt_is_preceded_by_a_look(loop):
    """What was not there once may have arrived since: a lock and a 429 are followed by another look."""
    settle = settles(ABSENT)

    await loop(append_request(settle=settle, max_retries=5), broken(), locked(), answer(429), answer(200))

    assert (4, 4) == (loop.sent, len(settle.failures))


async def test_a_write_that_arrives_while_another_attempt_is_refused(loop):
    """The first attempt held the lock that the second met: it is found, and nothing is sent a third time."""
    response = await loop(append_request(settle=settles(ABSENT, ABSENT, FOUND)), broken(), locked())

    assert FOUND.response.content == response.content
    assert 2 == loop.sent


async def test_a_lock_that_may_be_our_own(loop):
    """A conversation that stays locked after an attempt in doubt may be locked by it: nobody can tell."""
    request = loop.within(5, append_request(settle=settles(ABSENT)))

    with pytest.raises(AmbiguousWriteError, match="may be what the conversation is locked by") as caught:
        await loop(request, broken(), locked())

    assert () == caught.value.stored


async def test_a_look_that_the_wait_would_leave_no_time_for_comes_at_once(loop):
    """A wait of more than half of the time left is not made; the look is then the last word."""
    request = loop.within(0.9, append_request(settle=settles(ABSENT)))

    with pytest.raises(InternalServerError):
        await loop(request, answer(500))

    assert ([0.0], 1) == (loop.clock.slept, loop.sent)


async def test_no_time_for_a_second_look(loop):
    """A write that may be under way is not sent again when there is no time to look twice: nobody can tell."""
    request = loop.within(1.2, append_request(settle=settles(ABSENT)))

    with pytest.raises(AmbiguousWriteError, match="may still be at work on it") as caught:
        await loop(request, broken())

    assert ([0.5, pytest.approx(0.35)], 1, ()) == (loop.clock.slept, loop.sent, caught.value.stored)


async def test_what_a_second_look_in_a_hurry_finds(loop):
    """A second look finds what it finds, however short the pause was."""
    request = loop.within(1.2, append_request(settle=settles(ABSENT, FOUND)))

    assert FOUND.response.content == (await loop(request, broken())).content


async def test_nothing_is_sent_again_without_a_token(loop):
    """With one token left a write is looked for, but not sent again."""
    loop.budget.tokens = 1
    settle = settles(ABSENT)

    with pytest.raises(APIConnectionError):
        await loop(append_request(settle=settle), broken())

    assert (1, 2) == (loop.sent, len(settle.failures))


async def test_a_write_is_not_sent_when_there_is_no_time_for_it(loop):
    """A refusal that is certain is not followed by an attempt that the deadline would cut off."""
    for request, error in (
        (loop.within(0.55, append_request()), RateLimitError),
        (loop.within(0.3, append_request()), ConversationLockedError),
    ):
        with pytest.raises(error):
            await loop(request, answer(429) if error is RateLimitError else locked())

        assert 1 == loop.sent

    assert 200 == (await loop(loop.within(0.55, get_request()), answer(429), answer(200))).status_code


async def test_the_last_look_that_fails(loop):
    """A look that fails after one that found nothing tells less than that one did."""
    failed = Verdict(known="Looking whether it was carried out failed: no time.")

    with pytest.raises(AmbiguousWriteError, match="may still arrive"):
        await loop(loop.within(10, append_request(settle=settles(ABSENT, failed))), timed_out())


@pytest.mark.parametrize(
    ("failure", "looks"), [(broken(), 2), (answer(502), 2), (answer(409), 2), (answer(500), 1), (answer(503), 1)]
)
async def test_what_may_be_under_way_is_looked_for_twice(loop, failure, looks):
    """The service may still be at work when it hangs up: what is not there is looked for again, a second later."""
    settle = settles(ABSENT)

    await loop(append_request(settle=settle), failure, answer(200))

    assert (2, looks) == (loop.sent, len(settle.failures))
    assert [0.5, 1.0][:looks] == loop.clock.slept


async def test_what_arrives_between_two_looks(loop):
    """What the second look finds is the answer, and nothing is sent again."""
    response = await loop(append_request(settle=settles(ABSENT, FOUND)), broken())

    assert (1, FOUND.response.content) == (loop.sent, response.content)
