"""
The codec: bytes of a response into an object, objects and mappings into bytes of a request. One per process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar, cast

import orjson
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError

from openai_conversations.converters.envelopes import is_envelope, read_envelope
from openai_conversations.converters.errors import DecodeError, SchemaMismatch
from openai_conversations.converters.json import BEYOND_64_BITS, dumps, loads, loads_exact, walk
from openai_conversations.converters.kinds import held_to, why_not
from openai_conversations.converters.models import configure_models, shallow, write_value
from openai_conversations.converters.outgoing import outgoing
from openai_conversations.converters.primitives import configure_primitives
from openai_conversations.converters.tolerant import is_tolerant, read_with_required
from openai_conversations.converters.unions import configure_unions
from openai_conversations.error_bodies import said_instead
from openai_conversations.errors import APIResponseValidationError, InvalidArgumentError, ResponseLike
from openai_conversations.jsontypes import is_model, is_object
from openai_conversations.schemas.base import Schema
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownItem

if TYPE_CHECKING:
    from openai_conversations.schemas.responses.events.base import Event

T = TypeVar("T")

UNREAD: Final[Any] = None
"""The value of a body that nobody has decoded yet; a body that is null decodes quickly enough to be read again."""

_LONGEST_WORDS: Final = 150
"""Characters of a server's words, so that what does not fit is still said after them."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


class Body(ResponseLike, Protocol):
    """A response, with a place for its decoded body."""

    @property
    def value(self) -> Any: ...
    def without_secrets(self) -> Self: ...


def make_converter(*, detailed: bool) -> Converter:
    """
    A converter with our rules.

    Args:
        detailed: Slower, with JSON paths in its errors, for values from the exact JSON reader.
    """
    converter = Converter(detailed_validation=detailed)
    configure_primitives(converter, exact=detailed)
    configure_models(converter, detailed=detailed)
    configure_unions(converter, exact=detailed)
    return converter


