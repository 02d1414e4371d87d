"""Final responses against what was streamed: what lacks is told, another response is never taken for this one."""

from __future__ import annotations

import json

import pytest

from openai_conversations import (
    AmbiguousWriteError,
    APIResponseValidationError,
    ResponseFailedError,
    StreamInterruptedError,
)
from tests.writing.turns.scripted import CREATED, STREAM, TEXT, answer, event, listing, message, response, scripted

BEGUN = event("response.created", 0, response=response(background=True))


def call(arguments, name="f", call_id="call_1"):
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": name, "arguments": arguments}


def refusal(text):
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "refusal", "refusal": text}]}


def delta(text, number=1, kind="output_text", **where):
    return event(f"response.{kind}.delta", number, delta=text, **where)


def added(item, number=1, **where):
    return event("response.output_item.added", number, item=item, **({"output_index": 0} | where))


def done(item, number=1, **where):
    return event("response.output_item.done", number, item=item, **({"output_index": 0} | where))


def completed(number, output, **members):
    return event("response.completed", number, response=response("completed", output, **members))


def cut_then(polled, *events):
    """A stream that is cut after these events; whoever asks for the response then gets that."""
    return lambda asked: [STREAM, CREATED, *events] if asked.line.startswith("POST") else [answer(polled)]


def resumed_with(rest, *events, polled=None):
    """The same of a turn in the background, which goes on with the rest when it is resumed."""

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, BEGUN, *events]
        return [STREAM, *rest] if "stream=true" in asked.line else [answer(polled)]

    return answers


async def deltas(client, kind="response.output_text.delta", **options):
    """The pieces of one kind joined, and the final response."""
    async with client.responses.stream(model="m", **{"timeout": 5, **options}) as stream:
        pieces = [one.delta async for one in stream if one.type == kind]
        return "".join(pieces), await stream.get_final_response()


# Without a connection


@pytest.mark.parametrize("where", [{}, {"output_index": 0}, {"content_index": 0}], ids=["neither", "item", "part"])
async def test_pieces_without_an_index(where):
    """A piece that does not say where it stands belongs where there is only one place: its text is not told twice."""
    polled = response("completed", [message("Hello")])
    async with scripted(cut_then(polled, delta("Hel", **where))) as client:
        told, final = await deltas(client)
    assert ("Hello", "Hello") == (told, final.output_text)


async def test_pieces_that_may_stand_in_two_places():
    """Where there are several places, what lacks cannot be told."""
    polled = response("completed", [message("Hello"), message("Hello, too")])
    async with scripted(cut_then(polled, delta("Hel"))) as client:
        with pytest.raises(StreamInterruptedError, match="not what was streamed"):
            await deltas(client)


@pytest.mark.parametrize(
    ("told", "final"),
    [
        ([done(call('{"a":1}'))], call('{"a":2}')),
        ([done(call("{}"))], call("{}", name="g")),
        ([done(call("{}"))], call("{}", call_id="call_2")),
        ([done(message("Hello"))], message("Bye")),
        ([added(call(""))], message("Hello")),
        ([added(call("")), delta('{"a":1', 2, "function_call_arguments", output_index=0)], call('{"b":2}')),
        ([delta("I can", 1, "refusal", output_index=0, content_index=0)], refusal("No.")),
        ([delta("I can", 1, "refusal", output_index=0, content_index=0)], message("I can")),
        ([done(call("{}"), output_index=-1)], message("Hello")),
    ],
    ids=["arguments", "name", "call", "text", "type", "pieces", "refusal", "text for a refusal", "no index"],
)
async def test_another_output_than_was_told(told, final):
    """Items, arguments and refusals are compared as texts are: a final response without them is not this one."""
    async with scripted(cut_then(response("completed", [final]), *told)) as client:
        with pytest.raises(StreamInterruptedError, match="not what was streamed"):
            await deltas(client)


