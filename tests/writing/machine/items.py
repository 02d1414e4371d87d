"""The items of the machine: each holds a key, and much that servers rewrite."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

KEY: Final = re.compile(r"[@%]?(?:#\d+|\b(?:yes|no)\b)")
"""What every item holds, whatever a server makes of the rest. That of an output begins with ``@``, or ``%``."""

kinds = st.sampled_from(["user", "parts", "call", "answer"])

equal_texts = st.none() | st.sampled_from(["yes", "no"])


def text_of(key: str) -> str:
    return f"{key} U\u0308ber Text  "


def answer_of(key: str) -> str:
    """What the model says to an input with this key."""
    return f"@{key} sa\u0308gt das Modell"


def item_of(key: str, kind: str = "user") -> dict[str, Any]:
    """An item to send; the kind ``answer`` is what a model says to an input with this key."""
    if kind == "call":
        arguments = json.dumps({key: {"z": 1.5, "ü": 2**60, "a": []}}, ensure_ascii=False).replace("1.5", "1.50")
        return {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": arguments}
    if kind == "parts":
        return {"role": "user", "content": [{"type": "input_text", "text": one} for one in (text_of(key), "more")]}
    if kind == "answer":
        return {"role": "assistant", "content": answer_of(key)}
    return {"role": "user", "content": text_of(key)}


def keys_of(keys: list[str], kind: str) -> list[str]:
    """What is stored of items of this kind, by key."""
    return [f"@{key}" for key in keys] if kind == "answer" else keys


def key_of(item: Mapping[str, Any]) -> str:
    """Of an item that is stored, or was given."""
    told = next(item[name] for name in ("arguments", "output", "summary", "content") if item.get(name))
    found = KEY.search(str(told))
    assert found is not None, item
    return found[0]


def _number(key: str) -> int:
    return int(key[1:]) if key[1:].isdigit() else 0


def thinks(key: str) -> bool:
    """Whether the model thinks before it answers an input with this key."""
    return _number(key) % 4 == 3


def end_of(key: str) -> str:
    """How a turn with this input ends."""
    return {5: "failed", 11: "incomplete"}.get(_number(key) % 12, "completed")


def outputs_of(key: str) -> list[str]:
    """The keys of what a turn with this input gives back."""
    return [f"%{key}", f"@{key}"] if thinks(key) else [f"@{key}"]
