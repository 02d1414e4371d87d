"""A fault from a line of a command, or from a JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from openai_conversations.server.faults.fault import Fault, Select
from openai_conversations.server.faults.named import NAMED
from openai_conversations.server.rules.schema_dsl import is_object


def parse_fault(text: str) -> Fault:
    """
    A fault from one line: ``commit_then_drop:operation=createConversationItems,count=2``.

    Names may be written with ``-``; values are numbers, ``true``, ``false``, ``none`` or text.

    Raises:
        ValueError: No such fault, no such keyword, or a value that does not fit; the message names the choices.
    """
    name, _, rest = text.partition(":")
    pairs = (part.partition("=") for part in rest.split(",") if part)
    return build_fault(name.strip(), {key.strip(): _value(value.strip()) for key, _, value in pairs})


def build_fault(name: str, keywords: Mapping[str, Any]) -> Fault:
    """
    A fault from its name and its keywords.

    Raises:
        ValueError: No such fault, no such keyword, or a value that does not fit; the message names the choices.
    """
    name = name.replace("-", "_")
    if name not in NAMED:
        raise ValueError(f"there is no fault {name!r}; {_meant(name, NAMED)}the faults are {', '.join(NAMED)}")
    given = {key.replace("-", "_"): value for key, value in keywords.items()}
    known = _keywords(name)
    if unknown := given.keys() - known.keys():
        slip = min(unknown)
        raise ValueError(f"{name} has no {slip!r}; {_meant(slip, known)}it takes {', '.join(known)}")
    for key, value in given.items():
        if not _fits(value, known[key]):
            raise ValueError(f"{name}: {key} cannot be {value!r}")
    return NAMED[name](**given)


def _meant(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}? " if near else ""


def _keywords(name: str) -> dict[str, Any]:
    """What a line may say about a fault, with the types."""
    own = get_type_hints(NAMED[name])
    return {
        key: hint for key, hint in {**own, **get_type_hints(Select)}.items() if key not in ("select", "return", "when")
    }


def _fits(value: Any, hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is Mapping:
        return is_object(value) and all(isinstance(one, str) for one in value.values())
    if isinstance(value, bool) or hint is bool:
        return isinstance(value, bool) and hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


_WORDS: Mapping[str, Any] = {"true": True, "false": False, "none": None, "null": None}


def _value(text: str) -> Any:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return _WORDS.get(text.lower(), text)
