"""The service in memory, as a handler at the end of the chain: what the operations are tested with before a socket."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import attrs
from multidict import CIMultiDict

from openai_conversations.api.caller import Caller
from openai_conversations.converters.json import dumps
from openai_conversations.errors import APIConnectionError
from openai_conversations.settings import resolve
from openai_conversations.transport.message import Handler, HTTPRequest, HTTPResponse
from openai_conversations.transport.policy import RetryPolicy
from openai_conversations.transport.retry import Retry
from openai_conversations.transport.runtime import Runtime
from openai_conversations.transport.status import status_to_error
from openai_conversations.writing.last_item import LastItems
from openai_conversations.writing.reconcile import Reconcile
from openai_conversations.writing.write_order import WriteOrder, Writing

BASE_URL = "http://fake/v1"


@attrs.define
class Stored:
    """A conversation of the fake."""

    body: dict[str, Any]
    items: list[dict[str, Any]] = attrs.field(factory=list)


class NoSuchThingError(Exception):
    """What the fake answers with 404; a hook may raise it, too."""


class FakeService:
    """
    Conversations in a dictionary, behind the shape of a handler.

    Attributes:
        requests: Every request, in the order in which they came.
        before: Called with the number of each request, from 1, and its operation, before anything is done.
        after: The same, when it was carried out and before it is answered.
        window: What a compaction gives; ``None`` for what users said, and one item for the rest.
    """

    def __init__(self, page_size: int = 100) -> None:
        self.stored: dict[str, Stored] = {}
        self.orphans: list[dict[str, Any]] = []
        self.requests: list[HTTPRequest] = []
        self.before: Callable[[int, str], object] = lambda number, operation: None
        self.after: Callable[[int, str], object] = lambda number, operation: None
        self.window: list[Any] | None = None
        self.page_size = page_size
        self._numbers = itertools.count(1)

    # behind everybody's back

    def conversation(self, *items: dict[str, Any] | str, **body: Any) -> str:
        """Make a conversation; a string stands for a user's message."""
        name = f"conv_{next(self._numbers)}"
        self.stored[name] = Stored({"id": name, "object": "conversation", "created_at": 1, "metadata": {}, **body})
        self.add(name, *items)
        return name

    def add(self, name: str, *items: dict[str, Any] | str) -> list[str]:
        """Add items; gives their ids."""
        complete = [user(item) if isinstance(item, str) else dict(item) for item in items]
        for item in complete:
            item.setdefault("id", f"item_{next(self._numbers)}")
        self.stored[name].items += complete
        return [item["id"] for item in complete]

    # what it was asked

    def operations(self) -> list[str]:
        """The operations of the requests that came."""
        return [request.operation for request in self.requests]

    # what it does

    async def __call__(self, request: HTTPRequest) -> HTTPResponse:
        self.requests.append(request)
        number = len(self.requests)
        try:
            self.before(number, request.operation)
            value = self.carry_out(request)
            self.after(number, request.operation)
        except NoSuchThingError as error:
            return response(request, {"error": {"message": str(error), "code": None}}, number=number, status=404)
        return response(request, value, number=number)

    def carry_out(self, request: HTTPRequest) -> Any:
        """Do what a request asks for; gives the body of the response."""
        url = urlsplit(request.url)
        if url.path.startswith("/v1/responses/"):
            return self._turn(url.path.removeprefix("/v1/responses/"), **json.loads(request.body or b"{}"))
        assert url.path.startswith("/v1/conversations"), "the fake has nothing else"
        names = [unquote(part) for part in url.path.removeprefix("/v1/conversations").split("/")[1:]]
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        body = json.loads(request.body or b"{}")
        match request.method, names:
            case "POST", []:
                return self._create(**body)
            case "GET", [name]:
                return self._find(name).body
            case "POST", [name]:
                return self._update(self._find(name), body["metadata"])
            case "DELETE", [name]:
                return self._delete(name)
            case "POST", [name, "items"]:
                return self._append(name, body["items"])
            case "GET", [name, "items"]:
                return self.page(self._find(name).items, **query)
            case "GET", [name, "items", item]:
                return next(each for each in self._find(name).items if each["id"] == item)
            case "DELETE", [name, "items", item]:
                return self._delete_item(self._find(name), item)
        raise AssertionError(f"the API has no {request.method} {request.url}")

    def _turn(
        self,
        what: str,
        *,
        model: str,
        conversation: str | None = None,
        input: Sequence[dict[str, Any]] = (),
        **_: Any,
    ) -> Any:
        """Count ten tokens for each item, or compact: what users said, and one item for everything."""
        assert model, "both need a model"
        items = self._find(conversation).items if conversation else list(input)
        if what == "input_tokens":
            return {"object": "response.input_tokens", "input_tokens": 10 * len(items)}
        window = self.window
        if window is None:
            users = [item for item in items if item.get("role") == "user"]
            summary = {"type": "compaction", "id": f"cmp_{next(self._numbers)}", "encrypted_content": "short"}
            window = [*users, summary]
        return {"id": "resp_1", "object": "response.compaction", "created_at": 1, "output": window}

    def _create(self, metadata: dict[str, str] | None = None, items: Sequence[dict[str, Any]] = ()) -> Any:
        name = self.conversation(*items, created_at=2, metadata=metadata or {})
        return self.stored[name].body

    def _update(self, stored: Stored, metadata: dict[str, str] | None) -> Any:
        stored.body = {**stored.body, "metadata": metadata or {}}
        return stored.body

    def _delete(self, name: str) -> Any:
        self.orphans += self._find(name).items
        del self.stored[name]
        return {"id": name, "object": "conversation.deleted", "deleted": True}

    def _append(self, name: str, items: Sequence[dict[str, Any]]) -> Any:
        stored = self._find(name)
        self.add(name, *items)
        return page_of(stored.items[-len(items) :], more=False)

    def page(
        self,
        items: Sequence[dict[str, Any]],
        *,
        after: str | None = None,
        limit: str = "20",
        order: str = "desc",
        **_: str,
    ) -> Any:
        """One page of a listing."""
        ordered = items[:: 1 if order == "asc" else -1]
        start = 0 if after is None else _position(ordered, after) + 1
        end = start + min(int(limit), self.page_size)
        return page_of(ordered[start:end], more=end < len(ordered))

    def _delete_item(self, stored: Stored, item: str) -> Any:
        del stored.items[_position(stored.items, item)]
        return stored.body

    def _find(self, name: str) -> Stored:
        if name not in self.stored:
            raise NoSuchThingError(f"Conversation with id '{name}' not found.")
        return self.stored[name]


