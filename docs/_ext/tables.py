"""
Reference pages written from the code, so that no page can say something else than the code.

Directives: ``{item-table}`` lists every item type with its class and fields, ``{event-table}`` every event,
``{error-tree}`` draws the exceptions, ``{classes}`` documents all public classes of a module, or of a kind.

Every public class is documented under the name by which users import it. References may use its bare name, or the name
of the module that defines it; both lead there. A public name that no page documents is a warning.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import openai_conversations
import openai_conversations.schemas.items as item_module
import openai_conversations.schemas.responses.events as event_module
from openai_conversations import errors

_IN_EVERY_EVENT = {"type", "extra", "sequence_number", "obfuscation"}

NAPOLEON = Config(napoleon_google_docstring=True, napoleon_numpy_docstring=False)

logger = logging.getLogger(__name__)


class Generated(SphinxDirective):
    """A directive whose content is Markdown that a function writes, given the directive's argument."""

    optional_arguments = 1
    write: Callable[[str], Iterator[str]]

    def run(self) -> list[nodes.Node]:
        parent = nodes.Element()
        lines = list(type(self).write("".join(self.arguments)))
        self.state.nested_parse(StringList(lines, source="<generated>"), self.content_offset, parent)
        return parent.children


def item_table(_: str) -> Iterator[str]:
    """Every item type: its tag, its class, what it must have, what it may have."""
    yield "| `type` | class | always there | may be there |"
    yield "|---|---|---|---|"
    for tag, name in item_module.ITEM_CLASSES.items():
        fields = [f for f in attrs.fields(getattr(item_module, name)) if f.name not in {"id", "type", "extra"}]
        always = _names(f for f in fields if f.default is attrs.NOTHING)
        maybe = _names(f for f in fields if f.default is not attrs.NOTHING)
        yield f"| `{tag}` | {{py:class}}`~openai_conversations.{name}` | {always} | {maybe} |"


def event_table(_: str) -> Iterator[str]:
    """Every event type: its tag, its class, and what it has besides its number."""
    yield "| `type` | class | members |"
    yield "|---|---|---|"
    for tag, name in event_module.EVENT_CLASSES.items():
        fields = [f for f in attrs.fields(getattr(event_module, name)) if f.name not in _IN_EVERY_EVENT]
        yield f"| `{tag}` | {{py:class}}`~openai_conversations.{name}` | {_names(iter(fields))} |"


def _names(fields: Iterator[attrs.Attribute[Any]]) -> str:
    return ", ".join(f"`{field.name}`" for field in fields)


def error_tree(where: str) -> Iterator[str]:
    """The drawing at the top of a module of errors; the argument says which, if it is not the first."""
    module = importlib.import_module(where) if where else errors
    drawing = (inspect.getdoc(module) or "").split("\n\n")[1]
    yield "```"
    yield from textwrap.dedent(drawing).splitlines()
    yield "```"


def classes(where: str) -> Iterator[str]:
    """``errors``: the exceptions; ``items``: the items; a module's name: the classes that only that module gives."""
    if where == "errors":
        kinds = [getattr(openai_conversations, name) for name in openai_conversations.__all__]
        found = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, errors.ConversationsError)]
        names = list(dict.fromkeys(f"openai_conversations.{kind.__name__}" for kind in found))  # some have two names
    elif where == "items":
        names = [f"openai_conversations.{name}" for name in item_module.ITEM_CLASSES.values()]
    else:
        module = importlib.import_module(where)
        items = set(item_module.ITEM_CLASSES.values())
        own = [name for name in dir(module) if name not in items and _is_class_of(module, name)]
        names = [f"{'openai_conversations' if _is_public(getattr(module, name)) else where}.{name}" for name in own]
    for name in names:
        yield from ("```{eval-rst}", f".. autoclass:: {name}", "   :members:", "   :show-inheritance:", "```", "")


def _is_public(value: type) -> bool:
    """Whether users import a class from the package itself; another class may have its name there."""
    return getattr(openai_conversations, value.__name__, None) is value


@cache
def defined_names() -> frozenset[str]:
    """Every name that a module of ours defines at its top level, exported or not."""
    package = Path(openai_conversations.__path__[0])
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in package.rglob("*.py"))
    return frozenset(name for tree in trees for node in tree.body for name in _defined(node))


def _defined(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            pass


def _is_class_of(module: ModuleType, name: str) -> bool:
    """Whether this is a class of a module or package, and neither one that it imports nor another name of one."""
    value = getattr(module, name)
    return isinstance(value, type) and value.__name__ == name and value.__module__.startswith(module.__name__)


def find_by_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Node) -> nodes.Node | None:
    """
    Resolve a reference to one of our objects by the last part of its name.

    What is ours but has no place in the reference, such as the alias in an annotation, is shown without a link.
    """
    if node.get("refdomain") != "py":
        return None
    last = node["reftarget"].rpartition(".")[2]
    objects = env.domains.python_domain.objects
    entry = next((entry for name, entry in objects.items() if name.rpartition(".")[2] == last), None)
    if entry is None:
        return contnode if last in defined_names() else None
    reference = nodes.reference("", "", contnode, internal=True)
    reference["refuri"] = f"{app.builder.get_relative_uri(node['refdoc'], entry.docname)}#{entry.node_id}"
    return reference


def warn_of_undocumented(_: Sphinx, env: BuildEnvironment) -> None:
    """Every public name has its place in the reference."""
    documented = {name.removeprefix("openai_conversations.") for name in env.domains.python_domain.objects}
    for name in sorted(set(openai_conversations.__all__) - documented - {"__version__"}):
        logger.warning("the public name %s is documented nowhere", name)


def google_sections(  # noqa: PLR0917  # Sphinx passes them so
    app: Sphinx, what: Any, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Google sections in docstrings, but not in those of attributes, where napoleon takes ``a: b`` for a type."""
    if what not in {"attribute", "data", "property"}:
        lines[:] = GoogleDocstring(lines, NAPOLEON, app, what, name, obj, options).lines()


_DIRECTIVES = (
    ("item-table", item_table),
    ("event-table", event_table),
    ("error-tree", error_tree),
    ("classes", classes),
)


def setup(app: Sphinx) -> dict[str, bool]:
    for name, write in _DIRECTIVES:
        app.add_directive(name, type(name, (Generated,), {"write": staticmethod(write)}))
    app.connect("autodoc-process-docstring", google_sections)
    app.connect("missing-reference", find_by_name)
    app.connect("env-check-consistency", warn_of_undocumented)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
