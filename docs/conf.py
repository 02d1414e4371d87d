"""Sphinx: how the documentation is built. ``nox -s docs`` does it, with every warning an error."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "openai_conversations"
author = "openai_conversations contributors"
copyright = "2026, openai_conversations contributors"
release = importlib.metadata.version("openai_conversations")
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "tables", "breaks"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"openai_\u200bconversations {release}"  # may be broken there: the sidebar is narrow
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_search_scorer = str(Path(__file__).parent / "_static" / "search_scorer.js")  # else of the working directory

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

suppress_warnings = ["ref.python"]  # a builtin in an annotation, such as bytes, has the name of a field of ours

# Names of other people's documentation: building ours needs no network, so they are not looked up.
nitpick_ignore_regex = [
    (r"py:class", r"ToolChoiceObject"),  # a short name for the classes of a choice, in annotations alone
    (r"py:.*", r"(aiohttp|asyncio|attrs|collections|contextlib|datetime|multidict|os|pathlib|ssl|yarl)\..*"),
]
