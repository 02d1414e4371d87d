"""``client.webhooks``: what is from the service is let in, and nothing else; held against the official client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import traceback
from typing import Any

import openai
import pytest
from multidict import CIMultiDict

from openai_conversations import (
    ConfigurationError,
    ConversationsClient,
    InvalidArgumentError,
    InvalidWebhookSignatureError,
    ResponseCancelledWebhookEvent,
    ResponseCompletedWebhookEvent,
    ResponseFailedWebhookEvent,
    ResponseIncompleteWebhookEvent,
    Runtime,
    UnknownWebhookEvent,
)

KEY = b"0123456789abcdef01234567"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
NOW = 1_760_000_000
BODY = json.dumps(
    {"id": "evt_1", "object": "event", "created_at": NOW, "type": "response.completed", "data": {"id": "resp_1"}}
)


def signed(body: str = BODY, *, at: int = NOW, key: bytes = KEY, name: str = "wh_1") -> dict[str, str]:
    digest = hmac.new(key, f"{name}.{at}.{body}".encode(), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": name, "webhook-timestamp": str(at), "webhook-signature": signature}


def client_at(now: float = NOW, **settings: Any) -> ConversationsClient:
    return ConversationsClient(
        **{"api_key": "k", "webhook_secret": SECRET, "runtime": Runtime(now=lambda: now), **settings}
    )


@pytest.mark.parametrize(
    ("tag", "cls"),
    [
        ("response.completed", ResponseCompletedWebhookEvent),
        ("response.failed", ResponseFailedWebhookEvent),
        ("response.incomplete", ResponseIncompleteWebhookEvent),
        ("response.cancelled", ResponseCancelledWebhookEvent),
    ],
)
def test_events(tag: str, cls: type) -> None:
    """The events of background responses have classes, which keep what is new."""
    sent = {**json.loads(BODY), "type": tag, "brand_new": 1}
    event = client_at().webhooks.unwrap(json.dumps(sent), signed(json.dumps(sent)))

    assert (cls, "resp_1", tag) == (type(event), event.data.id, event.type)
    assert sent == event.to_dict()


def test_other_events() -> None:
    """An event of another type is kept as it came."""
    sent = {"id": "evt_2", "type": "batch.completed", "data": {"id": "batch_1"}}
    event = client_at().webhooks.unwrap(json.dumps(sent).encode(), signed(json.dumps(sent)))

    assert isinstance(event, UnknownWebhookEvent)
    assert ("batch.completed", sent) == (event.type, event.data)


@pytest.mark.parametrize("names", ["webhook-{}", "Webhook-{}", "WEBHOOK-{}"])
def test_headers(names: str) -> None:
    """Names in any case; mappings of every framework, and pairs of bytes as ASGI has them."""
    headers = {names.format(name.removeprefix("webhook-")): value for name, value in signed().items()}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]

    for given in (headers, CIMultiDict(headers), pairs):
        client_at().webhooks.verify_signature(BODY, given)


def test_several_signatures() -> None:
    """While a secret is replaced there is one for each; one that fits is enough, and other versions do not count."""
    headers = signed()
    headers["webhook-signature"] = f"v1,AAAA v1a,BBBB {headers['webhook-signature']} ünicode"

    client_at().webhooks.verify_signature(BODY, headers)


@pytest.mark.parametrize(
    ("body", "headers", "complaint"),
    [
        (BODY + " ", signed(), "was not signed with this secret, or its body was changed"),
        (BODY, signed(key=b"another"), "was not signed with this secret"),
        (BODY, {**signed(), "webhook-id": "wh_2"}, "was not signed with this secret"),
        (BODY, {**signed(), "webhook-timestamp": str(NOW + 1)}, "was not signed with this secret"),
        (BODY, {**signed(), "webhook-signature": ""}, "was not signed with this secret"),
        (BODY, {**signed(), "webhook-timestamp": "soon"}, "the webhook-timestamp is no number of seconds"),
        (BODY, {**signed(), "webhook-timestamp": "-5"}, "the webhook-timestamp is no number of seconds"),
        (BODY, signed(at=NOW - 301), "too old: 301 seconds, and 300 are allowed"),
        (BODY, signed(at=NOW + 301), "too new: 301 seconds"),
        (BODY, {k: v for k, v in signed().items() if k != "webhook-id"}, "the request has no header webhook-id"),
        (BODY, {}, "the request has no header webhook-id"),
        ("[]", signed("[]"), None),
        ("{", signed("{"), "was signed, but is no event: not JSON"),
    ],
)
def test_refused(body: str, headers: dict[str, str], complaint: str | None) -> None:
    """What is not from the service, or not of now, is one error; what is signed and no event at all, too."""
    if complaint is None:
        assert [] == client_at().webhooks.unwrap(body, headers).data
        return
    with pytest.raises(InvalidWebhookSignatureError, match=complaint):
        client_at().webhooks.unwrap(body, headers)


def test_tolerance() -> None:
    """The clocks may be as far apart as is said."""
    client_at(NOW + 300).webhooks.verify_signature(BODY, signed())
    client_at(NOW + 900).webhooks.verify_signature(BODY, signed(), tolerance=900)
    with pytest.raises(InvalidWebhookSignatureError):
        client_at(NOW + 11).webhooks.verify_signature(BODY, signed(), tolerance=10)


def test_where_the_secret_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call's secret wins over the view's, that over the client's, that over the environment."""
    monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", SECRET)

    client_at(webhook_secret=None).webhooks.verify_signature(BODY, signed())
    client_at(webhook_secret="other").webhooks.verify_signature(BODY, signed(), secret=SECRET)
    client_at(webhook_secret="other").with_options(webhook_secret=SECRET).webhooks.verify_signature(BODY, signed())
    client_at(webhook_secret="plain").webhooks.verify_signature(BODY, signed(key=b"plain"))


def test_no_secret() -> None:
    """Without a secret, or with one that is none, nothing is let in; it is not shown."""
    with pytest.raises(ConfigurationError, match="no webhook secret"):
        client_at(webhook_secret=None).webhooks.unwrap(BODY, signed())
    with pytest.raises(ConfigurationError, match="is not base64 after it") as caught:
        client_at().webhooks.unwrap(BODY, signed(), secret="whsec_s3cr3t!")
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    ours = shown[shown.index("resources/webhooks.py") :]
    assert "s3cr3t" not in ours
    assert SECRET not in repr(client_at()._settings)  # noqa: SLF001  # what reports errors shows it
    with pytest.raises(ConfigurationError, match="webhook_secret must be a string"):
        client_at(webhook_secret=5)


def test_payloads() -> None:
    """What was decoded already cannot be checked."""
    with pytest.raises(InvalidArgumentError, match="payload must be the body as it came"):
        client_at().webhooks.unwrap(json.loads(BODY), signed())


@pytest.mark.parametrize("at", [0, -200, -400, 200, 400])
def test_beside_the_official_client(at: int) -> None:
    """The official client and ours let in the same."""
    now = int(time.time())
    headers = signed(at=now + at)
    official = openai.AsyncOpenAI(api_key="k", webhook_secret=SECRET).webhooks
    ours = client_at(time.time()).webhooks
    if abs(at) < 300:
        assert official.unwrap(BODY, headers).id == ours.unwrap(BODY, headers).id
        return
    with pytest.raises(openai.InvalidWebhookSignatureError):
        official.unwrap(BODY, headers)
    with pytest.raises(InvalidWebhookSignatureError):
        ours.unwrap(BODY, headers)
