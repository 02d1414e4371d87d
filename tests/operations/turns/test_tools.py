"""Functions that a model may call: which there can be, what the model is told of them, what it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import Any

import pytest

from openai_conversations import InvalidArgumentError
from openai_conversations.operations.concurrency import for_each
from openai_conversations.operations.turns.tools import as_tools
from openai_conversations.schemas.callers import ProgramCaller
from openai_conversations.schemas.items.function_call import FunctionCall

KEY = "sk-0123456789abcdef"


class Weather:
    """All about the weather."""

    async def __call__(self, city: str, days: int = 1) -> str:
        """The weather of a city."""
        return f"{city} {days}"

    async def ask(self, city: str, days: int = 1) -> str:
        """The weather of a city."""
        return f"{city} {days}"


async def ask(source: object, city: str, days: int = 1) -> str:
    """The weather of a city."""
    return f"{city} {days}"


async def stream(city: str):
    """Generate."""
    yield city


def lines(city: str):
    """Generate."""
    yield city


class Streams:
    async def __call__(self, city: str):
        yield city


def call(arguments: str = "{}", **fields: Any) -> FunctionCall:
    return FunctionCall(call_id="call_1", name="f", arguments=arguments, **fields)


async def answer(function, arguments: str = "{}", **fields: Any):
    return await as_tools({"f": function}, [])["f"].answer(call(arguments, **fields))


@pytest.mark.parametrize(
    "function",
    [Weather(), Weather().ask, functools.partial(ask, object()), functools.partial(ask, source=None)],
    ids=["object", "method", "partial", "partial by name"],
)
async def test_what_counts_as_a_function(function):
    """Methods, objects that can be called, partials: the model is told of what is left to give, and what it does."""
    told = as_tools({"f": function}, [])["f"].definition

    assert ["city", "days"] == list(told["parameters"]["properties"])
    assert "The weather of a city." == told["description"]
    assert "Bern 2" == (await answer(function, '{"city":"Bern","days":2}')).output


@pytest.mark.parametrize("arguments", ['{"city":"Bern"}', '{"city":"Bern","days":null}'], ids=["missing", "null"])
async def test_what_has_a_default(arguments):
    """A parameter with a default may be left out by the model; with strict schemas it writes null."""
    assert "Bern 1" == (await answer(Weather(), arguments)).output


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (stream, "is a generator: a function must return its output"),
        (lines, "is a generator"),
        (Streams(), "is a generator"),
        (functools.partial(stream), "is a generator"),
        (Weather, "must be a function, not the class Weather"),
        (Weather.ask, "the method of an object, not that of a class"),
        (min, "has no signature: describe it in definitions"),
        (lambda **more: more, "needs a name of its own"),
    ],
)
def test_what_is_no_function(function, said):
    """What cannot be called by a model, or gives no output, is refused in one sentence."""
    with pytest.raises(InvalidArgumentError, match=said):
        as_tools({"f": function}, [])


def test_a_call_in_place_of_a_function():
    """A coroutine says to leave out the parentheses; nobody is warned that it was never awaited."""
    with pytest.raises(InvalidArgumentError, match="leave out the parentheses"):
        as_tools({"f": Weather().ask("Bern")}, [])


@pytest.mark.parametrize("functions", [5, [Weather()], {5: Weather()}, {"": Weather()}])
def test_functions_have_names(functions):
    """Functions come as a mapping, by names that are strings."""
    with pytest.raises(InvalidArgumentError, match="tools must"):
        as_tools(functions, [])


def test_an_annotation_that_no_schema_has():
    """The sentence names the function and says how it can be given all the same."""

    def f(anything: dict[str, int]) -> None: ...

    with pytest.raises(InvalidArgumentError, match=r"tools\['f'\]: .*; or describe the function in definitions"):
        as_tools({"f": f}, [])


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (asyncio.CancelledError(), "The function failed: CancelledError"),
        (SpeechlessError(), "The function failed: SpeechlessError"),
        (StopIteration(1), "The function failed: RuntimeError: coroutine raised StopIteration"),
        (TimeoutError(), "The function failed: TimeoutError"),
    ],
    ids=["cancelled", "speechless", "stop", "timeout"],
)
@pytest.mark.parametrize("is_async", [True, False])
async def test_any_error_is_an_answer(error, said, is_async):
    """Whatever a function raises is said to the model, also what was cancelled inside it, or has no words."""

    async def later() -> None:
        raise error

    def now() -> None:
        raise error

    answered = await answer(later if is_async else now)

    assert (said, True) == (answered.output, answered.failed)


async def test_a_function_that_cancels_its_task():
    """It cancels itself, and not the run."""

    async def stop() -> None:
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    assert "The function failed: CancelledError" == (await answer(stop)).output


async def test_what_cannot_be_sent():
    """A function that was called is not said to have failed: the model would call it again."""
    answered = await answer(lambda: {object()})

    assert answered.output.startswith("The function was called, but what it returned cannot be sent: ")
    assert answered.failed


async def test_what_is_too_long():
    """An output that the API would refuse would take the outputs of the other calls with it."""
    answered = await answer(lambda: "x" * 10_485_761)

    assert "what it returned cannot be sent: it has 10,485,761 characters, and the API takes" in answered.output


async def test_arguments_that_do_not_fit():
    """It is said that nothing was called."""
    assert (await answer(Weather(), '{"city":5}')).output.startswith("The function was not called: ")


@pytest.mark.parametrize(
    ("returned", "is_parts"),
    [
        ([{"type": "input_text", "text": "a"}, {"type": "input_image", "file_id": "f"}], True),
        ([{"type": "invoice", "number": 1}], False),
        ([{"type": "input_text", "words": "a"}], False),
        ([{"type": "input_text", "text": "a"}, {"type": "invoice"}], False),
        ([], False),
    ],
)
async def test_rows_are_not_content(returned, is_parts):
    """Only what the API takes as the content of an output is sent as content; rows that have a type are JSON."""
    output = (await answer(lambda: returned)).output

    assert returned == output if is_parts else isinstance(output, str)


async def test_no_credential_in_the_log(caplog):
    """The error of a function is logged with its traceback, and without what looks like a key."""

    def leak() -> None:
        raise ValueError(f"refused {KEY}")

    await answer(leak)

    assert "in leak" in caplog.text
    assert "refused sk-***" in caplog.text
    assert KEY not in caplog.text + "".join(str(record.__dict__) for record in caplog.records)


async def test_the_program_is_named():
    """The output of a call by a program names the program, too."""
    answered = await answer(lambda: "ok", caller=ProgramCaller(caller_id="prog"))

    assert {"type": "program", "caller_id": "prog"} == answered.item["caller"]


async def test_work_that_was_cancelled_from_inside():
    """With several things at a time, a ``CancelledError`` of one is raised as without: nothing is left out silently."""
    done = []

    async def work(thing: int) -> None:
        if thing == 1:
            raise asyncio.CancelledError
        done.append(thing)

    with pytest.raises(asyncio.CancelledError):
        await for_each(range(4), work, concurrency=1)

    assert [0] == done


async def test_work_that_ignores_a_cancellation():
    """Nothing new is begun once it is cancelled, also when the work under way does not stop for that."""
    begun, both = [], asyncio.Semaphore(0)

    async def work(thing: int) -> None:
        begun.append(thing)
        both.release()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1e9)

    running = asyncio.ensure_future(for_each(range(4), work, concurrency=2))
    await both.acquire()
    await both.acquire()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert [0, 1] == begun
