"""
Directives that write reference tables from the code, so that no table can say something else than the code.

``{item-table}`` lists every item type with its class and fields, ``{error-tree}`` draws the exceptions.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

import openai_conversations.schemas.items as item_module
from openai_conversations import errors


class Generated(Directive):
    """A directive whose content is Markdown written by a function."""

    write: Callable[[], Iterator[str]]

    def run(self) -> list[nodes.Node]:
        parent = nodes.Element()
        lines = list(type(self).write())
        self.state.nested_parse(StringList(lines, source="<generated>"), self.content_offset, parent)
        return parent.children


def item_table() -> Iterator[str]:
    """Every item type: its tag, its class, what it must have, what it may have."""
    yield "| `type` | class | always there | may be there |"
    yield "|---|---|---|---|"
    for tag, (_, name) in item_module.ITEM_MODULES.items():
        fields = [field for field in attrs.fields(getattr(item_module, name)) if field.name not in {"type", "extra"}]
        always = _names(field for field in fields if field.default is attrs.NOTHING)
        maybe = _names(field for field in fields if field.default is not attrs.NOTHING)
        yield f"| `{tag}` | {{py:class}}`~openai_conversations.{name}` | {always} | {maybe} |"


def _names(fields: Iterator[attrs.Attribute[Any]]) -> str:
    return ", ".join(f"`{field.name}`" for field in fields)


def error_tree() -> Iterator[str]:
    """The drawing at the top of the errors module."""
    drawing = (inspect.getdoc(errors) or "").split("\n\n")[1]
    yield "```"
    yield from textwrap.dedent(drawing).splitlines()
    yield "```"


def setup(app: Sphinx) -> dict[str, bool]:
    for name, write in (("item-table", item_table), ("error-tree", error_tree)):
        app.add_directive(name, type(name, (Generated,), {"write": staticmethod(write)}))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
