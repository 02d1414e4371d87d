"""Our own arguments, checked before a byte is sent. Each error is one sentence that names the argument."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypedDict, TypeGuard, cast
from urllib.parse import quote

from openai_conversations.api.keywords import refuse_other_keywords
from openai_conversations.checks import COUNT, FLAG, OPTIONAL_TEXT, TEXTS, Wanted, is_whole, one_of, shown
from openai_conversations.errors import ConfigurationError, InvalidArgumentError
from openai_conversations.jsontypes import is_model, is_omitted
from openai_conversations.limits import (
    ITEMS_PER_REQUEST,
    METADATA_KEY_LENGTH,
    METADATA_PAIRS,
    METADATA_VALUE_LENGTH,
)
from openai_conversations.settings import Timeout, as_timeout

_FORBIDDEN_IN_IDS: Final = frozenset("/?#\\")


class _LikeOmit(type):
    """Takes the official client's ``omit`` and ``NOT_GIVEN`` for what they are, wherever we ask for our own."""

    def __instancecheck__(cls, value: object) -> bool:
        return is_omitted(value)


class Omit(metaclass=_LikeOmit):
    """The type of :data:`omit`: an argument that was not given. ``None`` is something else: it is sent as null."""

    __slots__ = ()

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "omit"

    def __reduce__(self) -> str:
        return "omit"


omit: Final = Omit()

NotGiven = Omit
"""The official client's older name of the same."""

NOT_GIVEN: Final = omit


class CallOptions(TypedDict, total=False):
    """
    Keywords that every method takes.

    Attributes:
        extra_headers: Headers of this call; they win over the client's.
        extra_query: Query values of this call; ``None`` drops one, a list is sent as the profile sends arrays.
        extra_body: Members that are added to the JSON body; they win over ours.
        timeout: Seconds for the whole call, a :class:`Timeout`, or ``None`` for no bound.
    """

    extra_headers: Mapping[str, str] | None
    extra_query: Mapping[str, object] | None
    extra_body: object | None
    timeout: float | Timeout | None


class Members(dict[str, Any]):
    """
    Members of a body, or keywords of a call: a traceback that shows local variables shows their names only.

    Among them may be what a tool is authorized with.
    """

    def __or__(self, other: Mapping[str, Any]) -> Members:  # type: ignore[override]  # it gives none of any other kind
        return Members({**self, **other})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(map(str, self))}>"


def options_timeout(options: CallOptions, base: Timeout) -> Timeout:
    """
    The bounds of a call.

    Raises:
        TypeError: A keyword is none of :class:`CallOptions`.
        InvalidArgumentError: They are none.
    """
    refuse_other_keywords(options, CallOptions)
    timeout = options.get("timeout", omit)
    if isinstance(timeout, Omit):
        return base
    try:
        return as_timeout(timeout, base)
    except ConfigurationError as error:
        raise InvalidArgumentError(str(error)) from None


def is_given(value: object) -> bool:
    """Whether an argument was given."""
    return not isinstance(value, Omit)


def path_id(name: str, value: object) -> str:
    """
    An id, percent-encoded for a path.

    Raises:
        InvalidArgumentError: It is empty, not a string, ``.`` or ``..``, or holds a character that would ask for
            another path.
    """
    if value is None or value == "":  # the words of the official client
        raise InvalidArgumentError(f"Expected a non-empty value for `{name}` but received {value!r}")
    if not isinstance(value, str):
        raise InvalidArgumentError(_no_id(name, value))
    if value in (".", ".."):
        raise InvalidArgumentError(f"`{name}` must not be {value!r}: it would name another path")
    culprit = next((c for c in value if c in _FORBIDDEN_IN_IDS or not c.isprintable()), None)
    if culprit is not None:
        raise InvalidArgumentError(f"`{name}` must not contain {culprit!r}, but received {value!r}")
    return quote(value, safe="")


def _no_id(name: str, value: object) -> str:
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()  # it will never be awaited
        return f"`{name}` was given a call that was not awaited: put `await` before the call, and pass the `.id` of it"
    hint = ": pass its `.id`" if isinstance(getattr(value, "id", None), str) else ""
    return f"`{name}` must be a string, not {shown(value)}{hint}"


def checked_metadata(metadata: object, name: str = "metadata") -> dict[str, str] | None:
    """
    Metadata within the limits of the API; ``None`` is passed on.

    Args:
        metadata: The metadata.
        name: What it came as, for the error.

    Raises:
        InvalidArgumentError: More than 16 pairs, a key over 64 or a value over 512 characters, or one that is not a
            string; the message names the key and never shows a value.
    """
    if metadata is None:
        return None
    if not isinstance(metadata, Mapping):
        raise InvalidArgumentError(f"{name} must be a mapping or None, not {type(metadata).__name__}")
    pairs = cast("Mapping[object, object]", metadata)
    if len(pairs) > METADATA_PAIRS:
        raise InvalidArgumentError(f"{name} has {len(pairs)} pairs; the API allows {METADATA_PAIRS}")
    return {_metadata_key(name, key): _metadata_value(name, key, value) for key, value in pairs.items()}


