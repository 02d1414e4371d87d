"""
What becomes of a write whose outcome is unknown: the rules of reconciliation.

The service is in memory, and nobody waits for the clock. Between the two are the middlewares for statuses and
retries, as in a client.
"""

from __future__ import annotations

import json
from functools import partial
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from openai_conversations import Runtime
from openai_conversations.errors import (
    AmbiguousWriteError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APITimeoutError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    ConversationLockedError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from openai_conversations.settings import Timeout
from openai_conversations.transport.message import Listing, Replay, Write
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import Retry, RetryBudget
from openai_conversations.transport.status import status_to_error
from openai_conversations.writing.last_item import START, LastItems
from openai_conversations.writing.reconcile import Reconcile
from tests.fakes import FakeClock, append_request, broken, delete_request, get_request, locked, respond, timed_out

ANCHOR = "msg_0"
CUT = {"message": "Connection error: gone", "sent": True, "status_code": 200}


def user(text):
    return {"type": "message", "role": "user", "content": text}


def assistant(text):
    return {"type": "message", "role": "assistant", "content": text}


def append(*items, write=None, **changes):
    """An append of these items, which may be looked up."""
    body = json.dumps({"items": list(items)}).encode()
    return append_request(body=body, write=write or Write(), **changes)


def page(items, *, has_more=False):
    last = items[-1]["id"] if items else None
    return respond(200, json.dumps({"object": "list", "data": items, "has_more": has_more, "last_id": last}).encode())


def outcome(made):
    if isinstance(made, BaseException):
        raise made
    return made


def stored(response):
    """A write that is stored and answered."""

    def fate(service, items):
        return page(service.store(items)) if response is None else outcome(response)

    return fate


OK = stored(None)


def lost(failure):
    """A write that fails and is not stored."""
    return lambda _service, _items: outcome(failure)


def kept(failure, change=lambda items: items):
    """A write that is stored, perhaps otherwise than it was sent, and fails all the same."""

    def fate(service, items):
        service.store(change(items))
        return outcome(failure)

    return fate


def late(failure, seconds, others=()):
    """A write that fails and is stored so many seconds later, after what others wrote meanwhile."""

    def fate(service, items):
        service.coming.append((service.clock.now + seconds, [*others, *items]))
        return outcome(failure)

    return fate


class Service:
    """
    A conversation, and what is to become of each write to it, the last for ever.

    Attributes:
        items: What is stored, oldest first.
        sent: How many writes arrived.
        lookups: How often the conversation was listed, the newest first.
    """

    def __init__(self, clock, *fates, items=(), size=100):
        self.clock = clock
        self.fates = list(fates)
        self.numbers = count()
        self.items = []
        self.coming = []
        self.size = size
        self.sent = self.lookups = 0
        self.listing = None
        self.store(items)

    def store(self, items):
        made = []
        for item in items:
            content = item.get("content")
            parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
            made.append({"id": f"msg_{next(self.numbers)}", "status": "completed", **item, "content": parts})
        self.items += made
        return made

    async def __call__(self, request):
        due, self.coming = (
            [items for at, items in self.coming if at <= self.clock.now],
            [entry for entry in self.coming if entry[0] > self.clock.now],
        )
        for items in due:
            self.store(items)
        if request.method == "GET":
            self.lookups += "order=asc" not in request.url
            return self.listed(request) if self.listing is None else outcome(self.listing(request))
        self.sent += 1
        fate = self.fates.pop(0) if len(self.fates) > 1 else self.fates[0]
        return fate(self, json.loads(request.body or b"{}").get("items"))

    def listed(self, request):
        query = parse_qs(urlsplit(request.url).query)
        listed = self.items[:: -1 if query["order"] == ["desc"] else 1]
        ids = [item["id"] for item in listed]
        start = 1 + ids.index(query["after"][0]) if "after" in query else 0
        return page(listed[start : start + self.size], has_more=start + self.size < len(listed))

    @property
    def texts(self):
        return [item["content"][0]["text"] for item in self.items]


class Chain:
    """Reconciliation ► status ► retry ► a service, in a conversation that holds one message of the assistant."""

    def __init__(self, **policy):
        self.clock = FakeClock()
        self.last_items = LastItems()
        self.budget = RetryBudget()
        runtime = Runtime(clock=self.clock, sleep=self.clock.sleep, uniform=lambda: 0.0)
        made = RetryPolicy(**policy)
        self.retry = Retry(made, budget=self.budget, runtime=runtime)
        self.reconcile = Reconcile(self.last_items, made, budget=self.budget, runtime=runtime)
        self.service = Service(self.clock, OK)

    def serves(self, *fates, items=None, known=ANCHOR, **options):
        """A service with these items, of which the client knows the last."""
        before = [assistant("Hello")] if items is None else items
        self.service = Service(self.clock, *fates, items=before, **options)
        if known is not None:
            self.knows(known)
        return self.service

    def knows(self, last_item_id):
        key = append_request().conversation_key
        _, begun = self.last_items.begin(key)
        self.last_items.end(key, last_item_id, begun)

    @property
    def known(self):
        return self.last_items.get(append_request().conversation_key)

    def __call__(self, request):
        handler = partial(self.retry, handler=self.service)
        return self.reconcile(request, partial(status_to_error, handler=handler))

    def within(self, seconds, request):
        deadline = self.clock.now + seconds
        return request.replace(deadline=deadline, timeout=Timeout(total=seconds, attempt=None, connect=None))


@pytest.fixture
def chain():
    return Chain()


def ids(response):
    return [item["id"] for item in json.loads(response.content)["data"]]


ENVOY = b"upstream connect error or disconnect/reset before headers. reset reason: connection termination"
API_ERROR = b'{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}'
HANGS_UP = [
    broken(),
    respond(409),
    respond(502),
    respond(520),
    respond(500, b"Internal Server Error"),
    respond(500, b'{"detail":"Internal Server Error"}'),
    respond(503, ENVOY),
    respond(523, b"<html>"),
]
ANSWERS = [respond(500, API_ERROR), respond(503, API_ERROR)]
MAY_ARRIVE = [
    timed_out(),
    respond(408),
    respond(499),
    respond(504),
    respond(524),
    APIConnectionError(**CUT),
    respond(200, b'{"data": [{"id":'),
    respond(200, b""),
    respond(204, b""),
    respond(200, b'{"error":{"message":"busy"}}'),
]


# The three results


@pytest.mark.parametrize("failure", [*HANGS_UP, *ANSWERS, *MAY_ARRIVE])
async def test_what_is_stored_is_the_response(chain, failure):
    """A write that was carried out is found, whatever came back, and nothing is sent again."""
    service = chain.serves(kept(failure))

    response = await chain(chain.within(30, append(user("Hi"))))

    assert ((200, ["msg_1"]), 1, 1) == ((response.status_code, ids(response)), service.sent, service.lookups)
    assert "msg_1" == chain.known


@pytest.mark.parametrize(
    ("failure", "lookups"), [*((failure, 2) for failure in HANGS_UP), *((failure, 1) for failure in ANSWERS)]
)
async def test_what_is_absent_is_sent_again(chain, failure, lookups):
    """Absence that was seen allows to send again; a service that did not say its error may be at work: asked twice."""
    service = chain.serves(lost(failure), OK)

    response = await chain(append(user("Hi")))

    assert (["msg_1"], 2, lookups) == (ids(response), service.sent, service.lookups)
    assert ["Hello", "Hi"] == service.texts
    assert [0.5, 1.0][:lookups] == chain.clock.slept
    assert "msg_1" == chain.known


@pytest.mark.parametrize(
    ("change", "known"),
    [
        (lambda items: [user("hi")], "rewritten, or another writer"),
        (lambda items: [*items, *items], "more than once"),
        (lambda items: [*items, assistant("Hey"), user("Bye")], "Some of the items may be stored"),
        (lambda items: [user("Bye"), *items], "more than once"),
        (lambda items: [*items, assistant("Hey")], "Some of the items may be stored"),
    ],
    ids=["rewritten", "twice", "another behind", "another before", "an answer behind"],
)
async def test_what_is_unclear_is_an_error(chain, change, known):
    """Anything of the same kind that is not exactly one run at the end leaves the outcome unknown: nothing is sent."""
    service = chain.serves(kept(respond(500, b"", x_request_id="req_1"), change))

    with pytest.raises(AmbiguousWriteError, match=known) as caught:
        await chain(append(user("Hi")))

    assert (1, ANCHOR, "req_1") == (service.sent, caught.value.last_item_id, caught.value.request_id)
    assert caught.value.stored
    assert isinstance(caught.value.__cause__, InternalServerError)
    assert (False, None) == (caught.value.not_carried_out, chain.known)


async def test_others_of_another_kind_prove_nothing_against_absence(chain):
    """Messages of an assistant that came meanwhile do not keep the message of a user from being absent."""
    service = chain.serves(kept(respond(500), lambda _: [assistant("Hey")]), OK)

    await chain(append(user("Hi")))

    assert (["Hello", "Hey", "Hi"], 2) == (service.texts, service.sent)


async def test_without_an_anchor(chain):
    """Without a last known item an equal message may be an older one; only where none is of its kind it is absent."""
    chain.serves(lost(respond(500, API_ERROR)), items=[user("Hi")], known=None)
    with pytest.raises(AmbiguousWriteError, match="these or older ones") as caught:
        await chain(append(user("Hi")))
    assert ((("msg_0",)), None) == (caught.value.stored, caught.value.last_item_id)

    service = chain.serves(lost(respond(500, API_ERROR)), OK, known=None)
    await chain(append(user("Hi")))
    assert ["Hello", "Hi"] == service.texts


async def test_an_anchor_whose_id_was_given_again(chain):
    """A server numbers items by their place: after a deletion, the last known item's id is that of ours."""

    def numbered(service, items):
        service.items.pop(0)
        service.items.append({"id": "msg_1", **items[0]})
        raise broken()

    service = chain.serves(OK, numbered, items=[user("Hello")])
    await chain(append(user("Hi")))

    with pytest.raises(AmbiguousWriteError, match="these or older ones"):
        await chain(append(user("Bye")))
    assert ["msg_1", "msg_1"] == [item["id"] for item in service.items]


@pytest.mark.parametrize("guard", ["auto", "strict"])
async def test_a_server_that_lists_the_oldest_first(chain, guard):
    """Whatever order it is asked for: nothing is sent twice, and nothing taken for stored."""
    service = chain.serves(OK, kept(broken()))
    service.listing = lambda _: page(service.items)
    await chain(append(user("Hi")))

    with pytest.raises(AmbiguousWriteError, match="ignores the order"):
        await chain(append(user("Bye"), write=Write(guard=guard)))
    assert ["Hello", "Hi", "Bye"] == service.texts


async def test_an_anchor_that_is_not_shown(chain):
    """A listing that does not show the last known item lags behind it: what it does not show is not absent."""
    service = chain.serves(lost(respond(500, API_ERROR)), items=[assistant("Hello")], known="msg_gone")

    with pytest.raises(AmbiguousWriteError, match="does not show") as caught:
        await chain(append(user("Hi")))

    assert (1, "msg_gone", ()) == (service.sent, caught.value.last_item_id, caught.value.stored)


async def test_an_id_that_occurs_twice_is_no_anchor(chain):
    """Where two items have the id of the last known one, nobody can tell which of them it was."""
    twins = [{**assistant("a"), "id": "x"}, {**assistant("b"), "id": "x"}]
    chain.serves(kept(respond(500, API_ERROR)), items=twins, known="x")

    with pytest.raises(AmbiguousWriteError, match="these or older ones"):
        await chain(append(user("Hi")))


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_it_is_read_back_to_the_anchor(chain, size):
    """However much others wrote meanwhile, the lookup reads on to the last known item."""
    service = chain.serves(kept(respond(500), lambda items: [*[assistant("x")] * 150, *items]), size=size)

    assert ["msg_151"] == ids(await chain(append(user("Hi"))))
    assert 1 == service.sent


async def test_a_lookup_that_cannot_see_far_enough(chain):
    """A listing that stalls tells nothing: never absent, never stored."""
    service = chain.serves(lost(respond(500, API_ERROR)))
    service.listing = lambda _: respond(200, b'{"data":[],"has_more":true}')

    with pytest.raises(AmbiguousWriteError, match="The lookup failed"):
        await chain(append(user("Hi")))
    assert 1 == service.sent


@pytest.mark.parametrize(
    "failure", [respond(403), PermissionError("sk-secret"), ConfigurationError("api_key is empty")]
)
async def test_a_lookup_that_fails(chain, failure):
    """Whatever keeps the client from looking, the caller learns that the write may be stored."""
    service = chain.serves(lost(broken()))
    service.listing = lambda _: failure

    with pytest.raises(AmbiguousWriteError, match="The lookup failed") as caught:
        await chain(append(user("Hi")))

    assert isinstance(caught.value.__cause__, APIConnectionError)
    assert "sk-secret" not in str(caught.value)


async def test_what_is_compared_is_the_json_that_was_sent(chain):
    """Strings that are JSON are compared as JSON; rewritten numbers and key orders are equal, or unknown."""
    call = {"type": "function_call", "call_id": "c", "name": "n", "arguments": '{"b": 1.50, "a": "\\u00fc"}'}
    service = chain.serves(kept(respond(500), lambda _: [{**call, "arguments": '{"a":"ü","b":1.5}'}]))

    assert ["msg_1"] == ids(await chain(append(call)))
    assert 1 == service.sent


# What may be sent again, and when


@pytest.mark.parametrize("failure", MAY_ARRIVE)
async def test_what_may_arrive_late_is_never_sent_again(chain, failure):
    """After a timeout, here or at a gateway, or a spoiled 2xx, the write is looked up until the deadline, no more."""
    service = chain.serves(lost(failure), stored(AssertionError("sent again")))

    with pytest.raises(AmbiguousWriteError, match="may still arrive") as caught:
        await chain(chain.within(10, append(user("Hi"))))

    assert (1, 9, ()) == (service.sent, service.lookups, caught.value.stored)
    assert [0.5, 0.5, 1.0, 2.0, 3.0, 1.5, 0.75, 0.375, 0.1875] == chain.clock.slept  # longer, then closer to the end


async def test_what_arrives_late_is_found(chain):
    """A write that arrives while it is looked up is the response."""
    service = chain.serves(late(timed_out(), 2.5))

    assert ["msg_1"] == ids(await chain(chain.within(10, append(user("Hi")))))
    assert 1 == service.sent


@pytest.mark.parametrize("initial", [0.0, 0.5])
async def test_a_late_write_without_a_deadline(initial):
    """Without a deadline it is looked up for a minute at the most, also by a policy without waits."""
    chain = Chain(initial=initial)
    service = chain.serves(lost(timed_out()))

    with pytest.raises(AmbiguousWriteError, match="may still arrive"):
        await chain(append(user("Hi")))

    assert 50 < sum(chain.clock.slept) <= 61
    assert service.lookups <= 101


@pytest.mark.parametrize("failure", HANGS_UP)
async def test_what_arrives_between_two_lookups(chain, failure):
    """What the second lookup finds is the response, and nothing is sent again."""
    service = chain.serves(late(failure, 1.0))

    assert ["msg_1"] == ids(await chain(append(user("Hi"))))
    assert (1, 2) == (service.sent, service.lookups)


@pytest.mark.parametrize("failure", [*HANGS_UP, *ANSWERS, *MAY_ARRIVE])
async def test_strict_never_sends_twice(chain, failure):
    """With ``strict`` what was wholly sent is not sent again, although it was not there."""
    service = chain.serves(lost(failure), stored(AssertionError("sent again")))

    with pytest.raises(AmbiguousWriteError, match="may still arrive"):
        await chain(chain.within(10, append(user("Hi"), write=Write(guard="strict"))))
    assert 1 == service.sent


async def test_strict_sends_again_what_was_not_sent(chain):
    """With ``strict`` what was certainly not carried out is still tried again."""
    service = chain.serves(lost(broken(sent=False)), lost(respond(429)), OK)

    assert ["msg_1"] == ids(await chain(append(user("Hi"), write=Write(guard="strict"))))
    assert 3 == service.sent


REFUSALS = [respond(429), respond(429, retry_after="1"), locked(), respond(400, API_ERROR, x_should_retry="true")]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_strict_does_not_believe_a_refusal(chain, refusal):
    """With ``strict``, what a service stored and refused all the same is found, and not sent again."""
    service = chain.serves(kept(refusal), stored(AssertionError("sent again")))

    assert ["msg_1"] == ids(await chain(append(user("Hi"), write=Write(guard="strict"))))
    assert 1 == service.sent


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_strict_after_a_refusal_that_cannot_be_looked_up(chain, refusal):
    """The refusal is what is raised; that nothing is stored is not said."""
    service = chain.serves(lost(refusal), stored(AssertionError("sent again")))
    shown = [page(service.items)]
    service.listing = lambda _: shown.pop() if shown else respond(500, API_ERROR)

    with pytest.raises((RateLimitError, BadRequestError)) as caught:
        await chain(append(user("Hi"), write=Write(guard="strict")))
    assert not caught.value.not_carried_out


@st.composite
def fates_of_writes(draw):
    """What becomes of each attempt: anything but a refusal of what is stored only after it."""
    failures = [*HANGS_UP, *ANSWERS, *MAY_ARRIVE, *REFUSALS]
    fate = draw(st.sampled_from(["ok", "lost", "kept", "late", "not sent"]))
    if fate == "late":
        return late(draw(st.sampled_from([*HANGS_UP, *MAY_ARRIVE])), draw(st.sampled_from([0.1, 1, 5, 50])))
    if fate == "not sent":
        return lost(broken(sent=False))
    return OK if fate == "ok" else {"lost": lost, "kept": kept}[fate](draw(st.sampled_from(failures)))


@given(
    fates=st.lists(fates_of_writes(), min_size=1, max_size=6),
    before=st.lists(st.sampled_from(["Hello", "Hi"]), max_size=3),
    retries=st.integers(0, 4),
    seconds=st.sampled_from([None, 3, 30]),
)
async def test_strict_stores_nothing_twice(fates, before, retries, seconds):
    """Whatever a service does with a write, and says of it: with ``strict`` no second copy, and no false claim."""
    chain = Chain()
    service = chain.serves(*fates, items=[user(text) for text in before], known=None)
    request = append(user("Hi"), write=Write(guard="strict"), max_retries=retries)
    request = request if seconds is None else chain.within(seconds, request)

    claimed = {0, 1}
    try:
        await chain(request)
    except APIError as error:
        # What is not to be sent again is not looked up after a refusal, and the refusal believed.
        claimed = {0} if error.not_carried_out and retries else claimed
    else:
        claimed = {1}
    late_copies = sum(len(items) for _, items in service.coming)

    copies = service.texts.count("Hi") - before.count("Hi") + late_copies
    assert copies in claimed


async def test_strict_asks_for_the_last_item_first(chain):
    """With ``strict`` the last item is asked for; a listing that lags does not replace a better one that is known."""
    service = chain.serves(kept(respond(500, API_ERROR)), items=[assistant("a"), assistant("b")], known=None)
    await chain(append(user("Hi"), write=Write(guard="strict")))
    assert (1, 2) == (service.sent, service.lookups)

    service = chain.serves(lost(respond(500, API_ERROR)), items=[assistant("a"), user("Hi")], known="msg_1")
    service.listing = lambda request: page([service.items[0]])
    with pytest.raises(AmbiguousWriteError):
        await chain(append(user("Hi"), write=Write(guard="strict")))
    assert 1 == service.sent


async def test_strict_that_cannot_ask(chain):
    """When the last item cannot be asked for, nothing was sent, and the error says so."""
    service = chain.serves(OK)
    service.listing = lambda _: respond(403)

    with pytest.raises(APIError) as caught:
        await chain(append(user("Hi"), write=Write(guard="strict")))

    assert (0, True, ANCHOR) == (service.sent, caught.value.not_carried_out, chain.known)


@pytest.mark.parametrize("failure", [*HANGS_UP, *ANSWERS, *MAY_ARRIVE])
async def test_without_a_guard_nobody_looks(chain, failure):
    """With ``off`` a write whose outcome is unknown is an error at once."""
    service = chain.serves(lost(failure))

    with pytest.raises(AmbiguousWriteError, match="The conversation was not checked") as caught:
        await chain(append(user("Hi"), write=Write(guard="off")))

    assert (1, 0, []) == (service.sent, service.lookups, chain.clock.slept)
    assert caught.value.stored is None


async def test_when_no_retry_is_left(chain):
    """Certainly not stored and no retry left: the failure itself comes out, and says so."""
    for failure, error in ((respond(500), InternalServerError), (broken(), APIConnectionError)):
        service = chain.serves(lost(failure))
        with pytest.raises(error) as caught:
            await chain(append(user("Hi")))

        assert (3, True, ANCHOR) == (service.sent, caught.value.not_carried_out, chain.known)
        assert [1, 2, 3] == [attempt.number for attempt in caught.value.attempts]

    service = chain.serves(lost(respond(500, API_ERROR)))
    with pytest.raises(InternalServerError):
        await chain(append(user("Hi"), max_retries=0))
    assert (1, 1) == (service.sent, service.lookups)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429])