class Codec:
    """Decode responses, encode requests."""

    def __init__(self) -> None:
        self._fast = make_converter(detailed=False)
        self._readers: dict[Any, Any] = {}
        self._readers_of_responses: dict[Any, Any] = {}
        self._events: Any = None  # a table of readers, from the first event on

    def decode(self, body: bytes, kind: type[T]) -> T:
        """
        The object that a JSON body stands for.

        Raises:
            DecodeError: The body is not JSON, or does not fit; the message gives the JSON paths.
        """
        try:
            read: T = self._reader(kind)(loads(body), kind)
        except (ValueError, RecursionError):
            pass  # what is raised from here would hold this error as its context
        else:
            return read
        return self._decode_exactly(body, kind)

    def decode_event(self, data: bytes, name: str = "") -> Event:
        """
        The event that the data of a server-sent event stand for.

        An event of a known type is always of its class, whatever its members are; anything else that is JSON is an
        :class:`UnknownEvent`.

        Args:
            data: JSON; half a surrogate pair passes, bytes that are not UTF-8 become U+FFFD.
            name: What ``event:`` said, for servers that do not write the type into the JSON.

        Raises:
            DecodeError: It is not JSON, and not named an error; the message has the beginning of its text.
        """
        try:
            value = orjson.loads(data)
            read: Event = self._events[value["type"]](value, None)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        else:
            return read
        return self._decode_event_exactly(data, name)

    def _decode_event_exactly(self, data: bytes, name: str) -> Event:
        # Imported with the first event: nothing of turns is loaded for items alone.
        from openai_conversations.converters.events import event_table, read_event

        if self._events is None:
            self._events = event_table(self._fast)
            return self.decode_event(data, name)
        return read_event(data, name, _detailed())

    def loads(self, body: bytes) -> Any:
        """
        The JSON value of a body, with integers of any size.

        Raises:
            ValueError: It is not JSON.
        """
        try:
            value = orjson.loads(body)
        except ValueError:  # half a surrogate pair, which only the exact reader takes
            value = loads(body)
        return loads_exact(body) if lost_digits(value) else value

    def decode_response(self, response: Body, kind: Any) -> Any:
        """
        The object that a response stands for.

        Raises:
            APIResponseValidationError: It is not what the API promises; the message gives the JSON paths.
        """
        reason = "expected an object with a type @ $"
        try:
            read = self._read(response, kind)
        except DecodeError as error:
            reason = str(error)
        else:
            if not isinstance(read, UnknownItem) or read.type:
                noted: Any = read
                noted._noted = response.headers.get("x-request-id")  # noqa: SLF001  # its one writer
                return read
        raise _unlike(response, kind, reason)

    def _read(self, response: Body, kind: Any) -> Any:
        value = response.value
        read = self._readers_of_responses.get(kind)
        if read is None:
            self._readers_of_responses[kind] = read = held_to(self._reader(kind), kind)
        try:
            return read(orjson.loads(response.content) if value is UNREAD else value, kind)
        except (ValueError, RecursionError):
            pass
        decoded = self._decode_exactly(response.content, kind)
        if why := why_not(loads_exact(response.content), getattr(kind, "__name__", "")):
            raise DecodeError(f"{why} @ $")
        return decoded

    def value_of(self, response: Body) -> Any:
        """
        The JSON value of a response's body, decoded once; integers beyond 64 bits are floats.

        Raises:
            APIResponseValidationError: It is not JSON.
        """
        if response.value is UNREAD:
            try:
                value = orjson.loads(response.content)
            except ValueError:
                value = self._value_exactly(response)
            cast("Any", response).value = value  # a cache; to everybody else a response is frozen
        return response.value

    def exact_value_of(self, response: Body) -> Any:
        """
        The same with integers of any size.

        Raises:
            APIResponseValidationError: It is not JSON.
        """
        value = self.value_of(response)
        return self._value_exactly(response) if lost_digits(value) else value

    def why_not(self, value: object, kind: type) -> str:
        """Why a JSON value is no object of a class, though it may fit; ``""`` when nothing says so."""
        return why_not(value, kind.__name__)

    def unlike(self, response: Body, kind: Any, reason: str) -> APIResponseValidationError:
        """The error for a 2xx response that is not what it should be, with the words of the server if it has some."""
        return _unlike(response, kind, reason)

    def _value_exactly(self, response: Body) -> Any:
        try:
            return loads_exact(response.content)
        except ValueError as error:
            raise _unlike(response, object, f"not JSON ({error})") from None

    def _reader(self, kind: Any) -> Any:
        reader = self._readers.get(kind)
        if reader is None:
            self._readers[kind] = reader = self._fast.get_structure_hook(kind)
        return reader

    def _decode_exactly(self, body: bytes, kind: type[T]) -> T:
        """Slowly: integers of any size, and errors with paths."""
        try:
            value = loads_exact(body)
        except ValueError as error:
            raise DecodeError(f"not JSON ({error})") from None
        try:
            return _structured(value, kind)
        except BaseValidationError as error:
            reason = "; ".join(transform_error(error, format_exception=_describe))
        except SchemaMismatch as error:
            reason = f"{error} @ $"
        raise DecodeError(reason)  # and not where it was caught: it must not hold cattrs' error, which cannot be copied

    def to_json(self, value: Any) -> Any:
        """
        The JSON value of an object, losslessly: what was decoded comes out as it came in.

        Raises:
            InvalidArgumentError: It contains itself, or nests too deeply; the message gives the JSON path.
        """
        return self._written(value, "$")

    def _written(self, value: Any, root: str) -> Any:
        try:
            return write_value(value, self._fast.unstructure)
        except RecursionError:
            pass  # what is raised from here would hold the whole stack
        raise InvalidArgumentError(_where_too_deep(value, root))

    def encode_items(self, items: Iterable[Any], name: str = "items") -> list[Any]:
        """
        Items as they are sent: mappings as they are, objects by the rules for sending items back.

        Objects are ours, or those of the official client.

        Args:
            items: The items.
            name: What errors call them.

        Raises:
            InvalidArgumentError: One is neither a mapping nor an item, contains itself or nests too deeply; the message
                says which and where.
        """
        return [self._item(index, item, name) for index, item in enumerate(items)]

    def sendable(self, item: Any) -> Any:
        """The JSON of a received item by the rules for sending items back, without the nulls that a request refuses."""
        known = self.decode(self.encode(item), Item)
        return self.encode_items([known])[0]

    def _item(self, index: int, item: Any, name: str) -> Any:
        # Plain members stay as they are without a call: 6 % of the instructions of an append of 20 items.
        if isinstance(item, dict) and _PLAIN.issuperset(map(type, cast("dict[str, Any]", item).values())):
            return cast("dict[str, Any]", item)
        if isinstance(item, Mapping):
            return self._written(item, f"{name}[{index}]")
        if isinstance(item, Item) or (is_model(item) and not isinstance(item, Schema)):
            return outgoing(self._written(item, f"{name}[{index}]"))
        raise InvalidArgumentError(f"{name}[{index}] must be a mapping or an item object, not {_kind(item)}")

    def encode(self, value: Any) -> bytes:
        """
        Compact JSON of a mapping.

        Raises:
            InvalidArgumentError: It holds something that JSON cannot carry; the message gives the JSON path.
        """
        try:
            body = orjson.dumps(value)
        except TypeError:
            body = b"null"  # to be written slowly, or refused
        if b"null" not in body:
            return body
        try:
            return dumps(value)  # orjson writes NaN as null: what holds a null is looked at
        except (ValueError, RecursionError) as error:
            raise InvalidArgumentError(f"the request cannot be sent: {error}") from None


