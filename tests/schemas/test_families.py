"""The families: which tags have a class, and what is imported when."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from openai_conversations.schemas import content, items, tools
from openai_conversations.schemas.items import ITEM_CLASSES
from openai_conversations.schemas.items.base import Item
from openai_conversations.schemas.unknown import UnknownItem
from tests.schemas.families import classes, item_class, modules, tagged, tags

PACKAGE = "openai_conversations.schemas"

ITEMS = (
    *("message", "function_call", "function_call_output", "file_search_call", "web_search_call"),
    *("image_generation_call", "computer_call", "computer_call_output", "tool_search_call", "tool_search_output"),
    *("additional_tools", "configuration_update", "reasoning", "program", "program_output", "compaction"),
    *("code_interpreter_call", "local_shell_call", "local_shell_call_output", "shell_call", "shell_call_output"),
    *("apply_patch_call", "apply_patch_call_output", "mcp_list_tools", "mcp_approval_request"),
    *("mcp_approval_response", "mcp_call", "custom_tool_call", "custom_tool_call_output"),
    *("compaction_trigger", "item_reference"),  # in requests only
)
TOOL_OUTPUT = ("input_text", "input_image", "input_file")
MESSAGE = (
    *TOOL_OUTPUT,
    *("output_text", "text", "summary_text", "reasoning_text", "refusal", "computer_screenshot"),
)
ANNOTATIONS = ("file_citation", "url_citation", "container_file_citation", "file_path")
TOOLS = (
    *("function", "file_search", "computer", "computer_use_preview", "web_search", "web_search_2025_08_26", "mcp"),
    *("code_interpreter", "programmatic_tool_calling", "image_generation", "local_shell", "shell", "custom"),
    *("namespace", "tool_search", "web_search_preview", "web_search_preview_2025_03_11", "apply_patch"),
)


def test_every_item_has_a_class() -> None:
    """The table of items has the tags of the API, 29 to read and two to write only."""
    assert sorted(ITEMS) == sorted(ITEM_CLASSES)


@pytest.mark.parametrize("tag", ITEMS)
def test_item_has_its_tag(tag: str) -> None:
    """An item's class stands in the module of its tag, has that one tag, and starts with an empty id."""
    cls = item_class(tag)

    assert cls.__module__ == f"{PACKAGE}.items.{tag}"
    assert cls.__name__ == tag.title().replace("_", "")
    assert issubclass(cls, Item)
    assert {tag} == tags(cls)


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        pytest.param(content.MessageContent, MESSAGE, id="message content"),
        pytest.param(content.InputContent, TOOL_OUTPUT, id="tool output content"),
        pytest.param(content.Annotation, ANNOTATIONS, id="annotations"),
        pytest.param(tools.Tool, TOOLS, id="tools"),
    ],
)
def test_every_tag_has_a_class(union: object, expected: tuple[str, ...]) -> None:
    """The unions have the tags of the API, and no two classes share a tag."""
    assert sorted(expected) == sorted(tagged(union))


def test_unknown_item_is_an_item() -> None:
    """What stands in a page is always an ``Item``, also when its type is unknown."""
    assert issubclass(UnknownItem, Item)


def test_one_module_per_item() -> None:
    """The package of items has a module for each tag, one for what they share, and no other."""
    found = {name.removeprefix(f"{PACKAGE}.items.") for name in modules() if name.startswith(f"{PACKAGE}.items.")}

    assert {*ITEMS, "base"} == found


def test_all_names_are_served() -> None:
    """Every class of an item's module can be imported from the package, which also tells an editor of it."""
    own = [cls for cls in classes() if cls.__module__.startswith(f"{PACKAGE}.items.")]

    assert own == [getattr(items, cls.__name__) for cls in own]
    assert set() == {cls.__name__ for cls in own} - set(dir(items))


def test_class_is_the_one_of_its_module() -> None:
    """A class that is taken from the package is the class of its module."""
    assert items.Message is import_module(f"{PACKAGE}.items.message").Message


def test_no_such_name() -> None:
    """A misspelt name is an ``AttributeError`` that names the package."""
    with pytest.raises(
        AttributeError, match=r"module 'openai_conversations\.schemas\.items' has no attribute 'Mesage'"
    ):
        _ = items.Mesage


def _imported_by(statement: str) -> set[str]:
    """Run a statement in a new interpreter and name the schema modules that it loaded."""
    code = f"{statement}\nimport sys\nprint(*(m for m in sys.modules if m.startswith('{PACKAGE}.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return {name.removeprefix(PACKAGE + ".") for name in done.stdout.split()}


def test_schemas_import_nothing() -> None:
    """Importing the package of schemas imports no schema."""
    assert set() == _imported_by(f"import {PACKAGE}")


def test_items_are_loaded_on_first_use() -> None:
    """Importing the package of items, or a page of them, loads no item and neither content nor tools."""
    assert {"base", "items", "items.base", "page"} == _imported_by(f"import {PACKAGE}.items, {PACKAGE}.page")


def test_message_loads_no_tools() -> None:
    """A message needs content, and no tool and no other item."""
    loaded = _imported_by(f"from {PACKAGE}.items import Message")

    assert {"items", "items.base", "items.message"} == {name for name in loaded if name.startswith("items")}
    assert set() == {name for name in loaded if name.startswith("tools")}


def test_any_module_can_be_the_first() -> None:
    """No module depends on another one having been imported before it."""
    code = f"""
import sys
from importlib import import_module
for name in {modules()}:
    for loaded in [m for m in sys.modules if m.startswith("openai_conversations")]:
        del sys.modules[loaded]
    import_module(name)
"""

    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
