"""How far a response has come, and what ends a stream."""

from __future__ import annotations

from typing import Any, Literal

from openai_conversations.jsontypes import as_object, text_of
from openai_conversations.schemas.base import nullable, schema
from openai_conversations.schemas.responses.events.base import Event
from openai_conversations.schemas.responses.response import Response, ResponseError


@schema
class ResponseCreatedEvent(Event):
    """The response exists, and has an id from here on."""

    type: Literal["response.created"] = "response.created"

    response: Response


@schema
class ResponseQueuedEvent(Event):
    """The response waits for its turn; of background responses only."""

    type: Literal["response.queued"] = "response.queued"

    response: Response


@schema
class ResponseInProgressEvent(Event):
    """The model is at work."""

    type: Literal["response.in_progress"] = "response.in_progress"

    response: Response


@schema
class ResponseCompletedEvent(Event):
    """The response is whole. Nothing comes after it."""

    type: Literal["response.completed"] = "response.completed"

    response: Response


@schema
class ResponseIncompleteEvent(Event):
    """The response ended before it was whole; ``response.incomplete_details`` says why. Nothing comes after it."""

    type: Literal["response.incomplete"] = "response.incomplete"

    response: Response


@schema
class ResponseFailedEvent(Event):
    """The response failed; ``response.error`` says why. Nothing comes after it but, on some servers, an ``error``."""

    type: Literal["response.failed"] = "response.failed"

    response: Response


@schema
class ResponseErrorEvent(Event):
    """An error. Nothing comes after it but, on some servers, a ``response.failed``."""

    type: Literal["error"] = "error"

    code: str | None = nullable(default=None)
    message: str
    param: str | None = nullable(default=None)
    """The parameter of the request that caused it."""
    error: Any = None
    """Where some servers put code, message and param instead; normally an object."""

    @property
    def reason(self) -> ResponseError:
        """What went wrong, wherever the server put it; all of it may be empty."""
        nested = as_object(self.error)
        plain = self.error if isinstance(self.error, str) else ""
        return ResponseError(
            code=self.code or text_of(nested, "code") or None,
            message=self.message or text_of(nested, "message") or plain,
            type=text_of(nested, "type") or None,
            param=self.param or text_of(nested, "param") or None,
        )
