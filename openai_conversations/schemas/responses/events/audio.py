"""Spoken responses and their transcripts."""

from __future__ import annotations

from typing import Literal

from openai_conversations.schemas.base import left_out, schema
from openai_conversations.schemas.responses.events.base import Event


@schema
class AudioEvent(Event):
    """Something happened to a spoken response."""

    response_id: str = left_out(default="")
    """``""`` when the server does not say."""


@schema
class ResponseAudioDeltaEvent(AudioEvent):
    """The next piece of the sound."""

    type: Literal["response.audio.delta"] = "response.audio.delta"

    delta: str
    """Base64."""


@schema
class ResponseAudioDoneEvent(AudioEvent):
    """The sound is whole."""

    type: Literal["response.audio.done"] = "response.audio.done"


@schema
class ResponseAudioTranscriptDeltaEvent(AudioEvent):
    """The next piece of the transcript."""

    type: Literal["response.audio.transcript.delta"] = "response.audio.transcript.delta"

    delta: str


@schema
class ResponseAudioTranscriptDoneEvent(AudioEvent):
    """The transcript is whole."""

    type: Literal["response.audio.transcript.done"] = "response.audio.transcript.done"
