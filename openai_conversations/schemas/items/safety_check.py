"""Safety checks of computer calls."""

from __future__ import annotations

from openai_conversations.schemas.base import Schema, schema


@schema
class SafetyCheck(Schema):
    """A check that a person should acknowledge before the computer goes on."""

    id: str
    code: str | None = None
    message: str | None = None
