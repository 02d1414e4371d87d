"""
Who may import whom: the table of the design, held.

Every import counts: at the top of a module, inside a function, under ``TYPE_CHECKING``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

PACKAGE = "openai_conversations"
ROOT = Path(__file__).parent.parent / PACKAGE
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
CORE = frozenset({"errors", "settings", "schemas", "transport", "converters", "operations", "resources", "client"})
ANYTHING = None


@attrs.frozen(kw_only=True)
class Rule:
    """What a room may import; ``ANYTHING`` for no limit. A room may always import itself."""

    ours: frozenset[str] | None
    others: frozenset[str] | None


def _rule(ours: str | None, others: str | None) -> Rule:
    return Rule(
        ours=None if ours is None else frozenset(ours.split()),
        others=None if others is None else frozenset(others.split()),
    )


# Room → what it may import of ours, what of other people's. The longest matching name is the one that counts.
TABLE = {
    "": _rule(" ".join(CORE), ""),
    "errors": _rule("", "attrs"),
    "settings": _rule("errors", "attrs"),
    "schemas": _rule("", "attrs"),
    "transport": _rule("errors settings", "attrs multidict yarl"),
    "transport.session": _rule("errors settings", "aiohttp attrs multidict yarl"),
    "converters": _rule("errors schemas", "attrs cattrs orjson"),
    "operations": _rule("errors schemas", "attrs"),
    "operations.archive.html": _rule("errors schemas", "attrs jinja2 markdown_it markupsafe"),  # the extra `html`
    "resources": _rule("converters errors operations schemas settings transport.message", "attrs"),
    # Whose turn it is to append, and what an answer is read with: the core hands both to the methods.
    "resources.core": _rule("converters errors operations schemas settings transport.message transport.order", "attrs"),
    "client": _rule(" ".join(CORE), "aiohttp attrs"),
    "server": _rule("converters errors schemas", "aiohttp attrs"),
    "integrations": _rule(ANYTHING, ANYTHING),
    "testing": _rule(ANYTHING, ANYTHING),
    "cli": _rule(ANYTHING, ANYTHING),
}

# Inside the schemas: items → contents and tools → what they share.
NEVER = {
    "schemas.content": ("schemas.items", "schemas.tools"),
    "schemas.tools": ("schemas.items",),
    "schemas.base": ("schemas",),
}


def _room_of(module: str) -> str:
    """The longest name of the table that a module of ours is in."""
    inner = module.removeprefix(PACKAGE).removeprefix(".")
    return max((room for room in TABLE if _inside(inner, room)), key=len)


def _inside(name: str, room: str) -> bool:
    return room in {"", name} or name.startswith(f"{room}.")


def _imports(module: str) -> Iterator[str]:
    """Absolute names of the modules that a module of ours imports."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(module, node)
            yield from (_module_or_its_member(source, alias.name) for alias in node.names)


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


def _module_or_its_member(source: str, name: str) -> str:
    return f"{source}.{name}" if f"{source}.{name}" in MODULES else source


def _ours(module: str) -> Iterator[str]:
    for name in _imports(module):
        if name == PACKAGE or name.startswith(f"{PACKAGE}."):
            yield name.removeprefix(PACKAGE).removeprefix(".")


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_of_ours(module):
    """A module imports only its own room and the rooms below it."""
    room = _room_of(module)
    allowed = TABLE[room].ours
    if allowed is ANYTHING:
        return
    wrong = [
        name
        for name in _ours(module)
        if name and not any(_inside(name, r) for r in allowed | {room.partition(".")[0] or "-"})
    ]

    assert [] == wrong


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_of_others(module):
    """Aiohttp lives in transport/session.py, cattrs and orjson in converters/, everything else in the extras."""
    allowed = TABLE[_room_of(module)].others
    if allowed is ANYTHING:
        return
    tops = {name.partition(".")[0] for name in _imports(module)} - {PACKAGE} - sys.stdlib_module_names

    assert set() == tops - allowed


@pytest.mark.parametrize("module", sorted(MODULES))
def test_schemas_go_down(module):
    """Items stand on contents and tools, those on what they share; never the other way."""
    inner = module.removeprefix(f"{PACKAGE}.")
    above = [room for part, rooms in NEVER.items() if _inside(inner, part) for room in rooms]
    wrong = [name for name in _ours(module) if any(_inside(name, room) for room in above)]

    assert [] == wrong
