"""
The codec: bytes of an answer into an object, objects and mappings into bytes of a request. One per process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast

from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError

from openai_conversations.converters.errors import DecodeError, SchemaMismatch
from openai_conversations.converters.json import dumps, is_array, is_object, loads, loads_exact
from openai_conversations.converters.models import configure_models, write_value
from openai_conversations.converters.outgoing import outgoing
from openai_conversations.converters.primitives import configure_primitives
from openai_conversations.converters.unions import configure_unions
from openai_conversations.errors import InvalidArgumentError
from openai_conversations.schemas.items.base import Item

T = TypeVar("T")


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
    """Decode answers, encode requests."""

    def __init__(self) -> None:
        self._fast = make_converter(detailed=False)
        self._readers: dict[Any, Any] = {}

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

    def decode_value(self, value: Any, body: bytes, kind: type[T]) -> T:
        """
        The same for a body that was read before.

        Args:
            value: What :func:`loads` made of *body*.
            body: The body, for what does not fit at first sight.
            kind: The class.
        """
        try:
            read: T = self._reader(kind)(value, kind)
        except (ValueError, RecursionError):
            pass
        else:
            return read
        return self._decode_exactly(body, kind)

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
            return _detailed().structure(value, kind)
        except BaseValidationError as error:
            reason = "; ".join(transform_error(error, format_exception=_describe))
        except SchemaMismatch as error:
            reason = f"{error} @ $"
        raise DecodeError(reason)  # and not where it was caught: it must not hold cattrs' error, which cannot be copied

    def is_page(self, body: bytes) -> bool:
        """Whether a body is a whole page of items, as far as the outermost level tells."""
        try:
            value = loads(body)
        except ValueError:
            return False
        return is_object(value) and is_array(value.get("data"))

    def items_of(self, body: bytes) -> tuple[list[Any], bool, str]:
        """
        The items of a page as JSON values, integers of any size kept; whether there are more; ``last_id`` or ``""``.

        Raises:
            DecodeError: The body is not a page.
        """
        if not self.is_page(body):
            raise DecodeError("expected an object with a list of data")
        value = loads_exact(body)
        last_id = value.get("last_id")
        return value["data"], value.get("has_more") is True, last_id if isinstance(last_id, str) else ""

    def last_id(self, body: bytes) -> str | None:
        """The id of the last item of a page; ``None`` when it has none."""
        try:
            found = loads(body)["data"][-1]["id"]
            return found if isinstance(found, str) and found else None
        except (ValueError, LookupError, TypeError):
            return None

    def to_json(self, value: Any) -> Any:
        """The JSON value of an object, losslessly: what was decoded comes out as it came in."""
        return write_value(value, self._fast.unstructure)

    def encode_items(self, items: Iterable[Any]) -> list[Any]:
        """
        Items as they are sent: mappings as they are, objects by the rules for sending items back.

        Raises:
            InvalidArgumentError: One is neither a mapping nor an item; the message gives its index.
        """
        return [self._item(index, item) for index, item in enumerate(items)]

    def sendable(self, item: Any) -> Any:
        """The JSON of a received item by the rules for sending items back, without the nulls that a request refuses."""
        known = self.decode(self.encode(item), Item)
        return self.encode_items([known])[0]

    def _item(self, index: int, item: Any) -> Any:
        if is_object(item):
            return self.to_json(item)
        if isinstance(item, Item):
            return outgoing(self.to_json(item))
        if isinstance(item, Mapping):
            return self.to_json(dict(cast("Mapping[str, Any]", item)))
        raise InvalidArgumentError(f"items[{index}] must be a mapping or an item object, not {_kind(item)}")

    def encode(self, value: Any) -> bytes:
        """
        Compact JSON of a mapping.

        Raises:
            InvalidArgumentError: It holds something that JSON cannot carry; the message gives the JSON path.
        """
        try:
            return dumps(value)
        except (ValueError, RecursionError) as error:
            raise InvalidArgumentError(f"the request cannot be sent: {error}") from None


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
