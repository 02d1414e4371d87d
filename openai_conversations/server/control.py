"""
The control path: what a test does from Python, over HTTP, for clients in other languages.

===========================================  ======================================================================
``GET /_control/faults``                     the faults, with how often each fired
``POST /_control/faults``                    add one: ``{"fault": "commit_then_drop", "operation": "…", "count": 2}``
``DELETE /_control/faults``                  forget all
``GET /_control/journal``                    every request with its outcome
``GET /_control/conversations``              every conversation with all its items, deleted ones included
``GET /_control/orphans``                    the items that no conversation shows any more
``POST /_control/items``                     add items behind the client's back: ``{"conversation_id", "items"}``
``GET /_control/turns``                      every turn that the model was given, with its whole prompt
``GET /_control/script``                     every turn of the script, by its number: see below
``POST /_control/script``                    add to the script of the model: ``{"turns": […]}``, as in :mod:`.parse`
``POST /_control/script/hold``               let no delta of a turn out from now on: ``{"number": 1}``
``POST /_control/script/release``            let out ``{"number": 1, "count": 2}`` deltas; all of them without a count
``DELETE /_control/script``                  forget the script and what was seen
``POST /_control/assertions/script-used``    nothing
``POST /_control/assertions/no-duplicates``    ``{"by": "content"}`` or nothing
``POST /_control/assertions/no-loss``          ``{"expected": {"conv_…": ["Hi"]}}``
``POST /_control/assertions/erased``           ``{"conversation_id": "conv_…"}``
``POST /_control/assertions/turns``            ``{"conversation_id": "conv_…", "count": 2}``
``POST /_control/assertions/requests``         ``{"operations": […]}`` or ``{"counts": {…}}``
``GET /_control/``                           a page for browsers, unless it is switched off
``POST /_control/reset``                     forget everything
===========================================  ======================================================================

A turn of the script is told as ``{"number": 1, "turn": "message", "used": 0, "held": true, "client_left": false}``,
also to those who add it; when it was used its turn has begun, and ``client_left`` says whether the client hung up
before its end.

An assertion responds with ``{"ok": true}`` or ``{"ok": false, "message": "…"}``, always with status 200. A body is JSON
and says so in ``content-type``; pages of other origins are refused, and so is a name that is not this machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server.faults.parse import build_fault
from openai_conversations.server.http.errors import HTTPError, bad_request, shorten
from openai_conversations.server.http.masking import mask_body
from openai_conversations.server.http.messages import ServerRequest, ServerResponse
from openai_conversations.server.inspection.assertions import StoredConversation
from openai_conversations.server.inspection.controlled import Controlled
from openai_conversations.server.inspection.origin import check_body, check_source
from openai_conversations.server.journal import JournalEntry
from openai_conversations.server.model.parse import load_script
from openai_conversations.server.model.script import ScriptedTurn
from openai_conversations.server.model.turn import Turn
from openai_conversations.server.page.feed import Sleep
from openai_conversations.server.page.page import Page
from openai_conversations.server.rules.schema_dsl import is_object
from openai_conversations.server.storage.store import Orphan
from openai_conversations.storage.errors import DatabaseError

PREFIX = "/_control/"

HEADERS = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""On every response: no other origin can have it in its page, as whatever."""