class Refuses(FakeService):
    """A server that knows fewer values of include, and says so in words of its own."""

    def __init__(self, *refused: str, status: int = 400, says: Callable[[str, int], Any] | None = None) -> None:
        super().__init__()
        self._refused = refused
        self._status = status
        self._says = says or _unknown_value

    async def __call__(self, request: HTTPRequest) -> HTTPResponse:
        asked = parse_qs(urlsplit(request.url).query)
        fields = asked.get("include") or asked.get("include[]") or []
        for place, field in enumerate(fields):
            if field in self._refused:
                self.requests.append(request)
                return response(request, self._says(field, place), status=self._status)
        return await super().__call__(request)


def _unknown_value(field: str, _: int) -> Any:
    return {"error": {"message": f"Unknown value {field!r}"}}


def page_of(items: Sequence[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """The body of a listing."""
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": "", "last_id": ""}
    return {"object": "list", "data": list(items), "has_more": more, **ends}


def _position(items: Sequence[dict[str, Any]], name: str) -> int:
    for index, item in enumerate(items):
        if item["id"] == name:
            return index
    raise NoSuchThingError(f"Item with id '{name}' not found.")


def response(request: HTTPRequest, value: Any, *, number: int = 1, status: int = 200) -> HTTPResponse:
    """A JSON response; bytes stand for themselves."""
    content = value if isinstance(value, bytes) else dumps(value)
    headers = CIMultiDict({"x-request-id": f"req_{number}"})
    return HTTPResponse(status_code=status, headers=headers, content=content, source=request)


def sent_items(request: HTTPRequest) -> list[Any]:
    """The items of an append."""
    items: list[Any] = json.loads(request.body or b"{}")["items"]
    return items


def broken() -> APIConnectionError:
    """The connection broke after the request was sent."""
    return APIConnectionError(message="broken on purpose")


def user(text: str) -> dict[str, Any]:
    """A user's message."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], "status": "completed"}


def caller(handler: Handler, *, slept: list[float] | None = None) -> Caller:
    """What an operation calls: the chain of a client that does not try again by itself, ending at a handler."""
    return writer(handler, slept=slept)[0]


def writer(handler: Handler, *, slept: list[float] | None = None) -> tuple[Caller, Writing]:
    """The same, and what its appends share. Unix time is 1000, 1001 …; nobody waits, sleeps are noted in *slept*."""
    runtime = _runtime([] if slept is None else slept)
    writing = Writing(order=WriteOrder(clock=runtime.clock), last_items=LastItems())
    policy = RetryPolicy()
    send: Handler = partial(Retry(policy, runtime=runtime), handler=handler)
    send = partial(status_to_error, handler=send)
    send = partial(Reconcile(writing.last_items, policy, runtime=runtime), handler=send)
    send = partial(writing.order, handler=send)
    settings = resolve(api_key="key", base_url=BASE_URL, max_retries=0, environ={})
    return Caller(settings=settings, send=send, runtime=runtime), writing


def _runtime(slept: list[float]) -> Runtime:
    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    seconds = itertools.count(1000)
    return Runtime(clock=lambda: sum(slept), now=lambda: float(next(seconds)), sleep=sleep, uniform=lambda: 0.5)
