"""Whether a prompt is whole: calls have their outputs, outputs their calls, reasoning what it led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openai_conversations.server.http import errors

Item = Mapping[str, Any]

OUTPUTS: Mapping[str, str] = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "computer_call": "computer_call_output",
    "local_shell_call": "local_shell_call_output",
    "apply_patch_call": "apply_patch_call_output",
}
"""Calls that the caller carries out, and the items that bring what came of it."""

_CALLS = {output: call for call, output in OUTPUTS.items()}


def check_prompt(prompt: Sequence[Item]) -> None:
    """
    Refuse a prompt that is not whole.

    The sentences are those of the service, as people report them.

    Raises:
        HTTPError: A call without its output, an output without its call, or reasoning without what must follow it.
    """
    answered = {(_CALLS[_tag(item)], _call_id(item)) for item in prompt if _tag(item) in _CALLS}
    called: set[tuple[str, str]] = set()
    for n, item in enumerate(prompt):
        tag = _tag(item)
        if tag in OUTPUTS:
            called.add((tag, _call_id(item)))
            if (tag, _call_id(item)) not in answered:
                raise _refused(f"No tool output found for {_words(tag)} {errors.shorten(_call_id(item))}.")
        elif tag in _CALLS and (_CALLS[tag], _call_id(item)) not in called:
            words = _words(tag).replace(" output", " output with call_id")
            raise _refused(f"No tool call found for {words} {errors.shorten(_call_id(item))}.")
        elif tag == "reasoning" and not _is_followed(prompt, n):
            message = f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item."
            raise _refused(message)


def _tag(item: Item) -> str:
    # What was stored behind the client's back may have anything for a type.
    return str(item.get("type"))


def _call_id(item: Item) -> str:
    # The output of a local shell names its call by its own id.
    return str(item.get("call_id") or item.get("id"))


def _words(tag: str) -> str:
    return tag.replace("_", " ")


def _refused(message: str) -> errors.HTTPError:
    return errors.bad_request(message, "input", None)


def _is_followed(prompt: Sequence[Item], n: int) -> bool:
    """Whether an item of the model's comes behind, beyond other reasoning."""
    following = next((item for item in prompt[n + 1 :] if _tag(item) != "reasoning"), None)
    if following is None or _tag(following) in _CALLS:
        return False
    return _tag(following) != "message" or following.get("role") == "assistant"
