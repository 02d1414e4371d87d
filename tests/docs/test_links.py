"""Every link leads somewhere: to a file of the repository, to a heading in it, and from a package index too."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BASE = f"{PROJECT['project']['urls']['Source']}/blob/main/"
PARSER = MarkdownIt("commonmark").enable("table")
INCLUDED = re.compile(r"^```\{literalinclude\} (\S+)$", re.MULTILINE)
LINKED = re.compile(r"^.*\]\((\S+)\):\n\n```\{literalinclude\} \1$", re.MULTILINE)
ROLE = re.compile(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def targets(text: str) -> Iterator[str]:
    """Where the links and images of a page lead."""
    for token in _inner(PARSER.parse(text)):
        if found := token.attrGet("href") or token.attrGet("src"):
            yield str(found)


def _inner(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _inner(token.children or [])


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names of a page's headings, as code hosts and MyST make them."""
    tokens = PARSER.parse(page.read_text(encoding="utf-8"))
    titles = [after.content for token, after in itertools.pairwise(tokens) if token.type == "heading_open"]
    return frozenset(re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles)


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a relative target is a file, and its anchor a heading of it."""
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.is_file() and file.is_relative_to(ROOT) and (not anchor or anchor in anchors(file))


def is_elsewhere(target: str) -> bool:
    return re.match(r"[a-z]+:", target) is not None


@every_page
def test_links(page):
    """A link to something of ours leads to a file that is there, and to a heading in it."""
    text = page.read_text(encoding="utf-8")

    assert [] == [t for t in targets(text) if not is_elsewhere(t) and not leads_somewhere(page, t)]


@every_page
def test_included_code(page):
    """Where a page shows a part of a file, a link before it leads there: a code host shows the link alone."""
    text = page.read_text(encoding="utf-8")

    assert INCLUDED.findall(text) == LINKED.findall(text)


@every_page
def test_roles(page):
    """``{doc}`` names a page that is there."""
    named = ROLE.findall(page.read_text(encoding="utf-8"))
    files = {name: ROOT / "docs" / name[1:] if name.startswith("/") else page.parent / name for name in named}

    assert [] == [name for name, file in files.items() if not Path(f"{file}.md").is_file()]


def test_readme_on_a_package_index():
    """Where no file is beside README.md, each of its links is absolute, under the project's one address."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    ours = [target for target in targets(text) if not is_elsewhere(target)]
    for change in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(change["pattern"], change["replacement"], text)

    assert [] == [target for target in targets(text) if not is_elsewhere(target)]
    assert [f"{BASE}{target}" for target in ours] == [target for target in targets(text) if target.startswith(BASE)]


def test_addresses():
    """The project's addresses are all under that of its source."""
    source = PROJECT["project"]["urls"]["Source"]

    assert [] == [url for url in PROJECT["project"]["urls"].values() if not url.startswith(source)]
    for url in PROJECT["project"]["urls"].values():
        assert not url.startswith(BASE) or (ROOT / url.removeprefix(BASE)).is_file()


@pytest.mark.parametrize("target", ["nowhere.md", "docs/tutorial.md#nothing", "../outside.md", "docs"])
def test_a_link_that_leads_nowhere(target):
    """What the tests above look for is found."""
    assert not leads_somewhere(ROOT / "README.md", target)
