"""Which output answers which call."""

from __future__ import annotations

import pytest

from openai_conversations.operations.repair.tool_calls import OUTPUT_OF, link, needs_output
from openai_conversations.schemas.items import ITEM_CLASSES


def call(tag: str = "function_call", name: str = "c", **more: object) -> dict[str, object]:
    return {"type": tag, "id": f"id_{name}", "call_id": name, **more}


def output(tag: str = "function_call_output", name: str = "c", **more: object) -> dict[str, object]:
    return {"type": tag, "id": f"out_{name}", "call_id": name, **more}


def test_table():
    """The types of the table are types of the API, and everything that is called an output is in it."""
    outputs = {tag for tag in ITEM_CLASSES if tag.endswith("_output")} | {"mcp_approval_response"}

    assert outputs == set(OUTPUT_OF.values())
    assert set() == set(OUTPUT_OF) - set(ITEM_CLASSES)


@pytest.mark.parametrize("tag", sorted(OUTPUT_OF))
def test_every_kind(tag):
    """A call of every kind finds its output."""
    answer = output(OUTPUT_OF[tag])
    if tag == "mcp_approval_request":
        answer = {"type": OUTPUT_OF[tag], "approval_request_id": "id_c"}

    links = link([call(tag), {"type": "message", "role": "user", "content": "x"}, answer])

    assert ({0: 2}, (), ()) == (links.output_of, links.open, links.orphaned)


@pytest.mark.parametrize(
    ("items", "output_of", "waiting", "orphaned", "second"),
    [
        ([call()], {}, (0,), (), {}),
        ([output()], {}, (), (0,), {}),
        ([output(), call()], {}, (1,), (0,), {}),
        ([call(), output(name="d")], {}, (0,), (1,), {}),
        ([call(), output(), output()], {0: 1}, (), (), {2: 0}),
        ([call(name="a"), call(name="b"), output(name="b"), output(name="a")], {0: 3, 1: 2}, (), (), {}),
        ([call(), output("custom_tool_call_output")], {}, (0,), (1,), {}),
        ([call(), call(), output(), output()], {0: 2, 1: 3}, (), (), {}),
        ([call(name="a"), {"type": "function_call_output", "output": "x"}], {0: 1}, (), (), {}),
        (
            [
                call("local_shell_call", "a"),
                call("local_shell_call", "b"),
                {"type": "local_shell_call_output", "id": "id_b"},
                {"type": "local_shell_call_output", "id": "a"},
            ],
            {1: 2, 0: 3},
            (),
            (),
            {},
        ),
        ([call("local_shell_call"), {"type": "local_shell_call_output", "id": "own"}], {0: 1}, (), (), {}),
        (
            [{"type": "tool_search_call", "call_id": None}, {"type": "tool_search_output", "call_id": None}],
            {0: 1},
            (),
            (),
            {},
        ),
    ],
)
def test_links(items, output_of, waiting, orphaned, second):
    """By name where there is one, else in order; an output never answers a call that comes after it."""
    links = link(items)

    assert (output_of, waiting, orphaned, second) == (links.output_of, links.open, links.orphaned, links.second)


@pytest.mark.parametrize(
    ("item", "needed"),
    [
        (call(), True),
        (call("computer_call"), True),
        (call("program"), False),
        (call("mcp_approval_request"), False),
        (call("tool_search_call", execution="server"), False),
        (call("tool_search_call", execution="client"), True),
        ({"type": "message"}, False),
        ({"type": "code_interpreter_call"}, False),
    ],
    ids=str,
)
def test_needs_output(item, needed):
    """What runs at the service and what waits for a person may stay open."""
    assert needed is needs_output(item)