@pytest.mark.parametrize(
    ("told", "final", "kind", "expected"),
    [
        ([added(call(""))], call('{"a":1}'), "function_call_arguments", ""),
        ([added(call("")), delta('{"a', 2, "function_call_arguments", output_index=0)], call('{"a":1}'), None, None),
        ([delta("I ca", 1, "refusal", output_index=0, content_index=0)], refusal("I cannot."), "refusal", "I cannot."),
        ([done(call("{}"), output_index=-1)], call("{}"), "function_call_arguments", ""),
    ],
    ids=["nothing", "half", "refusal", "done"],
)
async def test_the_rest_of_what_is_no_text(told, final, kind, expected):
    """The rest of arguments and refusals is told in one piece, of arguments only where their beginning was."""
    async with scripted(cut_then(response("completed", [final]), *told)) as client:
        pieces, _ = await deltas(client, f"response.{kind or 'function_call_arguments'}.delta")
    assert pieces == ('{"a":1}' if expected is None else expected)


@pytest.mark.parametrize("status", ["", None, "succeeded"])
async def test_only_a_status_that_says_so_is_an_end(status):
    """A retrieved response that does not say that it has ended may be half of one."""
    polled = response(status, [message("Hello wor")])
    if status == "":
        del polled["status"]
    async with scripted(cut_then(polled, TEXT)) as client:
        with pytest.raises(StreamInterruptedError, match="when it was last retrieved") as raised:
            await deltas(client, timeout=2)
    assert "Hello wor" == raised.value.response.output_text


async def test_a_retrieved_response_that_was_cancelled():
    """It ends as a stream of it does on servers that have an event for it: the error says that it was cancelled."""
    async with scripted(cut_then(response("cancelled", [message("Hell")]), TEXT)) as client:
        async with client.responses.stream(model="m") as stream:
            seen = [(one.type, one.is_recovered) async for one in stream]
            with pytest.raises(ResponseFailedError, match="cancelled"):
                await stream.get_final_response()
        assert "cancelled" == (await client.responses.create(model="m", safe=True)).status
    assert [("response.output_text.delta", True), ("response.cancelled", True)] == seen[2:]


# Resumed


@pytest.mark.parametrize(
    "rest",
    [
        [event("response.in_progress", 0, response=response()), delta("lo", 1, output_index=0, content_index=0)],
        [],
        [event("keepalive", 2)],
    ],
    ids=["numbers of its own", "nothing", "something else"],
)
async def test_a_resumed_stream_that_lost_a_piece(rest):
    """At its end the text is compared: what did not come under a new number is told before it."""
    last = completed(3 if any(b"keepalive" in one for one in rest) else 2, [message("Hello")])
    async with scripted(resumed_with([*rest, last], TEXT)) as client:
        told, final = await deltas(client, background=True)
    assert ("Hello", "Hello") == (told, final.output_text)


async def test_a_resumed_stream_that_left_out_a_piece():
    """When the rest cannot be told any more, because later pieces were, that is an error."""
    rest = [delta("o", 2, output_index=0, content_index=0), completed(3, [message("Hello")])]
    async with scripted(resumed_with(rest, TEXT)) as client:
        with pytest.raises(StreamInterruptedError, match="ended with another response"):
            await deltas(client, background=True)


async def test_a_resumed_stream_with_other_numbers_and_no_output():
    """What was left out is not known from an end without output: the response is asked for."""
    rest = [delta("lo", 0, output_index=0, content_index=0), completed(2, [])]
    polled = response("completed", [message("Hello")])
    async with scripted(resumed_with(rest, TEXT, polled=polled)) as client:
        told, final = await deltas(client, background=True)
    assert ("Hello", "Hello") == (told, final.output_text)


