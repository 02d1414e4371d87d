"""
Who may import whom: the table of layers, held, and no two files that import each other.

Every import counts: at the top of a module, inside a function, under ``TYPE_CHECKING``.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import attrs
import pytest

PACKAGE = "openai_conversations"
ROOT = Path(__file__).parent.parent / PACKAGE
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
ANYTHING = None


@attrs.frozen(kw_only=True)
class Rule:
    """
    What a package or a module may import; ``ANYTHING`` for no limit.

    A package may always import itself: what stands in a row of the server, that row, everything else its whole package.
    """

    ours: frozenset[str] | None
    others: frozenset[str] | None


def _rule(ours: str | None, others: str | None) -> Rule:
    return Rule(
        ours=None if ours is None else frozenset(ours.split()),
        others=None if others is None else frozenset(others.split()),
    )


# What needs nothing of ours: errors, numbers, types of JSON, encodings of files, how names are loaded when asked for.
BASE = (
    "addresses azure_addresses checks errors error_bodies headers jsontypes lazy limits no_proxy text_encoding version"
)
# The values that travel through the chain, and none of the code that makes attempts.
VALUES = "transport.message transport.runtime"
WRITING = f"{BASE} settings schemas api {VALUES}"
# Below what the server's model and faults do: requests and responses, what is stored, what is written down of them.
ENGINE = "converters.json lazy storage server.http server.journal server.profiles server.storage"
CORE = f"{BASE} settings schemas transport converters api writing operations bulk middlewares resources storage"

# Package or module → what it may import of ours, what of other people's. The longest matching name counts.
TABLE = {
    "": _rule(f"{CORE} client", "attrs"),
    "addresses": _rule("checks errors", ""),
    "azure_addresses": _rule("addresses errors", ""),
    "checks": _rule("errors", "attrs"),
    "headers": _rule("errors", ""),
    "errors": _rule("error_bodies limits", "attrs"),
    "error_bodies": _rule("", "attrs"),
    "jsontypes": _rule("", ""),
    "no_proxy": _rule("", ""),
    "lazy": _rule("", ""),
    "limits": _rule("", "attrs"),
    "text_encoding": _rule("", ""),
    "version": _rule("", ""),
    "schemas": _rule("jsontypes lazy limits", "attrs"),
    "settings": _rule(BASE, "attrs"),
    "transport": _rule(f"{BASE} settings", "attrs multidict yarl"),
    "transport.session": _rule(f"{BASE} settings", "aiohttp attrs multidict yarl"),
    "converters": _rule(f"{BASE} schemas", "attrs cattrs orjson"),
    "api": _rule(f"{BASE} settings schemas converters {VALUES}", "attrs"),
    "storage": _rule(BASE, "attrs"),
    "writing": _rule(WRITING, "attrs"),
    # The reconcile middleware stands right above the retry middleware: it reads the attempts that one leaves and shares
    # its policy and its budget.
    # What a rollback, or a deletion that is tried again, is told of what is gone.
    "writing.chunks": _rule(f"{WRITING} transport.status", "attrs"),
    "writing.deletions": _rule(f"{WRITING} transport.status", "attrs"),
    "writing.outcomes": _rule(f"{WRITING} transport.status", "attrs"),
    "writing.lookup": _rule(f"{WRITING} transport", "attrs"),
    "writing.reconcile": _rule(f"{WRITING} transport", "attrs"),
    "writing.turns": _rule(f"{WRITING} transport", "attrs"),
    "writing.write_order": _rule(f"{WRITING} transport.policy transport.retry", "attrs"),
    "operations": _rule(f"{BASE} schemas converters.json converters.lossless converters.outgoing api writing", "attrs"),
    # Whether a 404 is the API's own word is said in one place.
    "operations.deleting": _rule(f"{BASE} transport.message transport.status", "attrs"),
    "operations.erase": _rule(f"{BASE} schemas api operations transport.message transport.status", "attrs"),
    # The extra `html`.
    "operations.archive.render.html": _rule(BASE, "attrs jinja2 markdown_it markupsafe"),
    "operations.archive.render.safety": _rule(BASE, "attrs jinja2 markdown_it markupsafe"),
    "bulk": _rule(f"{BASE} operations api storage", "attrs"),
    # What a function's parameters and results are to the model.
    "operations.turns": _rule(
        f"{BASE} schemas converters.errors converters.structured api writing operations", "attrs"
    ),
    "operations.repair": _rule(
        f"{BASE} schemas converters.json converters.lossless converters.outgoing api writing operations "
        "transport.message",
        "attrs",
    ),
    "middlewares": _rule(f"{BASE} operations api storage transport.message transport.status", "attrs"),
    # What a registry is given to track is what a bulk run is given: ids, or a file of them.
    "middlewares.registry": _rule(f"{BASE} middlewares bulk.ids storage transport.message transport.status", "attrs"),
    "resources": _rule(
        f"{BASE} settings schemas converters api writing operations transport.message transport.runtime", "attrs"
    ),
    "client": _rule(CORE, "aiohttp attrs"),
    # The modules that stand beside the packages of the server put them together, but for those with rows of their own.
    "server": _rule("converters.json lazy storage version", "aiohttp attrs"),
    "server.profiles": _rule("", "attrs"),
    "server.http": _rule("converters.json server.profiles version", "aiohttp attrs"),
    "server.journal": _rule("server.http", "attrs"),
    "server.storage": _rule("storage", "attrs"),
    "server.rules": _rule("converters.json server.http server.profiles server.storage", "attrs"),
    "server.model": _rule(f"{ENGINE} server.rules", "attrs"),
    "server.recording": _rule("converters.json server.http server.model server.rules server.thread", "aiohttp attrs"),
    "server.processing": _rule(f"{ENGINE} server.model server.rules", "attrs"),
    "server.faults": _rule(f"{ENGINE} server.model server.processing server.rules", "attrs"),
    "server.inspection": _rule(f"{ENGINE} server.faults server.model server.rules", "attrs"),
    # A conversation is shown as it is in an export; what it is for people says nothing of what the server does.
    "server.page": _rule(
        f"{ENGINE} server.faults server.inspection server.model server.rules "
        "operations.archive.render operations.errors",
        "attrs jinja2 markupsafe",
    ),
    "integrations": _rule(ANYTHING, ANYTHING),
    "testing": _rule(ANYTHING, ANYTHING),
    "cli": _rule(ANYTHING, ANYTHING),
    "__main__": _rule("cli", ""),
}

# Inside the schemas: items → contents and tools → what they share.
NEVER = {
    "schemas.content": ("schemas.items", "schemas.tools"),
    "schemas.tools": ("schemas.items",),
    "schemas.base": ("schemas",),
}


def _row_of(module: str) -> str:
    """The longest name of the table that a module of ours is in."""
    inner = module.removeprefix(PACKAGE).removeprefix(".")
    return max((row for row in TABLE if inside(inner, row)), key=len)


def inside(name: str, package: str) -> bool:
    return package in {"", name} or name.startswith(f"{package}.")


@cache
def _imports(module: str) -> frozenset[str]:
    """Absolute names of the modules that a module of ours imports."""
    return frozenset(_imported(module))


def _imported(module: str) -> Iterator[str]:
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


def ours(module: str) -> list[str]:
    """What a module of ours imports of ours, without the name of the package."""
    names = (name for name in sorted(_imports(module)) if name == PACKAGE or name.startswith(f"{PACKAGE}."))
    return [name.removeprefix(PACKAGE).removeprefix(".") for name in names]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_of_ours(module):
    """A module imports only its own package and what the table allows."""
    row = _row_of(module)
    allowed = TABLE[row].ours
    if allowed is ANYTHING:
        return
    own = row if inside(row, "server") else row.partition(".")[0] or "-"

    assert [] == [name for name in ours(module) if not any(inside(name, each) for each in allowed | {own})]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_of_others(module):
    """Aiohttp lives in transport/session.py, cattrs and orjson in converters/, everything else in the extras."""
    allowed = TABLE[_row_of(module)].others
    if allowed is ANYTHING:
        return
    tops = {name.partition(".")[0] for name in _imports(module)} - {PACKAGE} - sys.stdlib_module_names

    assert set() == tops - allowed


@pytest.mark.parametrize("module", sorted(MODULES))
def test_schemas_go_down(module):
    """Items stand on contents and tools, those on what they share; never the other way."""
    inner = module.removeprefix(f"{PACKAGE}.")
    above = [package for part, packages in NEVER.items() if inside(inner, part) for package in packages]

    assert [] == [name for name in ours(module) if any(inside(name, package) for package in above)]


def test_rows_of_the_table():
    """Every row of the table is about something that is there, and names only what is there."""
    named = {name for row, rule in TABLE.items() for name in (row, *(rule.ours or ()))} - {""}

    assert set() == {name for name in named if f"{PACKAGE}.{name}" not in MODULES}


def test_integrations_are_imported_by_nobody():
    """What stands on other people's libraries is loaded by who asks for it, and by nothing of ours."""
    others = [module for module in MODULES if not inside(module, f"{PACKAGE}.integrations")]

    assert [] == [module for module in others if any(inside(name, "integrations") for name in ours(module))]


def test_no_circles():
    """No file imports one that, by however many others, imports it: not inside a function, nor for its types only."""
    assert [] == list(_circles())


def _circles() -> Iterator[list[str]]:
    """Each import that closes a circle, with the way back."""
    for module in sorted(MODULES):
        for imported in sorted(_imports(module) & MODULES.keys() - {module}):
            if way := _way(imported, module):
                yield [module, *way]


def _way(start: str, end: str) -> list[str]:
    """The shortest way by imports from one module to another; empty when there is none."""
    ways, seen = [[start]], {start}
    for way in ways:
        if way[-1] == end:
            return way
        for name in sorted(_imports(way[-1]) & MODULES.keys() - seen):
            seen.add(name)
            ways.append([*way, name])
    return []
