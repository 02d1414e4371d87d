"""The page for browsers at ``/_control/``; what it is made of is loaded when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai_conversations.operations.errors import MissingExtraError
from openai_conversations.server.http.messages import ServerRequest, ServerResponse
from openai_conversations.server.inspection.controlled import Controlled
from openai_conversations.server.page.addresses import PAGES, ROOT
from openai_conversations.server.page.feed import Sleep

if TYPE_CHECKING:
    from openai_conversations.server.page.pages import Pages


class Page:
    """
    Shows the server to people.

    Args:
        server: What is shown.
        token: Stands in every form, and nobody else can know it.
    """

    def __init__(self, server: Controlled, *, token: str) -> None:
        self._server = server
        self._token = token
        self._loaded: Pages | None = None

    def owns(self, path: str) -> bool:
        """Whether a request is for a page or a form."""
        return path in (ROOT, ROOT.rstrip("/")) or path.startswith(PAGES)

    def respond(self, request: ServerRequest, sleep: Sleep) -> ServerResponse:
        """
        A page, what a form leads to, or the events of a page that is open.

        Args:
            request: It was let in by :func:`.origin.check_source`.
            sleep: Waits so many seconds, or until the client is gone.
        """
        if request.path == ROOT.rstrip("/"):
            return ServerResponse(status=307, content_type="text/plain", headers={"location": ROOT})
        try:
            return self._pages().respond(request, sleep)
        except MissingExtraError as error:
            return ServerResponse(status=501, body=f"{error}\n".encode(), content_type="text/plain")

    def _pages(self) -> Pages:
        if self._loaded is None:
            from openai_conversations.server.page.pages import Pages

            self._loaded = Pages(self._server, token=self._token)
        return self._loaded