@pytest.mark.parametrize(
    "said",
    [
        event("error", 2, code="expired", message="The stream expired."),
        event("error", -1, code="expired", message="The stream expired."),
        b'data: {"error": {"message": "The stream expired."}}\n\n',
    ],
    ids=["with a number", "without", "without a type"],
)
async def test_an_error_of_a_resumed_stream(said):
    """It says that resuming failed, and nothing of the turn, which is asked for."""
    polled = response("completed", [message("Hello")])
    async with scripted(resumed_with([said], TEXT, polled=polled)) as client:
        assert "Hello" == (await deltas(client, background=True))[0]
        assert "Hello" == (await client.responses.create(model="m", safe=True)).output_text


async def test_an_error_of_a_resumed_stream_that_is_all_there_is():
    """When the response cannot be had either, the error has the words of the stream."""

    def answers(asked):
        if asked.line.startswith("POST"):
            return [STREAM, BEGUN, TEXT]
        error = event("error", 2, code="expired", message="The stream expired.")
        return [STREAM, error] if "stream=true" in asked.line else [answer({"error": {"message": "None."}})]

    async with scripted(answers) as client:
        with pytest.raises(StreamInterruptedError, match=r"The stream expired\."):
            await deltas(client, background=True)


# Beginning in the middle


async def after(client, number=5):
    async with client.responses.stream(response_id="resp_1", starting_after=number, timeout=5) as stream:
        return "".join([one.delta async for one in stream if one.type == "response.output_text.delta"])


AT = {"output_index": 0, "content_index": 0}


def asked_for(*streams, polled=None):
    """The streams of a response, one after the other, the last again and again; and the response itself."""
    left = list(streams)

    def answers(asked):
        if "stream=true" in asked.line:
            return [STREAM, *(left.pop(0) if len(left) > 1 else left[0])]
        return [answer(polled)]

    return answers


async def test_a_stream_that_goes_on_is_resumed():
    """A stream that begins after an event is resumed by number when it breaks, though it told no response."""
    rest = [delta("ef", 7, **AT), completed(8, [message("abcdef")])]
    async with scripted(asked_for([delta("cd", 6, **AT)], rest)) as client:
        assert "cdef" == await after(client)


@pytest.mark.parametrize("begun", [[], [delta("c", 6, **AT)]], ids=["before an event", "in a text"])
async def test_the_rest_of_what_was_not_heard_from_its_beginning(begun):
    """When it cannot be resumed, nobody knows what the caller has: nothing is told twice, and the response is there."""
    polled = response("completed", [message("abcdef")])
    async with scripted(asked_for(begun, [], polled=polled)) as client:
        with pytest.raises(StreamInterruptedError, match="is not known here") as raised:
            await after(client)
    assert "abcdef" == raised.value.response.output_text


async def test_the_rest_of_what_was_heard_from_its_beginning():
    """What began after that event is known, and what ended before it is not told again."""
    begun = [added(message("", name="msg_2"), 6, output_index=1), delta("Hel", 7, output_index=1, content_index=0)]
    polled = response("completed", [message("Before"), message("Hello", name="msg_2")])
    async with scripted(asked_for(begun, [], polled=polled)) as client:
        assert "Hello" == await after(client)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([delta("ab", 5, **AT), delta("cd", 6, **AT), completed(7, [message("abcd")])], "cd"),
        ([completed(6, [message("abcd")])], ""),
        ([completed(6, [])], ""),
        ([done(message("abcd"), 6), completed(7, [message("abcd")])], ""),
    ],
    ids=["one again", "only the end", "an end without output", "an item"],
)
async def test_numbers_are_judged_from_the_first_event_on(events, expected):
    """What comes again under an old number is left out; nothing lacks of a stream that came to its end."""
    async with scripted(asked_for(events)) as client:
        assert expected == await after(client)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([delta("cd", 9, **AT)], "After event 5, the resumed stream went on with event 9"),
        ([delta("xy", 6, **AT), completed(7, [message("abcd")])], "ended with another response"),
    ],
    ids=["a gap", "another text"],
)
async def test_a_stream_that_goes_on_elsewhere(events, said):
    """A number that lacks, and an end that is not that of what came, are errors."""
    async with scripted(asked_for(events)) as client:
        with pytest.raises(StreamInterruptedError, match=said):
            await after(client)


