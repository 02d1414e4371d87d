"""
Writing a transcript as one HTML page that needs nothing else: no script, no font, no image from elsewhere.

What was said may be hostile. Three things stand against it, each enough by itself: the templates escape everything,
links and images pass :mod:`.safety`, and the page's own policy lets a browser run no script and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from openai_conversations.operations.archive.render.safety import printable, safe_image, safe_link
from openai_conversations.operations.archive.render.transcript import Transcript
from openai_conversations.operations.archive.render.values import time_text
from openai_conversations.operations.errors import MissingExtraError

if TYPE_CHECKING:
    from jinja2 import Environment
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markupsafe import Markup


def render_html(transcript: Transcript) -> str:
    """
    The page.

    Raises:
        MissingExtraError: Jinja2 or markdown-it-py is not installed.
    """
    templates = environment()
    style = templates.get_template("transcript.css").render()
    page = templates.get_template("transcript.html").render(
        transcript=transcript, style=style, style_hash=source_of(style)
    )
    return printable(page)


def source_of(text: str) -> str:
    """What the policy of a page lets pass: this style sheet, or this script, and no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """
    The templates of a transcript: ``entries.html`` has what other pages can show, too.

    Raises:
        MissingExtraError: Jinja2 or markdown-it-py is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markdown_it import MarkdownIt
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError(
            f'HTML needs {error.name}; install the extra "html", or: pip install jinja2 markdown-it-py', extra="html"
        ) from error
    templates = Environment(
        autoescape=True,
        loader=PackageLoader("openai_conversations.operations.archive.render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(_filters(MarkdownIt, Markup))
    return templates


def _filters(parser: type[MarkdownIt], markup: type[Markup]) -> Mapping[str, Callable[..., Any]]:
    answers = _prepared(parser("commonmark", {"html": False}).enable(["table", "strikethrough"]))
    # What people type is no Markdown: only the code that they quote is set apart.
    plain = _prepared(parser("zero", {"html": False, "breaks": True}).enable(["fence", "backticks", "newline"]))

    def answer(text: str) -> Markup:
        return markup(answers.render(text))

    def quoted(text: str) -> Markup:
        return markup(plain.render(text))

    return {"answer": answer, "plain": quoted, "safe_link": safe_link, "safe_image": safe_image, "day": _day}


def _day(seconds: object) -> str:
    return time_text(seconds, "%d %B %Y, %H:%M UTC")


def _prepared(parser: MarkdownIt) -> MarkdownIt:
    """With our links, and with images as links: a page that is opened must not tell anybody."""
    parser.validateLink = lambda url: bool(safe_link(url))  # type: ignore[method-assign]  # the documented way
    parser.add_render_rule("link_open", _link_open)
    parser.add_render_rule("image", _image)
    parser.add_render_rule("th_open", _cell)
    parser.add_render_rule("td_open", _cell)
    return parser


def _link_open(renderer: Any, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    return str(renderer.renderToken(tokens, index, options, env))


def _cell(renderer: Any, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    """The policy of the page lets no style stand at an element: a class says the same."""
    token = tokens[index]
    style = str(token.attrs.pop("style", ""))
    if style:
        token.attrSet("class", style.removeprefix("text-align:"))
    return str(renderer.renderToken(tokens, index, options, env))


def _image(renderer: Any, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    from markupsafe import escape

    token = tokens[index]
    name = renderer.renderInlineAsText(token.children or [], options, env) or "image"
    url = safe_link(str(token.attrGet("src") or ""))
    return f'<a href="{escape(url)}" rel="noopener noreferrer nofollow">{escape(name)}</a>'