async def test_a_refusal_is_certain(chain, status):
    """A refusal is raised as it is, says that nothing was carried out, and nobody looks."""
    service = chain.serves(lost(respond(status)))

    with pytest.raises(APIError) as caught:
        await chain(append(user("Hi"), max_retries=0))

    assert (status, True, 0) == (caught.value.status_code, caught.value.not_carried_out, service.lookups)


async def test_a_refusal_that_is_a_gateways(chain):
    """A 4xx that nobody knows, with a body that is not the API's, is an unknown outcome."""
    service = chain.serves(kept(respond(460, b"<html>")))

    assert ["msg_1"] == ids(await chain(append(user("Hi"))))
    assert 1 == service.sent


@pytest.mark.parametrize("asked", ["300", "20"])
async def test_a_server_that_wants_a_longer_wait_than_there_is(chain, asked):
    """What is absent is not sent before the time that the server asked for: the failure comes out at once."""
    service = chain.serves(lost(respond(503, API_ERROR, retry_after=asked)))

    with pytest.raises(InternalServerError) as caught:
        await chain(chain.within(10, append(user("Hi"))))

    assert (1, 1, float(asked)) == (service.sent, service.lookups, caught.value.retry_after)
    assert caught.value.not_carried_out


async def test_the_wait_that_a_server_asks_for(chain):
    """The wait that a server asks for is made before the lookup, once."""
    service = chain.serves(lost(respond(503, API_ERROR, retry_after="3")), OK)

    await chain(chain.within(10, append(user("Hi"))))

    assert ([3.0], 2) == (chain.clock.slept, service.sent)


