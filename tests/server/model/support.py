"""What the tests of the model share."""

from __future__ import annotations

import itertools

from openai_conversations.server.model import Turn


def make_ids():
    """Ids that count: ``msg_0``, ``fc_1``."""
    numbers = itertools.count()
    return lambda prefix: f"{prefix}_{next(numbers)}"


def user(text):
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def a_turn(*prompt, number=1, **request):
    """A turn with this prompt; a string is a user's message."""
    items = [user(item) if isinstance(item, str) else item for item in prompt]
    return Turn(number=number, prompt=items, input=items, request=request)


WEATHER = {
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city", "days", "unit"],
    },
}
