"""Where the page is."""

from __future__ import annotations

ROOT = "/_control/"
PAGES = "/_control/page/"
