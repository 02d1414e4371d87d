"""
Templates, and the policy of every page.

What is stored and what was sent may be hostile. The templates escape everything, and the policy lets a browser run our
own script and no other, load nothing from elsewhere, and send forms to this server only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openai_conversations.operations.archive.render import html
from openai_conversations.operations.archive.render.safety import printable
from openai_conversations.server.http.messages import ServerResponse
from openai_conversations.server.page import views

if TYPE_CHECKING:
    from jinja2 import Environment

HEADERS: Mapping[str, str] = {
    "cross-origin-opener-policy": "same-origin",
    # Not `no-referrer`: with it browsers say `null` for the origin of a form.
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}


def page(template: str, status: int = 200, **values: Any) -> ServerResponse:
    """
    A whole page.

    Raises:
        MissingExtraError: What it needs is not installed.
    """
    style, script, policy = assets()
    text = templates().get_template(template).render(style=style, script=script, **values)
    return ServerResponse(
        status=status,
        body=printable(text).encode(),
        content_type="text/html",
        headers={**HEADERS, "content-security-policy": policy},
    )


def fragment(template: str, **values: Any) -> str:
    """A piece of a page."""
    return printable(templates().get_template(template).render(**values)).strip()


@lru_cache(maxsize=1)
def templates() -> Environment:
    """
    Our templates, and those of transcripts.

    Raises:
        MissingExtraError: Jinja2 or markdown-it-py is not installed.
    """
    transcripts = html.environment()  # it says what is missing
    from jinja2 import ChoiceLoader, PackageLoader

    ours = PackageLoader("openai_conversations.server.page")
    environment = transcripts.overlay(loader=ChoiceLoader([ours, *filter(None, [transcripts.loader])]))
    # The table of filters is shared with what it lies over: ours must not get in there.
    environment.filters = {
        **transcripts.filters,
        "clock": views.clock,
        "outcome": views.outcome,
        "duration": views.duration,
        "moment": views.moment,
    }
    return environment


@lru_cache(maxsize=1)
def assets() -> tuple[str, str, str]:
    """The style sheet, the script, and the policy that lets these pass and nothing else."""
    texts = [templates().get_template(name).render() for name in ("transcript.css", "page.css", "live.js")]
    style, script = texts[0] + texts[1], texts[2]
    policy = (
        f"default-src 'none'; img-src data:; style-src '{html.source_of(style)}'; "
        f"script-src '{html.source_of(script)}'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return style, script, policy
