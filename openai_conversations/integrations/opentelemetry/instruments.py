"""The metrics: how long operations take, how many attempts they need, how many tokens turns use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry.metrics import Meter

from openai_conversations.integrations.opentelemetry.attributes import Attributes

_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""The boundaries that the conventions give for ``gen_ai.client.operation.duration``."""

_TOKENS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
"""Those for ``gen_ai.client.token.usage``."""

_OF_OPERATIONS: Final = ("openai_conversations.operation", "server.address", "server.port", "error.type")
_OF_TURNS: Final = (
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
)


class Instruments:
    """
    What is measured. No attribute of a metric is an id: there would be one time series for each.

    Args:
        meter: Where the instruments are made.
    """

    def __init__(self, meter: Meter) -> None:
        self._duration = meter.create_histogram(
            "openai_conversations.operation.duration",
            "s",
            "Duration of an operation with all its attempts, waits and lookups.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._attempts = meter.create_counter(
            "openai_conversations.attempts", "{attempt}", "Requests that were sent, lookups aside."
        )
        self._turn_duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            "Time to the first token of a streamed turn.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )

    def attempted(self, event: Attributes, span: Attributes) -> None:
        """One attempt came to its end."""
        names = ("http.response.status_code", "openai_conversations.outcome_unknown")
        self._attempts.add(1, _chosen(event, names) | _chosen(span, _OF_OPERATIONS[:3]))

    def ended(self, span: Attributes, seconds: float, first: float | None) -> None:
        """An operation came to its end; *first* is when the first token of a stream came."""
        self._duration.record(seconds, _chosen(span, _OF_OPERATIONS))
        if "gen_ai.operation.name" not in span:
            return
        turn = _chosen(span, _OF_TURNS)
        self._turn_duration.record(seconds, turn | _chosen(span, ("error.type",)))
        if first is not None:
            self._first.record(first, turn)
        for kind in ("input", "output"):
            tokens = span.get(f"gen_ai.usage.{kind}_tokens")
            if isinstance(tokens, int):
                self._tokens.record(tokens, {**turn, "gen_ai.token.type": kind})


def _chosen(values: Mapping[str, object], names: tuple[str, ...]) -> Attributes:
    return {name: values[name] for name in names if name in values}  # type: ignore[misc]  # the values are attributes
