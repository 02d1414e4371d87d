"""Where turns begin, and in which order the items of one may go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from openai_conversations.operations.repair.check import examine
from openai_conversations.operations.repair.tool_calls import link
from openai_conversations.operations.turns.trim import deletion_order
from openai_conversations.operations.turns.whole_turns import whole_turns

Item = dict[str, Any]

# One letter for each kind of item; a digit behind it says which call it is or answers.
LETTERS = {
    "u": lambda _: {"type": "message", "role": "user", "content": "hi"},
    "a": lambda _: {"type": "message", "role": "assistant", "content": "ho"},
    "s": lambda _: {"type": "message", "role": "system", "content": "be brief"},
    "d": lambda _: {"type": "message", "role": "developer", "content": "be kind"},
    "t": lambda _: {"type": "additional_tools", "role": "developer", "tools": []},
    "r": lambda _: {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
    "k": lambda _: {"type": "compaction", "encrypted_content": "x"},
    "c": lambda n: {"type": "function_call", "call_id": n, "name": "f", "arguments": "{}"},
    "o": lambda n: {"type": "function_call_output", "call_id": n, "output": "done"},
    "p": lambda n: {"type": "program", "call_id": f"p{n}", "code": ""},
    "P": lambda n: {"type": "program_output", "call_id": f"p{n}", "result": ""},
    "q": lambda n: {**LETTERS["c"](n), "caller": {"type": "program", "caller_id": "p1"}},
    "m": lambda n: {"type": "mcp_approval_request", "id": f"m{n}"},
    "n": lambda n: {"type": "mcp_approval_response", "approval_request_id": f"m{n}", "approve": True},
    "M": lambda n: {"type": "mcp_call", "approval_request_id": f"m{n}"},
}


def items_of(words: str) -> list[Item]:
    """Items of a line such as ``u c1 o1 a``."""
    return [{"id": f"i{n}", **LETTERS[word[0]](word[1:])} for n, word in enumerate(words.split())]


# A line of items → the lead, and where turns begin.
TURNS = {
    "": (0, ()),
    "s d": (2, ()),
    "u a u a": (0, (0, 2)),
    "s t u a u a": (2, (2, 4)),
    "u u a u": (0, (0, 3)),
    "u a d u a": (0, (0, 2)),
    "u a u d a": (0, (0, 2)),
    "u a d a u": (0, (0, 4)),
    "a u a": (0, (0, 1)),
    "u r c1 o1 a u": (0, (0, 5)),
    "u c1 u o1 a u": (0, (0, 5)),
    "u c1 u c2 o1 u o2 u": (0, (0, 7)),
    "u m1 u n1 M1 u": (0, (0, 5)),
    "u p1 u q1 o1 u P1 u": (0, (0, 7)),
    "o1 a u a": (0, (0, 2)),
    "u u k u a": (0, (0, 3)),
}


@pytest.mark.parametrize(("line", "expected"), TURNS.items(), ids=TURNS)
def test_turns(line, expected):
    """A turn begins with what is said to the model, and never between a call and its output."""
    found = whole_turns(items_of(line))

    assert expected == (found.lead, found.starts)


@pytest.mark.parametrize(
    ("line", "count", "start"),
    [
        ("u a u a u a", 1, 4),
        ("u a u a u a", 2, 2),
        ("u a u a u a", 3, 0),
        ("u a u a u a", 9, 0),
        ("s u a u a", 9, 1),
        ("u a u a", 0, 4),
        ("u a u c1", 0, 2),
        ("u a u m1", 0, 2),
        ("u c1 u a", 0, 4),
        ("", 0, 0),
        ("", 4, 0),
    ],
)
def test_start_of_last(line, count, start):
    """The newest turns begin where they should; a turn whose call waits for its output is always among them."""
    assert start == whole_turns(items_of(line)).start_of_last(count)


WORDS = st.sampled_from(["u", "a", "s", "r", "k", *(f"{letter}{n}" for letter in "copPqmnM" for n in (1, 2))])


@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_no_cut_separates(line):
    """Wherever a turn begins, no call stands before it whose output stands behind it, and no reasoning right before."""
    items = items_of(line)
    links = link(items)

    for start in whole_turns(items).starts[1:]:
        assert not [pair for pair in links.output_of.items() if pair[0] < start <= pair[1]]
        # Nor is there anything wrong that was not wrong before.
        before = {(each.kind, each.index) for each in examine("conv", items[:start]).findings}
        assert before <= {(each.kind, each.index) for each in examine("conv", items).findings}


ORDERS = {
    "u a": "u a",
    "u r c1 c2 o1 o2 a": "u r c1 o1 c2 o2 a",
    "u p1 q1 o1 P1 a": "q1 o1 u p1 P1 a",
    "u m1 n1 M1 a": "M1 u m1 n1 a",
    "o1 a": "o1 a",
}


@pytest.mark.parametrize(("line", "order"), ORDERS.items(), ids=ORDERS)
def test_deletion_order(line, order):
    """What names others goes first, and each call right before its output."""
    words = dict(zip([item["id"] for item in items_of(line)], line.split(), strict=True))

    assert order == " ".join(words[item["id"]] for item in deletion_order(items_of(line)))


@pytest.mark.parametrize("line", ORDERS)
def test_whatever_is_left_is_sound(line):
    """At every point of a deletion at most one output has lost its call, and nothing else is wrong."""
    items = items_of(line)
    order = deletion_order(items)

    assert sorted(map(repr, items)) == sorted(map(repr, order))
    for count in range(len(order) + 1):
        left = [item for item in items if item not in order[:count]]
        kinds = [each.kind for each in examine("conv", left).findings]
        assert kinds in ([], ["output_without_call"], ["dangling_reference"])