# After an unknown outcome


async def test_every_further_attempt_is_preceded_by_a_lookup(chain):
    """What was not there once may have arrived since: a lock and a 429 are followed by another lookup."""
    service = chain.serves(lost(broken()), lost(locked()), lost(respond(429)), OK)

    await chain(append(user("Hi"), max_retries=5))

    assert (4, 4) == (service.sent, service.lookups)


async def test_a_write_that_arrives_while_another_attempt_is_refused(chain):
    """The first attempt held the lock that the second met: it is found, and nothing is sent a third time."""
    service = chain.serves(late(broken(), 2.0), lost(locked()))

    assert ["msg_1"] == ids(await chain(append(user("Hi"))))
    assert 2 == service.sent


@pytest.mark.parametrize("seconds", [5, None])
async def test_a_lock_that_may_be_our_own(chain, seconds):
    """A conversation that stays locked after an unknown outcome may be locked by it: the wait has an end."""
    service = chain.serves(lost(broken()), lost(locked()))
    request = append(user("Hi"), started=chain.clock.now)

    with pytest.raises(AmbiguousWriteError, match="may be what locks the conversation") as caught:
        await chain(request if seconds is None else chain.within(seconds, request))

    assert () == caught.value.stored
    assert isinstance(caught.value.__cause__, ConversationLockedError)
    assert service.sent < 70
    assert sum(chain.clock.slept) <= 80