def lost_digits(value: Any) -> bool:
    """
    Whether a value from the fast reader holds a float that may have been an integer beyond 64 bits.

    To look at the values costs three quarters of reading them; to search the bytes for long numbers, 13 times as much.
    """
    nodes: list[Any] = [[value]]
    for node in nodes:  # grows meanwhile
        for member in node.values() if type(node) is dict else node:  # pyright: ignore[reportUnknownVariableType]
            kind = type(member)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            if kind is str:
                continue
            if kind is dict or kind is list:
                nodes.append(member)
            elif kind is float and not -BEYOND_64_BITS < member < BEYOND_64_BITS:
                return True
    return False


def _unlike(response: Body, kind: Any, reason: str) -> APIResponseValidationError:
    name = str(getattr(kind, "__name__", kind))
    kept = response.without_secrets()
    said = said_instead(kept.content)[:_LONGEST_WORDS]
    message = f"{kept.status_code}: the response does not fit {name}: {f'{said}; ' if said else ''}{reason}"
    return APIResponseValidationError(kept, kept.content.decode("utf-8", "replace"), message=message)


def _structured(value: Any, kind: type[T]) -> T:
    if is_object(value) and is_tolerant(kind):
        return cast("T", read_with_required(value, cast("type[Schema]", kind), _detailed()))
    if not (is_object(value) and is_envelope(kind)):
        return _detailed().structure(value, kind)
    read, as_they_came = read_envelope(value)
    made = cast("Schema", _detailed().structure(read, kind))
    if as_they_came:
        made.extra = {**(made.extra or {}), **as_they_came}
    return cast("T", made)


def _where_too_deep(value: Any, root: str) -> str:
    try:
        deque(walk(value, root, shallow), maxlen=0)
    except ValueError as error:
        return str(error)
    return f"{root} nests too deeply to be written from here"  # from a stack that was nearly full already


def _kind(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _describe(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "required field missing"
    return str(error) if isinstance(error, SchemaMismatch) else f"{type(error).__name__}: {error}"


@lru_cache(maxsize=1)
def codec() -> Codec:
    """The codec of this process; its hooks are built at the first use of each class."""
    return Codec()


@lru_cache(maxsize=1)
def _detailed() -> Converter:
    return make_converter(detailed=True)
