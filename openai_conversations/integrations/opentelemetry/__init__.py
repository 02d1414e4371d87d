"""
Traces and metrics by OpenTelemetry (``pip install "openai_conversations[otel]"``, which brings only its API).

:class:`Telemetry` is a middleware of the client.
"""

from __future__ import annotations

from openai_conversations.integrations.opentelemetry.telemetry import Telemetry

__all__ = ["Telemetry"]