async def test_a_refusal_after_an_unknown_outcome(chain):
    """A 4xx does not tell the outcome of the attempt before: it is looked up once more, then raised."""
    service = chain.serves(lost(broken()), lost(respond(400, b'{"error":{"message":"No"}}')))

    with pytest.raises(BadRequestError) as caught:
        await chain(append(user("Hi")))

    assert (2, 3, True) == (service.sent, service.lookups, caught.value.not_carried_out)
    assert caught.value.after_unknown_outcome


# Success says what was stored


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made[:1],
        lambda made: [],
        lambda made: made[::-1],
        lambda made: [*made, *made[:1]],
        lambda made: [{**made[0], "role": "assistant"}, made[1]],
    ],
    ids=["fewer", "none", "reordered", "more", "another kind"],
)
async def test_a_success_that_does_not_say_what_was_stored(chain, change):
    """A 200 with fewer, other or reordered items is looked up; what is there decides."""

    def fate(service, items):
        return page(change(service.store(items)))

    service = chain.serves(fate)

    assert ["msg_1", "msg_2"] == ids(await chain(append(user("a"), user("b"))))
    assert (1, 1) == (service.sent, service.lookups)


async def test_a_success_with_half_of_it_stored(chain):
    """A 200 with half of the items, of which half are there, is no success."""

    def fate(service, items):
        return page(service.store(items[:1]))

    service = chain.serves(fate)

    with pytest.raises(AmbiguousWriteError, match="Some of the items may be stored") as caught:
        await chain(chain.within(5, append(user("a"), user("b"))))
    assert (1, ("msg_1",)) == (service.sent, caught.value.stored)
    assert isinstance(caught.value.__cause__, APIResponseValidationError)


