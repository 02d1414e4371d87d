"""A service before and after it moved from the official client: only imports differ, and it answers the same."""

from __future__ import annotations

import base64
import difflib
import hashlib
import hmac
import importlib
import inspect
import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

SECRET = f"whsec_{base64.b64encode(b'0123456789abcdef').decode()}"
EVENT = '{"id":"evt_1","object":"event","created_at":1,"type":"response.completed","data":{"id":"resp_1"}}'


def source(name: str) -> list[str]:
    """The lines of a service, its own docstring left out."""
    text = inspect.getsource(importlib.import_module(f"examples.migration.{name}"))
    return text.split('"""', 2)[2].splitlines()


def test_only_imports_differ() -> None:
    """What is not the same in both files is an import."""
    before, after = source("before"), source("after")
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    changed = [line for tag, a, b, *_ in matcher.get_opcodes() if tag != "equal" for line in before[a:b]]
    changed += [line for tag, _, _, a, b in matcher.get_opcodes() if tag != "equal" for line in after[a:b]]
    end = next(number for number, line in enumerate(after) if line.startswith("MODEL"))

    assert [] == [line for line in changed if line and line not in {*before[:end], *after[:end]}]
    assert before[before.index('MODEL = "gpt-5"') :] == after[end:]


@pytest.fixture(params=["before", "after"], name="service")
def service_(request: pytest.FixtureRequest, conversations_environment, monkeypatch: pytest.MonkeyPatch):
    """The service, running on the embedded server; a test of it is a test of both."""
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", SECRET)
    app = importlib.import_module(f"examples.migration.{request.param}").app
    with TestClient(app) as client:
        yield client


def started(service: TestClient) -> str:
    answer = service.post("/chats", json={"user": "42"})
    assert 201 == answer.status_code
    assert {"id", "object", "created_at", "metadata"} == answer.json().keys()
    assert {"user": "42"} == answer.json()["metadata"]
    return answer.json()["id"]


def test_conversations(service: TestClient) -> None:
    """Made, read, renamed, deleted; a chat that is not there is the service's own words."""
    chat = started(service)

    assert chat == service.get(f"/chats/{chat}").json()["id"]
    assert {"title": "Cats"} == service.patch(f"/chats/{chat}", json={"title": "Cats"}).json()["metadata"]
    assert {"deleted": True} == service.delete(f"/chats/{chat}").json()
    gone = service.get(f"/chats/{chat}")
    assert (404, {"message", "code"}) == (gone.status_code, gone.json().keys())


def test_items(service: TestClient) -> None:
    """Stored, listed over pages, read, exported, removed."""
    chat = started(service)
    ids = [service.post(f"/chats/{chat}/items", json={"text": text}).json()[0] for text in "abc"]

    listed = service.get(f"/chats/{chat}/items").json()
    assert ids == [item["id"] for item in listed]
    assert [{"type": "input_text", "text": "a"}] == [
        {key: value for key, value in part.items() if value is not None} for part in listed[0]["content"]
    ]
    assert listed[1]["id"] == service.get(f"/chats/{chat}/items/{ids[1]}").json()["id"]
    exported = service.get(f"/chats/{chat}/export").json()
    assert (chat, ids) == (exported["conversation"]["id"], [item["id"] for item in exported["items"]])
    assert {"chat": chat} == service.delete(f"/chats/{chat}/items/{ids[0]}").json()
    assert ids[1:] == [item["id"] for item in service.get(f"/chats/{chat}/items").json()]


def test_turns(service: TestClient) -> None:
    """A turn, and one that is streamed; both are in the conversation."""
    chat = started(service)
    turn = service.post(f"/chats/{chat}/turns", json={"text": "Hi"}).json()

    assert ("You said: Hi", True) == (turn["answer"], turn["id"].startswith("resp_"))
    assert "You said: Ho" == service.post(f"/chats/{chat}/stream", json={"text": "Ho"}).text
    assert 4 == len(service.get(f"/chats/{chat}/items").json())
    assert ["You said: Hi", "You said: Ho"] == service.get(f"/chats/{chat}/said").json()


def signed(at: float) -> dict[str, str]:
    digest = hmac.new(b"0123456789abcdef", f"wh_1.{int(at)}.{EVENT}".encode(), hashlib.sha256).digest()
    return {
        "webhook-id": "wh_1",
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_webhooks(service: TestClient) -> None:
    """What the service signed is let in; what is old, or is not signed, is not."""

    def post(headers: dict[str, str]) -> tuple[int, Any]:
        answer = service.post("/hook", content=EVENT, headers=headers)
        return answer.status_code, answer.json()

    assert (200, {"type": "response.completed", "about": "resp_1"}) == post(signed(time.time()))
    assert (400, {"message": "InvalidWebhookSignatureError"}) == post(signed(time.time() - 1000))


def test_openapi(service: TestClient) -> None:
    """The page of the API has the classes of the client."""
    schemas = service.get("/openapi.json").json()["components"]["schemas"]

    assert {"Conversation", "Export"} <= schemas.keys()
    assert 200 == service.get("/docs").status_code
