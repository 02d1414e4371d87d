"""Traces and metrics, as OpenTelemetry's own SDK receives them."""

from __future__ import annotations

import asyncio
import gc

import pytest

from openai_conversations import (
    AmbiguousWriteError,
    APIConnectionError,
    BadRequestError,
    ConversationsClient,
    InternalServerError,
    RetryPolicy,
)
from openai_conversations.server import ConversationsServer, faults
from tests.fakes import Script, append_request, respond

pytest.importorskip("opentelemetry.sdk", reason="needs the SDK of OpenTelemetry")

from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from openai_conversations.integrations.opentelemetry import Telemetry

HI = {"role": "user", "content": "a-secret-thought"}
SECRETS = ("a-secret-thought", "sk-secret", "query-secret", "header-secret", "another-thought")


class Recorder:
    """A telemetry, and what came of it."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        traces = TracerProvider()
        traces.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = traces.get_tracer("test")
        self.telemetry = Telemetry(tracer_provider=traces, meter_provider=MeterProvider([self._reader]))

    @property
    def spans(self):
        return self._exporter.get_finished_spans()

    @property
    def span(self):
        """The only one."""
        (span,) = self.spans
        return span

    def events(self):
        """The names of the events of the only span, with what lookups found."""
        found = [(event.name, event.attributes.get("openai_conversations.result")) for event in self.span.events]
        return [name if result is None else f"{name} {result}" for name, result in found]

    def points(self, name):
        """What a metric measured: attributes and sum of each series."""
        data = self._reader.get_metrics_data()
        found = [
            point
            for resource in ([] if data is None else data.resource_metrics)
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        return [(dict(point.attributes), point.sum if hasattr(point, "sum") else point.value) for point in found]

    def forget(self):
        self._exporter.clear()

    def everything(self):
        """All that was told, as text."""
        return "".join(span.to_json() for span in self.spans) + str(self._reader.get_metrics_data())


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
async def server():
    async with ConversationsServer() as running:
        yield running


@pytest.fixture
async def client(server, recorder):
    async with ConversationsClient(
        api_key="sk-secret",
        base_url=server.base_url,
        retry=RetryPolicy(initial=0.001, maximum=0.001),
        middlewares=[recorder.telemetry],
        default_query={"code": "query-secret"},
        default_headers={"x-note": "header-secret"},
    ) as made:
        yield made


async def test_a_call(server, client, recorder):
    """One span of the kind CLIENT, named after the operation; with what tells it from others, and no URL."""
    conversation = await client.conversations.create(items=[HI])

    span = recorder.span
    assert ("createConversation", trace.SpanKind.CLIENT, trace.StatusCode.UNSET) == (
        span.name,
        span.kind,
        span.status.status_code,
    )
    host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    assert {
        "openai_conversations.operation": "createConversation",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.template": "/conversations",
        "server.address": host,
        "server.port": int(port),
        "gen_ai.provider.name": "openai",
        "gen_ai.conversation.id": conversation.id,
    } == dict(span.attributes)
    assert ["attempt"] == recorder.events()


async def test_nothing_that_was_said(server, client, recorder):
    """Neither content nor keys, headers or query values are in any of it, not even of errors that repeat them."""
    conversation = await client.conversations.create(items=[HI], metadata={"note": "another-thought"})
    server.model.say("another-thought")
    await client.responses.create(conversation=conversation.id, model="m", input="a-secret-thought")
    server.add_fault(faults.status(400, message="a-secret-thought sk-secret is refused", count=None))
    with pytest.raises(BadRequestError):
        await client.conversations.items.create(conversation.id, items=[HI])

    told = recorder.everything()
    assert 3 == len(recorder.spans)
    assert [] == [secret for secret in SECRETS if secret in told]


async def test_a_child_of_what_runs(client, recorder):
    """The span is a child of the one that is running, and runs itself while the call is under way."""
    with recorder.tracer.start_as_current_span("request") as parent:
        await client.conversations.create()

    assert parent.get_span_context().span_id == recorder.spans[0].parent.span_id


async def test_a_middleware_below(server, recorder):
    """What is called further down has the span of the call as its parent."""

    async def below(request, handler):
        with recorder.tracer.start_as_current_span("below"):
            return await handler(request)

    options = {"api_key": "k", "base_url": server.base_url, "middlewares": [recorder.telemetry, below]}
    async with ConversationsClient(**options) as client:
        await client.conversations.create()

    inner, outer = recorder.spans
    assert outer.get_span_context().span_id == inner.parent.span_id


async def test_retries(server, client, recorder):
    """Every attempt is an event, with its status and the wait after it."""
    server.add_fault(faults.status(503, count=2))
    await client.conversations.create()

    first, second, third = recorder.span.events
    assert [0, 1, 2] == [event.attributes["http.request.resend_count"] for event in (first, second, third)]
    assert [503, 503, 200] == [event.attributes["http.response.status_code"] for event in (first, second, third)]
    assert first.attributes["openai_conversations.outcome_unknown"] is True
    assert "openai_conversations.wait" in first.attributes
    assert "openai_conversations.wait" not in third.attributes
    assert recorder.span.start_time <= first.timestamp <= second.timestamp <= recorder.span.end_time


@pytest.mark.parametrize(
    ("fault", "events"),
    [
        (faults.commit_then_drop(), ["attempt", "lookup stored"]),
        (faults.drop_before_commit(), ["attempt", "lookup absent", "attempt"]),
        (faults.locked(n=1), ["attempt", "attempt"]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_lookups(fault, events, server, client, recorder):
    """What became of a write is an event, too: it was found to be stored, or to be absent."""
    conversation = await client.conversations.create()
    recorder.forget()
    server.add_fault(fault)
    await client.conversations.items.create(conversation.id, items=[HI])

    assert events == recorder.events()
    assert conversation.id == recorder.span.attributes["gen_ai.conversation.id"]


@pytest.mark.parametrize(("guard", "events"), [("auto", ["attempt", "lookup unknown"]), ("off", ["attempt"])])
async def test_a_write_that_stays_unknown(guard, events, server, client, recorder):
    """So is that it could not be found out; without a lookup there is no such event."""
    conversation = await client.conversations.create()
    recorder.forget()
    server.add_fault(faults.error_in_200(operation="createConversationItems"))
    with pytest.raises(AmbiguousWriteError):
        await client.conversations.items.create(conversation.id, items=[HI], guard=guard)

    assert events == recorder.events()
    assert ("AmbiguousWriteError", trace.StatusCode.ERROR) == (
        recorder.span.attributes["error.type"],
        recorder.span.status.status_code,
    )
    assert recorder.span.status.description is None


async def test_errors(server, client, recorder):
    """An error is named by its class, with the status of the last response."""
    server.add_fault(faults.status(500, count=None))
    with pytest.raises(InternalServerError):
        await client.conversations.retrieve("conv_1")

    found = dict(recorder.span.attributes)
    assert ("InternalServerError", 500, "conv_1") == (
        found["error.type"],
        found["http.response.status_code"],
        found["gen_ai.conversation.id"],
    )
    assert 3 == len(recorder.span.events)


async def test_a_cancelled_call(server, client, recorder):
    """A call that is cancelled has ended, too."""
    server.add_fault(faults.slow(60))
    task = asyncio.ensure_future(client.conversations.create())
    while not server.requests:  # noqa: ASYNC110  # it happens in the server
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert "CancelledError" == recorder.span.attributes["error.type"]


async def test_a_turn(server, client, recorder):
    """A turn has the attributes of the conventions, and its tokens."""
    conversation = await client.conversations.create()
    recorder.forget()
    server.model.reason("Hm.").say("Hello")
    response = await client.responses.create(
        conversation=conversation.id, model="gpt-x", input="Hi", temperature=0.5, max_output_tokens=100
    )

    found = dict(recorder.span.attributes)
    assert "chat gpt-x" == recorder.span.name
    assert {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-x",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.response.id": response.id,
        "gen_ai.response.model": response.model,
        "gen_ai.response.finish_reasons": ("completed",),
        "gen_ai.usage.input_tokens": response.usage.input_tokens,
        "gen_ai.usage.output_tokens": response.usage.output_tokens,
        "gen_ai.conversation.id": conversation.id,
    }.items() <= found.items()


async def test_a_streamed_turn(server, client, recorder):
    """Its span lasts until the stream has ended; it tells when the first token came, and how many there were."""
    server.model.say("Hello you")
    async with await client.responses.create(model="gpt-x", input="Hi", stream=True) as stream:
        async for _ in stream:
            assert () == recorder.spans
        response = stream.current_response_snapshot

    found = dict(recorder.span.attributes)
    assert {
        "gen_ai.request.stream": True,
        "gen_ai.response.id": response.id,
        "gen_ai.response.finish_reasons": ("completed",),
        "gen_ai.usage.output_tokens": response.usage.output_tokens,
        "openai_conversations.stream.complete": True,
    }.items() <= found.items()
    assert 0 < found["gen_ai.response.time_to_first_chunk"]
    assert 1 == len(recorder.points("gen_ai.client.operation.time_to_first_chunk"))


async def test_a_stream_in_small_pieces(server, client, recorder):
    """What is searched for is found when it is cut."""
    server.model.say("Hello you")
    server.add_fault(faults.chunk_size(3))
    async with client.responses.stream(model="gpt-x", input="Hi") as stream:
        response = await stream.get_final_response()

    found = dict(recorder.span.attributes)
    assert response.usage.output_tokens == found["gen_ai.usage.output_tokens"]
    assert "gen_ai.response.time_to_first_chunk" in found


async def test_a_stream_that_is_left(server, client, recorder):
    """Who leaves a stream ends its span: it is not complete, and no error."""
    server.model.say("Hello you").hold()
    async with await client.responses.create(model="gpt-x", input="Hi", stream=True) as stream:
        await anext(aiter(stream))

    assert recorder.span.attributes["openai_conversations.stream.complete"] is False
    assert "error.type" not in recorder.span.attributes


async def test_a_stream_that_breaks(server, client, recorder):
    """A connection that breaks is the error of the turn's span; how it went on is asked for by calls of their own."""
    server.model.say("Hello you")
    server.add_fault(faults.cut_stream(after=3))
    async with client.responses.stream(model="gpt-x", input="Hi") as stream:
        await stream.until_done()

    turn, *others = recorder.spans
    assert turn.attributes["openai_conversations.stream.complete"] is False
    assert {"getResponse"} == {span.name for span in others}