def remembering(service, *, real=None):
    """A gateway that answers as it did before, without asking the service, or having it stored."""
    memory = []

    def fate(held, items):
        if not memory:
            memory.append(page(held.store(items)))
        elif real is not None:
            held.store(items)
        return memory[0]

    service.fates = [fate]
    return service


async def test_a_success_from_memory(chain):
    """A response that lists an item of an earlier one says nothing of this write: when it is not there, it raises."""
    service = remembering(chain.serves())
    await chain(append(user("yes")))
    await chain(append(user("yes"), write=Write(guard="off")).replace(conversation_id="conv_2"))

    with pytest.raises(AmbiguousWriteError, match="lists an item that an earlier one listed") as caught:
        await chain(append(user("yes")))
    assert "The conversation shows nothing of this write." == caught.value.known
    assert (["Hello", "yes"], 3, 1) == (service.texts, service.sent, service.lookups)


async def test_a_success_from_memory_for_what_is_stored(chain):
    """When the write is there, its own item is the response."""
    remembering(chain.serves(), real=True)
    assert ["msg_1"] == ids(await chain(append(user("yes"))))

    assert ["msg_2"] == ids(await chain(append(user("yes"))))
    assert "msg_2" == chain.known


async def test_a_success_from_memory_without_a_guard(chain):
    """With ``off`` nobody looks."""
    service = remembering(chain.serves())
    await chain(append(user("yes")))

    with pytest.raises(AmbiguousWriteError, match="not checked"):
        await chain(append(user("yes"), write=Write(guard="off")))
    assert 0 == service.lookups


