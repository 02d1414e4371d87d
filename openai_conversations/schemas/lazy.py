"""Serve the names of a package, importing the module of a name when it is first asked for (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any


def lazy_names(package: str, table: Iterable[tuple[str, tuple[str, ...]]]) -> Callable[[str], Any]:
    """
    Make a module's ``__getattr__``.

    Args:
        package: The package's ``__name__``.
        table: Each module inside *package*, and the names that it defines.
    """
    modules = {name: module for module, names in table for name in names}

    def find(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return find
