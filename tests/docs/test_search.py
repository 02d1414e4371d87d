"""What people search for is found: each word leads to a page whose title has it, or that speaks of it at length."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {page.relative_to(DOCS).as_posix(): page.read_text(encoding="utf-8") for page in sorted(DOCS.rglob("*.md"))}

WORDS = {
    "429": "how-to/rate-limits.md",
    "agents": "how-to/agents.md",
    "azure": "how-to/azure.md",
    "fastapi": "how-to/fastapi.md",
    "gdpr": "how-to/gdpr.md",
    "json": "how-to/objects-to-json.md",
    "jupyter": "how-to/jupyter.md",
    "litestar": "how-to/stream-to-a-browser.md",
    "locks": "how-to/locks.md",
    "logging": "how-to/logging.md",
    "max_connections": "how-to/max-connections.md",
    "migrating": "how-to/migrating.md",
    "mock": "how-to/mock.md",
    "opentelemetry": "how-to/opentelemetry.md",
    "prometheus": "how-to/prometheus.md",
    "security": "reference/versioning.md",
    "stream": "how-to/stream-to-a-browser.md",
    "tenants": "how-to/tenants.md",
    "threads": "how-to/jupyter.md",
    "timeouts": "how-to/timeouts.md",
    "tools": "how-to/tools.md",
    "webhooks": "how-to/webhooks.md",
}
"""Word → the page that is for it. Sphinx ranks titles first, and finds *migrate* by the stem of *migrating*."""


@pytest.mark.parametrize(("word", "page"), WORDS.items())
def test_a_word_is_in_a_title(word, page):
    """The page's title has the word."""
    title = PAGES[page].partition("\n")[0]

    assert re.search(rf"\b{word}\b", title, re.IGNORECASE), title


@pytest.mark.parametrize("number", [word for word in WORDS if word.isdigit()])
def test_a_number_is_in_the_index(number):
    """Sphinx's search leaves numbers out of texts, and finds those of the index."""
    assert f"```{{index}} {number}\n```" in PAGES[WORDS[number]]


def test_every_page_is_in_one_group():
    """A page stands in one group of the landing page."""
    listed = re.findall(
        r"^[\w/-]+$", "\n".join(re.findall(r"```{toctree}(.*?)```", PAGES["index.md"], re.DOTALL)), re.MULTILINE
    )

    assert sorted(page for page in PAGES if page != "index.md") == sorted(f"{name}.md" for name in listed)


@pytest.mark.parametrize("page", [*PAGES, "../README.md"])
def test_nothing_is_installed_from_an_index(page):
    """The package is on no index yet, and a name that nobody owns there can be anybody's."""
    text = (DOCS / page).read_text(encoding="utf-8")

    assert [] == re.findall(r"pip install[^\n`&]*openai[_-]conversations.*", text)