async def test_a_success_that_another_text_is_shown_in(chain):
    """What an earlier response listed is not what was sent now, of the same kind or not."""
    remembering(chain.serves())
    await chain(append(user("yes")))

    with pytest.raises(AmbiguousWriteError):
        await chain(append(user("no")))


async def test_a_server_that_uses_ids_again(chain):
    """A server that gives the same id to another item is seen to do so, and believed from then on."""

    def fate(_service, items):
        return page([{"id": "item_0", **items[0]}])

    service = chain.serves(fate)
    for text in ("yes", "no", "no", "yes"):
        assert ["item_0"] == ids(await chain(append(user(text))))
    assert 0 == service.lookups


async def test_a_success_whose_texts_were_rewritten(chain):
    """A server may store texts as it likes: its word that it stored them counts."""

    def fate(service, items):
        return page(service.store([{**item, "content": item["content"].lower()} for item in items]))

    service = chain.serves(fate)

    assert ["msg_1"] == ids(await chain(append(user("HI"))))
    assert 0 == service.lookups


async def test_the_words_of_a_server_that_responses_an_error_with_200(chain):
    """An error inside a 200 is in the error that comes out."""
    chain.serves(lost(respond(200, b'{"error":{"message":"The model is busy"}}')))

    with pytest.raises(AmbiguousWriteError, match="The model is busy"):
        await chain(append(user("Hi"), write=Write(guard="off")))


# Deadlines and the budget


async def test_a_lookup_for_which_the_wait_would_leave_no_time_comes_at_once(chain):
    """A wait of more than half of the time left is not made; the lookup is then the last word."""
    service = chain.serves(lost(respond(500, API_ERROR)))

    with pytest.raises(InternalServerError):
        await chain(chain.within(0.9, append(user("Hi"))))

    assert ([], 1, 1) == (chain.clock.slept, service.sent, service.lookups)


async def test_no_time_for_a_second_lookup(chain):
    """A write that may be under way is not sent again when there is no time to look twice: nobody can tell."""
    service = chain.serves(lost(broken()))

    with pytest.raises(AmbiguousWriteError, match="may still be processing it") as caught:
        await chain(chain.within(1.2, append(user("Hi"))))

    assert ([0.5, pytest.approx(0.35)], 1, ()) == (chain.clock.slept, service.sent, caught.value.stored)


async def test_a_second_lookup_in_a_hurry(chain):
    """A second lookup finds what it finds, however short the pause was."""
    chain.serves(late(broken(), 0.8))

    assert ["msg_1"] == ids(await chain(chain.within(1.2, append(user("Hi")))))


async def test_no_time_left(chain):
    """When the deadline has passed nobody looks, and the error says so."""

    def fate(service, _items):
        service.clock.now += 2
        return outcome(timed_out())

    service = chain.serves(fate)

    with pytest.raises(AmbiguousWriteError, match="no time was left") as caught:
        await chain(chain.within(2, append(user("Hi"))))
    assert (0, 1) == (service.lookups, len(caught.value.attempts))


@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("failure", [*HANGS_UP, *ANSWERS, *MAY_ARRIVE, locked(), respond(429)])
async def test_deadlines_are_kept(chain, seconds, failure):
    """Attempts, waits and lookups all end before the deadline, whatever fails and for however long."""
    chain.serves(lost(failure))

    with pytest.raises(APIError):
        await chain(chain.within(seconds, append(user("Hi"), max_retries=50)))

    assert chain.clock.now <= 1000 + seconds


async def test_a_deadline_that_passes_before_it_is_sent_again(chain):
    """An attempt that never began says so, and does not hide those before it."""

    def fate(service, _items):
        service.listing = lambda _: slow_listing(service)
        return outcome(respond(500, API_ERROR))

    def slow_listing(service):
        service.clock.now += 9.7
        return page(service.items[::-1])

    service = chain.serves(fate)
    with pytest.raises(APIError) as caught:
        await chain(chain.within(10, append(user("Hi"))))

    assert (1, True) == (service.sent, bool(caught.value.attempts))


async def test_successes_give_tokens_back(chain):
    """Each lookup and each write that is sent again takes a token; a success gives them back, and a tenth more."""
    chain.budget.tokens = 50
    chain.serves(kept(broken()))
    await chain(append(user("Hi")))
    assert 50.1 == pytest.approx(chain.budget.tokens, abs=0.31)

    chain.budget.tokens = 50
    chain.serves(lost(respond(500, API_ERROR)), OK)
    await chain(append(user("Hi")))
    assert 50.1 == pytest.approx(chain.budget.tokens, abs=0.5)

    chain.budget.tokens = 50
    chain.serves(lost(respond(500, API_ERROR)))
    with pytest.raises(InternalServerError):
        await chain(append(user("Hi"), max_retries=1))
    assert 50 - 3 == pytest.approx(chain.budget.tokens, abs=0.5)


