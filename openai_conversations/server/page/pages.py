"""What stands at each address of the page, and what its forms do. Loaded when somebody looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import attrs

from openai_conversations.converters import json
from openai_conversations.operations.archive.render.transcript import transcribe
from openai_conversations.server.faults.fault import OPERATION_IDS
from openai_conversations.server.http.errors import HTTPError, shorten
from openai_conversations.server.http.messages import ServerRequest, ServerResponse
from openai_conversations.server.inspection.controlled import Controlled
from openai_conversations.server.model.parse import load_script
from openai_conversations.server.page import rendering, views
from openai_conversations.server.page.addresses import PAGES, ROOT
from openai_conversations.server.page.feed import KEPT, Change, JournalView, Sleep, follow
from openai_conversations.server.page.forms import Fields, fault_line, read_form
from openai_conversations.server.rules.schema_dsl import is_array
from openai_conversations.storage.errors import DatabaseError

_ON_OVERVIEW = 8
_ON_A_PAGE = 100
_NO_FIELDS: Fields = {}


class Pages:
    """
    Answers what is asked for.

    Args:
        server: What is shown.
        token: Stands in every form, and nobody else can know it.
    """

    def __init__(self, server: Controlled, *, token: str) -> None:
        self._server = server
        self._token = token
        self._pages: Mapping[str, Callable[..., ServerResponse]] = {
            "": self._overview,
            "journal": self._journal,
            "requests/(?P<number>[0-9]{1,15})": self._request,
            "conversations": self._conversations,
            "conversations/(?P<id>[^/]+)": self._conversation,
            "faults": self._faults,
            "model": self._model,
        }
        self._forms: Mapping[str, Callable[[Fields], ServerResponse]] = {
            "faults": self._add_fault,
            "faults/remove": self._remove_fault,
            "faults/clear": self._clear_faults,
            "script": self._add_script,
            "script/clear": self._clear_script,
        }

    def respond(self, request: ServerRequest, sleep: Sleep) -> ServerResponse:
        """A page, what a form leads to, or the events of a page that is open."""
        path = request.path.removeprefix(PAGES if request.path != ROOT else ROOT)
        try:
            if request.method == "POST" and path in self._forms:
                return self._forms[path](read_form(request, self._token))
            return self._get(request, path, sleep)
        except HTTPError as error:
            return self._page("error.html", error.status, title=error.message)
        except DatabaseError as error:
            return self._page("error.html", 503, title=f"The database does not work: {error}")

    def _get(self, request: ServerRequest, path: str, sleep: Sleep) -> ServerResponse:
        if request.method != "GET":
            raise HTTPError(404, f"There is nothing to {shorten(request.method)} here.")
        if path == "events":
            live = _Live(self._server, JournalView(_last_seen(request)))
            return ServerResponse(content_type="text/event-stream", events=follow(live.look, sleep))
        skip = _number(request.query.get("skip", ("0",))[-1])
        for pattern, show in self._pages.items():
            if found := re.fullmatch(pattern, path):
                return show(skip, **found.groupdict())
        raise HTTPError(404, f"There is no page {shorten(request.path)}")

    def _page(self, template: str, status: int = 200, **values: Any) -> ServerResponse:
        return rendering.page(
            template, status, base_url=self._server.base_url, token=self._token, root=ROOT, pages=PAGES, **values
        )

    # what is shown

    def _overview(self, _: int) -> ServerResponse:
        return self._page("overview.html", title="Overview", **self._recent(), **panels(self._server))

    def _journal(self, _: int) -> ServerResponse:
        return self._page("journal.html", title="Journal", **self._recent())

    def _recent(self) -> dict[str, Any]:
        entries = self._server.requests
        return {"entries": entries[: -KEPT - 1 : -1], "count": len(entries), "kept": KEPT}

    def _request(self, _: int, number: str) -> ServerResponse:
        entry = next((each for each in self._server.requests if each.number == int(number)), None)
        if entry is None:
            raise HTTPError(404, f"Request {number} is not in the journal.")
        return self._page("request.html", title=f"Request {number}", entry=entry, body=views.body(entry.body))

    def _conversations(self, skip: int) -> ServerResponse:
        found, count = self._server.conversation_summaries(_ON_A_PAGE, skip)
        return self._page(
            "conversations.html",
            title="Conversations",
            conversations=[views.of_summary(each) for each in found],
            count=count,
            older=skip + _ON_A_PAGE if skip + _ON_A_PAGE < count else None,
            newer=max(0, skip - _ON_A_PAGE) if skip else None,
        )

    def _conversation(self, skip: int, id: str) -> ServerResponse:
        found = self._server.conversation(unquote(id))
        if found is None:
            raise HTTPError(404, f"There is no conversation {shorten(id)}")
        head = {"id": found.id, "created_at": found.created_at, "metadata": found.metadata}
        title = views.title(found.metadata, found.items[0] if found.items else None)
        transcript = transcribe(views.masked_items(found.items), head, title=title or None)
        entries = transcript.entries[skip : skip + _ON_A_PAGE]
        return self._page(
            "conversation.html",
            title=transcript.title,
            transcript=attrs.evolve(transcript, entries=entries),
            deleted=found.deleted,
            requests=[entry for entry in self._server.requests if entry.conversation_id == found.id][-_ON_OVERVIEW:],
            older=max(0, skip - _ON_A_PAGE) if skip else None,
            newer=skip + _ON_A_PAGE if skip + _ON_A_PAGE < len(transcript.entries) else None,
        )

    def _faults(self, _: int = 0, *, problem: str = "", fields: Fields = _NO_FIELDS) -> ServerResponse:
        return self._page(
            "faults.html",
            400 if problem else 200,
            title="Faults",
            problem=problem,
            fields=fields,
            faults=[views.of_fault(n, *each) for n, each in enumerate(self._server.faults)],
            kinds=views.fault_kinds(),
            operations=OPERATION_IDS,
        )

    def _model(self, _: int = 0, *, problem: str = "", fields: Fields = _NO_FIELDS) -> ServerResponse:
        model = self._server.model
        return self._page(
            "model.html",
            400 if problem else 200,
            title="Model",
            problem=problem,
            fields=fields,
            turns=views.of_script(model),
            has_function=model.responder is not None,
            speed=views.speed(model),
            seen=[views.of_turn(turn) for turn in model.seen[: -_ON_A_PAGE - 1 : -1]],
        )

    # what forms do

    def _add_fault(self, fields: Fields) -> ServerResponse:
        try:
            self._server.add_fault(fault_line(fields))
        except (ValueError, TypeError) as error:
            return self._faults(problem=str(error) or type(error).__name__, fields=fields)
        return _see("faults")

    def _remove_fault(self, fields: Fields) -> ServerResponse:
        faults = self._server.faults
        position = _number(fields.get("position", ""))
        if position >= len(faults) or faults[position][0].name != fields.get("fault"):
            raise HTTPError(409, "The faults have changed since this page was loaded. Load it again.")
        self._server.remove_fault(faults[position][0])
        return _see("faults")

    def _clear_faults(self, _: Fields) -> ServerResponse:
        self._server.clear_faults()
        return _see("faults")

    def _add_script(self, fields: Fields) -> ServerResponse:
        text = fields.get("turn", "")
        try:
            turns = json.loads(text.encode()) if text.lstrip().startswith(("[", "{")) else text
            load_script(self._server.model, turns if is_array(turns) else [turns])
        except (ValueError, TypeError) as error:
            return self._model(problem=str(error) or type(error).__name__, fields=fields)
        return _see("model")

    def _clear_script(self, _: Fields) -> ServerResponse:
        self._server.model.clear()
        return _see("model")


def panels(server: Controlled) -> dict[str, Any]:
    """What stands beside the journal."""
    from openai_conversations.server.page import views

    found, count = server.conversation_summaries(_ON_OVERVIEW)
    return {
        "conversations": [views.of_summary(each) for each in found],
        "conversation_count": count,
        "faults": [views.of_fault(n, *each) for n, each in enumerate(server.faults)],
        "turns": [turn for turn in views.of_script(server.model) if turn.when or not turn.used],
        "has_function": server.model.responder is not None,
        "speed": views.speed(server.model),
    }


class _Live:
    """
    What one page that is open has been told.

    Args:
        server: What is shown.
        view: What it has seen of the journal.
    """

    def __init__(self, server: Controlled, view: JournalView) -> None:
        self._server = server
        self._view = view
        self._panels = ""

    def look(self) -> Iterator[Change]:
        """What has changed since the page was told last."""
        is_new, changed = self._view.news(self._server.requests)
        number = self._view.seen
        if is_new:
            yield Change(name="reset", data="", number=number)
        if changed:
            yield Change(
                name="rows", data=rendering.fragment("rows.html", entries=changed[::-1], pages=PAGES), number=number
            )
        shown = self._beside()
        if shown != self._panels:
            self._panels = shown
            yield Change(name="panels", data=shown, number=number)

    def _beside(self) -> str:
        try:
            return rendering.fragment("panels.html", pages=PAGES, **panels(self._server))
        except DatabaseError:
            return self._panels


def _see(page: str) -> ServerResponse:
    """To be looked at with GET: reloading the page sends nothing again."""
    return ServerResponse(status=303, content_type="text/plain", headers={"location": f"{PAGES}{page}"})


def _last_seen(request: ServerRequest) -> int:
    told = request.headers.get("last-event-id", "")
    return _number(told or request.query.get("seen", ("0",))[-1])


def _number(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else 0
