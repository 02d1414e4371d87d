"""
Long paths, URLs and calls in tables may be broken behind the signs that part them, so that a table fits its page.

Names of Python and of variables are never broken: they have none of these signs.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

_CELL = re.compile(r"<td.*?</td>", re.DOTALL)
_CODE = re.compile(r'(?<=<span class="pre">)[^<]{20,}')
_SIGN = re.compile(r"[/?=,(.]+(?=[^/?=,(.)])")


def let_break(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:  # noqa: ARG001
    """Put a place to break behind each sign, in the body of a page."""
    if "body" in context:
        context["body"] = _CELL.sub(lambda cell: _CODE.sub(_with_breaks, cell[0]), context["body"])


def _with_breaks(code: re.Match[str]) -> str:
    return _SIGN.sub(lambda sign: f"{sign[0]}<wbr>", code[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", let_break)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