async def test_a_budget_that_is_exhausted(chain):
    """Without a token nobody looks, and the error says so; with one left it is looked up, but not sent again."""
    chain.budget.tokens = 0.5
    service = chain.serves(lost(respond(500, API_ERROR)))
    with pytest.raises(AmbiguousWriteError, match="the retry budget of this client is exhausted"):
        await chain(append(user("Hi")))
    assert (1, 0) == (service.sent, service.lookups)

    chain.budget.tokens = 1
    service = chain.serves(lost(respond(500, API_ERROR)))
    with pytest.raises(InternalServerError):
        await chain(append(user("Hi")))
    assert (1, 1) == (service.sent, service.lookups)


# What was not sent


@pytest.mark.parametrize("failure", [ConfigurationError("api_key is empty"), ClientClosedError("closed")])
async def test_what_was_never_sent(chain, failure):
    """An error before anything was sent says so, and what is known stays."""
    chain.serves(lost(failure))

    with pytest.raises(type(failure)) as caught:
        await chain(append(user("Hi")))
    assert (True, ANCHOR) == (caught.value.not_carried_out, chain.known)


async def test_a_client_that_is_closed_after_an_unknown_outcome(chain):
    """An error before the second attempt does not say that the first was not carried out."""
    chain.serves(lost(respond(500, API_ERROR)), lost(ClientClosedError("closed")))

    with pytest.raises(ClientClosedError) as caught:
        await chain(append(user("Hi")))
    assert (False, None) == (caught.value.not_carried_out, chain.known)


async def test_a_bug_of_others(chain):
    """An error that is not ours says nothing about what the server did: what was known is forgotten."""
    chain.serves(lost(KeyError("a bug")))

    with pytest.raises(KeyError):
        await chain(append(user("Hi")))
    assert chain.known is None


# Looking first


async def test_what_an_earlier_call_stored(chain):
    """With ``lookup_first`` what is there already is the response, and nothing is sent."""
    service = chain.serves(OK, items=[assistant("Hello"), user("Hi")])

    response = await chain(append(user("Hi"), write=Write(last_item_id="msg_0", lookup_first=True)))

    assert (["msg_1"], 0) == (ids(response), service.sent)


async def test_what_an_earlier_call_did_not_store(chain):
    """What is not there is sent."""
    service = chain.serves(OK)

    response = await chain(append(user("Hi"), write=Write(last_item_id="msg_0", lookup_first=True)))

    assert (["msg_1"], 1) == (ids(response), service.sent)


async def test_looking_first_without_certainty(chain):
    """When it cannot be told, nothing is sent."""
    service = chain.serves(OK, items=[user("Hi")], known=None)

    with pytest.raises(AmbiguousWriteError, match="nothing was sent"):
        await chain(append(user("Hi"), write=Write(lookup_first=True)))
    assert 0 == service.sent


# Conversations


def create(items=(), **changes):
    body = json.dumps({"items": list(items)} if items else {}).encode()
    replay = Replay.APPEND if items else Replay.SAFE
    write = Write(guard="off") if items else None
    return append_request(
        operation="createConversation",
        conversation_id=None,
        body=body,
        replay=replay,
        write=write,
        **changes,
    )


@pytest.mark.parametrize(
    "failure",
    [
        *(*HANGS_UP, *ANSWERS, timed_out(), respond(504), APIConnectionError(**CUT)),
        *(respond(200, body) for body in (b"", b"{", b"[]", b"{}", b'{"id":7}', b'{"error":{"message":"busy"}}')),
        respond(204, b""),
    ],
)
async def test_a_create_with_items_of_unknown_outcome(chain, failure):
    """A create with items cannot be looked up: whatever leaves its outcome open is an AmbiguousWriteError."""
    service = chain.serves(lost(failure))

    with pytest.raises(AmbiguousWriteError, match="The conversation was not checked") as caught:
        await chain(create([user("Hi")]))

    assert (1, False) == (service.sent, caught.value.not_carried_out)
    assert 1 == len(caught.value.attempts)


@pytest.mark.parametrize("failure", [respond(400), respond(401), broken(sent=False), respond(429)])
async def test_a_create_that_was_refused(chain, failure):
    """A refusal is certain."""
    chain.serves(lost(failure))

    with pytest.raises(APIError) as caught:
        await chain(create([user("Hi")], max_retries=0))
    assert caught.value.not_carried_out
    assert not isinstance(caught.value, AmbiguousWriteError)


async def test_an_empty_create(chain):
    """An empty create may be done twice; the new conversation is known to be empty."""
    chain.serves(lost(broken()), stored(respond(200, b'{"id":"conv_1"}')), known=None)

    await chain(create())

    assert START == chain.known


# Deletions


API_404 = b'{"error":{"message":"Conversation with id \'conv_1\' not found.","type":"invalid_request_error"}}'


