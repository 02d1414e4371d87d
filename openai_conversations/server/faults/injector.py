"""The faults that are waiting: which of them strikes a request, and which never did."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from openai_conversations.server.faults.named import NAMED, Fault, Select
from openai_conversations.server.http.messages import Call
from openai_conversations.server.rules.schema_dsl import is_object


class Armed:
    """A fault with its counters."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.fired: int = 0
        self._passed = 0
        self._dice = random.Random(fault.seed)

    @property
    def spent(self) -> bool:
        return self.fault.count is not None and self.fired >= self.fault.count

    def matches(self, call: Call) -> bool:
        """Whether it strikes this request; if so, it is counted."""
        if self.spent or not self.fault.fits(call):
            return False
        if self._passed < self.fault.skip:
            self._passed += 1
            return False
        struck = self.fault.probability >= 1 or self._dice.random() < self.fault.probability
        self.fired += struck
        return struck


class FaultInjector:
    """Every fault that was added. Requests are struck by one fault at most: the first that fits."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append(Armed(fault))

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def take(self, call: Call) -> Fault | None:
        """The fault that strikes this request, if any."""
        if not self._armed:
            return None
        with self._lock:
            return next((armed.fault for armed in self._armed if armed.matches(call)), None)

    def all(self) -> list[tuple[Fault, int]]:
        """Every fault with how often it struck."""
        return [(armed.fault, armed.fired) for armed in list(self._armed)]

    def unfired(self) -> list[Fault]:
        """The faults that never struck."""
        return [fault for fault, fired in self.all() if not fired]


def parse(text: str) -> Fault:
    """
    A fault from one line: ``commit_then_drop:operation=createConversationItems,count=2``.

    Names may be written with ``-``; values are numbers, ``true``, ``false``, ``none`` or text.

    Raises:
        ValueError: No such fault, no such keyword, or a value that does not fit; the message names the choices.
    """
    name, _, rest = text.partition(":")
    pairs = (part.partition("=") for part in rest.split(",") if part)
    return build(name.strip(), {key.strip(): _value(value.strip()) for key, _, value in pairs})


def build(name: str, keywords: Mapping[str, Any]) -> Fault:
    """
    A fault from its name and its keywords.

    Raises:
        ValueError: No such fault, no such keyword, or a value that does not fit; the message names the choices.
    """
    name = name.replace("-", "_")
    if name not in NAMED:
        raise ValueError(f"there is no fault {name!r}; the faults are {', '.join(NAMED)}")
    given = {key.replace("-", "_"): value for key, value in keywords.items()}
    known = _keywords(name)
    if unknown := given.keys() - known.keys():
        raise ValueError(f"{name} has no {min(unknown)!r}; it takes {', '.join(known)}")
    for key, value in given.items():
        if not _fits(value, known[key]):
            raise ValueError(f"{name}: {key} cannot be {value!r}")
    return NAMED[name](**given)


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