async def test_an_error_in_place_of_a_stream_that_was_asked_for():
    """It is no end of the response, which may be complete."""

    def answers(asked):
        error = {"error": {"message": "Too late."}}
        return [answer(error if "stream=true" in asked.line else response("completed", [message("Hello")]))]

    async with scripted(answers) as client:
        stream = await client.responses.retrieve("resp_1", stream=True, timeout=5)
        assert "Hello" == await stream.get_final_text()


# Other responses


@pytest.mark.parametrize(
    "last",
    [
        completed(2, [message("Bye")], id="resp_2"),
        completed(2, [message("Hello, you")], id="resp_2"),
        completed(2, [], id="resp_2"),
        event("response.created", 2, response=response(id="resp_2")) + completed(3, [message("Hel")], id="resp_2"),
        event("response.cancelled", 2, response=response("cancelled", id="resp_2")),
    ],
    ids=["another text", "a longer one", "without output", "another beginning", "cancelled"],
)
async def test_the_end_of_another_response(last):
    """A stream that ends with another id, and another text, is not believed: the known response is asked for."""
    polled = response("completed", [message("Hello")])
    async with scripted(cut_then(polled, TEXT, last)) as client:
        told, final = await deltas(client)
    assert ("Hello", "resp_1") == (told, final.id)


async def test_a_stream_that_becomes_that_of_another_response():
    """Nor is one whose id changed before; when the response cannot be had, the error names both."""
    begun = event("response.in_progress", 2, response=response(id="resp_2"))
    polled = response("completed", [message("Bye")], id="resp_3")
    async with scripted(cut_then(polled, TEXT, begun, completed(3, [message("Bye")], id="resp_2"))) as client:
        with pytest.raises(StreamInterruptedError, match=r"resp_3 in place of resp_2.*another response, resp_2"):
            await deltas(client, timeout=2)


async def test_a_gateway_that_changes_the_id():
    """The end of a whole stream is believed when it has what was streamed, whatever its id is: gateways change ids."""
    last = completed(2, [message("Hel")], id="resp_2")
    async with scripted(lambda _: [STREAM, CREATED, TEXT, last]) as client:
        told, final = await deltas(client)
    assert ("Hel", "resp_2", "Hel") == (told, final.id, final.output_text)


@pytest.mark.parametrize("method", ["retrieve", "cancel"])
async def test_another_response_for_an_id(method):
    """A response that is asked for by its id is that one; an id that a gateway seals anew each time tells nothing."""
    sealed = "resp_" + 150 * "x"
    async with scripted(lambda _: [answer(response("completed", id="resp_2"))]) as client:
        with pytest.raises(APIResponseValidationError, match="resp_2 in place of resp_1"):
            await getattr(client.responses, method)("resp_1")
    async with scripted(lambda _: [answer(response("completed", id=sealed))]) as client:
        assert (await getattr(client.responses, method)(sealed.replace("x", "y"))).id == sealed


# What is no response


NO_RESPONSES = [
    {"id": "conv_1", "object": "conversation", "created_at": 1},
    {"id": "chatcmpl-1", "object": "chat.completion", "choices": []},
    {"id": "req_1", "error": {"message": "Boom."}},
    {"id": "req_1", "success": False},
    {"id": "", "object": "response", "status": "completed", "output": []},
]