async def test_a_raw_stream(client, recorder):
    """The body of any operation may be left unread: the span lasts until it is closed."""
    conversation = await client.conversations.create()
    recorder.forget()
    async with client.conversations.with_streaming_response.retrieve(conversation.id) as response:
        assert () == recorder.spans
        assert conversation.id in await response.text()

    assert 200 == recorder.span.attributes["http.response.status_code"]


class Body:
    """The unread body of a response, which breaks."""

    limit = 100
    is_at_end = False

    async def read(self):
        raise APIConnectionError(message="gone")

    async def chunks(self, size=None):
        yield b"x"
        raise APIConnectionError(message="gone")

    def take(self):
        return b""

    def fail(self):
        pass

    def abort(self):
        pass

    async def close(self):
        pass


async def all_chunks(stream):
    return [chunk async for chunk in stream.chunks()]


@pytest.mark.parametrize("read", [lambda stream: stream.read(), all_chunks])
async def test_a_body_that_breaks(read, recorder):
    """It ends the span with its error, and once."""
    response = await recorder.telemetry(append_request(stream=True), Script(respond().replace(stream=Body())))
    assert (100, False, b"") == (response.stream.limit, response.stream.is_at_end, response.stream.take())
    response.stream.fail()
    with pytest.raises(APIConnectionError):
        await read(response.stream)
    response.stream.abort()
    await response.stream.close()

    assert "APIConnectionError" == recorder.span.attributes["error.type"]


