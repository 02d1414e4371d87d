"""
Every example of README.md and docs/ runs against the embedded server.

The ``python`` blocks of a page run in order, in one namespace, and may await at the top level.
A ``text`` block says what the block before it prints; ``...`` stands for anything.

A reader has no key. A page that needs one says before its first block how to do without, and only then do its blocks
find the embedded server in the environment.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import logging
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.document import Document
from sybil.parsers import myst

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Session:
    """What a reader who types the examples of one page has in front of them."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._printed = ""

    def run(self, example: Example) -> None:
        """Run a block; the lines of a traceback are those of the page."""
        source = "\n" * (example.line + example.parsed.line_offset) + example.parsed
        code = compile(source, example.path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            pending = eval(code, example.namespace)  # noqa: S307  # our own pages
            if inspect.iscoroutine(pending):
                self._runner.run(pending)
        self._printed = printed.getvalue()

    def compare(self, example: Example) -> None:
        """Hold what was printed against what the page says."""
        if not doctest.OutputChecker().check_output(example.parsed, self._printed, doctest.ELLIPSIS):
            pytest.fail(f"{example.path}:{example.line} says\n{example.parsed}\nbut this is printed:\n{self._printed}")


def _parse(page: Path, session: Session) -> Document:
    parsers = [
        myst.CodeBlockParser("python", session.run),
        myst.CodeBlockParser("text", session.compare),
        myst.SkipParser(),
    ]
    return Sybil(parsers).parse(page)


@pytest.fixture(autouse=True)
def _log_level():
    """A page may show how to set it; the tests after it must not notice."""
    logger = logging.getLogger("openai_conversations")
    level = logger.level
    yield
    logger.setLevel(level)


def _says_what_to_export(page: Path) -> bool:
    before, _, _ = page.read_text(encoding="utf-8").partition("```python")
    return "openai-conversations serve" in before and "export" in before


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples(page, monkeypatch, tmp_path, request):
    """A page's examples run for a reader who has no key and does what the page says, and print what it says."""
    monkeypatch.chdir(tmp_path)
    if _says_what_to_export(page):
        request.getfixturevalue("conversations_environment")
    with asyncio.Runner() as runner:
        document = _parse(page, Session(runner))
        document.namespace["__name__"] = "__main__"
        for example in document.examples():
            example.evaluate()
