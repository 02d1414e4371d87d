"""A run takes turns and calls functions until the model is done; each call once, and none is left open unsaid."""

from __future__ import annotations

import asyncio

import pytest

from openai_conversations import APIError, InvalidArgumentError
from openai_conversations.operations.errors import RunIncompleteError
from openai_conversations.server import faults
from openai_conversations.server.model import say
from openai_conversations.writing.turns.errors import ResponseFailedError
from tests.writing.conftest import *  # noqa: F403  # fixtures are shared by being imported

CITY = {"city": "Bern", "days": 2}


class Weather:
    """A function that notes its calls."""

    def __init__(self, returned="blue"):
        self.asked = []
        self.returned = returned

    async def __call__(self, city: str, days: int = 1) -> str:
        """The weather of a city."""
        self.asked.append((city, days))
        if isinstance(self.returned, Exception):
            raise self.returned
        return self.returned


async def get_weather(city: str, days: int = 1) -> dict[str, object]:
    """The weather of a city."""
    return {"city": city, "days": days}


def types(server, conversation_id):
    return [item["type"] for item in server.items(conversation_id)]


async def test_a_run(server, client):
    """The model is told of the function, its call answered, and what it says at last returned."""
    conversation = await client.conversations.create()
    server.model.call("get_weather", CITY)
    server.model.say("It is blue.")

    done = await client.conversations.run(
        conversation.id, model="m", input="How is it?", tools={"get_weather": get_weather}
    )

    told = server.model.seen[0].tools[0]
    assert ("It is blue.", 2) == (done.output_text, done.rounds)
    assert [("get_weather", '{"city":"Bern","days":2}', False)] == [(c.name, c.output, c.failed) for c in done.calls]
    assert ("The weather of a city.", True) == (told["description"], told["strict"])
    assert {"city", "days"} == set(told["parameters"]["required"])
    assert ["message", "function_call", "function_call_output", "message"] == types(server, conversation.id)
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens > 0


async def test_without_tools(server, client):
    """A run whose model asks for nothing is one turn."""
    conversation = await client.conversations.create()
    server.model.say("Hello")

    done = await client.conversations.run(conversation.id, model="m", input="Hi")

    assert ("Hello", 1, ()) == (done.output_text, done.rounds, done.calls)