class Control:
    """
    Answers the requests of the control path.

    Args:
        server: What is controlled.
        is_open: Whether other machines may use it; see :func:`.origin.check_source`.
        page: What it shows to browsers; ``None`` for nothing.
    """

    def __init__(self, server: Controlled, *, is_open: bool, page: Page | None = None) -> None:
        self._server = server
        self._is_open = is_open
        self._page = page
        self._operations: Mapping[tuple[str, str], Callable[[dict[str, Any]], bytes]] = {
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): _nothing(server.clear_faults),
            ("GET", "journal"): lambda _: json.dumps([_entry(entry) for entry in server.requests]),
            ("GET", "conversations"): lambda _: _array(map(_conversation, server.conversations())),
            ("GET", "orphans"): lambda _: _array(map(_orphan, server.orphans())),
            ("POST", "items"): self._add_items,
            ("GET", "turns"): lambda _: _array(map(_turn, server.model.seen)),
            ("GET", "script"): lambda _: json.dumps(_scripted(server.model.scripted)),
            ("POST", "script"): self._add_script,
            ("POST", "script/hold"): self._hold,
            ("POST", "script/release"): self._release,
            ("DELETE", "script"): _nothing(server.model.clear),
            ("POST", "assertions/script-used"): _assertion(server.model.assert_script_used),
            ("POST", "assertions/no-duplicates"): _assertion(server.assert_no_duplicates),
            ("POST", "assertions/no-loss"): _assertion(server.assert_no_loss),
            ("POST", "assertions/erased"): _assertion(self._assert_erased),
            ("POST", "assertions/turns"): _assertion(self._assert_turns),
            ("POST", "assertions/requests"): _assertion(self._assert_requests),
            ("POST", "reset"): _nothing(server.reset),
        }

    @property
    def has_page(self) -> bool:
        """Whether browsers are shown something."""
        return self._page is not None

    def owns(self, path: str) -> bool:
        """Whether a request is for the control path."""
        return path.startswith(PREFIX) or path == PREFIX.rstrip("/")

    def respond(self, request: ServerRequest, sleep: Sleep) -> ServerResponse:
        """
        Do what was asked.

        Args:
            request: What was asked.
            sleep: Waits so many seconds, or until the client is gone: then it is false.

        Raises:
            HTTPError: Nothing can be asked like this, or not from there.
        """
        page = self._page if self._page is not None and self._page.owns(request.path) else None
        check_source(request.headers, is_open=self._is_open)
        if page is not None:
            response = page.respond(request, sleep)
        else:
            check_body(request.headers, has_body=bool(request.body))
            response = self._operate(request)
        return attrs.evolve(response, headers={**HEADERS, **response.headers})

    def _operate(self, request: ServerRequest) -> ServerResponse:
        operation = self._operations.get((request.method, request.path.removeprefix(PREFIX)))
        if operation is None:
            raise HTTPError(404, f"Invalid URL ({request.method} {shorten(request.path)})")
        try:
            return ServerResponse(body=operation(_fields(request.body)))
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise bad_request(f"{type(error).__name__}: {shorten(error)}", None, None) from None
        except DatabaseError as error:
            raise HTTPError(503, f"The database does not work: {error}.", type="server_error") from None

    def _faults(self, _: dict[str, Any]) -> bytes:
        return json.dumps(
            [
                {"fault": fault.name, "operation": fault.operation, "count": fault.count, "fired": fired}
                for fault, fired in self._server.faults
            ]
        )

    def _add_fault(self, fields: dict[str, Any]) -> bytes:
        keywords = {name: value for name, value in fields.items() if name != "fault"}
        fault = self._server.add_fault(build_fault(_text(fields, "fault"), keywords))
        return json.dumps({"fault": fault.name, "operation": fault.operation, "count": fault.count})

    def _add_script(self, fields: dict[str, Any]) -> bytes:
        if "turns" not in fields:
            raise KeyError("turns")
        return json.dumps({"turns": _scripted(load_script(self._server.model, fields))})

    def _hold(self, fields: dict[str, Any]) -> bytes:
        turn = self._server.model.find(_count(fields, "number")).hold()
        return json.dumps(*_scripted([turn]))

    def _release(self, fields: dict[str, Any]) -> bytes:
        turn = self._server.model.find(_count(fields, "number"))
        turn.release(None if fields.get("count") is None else _count(fields, "count"))
        return json.dumps(*_scripted([turn]))

    def _add_items(self, fields: dict[str, Any]) -> bytes:
        return _array(map(json.dumps, self._server.add_items(_text(fields, "conversation_id"), fields["items"])))

    def _assert_erased(self, **fields: Any) -> None:
        self._server.assert_erased(_text(fields, "conversation_id"))

    def _assert_turns(self, **fields: Any) -> None:
        self._server.assert_turns(_text(fields, "conversation_id"), _count(fields, "count"))

    def _assert_requests(self, operations: Sequence[str] = (), counts: Mapping[str, int] | None = None) -> None:
        self._server.assert_requests(*operations, **(counts or {}))


def _fields(body: bytes) -> dict[str, Any]:
    fields: Any = json.loads(body) if body else {}
    if not is_object(fields):
        raise TypeError("the body is not a JSON object")
    return fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a string")
    return value


def _count(fields: Mapping[str, Any], name: str) -> int:
    value = fields[name]
    if type(value) is not int or value < 0:
        raise TypeError(f"{name} is not an integer of 0 or more")
    return value


def _nothing(do: Callable[[], None]) -> Callable[[dict[str, Any]], bytes]:
    def respond(_: dict[str, Any]) -> bytes:
        do()
        return b"null"

    return respond


def _assertion(judge: Callable[..., None]) -> Callable[[dict[str, Any]], bytes]:
    def check(fields: dict[str, Any]) -> bytes:
        try:
            judge(**fields)
        except AssertionError as error:
            return json.dumps({"ok": False, "message": str(error)})
        return json.dumps({"ok": True})

    return check


# Items are written one by one: what nests as deeply as an item may cannot be written inside of something else.


def _array(members: Iterable[bytes]) -> bytes:
    return b"[%b]" % b",".join(members)


def _conversation(seen: StoredConversation) -> bytes:
    head = json.dumps({"id": seen.id, "metadata": seen.metadata, "deleted": seen.deleted})
    return b'%b,"items":%b}' % (head[:-1], _array(map(json.dumps, seen.items)))


def _orphan(orphan: Orphan) -> bytes:
    head = json.dumps({"id": orphan.id, "conversation_id": orphan.conversation_id})
    return b'%b,"item":%b}' % (head[:-1], orphan.body)


def _turn(turn: Turn) -> bytes:
    head = json.dumps({"number": turn.number, "model": turn.model, "instructions": turn.instructions})
    place = json.dumps({"conversation_id": turn.conversation_id, "tools": turn.tools})
    # Items can hold tools, too.
    rest = mask_body(b'{%b,"prompt":%b}' % (place[1:-1], _array(map(json.dumps, turn.prompt))))
    return b"%b,%b" % (head[:-1], rest[1:])


def _scripted(turns: Iterable[ScriptedTurn]) -> list[dict[str, Any]]:
    return [
        {
            "number": turn.number,
            "turn": str(turn),
            "used": turn.used,
            "held": turn.gate.is_closed,
            "client_left": turn.client_left,
        }
        for turn in turns
    ]


def _entry(entry: JournalEntry) -> dict[str, Any]:
    return {**attrs.asdict(entry), "body": entry.body.decode(errors="replace")}
