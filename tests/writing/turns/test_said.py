"""What a service says is wrong with a turn: nothing of it holds the key that was sent, in whatever way it comes."""

from __future__ import annotations

import pickle
import traceback

import pytest

from openai_conversations import APIError
from tests.writing.turns.scripted import CREATED, STREAM, answer, event, listing, message, response, scripted

KEY = "0f9AzUreStyleKey77zzTOPq"
"""As Azure's are: no pattern knows it."""

WRONG = {
    "error": {"code": "x", "message": f"the key {KEY} is wrong"},
    "incomplete_details": {"reason": f"no quota of {KEY}"},
    "metadata": {"seen": KEY},
}

STREAMS = {
    "failed": [CREATED, event("response.failed", 1, response=response("failed", **WRONG))],
    "incomplete": [CREATED, event("response.incomplete", 1, response=response("incomplete", **WRONG))],
    "completed": [CREATED, event("response.completed", 1, response=response("failed", **WRONG))],
    "cancelled": [CREATED, event("response.cancelled", 1, response=response("cancelled", **WRONG))],
    "error": [CREATED, event("error", 1, **WRONG["error"])],
    "created": [
        event("response.created", 0, response=response(**WRONG)),
        event("response.cancelled", 1, response_id="resp_1"),
    ],
    "polled": [CREATED],
}


def shown(error):
    """All that anybody can see of an error."""
    at, seen = error, []
    while at is not None:
        seen += [str(at), repr(at), repr(vars(at)), repr(getattr(at, "response", None)), str(getattr(at, "body", ""))]
        seen.append(pickle.dumps(at).decode("latin-1"))
        at = at.__cause__ or at.__context__
    return "\n".join([*seen, "".join(traceback.format_exception(error))])


async def taken(client, way):
    """A turn, taken in one of the ways in which a turn that failed is an error."""
    is_safe = way.startswith("safe")
    if way.endswith("run"):
        on_event = None if is_safe else lambda _: None
        return await client.conversations.run("conv_1", model="m", input="a", safe=is_safe, on_event=on_event)
    async with client.responses.stream(model="m", input="a", conversation="conv_1", safe=is_safe) as stream:
        return await stream.get_final_response()


@pytest.mark.parametrize("way", ["stream", "safe", "run", "safe run"])
@pytest.mark.parametrize("steps", STREAMS.values(), ids=STREAMS)
async def test_a_key_in_what_is_wrong_with_a_streamed_turn(way, steps):
    """The reason of a turn that failed is said without the key, by whatever event, or by the polled response."""

    def answers(asked):
        if asked.line.startswith("GET"):
            is_listing = "/items" in asked.line
            return [listing([], asked) if is_listing else answer(response("failed", **WRONG))]
        return [STREAM, *steps]

    async with scripted(answers, api_key=KEY) as client:
        with pytest.raises(APIError) as raised:
            await taken(client, way)

    assert KEY not in shown(raised.value)
    assert "***" in str(raised.value) or "no reason given" in str(raised.value)


@pytest.mark.parametrize("status", ["failed", "incomplete", "cancelled"])
async def test_a_key_in_what_is_wrong_with_a_turn(status):
    """The same of a response that comes whole; the response on the error is the rest as it came."""
    told = response(status, [message("Hel\\lo")], **WRONG)
    async with scripted(lambda _: [answer(told)], api_key=KEY) as client:
        with pytest.raises(APIError, match=r"\*\*\*") as raised:
            await client.conversations.run("conv_1", model="m", input="a")

    assert KEY not in shown(raised.value)
    assert ("Hel\\lo", {"seen": "***"}) == (raised.value.response.output_text, raised.value.response.metadata)


async def test_what_a_model_writes_is_left_alone():
    """A turn that is complete says nothing of what is wrong: its text is as it came, whatever stands in it."""
    told = response("completed", [message(f"Is {KEY} your key?")])
    async with scripted(lambda _: [answer(told)], api_key=KEY) as client:
        assert f"Is {KEY} your key?" == (await client.responses.create(model="m", input="a")).output_text


async def test_what_a_model_streams_is_left_alone():
    """The same of events: only what says what is wrong is searched."""
    text = event("response.output_text.delta", 1, output_index=0, content_index=0, item_id="m", delta=f"Hel{KEY}")
    done = event("response.completed", 2, response=response("completed", [message(f"Hel{KEY}")]))
    async with (
        scripted(lambda _: [STREAM, CREATED, text, done], api_key=KEY) as client,
        client.responses.stream(model="m", input="a") as stream,
    ):
        assert f"Hel{KEY}" == await stream.get_final_text()
