"""How the service says no: one error with the fields of OpenAI's error object, and the sentences it uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class HTTPError(Exception):
    """
    A request that the service refuses.

    Attributes:
        status: The HTTP status.
        message: The sentence for people.
        param: The path of the argument at fault (``items[0].role``), or ``None``.
        code: The word for programs (``missing_required_parameter``), or ``None``.
        type: OpenAI's coarse class of errors.
        headers: What the response carries besides.
        closes: Whether the connection is closed after the response.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        type: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
        closes: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.type = type
        self.headers: Mapping[str, str] = headers or {}
        self.closes = closes


def bad_request(message: str, param: str | None, code: str | None) -> HTTPError:
    return HTTPError(400, message, param=param, code=code)


def bad_json() -> HTTPError:
    message = (
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
        "library correctly. The API expects a JSON payload, but what was sent was not valid JSON.)"
    )
    return bad_request(message, None, None)


def missing(param: str) -> HTTPError:
    return bad_request(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def wrong_type(param: str, expected: str, value: object) -> HTTPError:
    message = f"Invalid type for '{param}': expected {expected}, but got {json_type(value)} instead."
    return bad_request(message, param, "invalid_type")


def wrong_value(param: str, value: object, supported: Iterable[str]) -> HTTPError:
    names = [f"'{name}'" for name in supported]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return bad_request(f"Invalid value: '{shorten(value)}'. Supported values are: {listed}.", param, "invalid_value")


def wrong_pattern(param: str, value: object, pattern: object) -> HTTPError:
    message = f"Invalid '{param}': '{shorten(value)}'. Expected a string that matches the pattern '{pattern}'."
    return bad_request(message, param, "invalid_value")


def unknown_parameter(param: str) -> HTTPError:
    return bad_request(f"Unknown parameter: '{shorten(param)}'.", shorten(param), "unknown_parameter")


def check_length(param: str, what: str, length: int, least: int, most: int | None) -> None:
    """
    Refuse a string or an array that is too short or too long.

    Raises:
        HTTPError: ``what`` (``string``, ``array``) has fewer than ``least`` or more than ``most``.
    """
    if length < least:
        raise _wrong_length(param, what, length, ("short", "minimum", "below_min"), least)
    if most is not None and length > most:
        raise _wrong_length(param, what, length, ("long", "maximum", "above_max"), most)


def _wrong_length(param: str, what: str, length: int, words: tuple[str, str, str], bound: int) -> HTTPError:
    adjective, bound_name, code = words
    a = "an array" if what == "array" else f"a {what}"
    message = (
        f"Invalid '{param}': {what} too {adjective}. Expected {a} with {bound_name} length {bound}, "
        f"but got {a} with length {length} instead."
    )
    return bad_request(message, param, f"{what}_{code}_length")


def check_range(param: str, value: int, least: int | None, most: int | None) -> None:
    """
    Refuse an integer that is out of range; ``None`` is no bound.

    Raises:
        HTTPError: It is below ``least`` or above ``most``.
    """
    if least is not None and value < least:
        raise _out_of_range(param, value, "below", "minimum", f">= {least}")
    if most is not None and value > most:
        raise _out_of_range(param, value, "above", "maximum", f"<= {most}")


def _out_of_range(param: str, value: int, side: str, bound_name: str, bound: str) -> HTTPError:
    message = (
        f"Invalid '{param}': integer {side} {bound_name} value. Expected a value {bound}, "
        f"but got {shorten(value)} instead."
    )
    return bad_request(message, param, f"integer_{side}_{bound_name[:3]}_value")


def check_content_type(content_type: str) -> None:
    """
    Refuse a body that does not say that it is JSON.

    Raises:
        HTTPError: It says that it is something else, or nothing.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        message = (
            f"Unsupported content type: '{shorten(kind)}'. This API method only accepts 'application/json' "
            f"requests, but you specified the header 'Content-Type: {shorten(content_type)}'."
        )
        raise HTTPError(400, message, code="unsupported_content_type")


def unknown_conversation(conversation_id: str) -> HTTPError:
    return HTTPError(404, f"Conversation with id '{shorten(conversation_id)}' not found.")


def unknown_item(item_id: str, conversation_id: str) -> HTTPError:
    message = f"Item with id '{shorten(item_id)}' not found in conversation '{shorten(conversation_id)}'."
    return HTTPError(404, message)


def duplicate_item(item_id: str) -> HTTPError:
    message = f"Duplicate item found with id {shorten(item_id)}. Remove duplicate items from your input and try again."
    return bad_request(message, "items", None)


def already_in_conversation(item_id: str) -> HTTPError:
    message = f"Invalid value for 'items': {shorten(item_id)}. Item already in conversation."
    return bad_request(message, "items", "item_already_in_conversation")


def no_conversation_id(conversation_id: str) -> HTTPError:
    message = f"Invalid 'conversation_id': '{shorten(conversation_id)}'. Expected an ID that begins with 'conv_'."
    return bad_request(message, "conversation_id", "invalid_value")


def conversation_locked() -> HTTPError:
    message = "Another process is currently operating on this conversation. Please retry in a few seconds."
    return bad_request(message, "conversation", "conversation_locked")


def unknown_response(response_id: str) -> HTTPError:
    return HTTPError(404, f"Response with id '{shorten(response_id)}' not found.", param="response_id")


_JSON_TYPES = {
    "bool": "a boolean",
    "int": "an integer",
    "float": "a decimal",
    "str": "a string",
    "list": "an array",
    "dict": "an object",
    "NoneType": "null",
}


def json_type(value: object) -> str:
    """What a JSON value is, in the service's words."""
    return _JSON_TYPES[type(value).__name__]


def shorten(value: object, limit: int = 100) -> str:
    """A value of the request, fit to be repeated in a message."""
    text = str(value)
    return text if len(text) <= limit else f"{text[:limit]}..."
