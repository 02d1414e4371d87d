"""What the conversations of these tests hold."""

from __future__ import annotations

ITEMS: list[dict[str, object]] = [
    {"type": "message", "role": "user", "content": "What is the weather in Ulaanbaatar?"},
    {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city":"Ulaanbaatar"}'},
    {"type": "function_call_output", "call_id": "call_1", "output": '{"temperature":-14}'},
    {"type": "message", "role": "assistant", "content": "Cold: \x1b[31m−14 °C\x1b[0m."},
]

BROKEN = ITEMS[:2]
"""A tool call without its output."""