async def test_a_deletion_that_was_carried_out_unnoticed(chain):
    """A 404 of the API after an unknown outcome says that the deletion has succeeded."""
    chain.serves(lost(broken()), lost(respond(404, API_404)))

    response = await chain(delete_request())

    expected = {"id": "conv_1", "object": "conversation.deleted", "deleted": True}
    assert (200, expected, 2) == (response.status_code, json.loads(response.content), len(response.attempts))
    assert chain.known is None


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"detail":"Not Found"}', b'{"error":{"message":"Invalid URL"}}'])
async def test_a_404_that_is_not_the_apis(chain, body):
    """A gateway's 404 after an unknown outcome is an error."""
    chain.serves(lost(broken()), lost(respond(404, body)))

    with pytest.raises(NotFoundError):
        await chain(delete_request())
    assert ANCHOR == chain.known


@pytest.mark.parametrize("first", [respond(429), broken(sent=False)])
async def test_a_404_without_an_unknown_outcome(chain, first):
    """Without an unknown outcome before, a 404 is an error: nothing was deleted."""
    chain.serves(lost(first), lost(respond(404, API_404)))

    with pytest.raises(NotFoundError):
        await chain(delete_request())


@pytest.mark.parametrize("stream", [False, True])
async def test_a_deletion_without_a_body(chain, stream):
    """A deletion that is answered with 204 has succeeded, and looks like one that was answered with 200."""
    chain.serves(lost(respond(204, b"")))

    response = await chain(delete_request(stream=stream))

    expected = {"id": "conv_1", "object": "conversation.deleted", "deleted": True}
    assert (200, expected) == (response.status_code, json.loads(response.content))


def delete_item(**changes):
    url = "http://127.0.0.1:1/v1/conversations/conv_1/items/msg_0?include=x"
    return delete_request(operation="deleteConversationItem", item_id="msg_0", url=url, **changes)


@pytest.mark.parametrize("fates", [(lost(broken()), lost(respond(404, API_404))), (lost(respond(204, b"")),)])
async def test_an_item_that_is_gone(chain, fates):
    """What such a call returns, the conversation, is asked for; the item is no anchor any more."""
    asked = []
    service = chain.serves(*fates)
    service.listing = lambda request: asked.append(request) or respond(200, b'{"id":"conv_1"}')

    assert b'{"id":"conv_1"}' == (await chain(delete_item())).content

    assert [("getConversation", "http://127.0.0.1:1/v1/conversations/conv_1")] == [
        (request.operation, request.url) for request in asked
    ]
    assert chain.known is None


UNREADABLE = [respond(403, b"{}"), respond(404, API_404), respond(500), broken(), respond(200, b"<html>")]
ITEM_404 = b'{"error":{"message":"Item with id \'msg_0\' not found in conversation \'conv_1\'.","type":"x"}}'


@pytest.mark.parametrize("shown", UNREADABLE)
@pytest.mark.parametrize("said", [API_404, ITEM_404], ids=["conversation", "item"])
async def test_an_item_of_a_conversation_that_is_gone(chain, shown, said):
    """A 404 alone does not say that an item was deleted: a conversation that is gone may have left it behind."""
    service = chain.serves(lost(broken()), lost(respond(404, said)))
    service.listing = lambda _: shown

    with pytest.raises(NotFoundError) as raised:
        await chain(delete_item(max_retries=1))

    assert not raised.value.not_carried_out
    assert chain.known is None


@pytest.mark.parametrize("shown", UNREADABLE)
async def test_an_item_that_is_gone_from_what_cannot_be_read(chain, shown, caplog):
    """A deletion that was confirmed is no error, also when the conversation cannot be read afterwards."""
    service = chain.serves(lost(respond(204, b"")))
    service.listing = lambda _: shown

    response = await chain(delete_item(max_retries=1))

    assert (200, {"id": "conv_1", "object": "conversation"}) == (response.status_code, json.loads(response.content))
    assert "could not be read afterwards" in caplog.text
    assert chain.known is None


# What is learned


@pytest.mark.parametrize(
    ("order", "after", "has_more", "shown", "expected"),
    [
        ("desc", None, True, ["msg_1", "msg_0"], "msg_1"),
        ("desc", "msg_9", False, ["msg_1"], None),
        ("asc", None, False, ["msg_0", "msg_1"], "msg_1"),
        ("asc", None, True, ["msg_0", "msg_1"], None),
        ("asc", "msg_0", False, ["msg_1"], "msg_1"),
        ("asc", None, False, [], START),
        ("asc", "msg_1", False, [], None),
        ("desc", None, False, ["x", "x"], None),
        (None, None, False, ["msg_1", "msg_0"], None),
    ],
)
async def test_listings_that_show_the_end(chain, order, after, has_more, shown, expected):  # noqa: PLR0917
    """A page that shows the end of a conversation tells the last item, when its order was asked for."""
    service = chain.serves(OK, known=None)
    service.listing = lambda _: page([{"id": name} for name in shown], has_more=has_more)

    await chain(get_request(listing=None if order is None else Listing(order=order, after=after)))

    assert expected == chain.known


async def test_a_rate_limit_is_no_unknown_outcome(chain):
    """429 is never an unknown outcome, whatever came of it; with retries it is tried again."""
    service = chain.serves(lost(respond(429)), lost(respond(429)), lost(respond(429)), OK)

    with pytest.raises(RateLimitError):
        await chain(append(user("Hi")))
    assert (3, 0) == (service.sent, service.lookups)


async def test_a_timeout_before_it_was_sent(chain):
    """A timeout of what was never sent is certain."""
    chain.serves(lost(timed_out(sent=False)))

    with pytest.raises(APITimeoutError) as caught:
        await chain(append(user("Hi")))
    assert caught.value.not_carried_out
