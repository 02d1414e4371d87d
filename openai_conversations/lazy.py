"""
Names of a package that are loaded when they are first used (PEP 562).

Such a package says once what it exports: in import statements under ``if TYPE_CHECKING``, where type checkers, editors
and tools that freeze programs look. The same statements tell at run time where a name comes from: they are carried out
once more, with an ``__import__`` that takes notes instead of importing.

To be replaced by ``lazy from … import …`` (PEP 810) when Python 3.15 is the oldest version.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

_PROVIDERS: dict[str, str] = {}


def provide(what: str, module: str) -> None:
    """
    Say which module does something that a layer below it asks for by name.

    Said once, where the parts of the package come together; the module is imported when it is first asked for.
    """
    _PROVIDERS[what] = module


def provided(what: str) -> ModuleType:
    """The module that does something; see :func:`provide`."""
    return import_module(_PROVIDERS[what])


def lazy_imports() -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` for the package that calls this."""
    # The code of the caller and not what its loader could read again: pytest's loader cannot, others need a file.
    caller = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # as the standard library does it
    code, namespace = caller.f_code, caller.f_globals
    package: str = namespace["__name__"]
    modules = cache(lambda: _noted_imports(code))

    def find(name: str) -> Any:
        if name == "__all__":
            return sorted(modules())
        if name not in modules():
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        namespace[name] = value = getattr(import_module(modules()[name]), name)
        return value

    return find, lambda: sorted({*namespace, *modules()})


def _noted_imports(code: CodeType) -> dict[str, str]:
    """Each name that a module imports from ours when ``TYPE_CHECKING`` is true → the module that has it."""
    noted: dict[str, str] = {}

    def note(module: str, *how: Any) -> Any:
        if module == "typing":
            return SimpleNamespace(TYPE_CHECKING=True)
        if not module.startswith("openai_conversations."):  # __future__, and what pytest adds to modules
            return __import__(module, *how)
        names = how[2]
        noted.update(dict.fromkeys(names, module))
        return SimpleNamespace(**dict.fromkeys(names, Any))  # anything that can stand in a union

    exec(code, {"__builtins__": {**vars(builtins), "__import__": note}})  # noqa: S102  # the caller's own code
    return noted
