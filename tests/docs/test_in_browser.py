"""The built documentation in a real browser: its search finds what people look for, and its pages fit a phone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.chromium import Tab, browsing, needs_chromium

BUILT = Path(__file__).parents[2] / "docs" / "_build" / "html"

pytestmark = [
    needs_chromium,
    pytest.mark.skipif(not (BUILT / "searchindex.js").exists(), reason="needs the documentation: nox -s docs"),
]

FOUND = {
    "429": "how-to/rate-limits.html",
    "azure": "how-to/azure.html",
    "fastapi": "how-to/fastapi.html",
    "gdpr": "how-to/gdpr.html",
    "json": "how-to/objects-to-json.html",
    "jupyter": "how-to/jupyter.html",
    "max_connections": "how-to/max-connections.html",
    "migrate": "how-to/migrating.html",
    "mock": "how-to/mock.html",
    "opentelemetry": "how-to/opentelemetry.html",
    "stream": "how-to/stream-to-a-browser.html",
    "tools": "how-to/tools.html",
}
"""What people type → the page that must be among the first three."""

_RESULTS = "[...document.querySelectorAll('#search-results li a')].map((each) => each.getAttribute('href'))"


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """The built pages, served: a browser gives no search to files."""
    app = web.Application()
    app.router.add_static("/", BUILT)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with browsing(tmp_path / "profile") as tab:
        yield tab


async def test_what_people_look_for_is_found(site: str, tab: Tab) -> None:
    """The page that is for a word stands among the first three results, and no attribute of that name before it."""
    first: dict[str, list[str]] = {}
    for word in FOUND:
        await tab.open(f"{site}/search.html?q={word}")
        await tab.until(f"{_RESULTS}.length > 0")
        await tab.until("document.querySelector('#search-results .search-summary')?.innerText.includes('found')")
        first[word] = [found.partition("?")[0].partition("#")[0] for found in (await tab.evaluate(_RESULTS))[:3]]

    assert {} == {word: first[word] for word, page in FOUND.items() if page not in first[word]}


async def test_a_class_is_found(site: str, tab: Tab) -> None:
    """A name of the reference leads there, and stands first."""
    await tab.open(f"{site}/search.html?q=CopyReport")
    await tab.until(f"{_RESULTS}.length > 0")
    await tab.until("document.querySelector('#search-results .search-summary')?.innerText.includes('found')")

    assert "CopyReport" in (await tab.evaluate(_RESULTS))[0]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_fit(site: str, tab: Tab, width: int, scheme: str) -> None:
    """No page is wider than the screen, on a phone or a desk; what is wide inside of it scrolls by itself."""
    await tab.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 600
    )
    await tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    wide: list[str] = []
    for page in ("index", "how-to/azure", "how-to/migrating", "reference/settings", "explanation/speed"):
        await tab.open(f"{site}/{page}.html")
        if await tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(page)

    assert [] == wide
