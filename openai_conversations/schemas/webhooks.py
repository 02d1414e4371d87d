"""What the service posts to a webhook when a background response has come to its end."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.schemas.base import Schema, schema
from openai_conversations.schemas.unknown import Unknown


@schema
class WebhookEventData(Schema):
    """What an event is about."""

    id: str
    """Of the response: ask for it with ``client.responses.retrieve``."""


@schema
class WebhookEvent(Schema):
    """Base of every event of a webhook."""

    id: str
    """Of the event. The service may post an event more than once: remember it."""
    object: str | None = None
    """``event``."""
    created_at: int
    """Seconds since 1970-01-01 UTC."""
    data: WebhookEventData


@schema
class ResponseCompletedWebhookEvent(WebhookEvent):
    """A background response is complete."""

    type: Literal["response.completed"] = "response.completed"


@schema
class ResponseFailedWebhookEvent(WebhookEvent):
    """A background response failed."""

    type: Literal["response.failed"] = "response.failed"


@schema
class ResponseIncompleteWebhookEvent(WebhookEvent):
    """A background response was interrupted."""

    type: Literal["response.incomplete"] = "response.incomplete"


@schema
class ResponseCancelledWebhookEvent(WebhookEvent):
    """A background response was cancelled."""

    type: Literal["response.cancelled"] = "response.cancelled"


@schema
class UnknownWebhookEvent(Unknown, Schema):
    """An event of another type, such as ``batch.completed``."""

    data: Any


UnwrapWebhookEvent = (
    ResponseCompletedWebhookEvent
    | ResponseFailedWebhookEvent
    | ResponseIncompleteWebhookEvent
    | ResponseCancelledWebhookEvent
    | UnknownWebhookEvent
)
"""Any event of a webhook."""