def _metadata_key(name: str, key: object) -> str:
    if not isinstance(key, str):
        raise InvalidArgumentError(f"{name} has the key {shown(key)}; keys are strings")
    if len(key) > METADATA_KEY_LENGTH:
        beginning = f"{key[:20]}…"
        raise InvalidArgumentError(
            f"{name} key {beginning!r} has {len(key)} characters; the API allows {METADATA_KEY_LENGTH}"
        )
    return key


def _metadata_value(name: str, key: object, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name}[{key!r}] is of type {type(value).__name__}; values are strings")
    if len(value) > METADATA_VALUE_LENGTH:
        raise InvalidArgumentError(
            f"{name}[{key!r}] has {len(value)} characters; the API allows {METADATA_VALUE_LENGTH}"
        )
    return value


def checked_items(items: object) -> list[Any]:
    """
    The items of one request.

    Raises:
        InvalidArgumentError: They are not an iterable of items, or more than 20.
    """
    if not is_items(items):
        held = next((name for name in ("data", "output") if isinstance(getattr(items, name, None), list)), "")
        hint = f": give its `.{held}`" if held else ": put it in a list" if is_model(items) else ""
        raise InvalidArgumentError(f"items must be a list of items, not {type(items).__name__}{hint}")
    listed = list(items)
    if len(listed) > ITEMS_PER_REQUEST:
        raise InvalidArgumentError(
            f"items has {len(listed)} items; the API takes {ITEMS_PER_REQUEST} in one request, "
            "and conversations.items.append takes any number"
        )
    return listed


def checked_definitions(definitions: object) -> list[Any]:
    """
    Tools that are described by hand.

    Raises:
        InvalidArgumentError: They are no iterable of mappings or objects; the message says which is not.
    """
    if not is_items(definitions):
        raise InvalidArgumentError(f"definitions must be a list of tools, not {shown(definitions)}")
    listed = list(definitions)
    for number, tool in enumerate(listed):
        if not (isinstance(tool, Mapping) or is_model(tool)):
            raise InvalidArgumentError(f"definitions[{number}] must be a tool, not {shown(tool)}")
    return listed


def is_items(items: object) -> TypeGuard[Iterable[object]]:
    """Whether an argument may be items: an iterable, but no text, no mapping, and no object that is one itself."""
    return isinstance(items, Iterable) and not isinstance(items, (str, bytes, Mapping)) and not is_model(items)


def checked_extra_query(query: object) -> Mapping[str, object]:
    """Query values of a call; none when there are none."""
    if not query:
        return {}
    if not isinstance(query, Mapping):
        raise InvalidArgumentError(f"extra_query must be a mapping, not {type(query).__name__}")
    values = cast("Mapping[str, object]", query)
    for name in cast("Mapping[object, object]", values):
        if not isinstance(name, str):
            raise InvalidArgumentError(f"extra_query has the key {name!r}; keys are strings")
        if isinstance(values[name], (Mapping, bytes)):
            raise InvalidArgumentError(f"extra_query: {name} cannot be of type {type(values[name]).__name__}")
    return values


def refuse_other_items(options: CallOptions) -> None:
    """What is sent must be what is looked for."""
    extra = options.get("extra_body")
    if isinstance(extra, Mapping) and "items" in extra:
        raise InvalidArgumentError("extra_body must not contain `items`: give them as items")


def checked_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """A keyword of ours that takes one of a few words."""
    one_of(choices).check(name, value)
    return value


def check_known(last_item_id: object, *, lookup_first: object) -> None:
    """What a caller says of a conversation before an append."""
    OPTIONAL_TEXT.check("last_item_id", last_item_id)
    FLAG.check("lookup_first", lookup_first)


def check_include(include: object) -> None:
    """The names of fields that are asked for."""
    if include is not None and not isinstance(include, Omit):
        TEXTS.check("include", include)


def check_listing(*, after: object, limit: object, order: object) -> None:
    """Which part of a listing is asked for; words and numbers are for the server to judge."""
    for name, value, wanted in (("after", after, _WORD), ("limit", limit, _LIMIT), ("order", order, _WORD)):
        if not isinstance(value, Omit):
            wanted.check(name, value)


def check_words(given: Mapping[str, object]) -> None:
    """Values of a query that are strings, where they are given."""
    for name, value in given.items():
        if not isinstance(value, Omit):
            _WORD.check(name, value)


_WORD: Final = OPTIONAL_TEXT
_LIMIT: Final = Wanted("a whole number", is_whole).or_none()


def checked_max_items(max_items: object) -> None:
    """
    How many items a listing gives at the most.

    Raises:
        InvalidArgumentError: It is neither ``None`` nor a whole number of 0 or more.
    """
    if max_items is not None and not COUNT.accepts(max_items):
        raise InvalidArgumentError(f"max_items must be a whole number of 0 or more, or None, not {shown(max_items)}")
