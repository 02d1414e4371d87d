"""
Traces and metrics by OpenTelemetry (extra ``otel``, which brings only its API).

:class:`Telemetry` is a middleware of the client.
"""

from __future__ import annotations

from openai_conversations.integrations.opentelemetry.telemetry import Telemetry

__all__ = ["Telemetry"]