async def test_several_calls_at_a_time(server, client):
    """Calls of one response run together, as many as allowed, and are answered in their order."""
    conversation = await client.conversations.create()
    running, most = 0, 0

    async def wait(seconds: float) -> str:
        """Wait."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(seconds)
        running -= 1
        return str(seconds)

    turn = server.model.call("wait", {"seconds": 3})
    for seconds in (1, 2, 1):
        turn.call("wait", {"seconds": seconds})
    server.model.say("Done")

    done = await client.conversations.run(conversation.id, model="m", input="Wait", tools={"wait": wait}, concurrency=3)

    assert (3, ["3.0", "1.0", "2.0", "1.0"]) == (most, [call.output for call in done.calls])


@pytest.mark.parametrize(
    ("call", "returned", "said"),
    [
        (("weather", CITY), ValueError("no such city"), "The function failed: ValueError: no such city"),
        (("weather", {"city": 7, "days": 2}), "blue", "expected string, not 7 @ $.city"),
        (("weather", "{"), "blue", "not JSON"),
        (("climate", CITY), "blue", "There is no function 'climate'."),
    ],
    ids=["raises", "does not fit", "not JSON", "unknown"],
)
async def test_calls_that_fail(server, client, call, returned, said):
    """What goes wrong with a call is said to the model, and the run goes on."""
    conversation = await client.conversations.create()
    weather = Weather(returned)
    server.model.call(*call).call("weather", {"city": "Rome", "days": 1})
    server.model.say("Sorry")

    done = await client.conversations.run(conversation.id, model="m", input="?", tools={"weather": weather.__call__})

    assert "Sorry" == done.output_text
    assert said in done.calls[0].output
    assert done.calls[0].failed


async def test_a_call_is_made_once(server, client):
    """A response that repeats a call is answered once."""
    conversation = await client.conversations.create()
    weather = Weather()
    call = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Bern","days":1}'}
    server.model.item(call)
    server.model.item({**call, "call_id": "call_2"})
    server.model.say("Blue")

    await client.conversations.run(conversation.id, model="m", input="?", tools={"weather": weather.__call__})

    assert [("Bern", 1), ("Bern", 1)] == weather.asked


async def test_what_somebody_else_answers(server, client):
    """A call of a function that is only described ends the run: it is for the caller to answer."""
    conversation = await client.conversations.create()
    tool = {"type": "function", "name": "ask_human", "parameters": {"type": "object", "properties": {}}}
    server.model.call("ask_human", {})

    done = await client.conversations.run(conversation.id, model="m", input="?", definitions=[tool])

    assert (["function_call"], ()) == ([item.type for item in done.response.output], done.calls)


async def test_a_described_function(server, client):
    """A function that is described by hand gets the members of the JSON object."""
    conversation = await client.conversations.create()
    tool = {"type": "function", "name": "echo", "parameters": {"type": "object"}}
    server.model.call("echo", {"a": [1, {"b": None}]})
    server.model.say("ok")

    done = await client.conversations.run(
        conversation.id, model="m", input="?", definitions=[tool], tools={"echo": lambda a: a}
    )

    assert ['[1,{"b":null}]'] == [call.output for call in done.calls]


async def test_the_rounds_are_bounded(server, client):
    """After the last round the outputs are in the conversation, so that it can be gone on with."""
    conversation = await client.conversations.create()
    server.model.respond(lambda turn: say("") if turn.number > 9 else None)
    for _ in range(2):
        server.model.call("weather", CITY)
    weather = Weather()

    with pytest.raises(RunIncompleteError, match="not done after 2 turns") as raised:
        await client.conversations.run(
            conversation.id, model="m", input="?", tools={"weather": weather.__call__}, max_rounds=2
        )

    assert (True, 2) == (raised.value.is_closed, len(raised.value.calls))
    assert (await client.conversations.check(conversation.id)).findings == ()


@pytest.mark.parametrize(
    ("fault", "is_closed"),
    [
        (lambda: faults.status(401, operation="createResponse"), True),
        (lambda: faults.commit_then_drop(operation="createResponse"), False),
        (lambda: faults.drop_before_commit(operation="createResponse"), False),
    ],
    ids=["refused", "lost", "unknown"],
)
async def test_a_turn_that_fails_after_calls(server, make_client, fault, is_closed):
    """The outputs are added where the turn that was to take them was certainly not taken; else nothing is risked."""
    client = make_client(timeout=2.0)
    conversation = await client.conversations.create()
    server.model.when(number=1).call("weather", CITY)
    server.model.when(number=2).say("Blue")

    async def weather(city: str, days: int) -> str:
        """The weather."""
        server.add_fault(fault())
        return "blue"

    with pytest.raises(RunIncompleteError) as raised:
        await client.conversations.run(conversation.id, model="m", input="?", tools={"weather": weather})

    assert is_closed is raised.value.is_closed
    assert isinstance(raised.value.__cause__, APIError)
    outputs = [item for item in server.items(conversation.id) if item["type"] == "function_call_output"]
    assert len(outputs) <= 1


async def test_the_first_turn_fails(server, client):
    """Before anything was called, the error is that of the turn."""
    conversation = await client.conversations.create()
    server.model.fail("server_error")

    with pytest.raises(ResponseFailedError):
        await client.conversations.run(conversation.id, model="m", input="?")


async def test_cancelled_in_a_call(server, client):
    """A run that is cancelled leaves an open call, which `check` finds and `repair` closes."""
    conversation = await client.conversations.create()
    server.model.call("forever", {})
    begun = asyncio.Event()

    async def forever() -> str:
        """Never ends."""
        begun.set()
        await asyncio.sleep(1e9)
        return ""

    running = asyncio.ensure_future(
        client.conversations.run(conversation.id, model="m", input="?", tools={"forever": forever})
    )
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert 1 == len((await client.conversations.check(conversation.id)).findings)
    await client.conversations.repair(conversation.id, dry_run=False)
    assert (await client.conversations.check(conversation.id)).findings == ()


async def test_events_are_shown(server, client):
    """Each event of each turn is given to whoever shows it, by a plain function or a coroutine function."""
    conversation = await client.conversations.create()
    server.model.call("weather", CITY)
    server.model.say("Blue")
    seen = []

    async def show(event):
        await asyncio.sleep(0)
        seen.append(event.type)

    await client.conversations.run(
        conversation.id, model="m", input="?", tools={"weather": Weather().__call__}, on_event=show
    )

    assert 2 == seen.count("response.completed") == seen.count("response.created")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tools": {"f": 5}}, r"tools\['f'\] must be a function"),
        ({"tools": {"f": lambda x: x}}, "needs a name of its own and an annotation"),
        ({"tools": {"f": print}}, "needs a name of its own and an annotation"),
        ({"max_rounds": 0}, "max_rounds must be a whole number above 0"),
        ({"concurrency": 0}, "concurrency must be a whole number above 0"),
    ],
)
async def test_what_is_refused(server, client, wrong, said):
    """What cannot work is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=said):
        await client.conversations.run("conv_1", model="m", input="?", **wrong)

    assert [] == list(server.requests)


@pytest.mark.parametrize(
    ("arguments", "returned", "said"),
    [
        ("{", "", "The function was not called: the arguments do not fit: not JSON ("),
        ('{"city": 1}', "", "The function was not called: the arguments do not fit: expected string, not 1 @ $.city"),
        (CITY, float("nan"), "The function was called, but what it returned cannot be sent: $ is nan"),
    ],
)
async def test_what_is_said_once(server, client, arguments, returned, said):
    """What our own errors say of a call is one sentence, without a class and without saying it twice."""
    conversation = await client.conversations.create()
    server.model.call("now", arguments)
    server.model.say("Sorry")

    async def now(city: str, days: int = 1) -> object:
        return returned

    done = await client.conversations.run(conversation.id, model="m", input="?", tools={"now": now})

    assert done.calls[0].output.startswith(said)


async def test_a_list_of_functions(client):
    """Functions have names."""
    with pytest.raises(InvalidArgumentError, match=r'tools must be a mapping of names to functions, such as \{"get_w'):
        await client.conversations.run("conv_1", model="m", input="?", tools=[print])
