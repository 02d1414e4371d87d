"""
Read the ``python`` blocks of README.md and the documentation with mypy, strict, as a reader's editor does.

    python docs/_scripts/check_types.py [PAGE ...]

The blocks of a page are one module, in which each statement stands on its line of the page. When a block awaits at the
top level, the module is a coroutine function.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What a page may do and a program should not: use a name again for something else, and leave out what the reader
# knows, such as the annotations of a handler or which of the item types it is.
ALLOWED = ("no-redef", "misc", "no-untyped-def", "no-untyped-call", "type-arg", "untyped-decorator", "import-untyped")

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def module_of(page: Path) -> str:
    """The blocks of a page as one module; with ``await`` at the top level it is a coroutine function."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * (text.count("\n") + 2)
    blocks = list(_BLOCK.finditer(text))
    awaits = any(_awaits(ast.parse(block[1])) for block in blocks)
    for block in blocks:
        first = text.count("\n", 0, block.start(1))
        source = block[1].splitlines()
        lines[first : first + len(source)] = [f" {line}" if line and awaits else line for line in source]
    return "\n".join([*(["async def page() -> None:"] if awaits else []), *lines[1 if awaits else 0 :], ""])


def _awaits(tree: ast.Module) -> bool:
    """Whether anything awaits outside of a function."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def pages(names: list[str]) -> Iterator[Path]:
    """The pages that are named, else all with a block."""
    found = [Path(name).resolve() for name in names] or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    yield from (page for page in found if _BLOCK.search(page.read_text(encoding="utf-8")))


def main() -> int:
    """Write the modules, run mypy on them, and say each error with its page."""
    with tempfile.TemporaryDirectory() as folder:
        names = {}
        for page in pages(sys.argv[1:]):
            name = page.relative_to(ROOT).as_posix()
            file = Path(folder) / f"{re.sub(r'[^a-z]', '_', name.lower())}.py"
            file.write_text(module_of(page), encoding="utf-8")
            names[file.name] = name
        allowed = [f"--disable-error-code={code}" for code in ALLOWED]
        command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--allow-redefinition", *allowed, *names]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    said = re.sub(r"^([a-z_]+\.py)", lambda found: names.get(found[1], found[1]), done.stdout, flags=re.MULTILINE)
    sys.stdout.write(said + done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