@pytest.mark.parametrize("body", NO_RESPONSES, ids=json.dumps)
async def test_what_is_no_response(body):
    """A 200 with an id is no turn: it has to be a response by its object, or by its status or output."""

    def answers(asked):
        return [answer(body)] if "/responses" in asked.line else [listing([message("Before", name="msg_0")])]

    turn = {"model": "m", "input": "Hi", "conversation": "conv_1", "timeout": 2}
    async with scripted(answers) as client:
        for take in (
            client.responses.create,
            lambda **turn: client.conversations.run(turn.pop("conversation"), **turn),
        ):
            with pytest.raises(AmbiguousWriteError, match="the response is not that of a turn"):
                await take(**turn)
        async with client.responses.stream(**turn) as stream:
            with pytest.raises((AmbiguousWriteError, ResponseFailedError)):
                await stream.get_final_response()
        if body["id"]:
            with pytest.raises(APIResponseValidationError, match=r"object|error|neither"):
                await client.responses.retrieve("resp_1", timeout=2)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "r", "output": [message("Hello")]}, None),
        ({"id": "r", "status": "completed"}, "completed"),
        ({"id": "r", "object": "response", "output": []}, None),
        ({"id": "r", "status": "failed", "error": {"message": "Boom."}}, "failed"),
        ({"id": "r", "object": "response", "created_at": "2026", "output": [message("Hello")]}, None),
    ],
    ids=["output", "status", "object", "failed", "a date"],
)
async def test_what_is_a_response(body, status):
    """Servers leave members out: what is left says that it is one."""
    async with scripted(lambda _: [answer(body)]) as client:
        assert (await client.responses.create(model="m")).status == status


async def test_a_response_that_has_an_error_and_no_status():
    """It has failed: a run does not go on with it, and a stream ends with it."""
    async with scripted(lambda _: [answer(response(None, error={"message": "Boom."}))]) as client:
        with pytest.raises(ResponseFailedError, match=r"Boom\."):
            await client.conversations.run("conv_1", model="m", input="Hi")
        with pytest.raises(ResponseFailedError, match=r"Boom\."):
            await deltas(client)


async def test_what_is_no_count_and_no_compaction():
    """Nor is an error with the members of a count or of a compaction one of them."""
    error = {"id": "x", "output": [], "input_tokens": 0, "error": {"message": "Boom."}}
    async with scripted(lambda _: [answer(error)]) as client:
        with pytest.raises(APIResponseValidationError, match=r"Boom\."):
            await client.responses.input_tokens.count(model="m")
        with pytest.raises(APIResponseValidationError, match=r"Boom\."):
            await client.responses.compact(model="m")


# Ends that leave items open


HELLO, CALL = message("Hello"), call('{"a": 12}')


@pytest.mark.parametrize(
    ("told", "output"),
    [
        ([added(call("")), delta('{"a": 12', 2, "function_call_arguments", output_index=0)], [CALL]),
        ([added(message("")), delta("Hel", 2, **AT)], [HELLO]),
        ([done(HELLO), added(call(""), 2, output_index=1)], [HELLO, CALL]),
    ],
    ids=["half a call", "half a text", "a call without arguments"],
)
async def test_a_completed_event_without_output_and_halves(told, output):
    """Of items that never ended none is made: the response is asked for."""
    answers = cut_then(response("completed", output), *told, completed(3, []))
    async with scripted(answers) as client, client.responses.stream(model="m") as stream:
        final = await stream.get_final_response()
    assert [item.type for item in final.output] == [item["type"] for item in output]
    assert not stream.is_rebuilt


@pytest.mark.parametrize(
    "told",
    [
        [
            added(call("")),
            delta("{}", 2, "function_call_arguments", output_index=0),
            event("response.function_call_arguments.done", 3, output_index=0, arguments="{}"),
        ],
        [done(call("{}"))],
        [added(call(""), output_index=-1), done(call("{}"), 2, output_index=-1)],
    ],
    ids=["whole arguments", "only done", "no index"],
)
async def test_a_completed_event_without_output_and_wholes(told):
    """What the stream said to be whole is the output."""
    async with (
        scripted(lambda _: [STREAM, CREATED, *told, completed(4, [])]) as client,
        client.responses.stream(model="m") as stream,
    ):
        final = await stream.get_final_response()
    assert ["{}"] == [item.arguments for item in final.output]
    assert stream.is_rebuilt
