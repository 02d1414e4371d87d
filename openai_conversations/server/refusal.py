"""How the service says no: one error with the fields of OpenAI's error object, and the sentences it uses."""

from __future__ import annotations

from collections.abc import Iterable


class Refusal(Exception):
    """
    A request that the service refuses.

    Attributes:
        status: The HTTP status.
        message: The sentence for people.
        param: The path of the argument at fault (``items[0].role``), or ``None``.
        code: The word for programs (``missing_required_parameter``), or ``None``.
        type: OpenAI's coarse class of errors.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        type: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.type = type


def bad_request(message: str, param: str | None, code: str | None) -> Refusal:
    return Refusal(400, message, param=param, code=code)


def missing(param: str) -> Refusal:
    return bad_request(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def wrong_type(param: str, expected: str, value: object) -> Refusal:
    message = f"Invalid type for '{param}': expected {expected}, but got {kind(value)} instead."
    return bad_request(message, param, "invalid_type")


def wrong_value(param: str, value: object, supported: Iterable[str]) -> Refusal:
    names = [f"'{name}'" for name in supported]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return bad_request(f"Invalid value: '{shorten(value)}'. Supported values are: {listed}.", param, "invalid_value")


def too_long(param: str, what: str, limit: int, length: int) -> Refusal:
    """``what`` is ``string`` or ``array``."""
    article = "an" if what == "array" else "a"
    message = (
        f"Invalid '{param}': {what} too long. Expected {article} {what} with maximum length {limit}, "
        f"but got {article} {what} with length {length} instead."
    )
    return bad_request(message, param, f"{what}_above_max_length")


def unknown_conversation(conversation_id: str) -> Refusal:
    return Refusal(404, f"Conversation with id '{shorten(conversation_id)}' not found.")


def unknown_item(item_id: str, conversation_id: str) -> Refusal:
    message = f"Item with id '{shorten(item_id)}' not found in conversation '{shorten(conversation_id)}'."
    return Refusal(404, message)


_KINDS = {
    "bool": "a boolean",
    "int": "an integer",
    "float": "a decimal",
    "str": "a string",
    "list": "an array",
    "dict": "an object",
    "NoneType": "null",
}


def kind(value: object) -> str:
    """What a JSON value is, in the service's words."""
    return _KINDS[type(value).__name__]


def shorten(value: object, limit: int = 100) -> str:
    """A value of the request, fit to be repeated in a message."""
    text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
