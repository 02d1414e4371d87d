"""What the servers of the benchmarks answer: made once, the same for everybody."""

from __future__ import annotations

import json
from typing import Any

CONVERSATION_ID = "conv_68542dc602388199a30af27d040cefd4087a04b576bfeb24"
PAGES = 100
PAGE_SIZE = 100

_SENTENCE = "The quick brown fox jumps over the lazy dog near the bank of the river, and nobody minds it at all. "


def conversation() -> dict[str, Any]:
    """A conversation as the service answers it."""
    metadata = {"topic": "demo", "user": "42"}
    return {"id": CONVERSATION_ID, "object": "conversation", "created_at": 1741900000, "metadata": metadata}


def items_to_send(count: int) -> list[dict[str, Any]]:
    """Messages and tool calls with their outputs, as a chat service appends them."""
    kinds = (
        lambda i: {"type": "message", "role": "user", "content": [{"type": "input_text", "text": _SENTENCE}]},
        lambda i: {"type": "function_call", "call_id": f"call_{i}", "name": "look_up", "arguments": '{"city": "Graz"}'},
        lambda i: {"type": "function_call_output", "call_id": f"call_{i - 1}", "output": _SENTENCE},
    )
    return [kinds[i % 3](i) for i in range(count)]


def page(kind: str, count: int, number: int = 0) -> dict[str, Any]:
    """
    A page of items.

    Args:
        kind: ``messages``, ``mixed`` or ``unknown`` (types that no client knows).
        count: Items.
        number: Which page of a walk; ids and cursors follow from it.
    """
    makers = {"messages": _MESSAGES, "mixed": _MIXED, "unknown": (_unknown,)}[kind]
    data = [makers[i % len(makers)](f"{number:04d}{i:04d}") for i in range(count)]
    return {
        "object": "list",
        "data": data,
        "has_more": kind == "mixed" and number < PAGES - 1 and count == PAGE_SIZE,
        "first_id": data[0]["id"],
        "last_id": data[-1]["id"],
    }


def as_bytes(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def _id(prefix: str, n: str) -> str:
    return f"{prefix}_{n}2dc602388199a30af27d040cefd4087a04b576bf"


def _user(n: str) -> dict[str, Any]:
    content = [{"type": "input_text", "text": _SENTENCE * 3}]
    return {"id": _id("msg", n), "type": "message", "status": "completed", "role": "user", "content": content}


def _assistant(n: str) -> dict[str, Any]:
    citation = {
        "type": "url_citation",
        "start_index": 1,
        "end_index": 9,
        "title": "A page",
        "url": "https://example.org/a",
    }
    content = [{"type": "output_text", "text": _SENTENCE * 9, "annotations": [citation] if n.endswith("1") else []}]
    return {"id": _id("msg", n), "type": "message", "status": "completed", "role": "assistant", "content": content}


def _call(n: str) -> dict[str, Any]:
    arguments = json.dumps({"city": "Graz", "days": 3, "why": _SENTENCE})
    return {
        "id": _id("fc", n),
        "type": "function_call",
        "status": "completed",
        "call_id": f"call_{n}",
        "name": "look_up",
        "arguments": arguments,
    }


def _output(n: str) -> dict[str, Any]:
    return {
        "id": _id("fco", n),
        "type": "function_call_output",
        "status": "completed",
        "call_id": f"call_{n}",
        "output": _SENTENCE * 8,
    }


def _reasoning(n: str) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": _SENTENCE * 2}]
    return {"id": _id("rs", n), "type": "reasoning", "summary": summary, "encrypted_content": "gAAAAAB" * 150}


def _file_search(n: str) -> dict[str, Any]:
    result = {
        "file_id": "file-abc123",
        "filename": "handbook.pdf",
        "score": 0.87,
        "text": _SENTENCE * 6,
        "attributes": {"year": 2026, "draft": False},
    }
    return {
        "id": _id("fs", n),
        "type": "file_search_call",
        "status": "completed",
        "queries": ["holidays", "leave"],
        "results": [result],
    }


def _web_search(n: str) -> dict[str, Any]:
    action = {"type": "search", "query": "weather in Graz", "sources": []}
    return {"id": _id("ws", n), "type": "web_search_call", "status": "completed", "action": action}


def _unknown(n: str) -> dict[str, Any]:
    return {
        "id": _id("xy", n),
        "type": "hologram_call",
        "status": "completed",
        "beams": [1, 2, 3],
        "note": _SENTENCE * 3,
    }


_MESSAGES = (_user, _assistant)
_MIXED = (_user, _assistant, _call, _output, _reasoning, _assistant, _user, _file_search, _web_search, _assistant)