async def test_a_stream_that_is_forgotten(recorder):
    """A stream that nobody closes ends its span when it is gone."""
    response = await recorder.telemetry(append_request(stream=True), Script(respond().replace(stream=Body())))
    assert () == recorder.spans
    del response
    gc.collect()

    assert "error.type" not in recorder.span.attributes


async def test_what_is_measured(server, client, recorder):
    """Durations and attempts of every operation, and the tokens of turns; no series has an id in it."""
    server.add_fault(faults.status(503, count=1))
    conversation = await client.conversations.create()
    server.model.say("Hello")
    response = await client.responses.create(conversation=conversation.id, model="gpt-x", input="Hi")

    attempts = {
        (attributes["openai_conversations.operation"], attributes["http.response.status_code"]): count
        for attributes, count in recorder.points("openai_conversations.attempts")
    }
    assert {("createConversation", 503): 1, ("createConversation", 200): 1, ("createResponse", 200): 1} == attempts
    assert ["createConversation", "createResponse"] == sorted(
        attributes["openai_conversations.operation"]
        for attributes, _ in recorder.points("openai_conversations.operation.duration")
    )
    tokens = {
        attributes["gen_ai.token.type"]: total for attributes, total in recorder.points("gen_ai.client.token.usage")
    }
    assert {"input": response.usage.input_tokens, "output": response.usage.output_tokens} == tokens
    ((turn, seconds),) = recorder.points("gen_ai.client.operation.duration")
    assert ("chat", "gpt-x", True) == (turn["gen_ai.operation.name"], turn["gen_ai.request.model"], seconds > 0)
    assert conversation.id not in str(recorder.points("gen_ai.client.operation.duration"))


@pytest.mark.parametrize("content", [b"not JSON", b"[]", b'{"usage":7,"id":3}'])
async def test_responses_that_are_none(content, recorder, caplog):
    """A response that cannot be read ends the span all the same, and no call fails for it."""
    request = append_request(operation="createResponse", body=b"not JSON", base_url="https://x.openai.azure.com")
    response = await recorder.telemetry(request, Script(respond(content=content)))

    assert content == response.content
    assert "azure.ai.openai" == recorder.span.attributes["gen_ai.provider.name"]
    assert ("chat", 443) == (recorder.span.name, recorder.span.attributes["server.port"])
    assert (content == b"not JSON") == ("telemetry failed" in caplog.messages)


async def test_without_an_sdk(server):
    """Where nobody collects, nothing happens."""
    async with ConversationsClient(api_key="k", base_url=server.base_url, middlewares=[Telemetry()]) as client:
        await client.conversations.create()
