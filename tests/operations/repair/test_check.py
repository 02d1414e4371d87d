"""Checking and repairing: the rules, on the service in memory."""

from __future__ import annotations

import pickle

import attrs
import pytest

from openai_conversations.errors import APIConnectionError, InvalidArgumentError
from openai_conversations.operations.errors import OutdatedPlanError, RepairIncompleteError
from openai_conversations.operations.repair.check import check, examine
from openai_conversations.operations.repair.plans import make_plan
from openai_conversations.operations.repair.repair import repair
from tests.operations.fakes import FakeService, Refuses, broken, caller, sent_items, user


def call(name: str = "c", tag: str = "function_call", **more: object) -> dict[str, object]:
    return {"type": tag, "id": f"fc_{name}", "call_id": name, "name": "f", "arguments": "{}", **more}


def output(name: str = "c", tag: str = "function_call_output", **more: object) -> dict[str, object]:
    return {"type": tag, "id": f"fco_{name}", "call_id": name, "output": "done", **more}


def said(name: str) -> dict[str, object]:
    return {**user(name), "id": name}


def reasoning(name: str, text: str = "hm") -> dict[str, object]:
    return {"type": "reasoning", "id": name, "summary": [{"type": "summary_text", "text": text}] if text else []}


def assistant(name: str) -> dict[str, object]:
    return {"type": "message", "id": name, "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}


PROGRAM = {"type": "program", "caller_id": "p"}

SOUND = [
    [],
    [said("a")],
    [said("a"), reasoning("r"), call(), output(), said("b")],
    [call("a"), call("b"), output("b"), output("a")],
    [{"type": "mcp_approval_request", "id": "r"}],
    [{"type": "mcp_approval_request", "id": "r"}, {"type": "mcp_call", "id": "m", "approval_request_id": "r"}],
    [{"type": "program", "id": "prog", "call_id": "p"}, call(caller=PROGRAM), output(caller=PROGRAM)],
    [{"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "x"}, assistant("m")],
    [reasoning("r"), reasoning("s"), call(), output()],
    [reasoning("r"), {"type": "file_search_call", "id": "fs", "queries": []}],
    [reasoning("r"), {"type": "hologram", "id": "h"}],
    [said("a"), {"type": "item_reference", "id": "a"}],
    [{"type": "hologram", "id": "h", "call_id": "x"}],
    [{"type": "file_search_call", "id": "fs", "queries": []}],
]

AZURE = [
    [{"type": "bing_grounding_call", "id": "bg", "call_id": "a", "arguments": "{}"}],
    [{"type": "bing_grounding_call_output", "id": "bgo", "call_id": "a", "output": "x"}] * 2,
    [reasoning("r"), {"type": "azure_ai_search_call_output", "id": "aiso", "call_id": "a"}],
]
"""What only the service makes: nobody knows whether one without the other stands in the way."""

BROKEN = {
    "call": ([call()], [("call_without_output", 0, "c")]),
    "one of two calls": ([call("a"), call("b"), output("a")], [("call_without_output", 1, "b")]),
    "output": ([said("a"), output()], [("output_without_call", 1, "c")]),
    "output before its call": ([output(), call()], [("output_without_call", 0, "c"), ("call_without_output", 1, "c")]),
    "second output": ([call(), output(), output(id="second")], [("second_output", 2, "c")]),
    "reasoning": ([reasoning("r", ""), assistant("m")], [("empty_reasoning", 0, "")]),
    "empty reasoning at the end": ([reasoning("r", "")], [("empty_reasoning", 0, "")]),
    "reasoning at the end": ([said("a"), reasoning("r")], [("reasoning_without_item", 1, "")]),
    "reasoning and a user": (
        [reasoning("r"), reasoning("s"), said("a")],
        [("reasoning_without_item", 0, ""), ("reasoning_without_item", 1, "")],
    ),
    "reasoning and an output": (
        [call(), reasoning("r"), output()],
        [("reasoning_without_item", 1, "")],
    ),
    "reference": ([{"type": "item_reference", "id": "x"}], [("dangling_reference", 0, "x")]),
    "approval": ([{"type": "mcp_approval_response", "approval_request_id": "x"}], [("dangling_reference", 0, "x")]),
    "approved call": ([{"type": "mcp_call", "id": "m", "approval_request_id": "x"}], [("dangling_reference", 0, "x")]),
    "program": ([call(caller=PROGRAM), output(caller=PROGRAM)], [("dangling_reference", n, "p") for n in (0, 1)]),
}


@pytest.mark.parametrize("items", AZURE, ids=range(len(AZURE)))
def test_calls_that_the_service_answers(items):
    """They are no trouble of the caller's; the report names them as what cannot be stored again."""
    report = examine("conv", items)

    assert report.is_sound
    assert [item["type"] for item in items if item["type"] != "reasoning"] == [
        each.type for each in report.not_writable
    ]


def test_what_cannot_be_stored_again():
    """Any item that a fork would leave out is named; of reasoning that is not shown whole nobody can say."""
    items = [reasoning("r", ""), assistant("m"), {**assistant("n"), "role": "critic"}]

    assert [0, 2] == [each.index for each in examine("conv", items).not_writable]
    assert [2] == [each.index for each in examine("conv", items, ("reasoning.encrypted_content",)).not_writable]


@pytest.mark.parametrize("items", SOUND, ids=range(len(SOUND)))
def test_sound(items):
    """What is in order is not complained about, and a plan for it does nothing."""
    assert examine("conv", items).is_sound
    assert ((), ()) == (make_plan("conv", items).steps, make_plan("conv", items, "delete_tail").steps)


@pytest.mark.parametrize(("items", "findings"), BROKEN.values(), ids=BROKEN)
def test_broken(items, findings):
    """Every kind of trouble is found, with the item and what it names."""
    assert findings == [(each.kind, each.index, each.call_id) for each in examine("conv", items).findings]


async def test_check():
    """A check reads every page and changes nothing."""
    service = FakeService(page_size=2)
    name = service.conversation(said("a"), said("b"), call(), said("c"), reasoning("r", ""))

    report = await check(caller(service), name)

    assert (5, False, ["fc_c", "r"]) == (report.items, report.is_sound, [each.item_id for each in report.findings])
    assert {"listConversationItems"} == set(service.operations())
    assert "item 3 (function_call fc_c): call without output c" == str(report.findings[0])
    assert "content" not in str(report.to_json())


OUTPUTS = {
    "function_call": {"type": "function_call_output", "call_id": "c", "output": "sorry"},
    "custom_tool_call": {"type": "custom_tool_call_output", "call_id": "c", "output": "sorry"},
    "local_shell_call": {"type": "local_shell_call_output", "id": "c", "output": "sorry"},
    "shell_call": {
        "type": "shell_call_output",
        "call_id": "c",
        "output": [{"stdout": "", "stderr": "sorry", "outcome": {"type": "exit", "exit_code": 1}}],
    },
    "apply_patch_call": {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "sorry"},
    "tool_search_call": {"type": "tool_search_output", "call_id": "c", "execution": "client", "tools": []},
}


@pytest.mark.parametrize(("tag", "expected"), OUTPUTS.items(), ids=OUTPUTS)
def test_outputs(tag, expected):
    """The output that is added fits its call, says what it was told to say, and repairs the conversation."""
    items = [call(tag=tag, execution="client")]

    (step,) = make_plan("conv", items, output="sorry").steps

    assert ("append", "fc_c", expected) == (step.action, step.item_id, step.item)
    assert examine("conv", [*items, step.item]).is_sound


def test_caller_is_kept():
    """The output of a call by a program names the program, too."""
    items = [{"type": "program", "id": "prog", "call_id": "p"}, call(caller=PROGRAM)]

    (step,) = make_plan("conv", items).steps

    assert PROGRAM == step.item["caller"]


def test_screenshots_cannot_be_made_up():
    """A call whose output nobody can make up is left, and said to be; deleting the tail repairs it."""
    items = [said("a"), call(tag="computer_call")]

    plan = make_plan("conv", items)

    assert ((), ["fc_c"]) == (plan.steps, [finding.item_id for finding in plan.left])
    assert ["fc_c"] == [step.item_id for step in make_plan("conv", items, "delete_tail").steps]


def test_a_call_without_id_cannot_be_answered():
    """No output can name it: it is left, and said to be; deleting the tail repairs it."""
    items = [said("a"), {**call(), "call_id": ""}]

    assert ((), 1) == ((plan := make_plan("conv", items)).steps, len(plan.left))
    assert ["fc_c"] == [step.item_id for step in make_plan("conv", items, "delete_tail").steps]


TAILS = {
    "nothing": ([said("a"), call(), output()], []),
    "the call": ([said("a"), call()], ["fc_c"]),
    "what follows": ([said("a"), call(), said("b"), said("c")], ["c", "b", "fc_c"]),
    "its reasoning": ([said("a"), reasoning("r"), reasoning("s"), call()], ["fc_c", "s", "r"]),
    "calls that lose their outputs": ([said("x"), call("a"), call("b"), output("a")], ["fco_a", "fc_b", "fc_a"]),
    "and theirs": (
        [call("a"), call("b"), output("b"), call("d"), output("a")],
        ["fco_a", "fc_d", "fco_b", "fc_b", "fc_a"],
    ),
    "from the first": ([said("a"), call("a"), said("b"), call("b")], ["fc_b", "b", "fc_a"]),
    "and trouble before it": ([reasoning("r", ""), said("a"), output("x"), call()], ["fc_c", "fco_x", "r"]),
    "only trouble": ([said("a"), reasoning("r", ""), said("b")], ["r"]),
}


@pytest.mark.parametrize(("items", "deleted"), TAILS.values(), ids=TAILS)
def test_delete_tail(items, deleted):
    """From the end backwards to the first call without output, and no call is left without its output by that."""
    plan = make_plan("conv", items, "delete_tail")

    assert deleted == [step.item_id for step in plan.steps]
    assert examine("conv", [item for item in items if item["id"] not in deleted]).is_sound


@pytest.mark.parametrize("strategy", ["add_outputs", "delete_tail"])
@pytest.mark.parametrize(("items", "findings"), BROKEN.values(), ids=BROKEN)
async def test_repaired(items, findings, strategy):
    """After a repair the check finds nothing but what the plan said that it leaves."""
    service = FakeService()
    name = service.conversation(said("z"), *items)

    report = await repair(caller(service), name, strategy=strategy, dry_run=False)

    assert (True, len(findings)) == (report.applied, len(report.found.findings))
    assert [(left.kind, left.item_id) for left in report.plan.left] == [
        (after.kind, after.item_id) for after in report.after.findings
    ]


async def test_dry_run():
    """Without dry_run=False nothing is changed."""
    service = FakeService()
    name = service.conversation(call(), output("x"))

    report = await repair(caller(service), name)

    assert {"listConversationItems"} == set(service.operations())
    assert (False, None, ["delete", "append"]) == (
        report.applied,
        report.after,
        [step.action for step in report.plan.steps],
    )
    assert "delete fco_x: there is no call that it answers" == str(report.plan.steps[0])
    assert "append function_call_output for fc_c: the call has no output" == str(report.plan.steps[1])


async def test_the_plan_is_what_is_done():
    """The requests that change something are those of the plan, in its order."""
    service = FakeService()
    name = service.conversation(*[call(str(number)) for number in range(25)], output("x"), reasoning("r", ""))
    planned = (await repair(caller(service), name)).plan
    service.requests.clear()

    report = await repair(caller(service), name, plan=planned, dry_run=False)

    changes = [request for request in service.requests if request.method != "GET"]
    deleted = [request.item_id for request in changes if request.method == "DELETE"]
    appended = [item for request in changes if request.method == "POST" for item in sent_items(request)]
    assert planned is report.plan
    assert [step.item_id for step in planned.steps if step.action == "delete"] == deleted
    assert [step.item for step in planned.steps if step.action == "append"] == appended
    assert ["DELETE", "DELETE", "POST", "POST"] == [request.method for request in changes]


@pytest.mark.parametrize("change", ["comes", "goes", "other"])
async def test_outdated_plan(change):
    """A plan for a conversation that is not the same any more is refused, and nothing is changed."""
    service = FakeService()
    name = service.conversation(said("a"), call())
    plan = (await repair(caller(service), name)).plan
    other = service.conversation(said("b"), call())
    if change == "comes":
        service.add(name, output())
    if change == "goes":
        service.stored[name].items.pop(0)
    service.requests.clear()

    with pytest.raises(OutdatedPlanError):
        await repair(caller(service), other if change == "other" else name, plan=plan, dry_run=False)

    assert {"listConversationItems"} == set(service.operations())


async def test_deleted_by_somebody_else():
    """An item that somebody else deletes first is as good as deleted."""
    service = FakeService()
    name = service.conversation(said("a"), output("x"))

    def take(_: int, called: str) -> None:
        if called == "deleteConversationItem":
            service.stored[name].items.pop()

    service.before = take

    assert (await repair(caller(service), name, dry_run=False)).after.is_sound


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7))
async def test_stopped_at_every_request(number, moment):
    """Wherever a repair is stopped, the next one completes it, and what was in order stays."""
    service = FakeService()
    name = service.conversation(said("a"), call("a"), said("b"), call("b"), said("c"))

    def stop(at: int, _: str) -> None:
        if at == number:
            raise broken()

    setattr(service, moment, stop)
    stopped = None
    try:
        done = await repair(caller(service), name, strategy="delete_tail", dry_run=False)
    except (APIConnectionError, RepairIncompleteError) as caught:
        stopped = caught
    else:
        assert (6, None) == (number, done.after)
    if isinstance(stopped, RepairIncompleteError):
        assert isinstance(stopped.__cause__, APIConnectionError)
        assert (stopped.plan.steps, number - 2) == ((*stopped.done, *stopped.left), len(stopped.done))
        assert not {step.item_id for step in stopped.done} & {item["id"] for item in service.stored[name].items}
        assert str(pickle.loads(pickle.dumps(stopped))) == str(stopped)  # noqa: S301  # our own
    service.before = service.after = lambda number, name: None

    report = await repair(caller(service), name, strategy="delete_tail", dry_run=False)

    assert report.after.is_sound
    assert "a" == service.stored[name].items[0]["id"]


async def test_stopped_between_appends():
    """Outputs go in requests of twenty: the error says which of them are stored."""
    service = FakeService()
    name = service.conversation(*[call(str(number)) for number in range(25)], output("x"))

    def stop(at: int, _: str) -> None:
        if at == 4:
            raise broken()

    service.before = stop
    with pytest.raises(RepairIncompleteError, match="21 of 26 steps were done") as caught:
        await repair(caller(service), name, dry_run=False)

    assert ("delete", 20, 5) == (
        caught.value.done[0].action,
        [step.action for step in caught.value.done].count("append"),
        len(caught.value.left),
    )


NAMELESS = {
    "no id": {**output("x"), "id": ""},
    "the id of another": {**output("x"), "id": "a"},
}


@pytest.mark.parametrize("strategy", ["add_outputs", "delete_tail"])
@pytest.mark.parametrize("nameless", NAMELESS.values(), ids=NAMELESS)
async def test_items_without_an_id_of_their_own(nameless, strategy):
    """What cannot be named is left, and said to be; nothing else is deleted in its place."""
    service = FakeService()
    name = service.conversation(said("a"), nameless, reasoning("r", ""))

    report = await repair(caller(service), name, strategy=strategy, dry_run=False)

    assert ["r"] == [step.item_id for step in report.plan.steps]
    assert ["output_without_call"] == [finding.kind for finding in report.plan.left]
    assert (nameless["id"], 2) == (service.stored[name].items[1]["id"], len(service.stored[name].items))


async def test_a_tail_without_ids():
    """A tail that cannot go as a whole stays: half of it would be worse."""
    service = FakeService()
    name = service.conversation(said("a"), call(), {**said("b"), "id": ""}, said("c"))

    report = await repair(caller(service), name, strategy="delete_tail", dry_run=False)

    assert ((), ["call_without_output"]) == (report.plan.steps, [finding.kind for finding in report.plan.left])
    assert 4 == len(service.stored[name].items)


async def test_a_plan_that_cannot_be_done():
    """What is wrong with a plan is said before anything is changed."""
    service = FakeService()
    name = service.conversation(said("a"), output("x"), reasoning("r", ""))
    plan = (await repair(caller(service), name)).plan
    first, second = plan.steps

    plan = attrs.evolve(plan, steps=(first, attrs.evolve(second, item_id="")))

    with pytest.raises(InvalidArgumentError):
        await repair(caller(service), name, plan=plan, dry_run=False)

    assert 3 == len(service.stored[name].items)


def test_plan_as_json():
    """A plan is a JSON value without what was said."""
    plan = make_plan("conv", [said("my secret"), call(arguments="secret")], output="sorry")

    assert "secret" not in str(plan.to_json())
    assert "sorry" in str(plan.to_json())


async def test_report_as_json():
    """The report of a repair holds what was found, what was planned, and what is left."""
    service = FakeService()
    name = service.conversation(said("my secret"), call(), call("s", tag="computer_call"))

    planned = (await repair(caller(service), name)).to_json()
    done = (await repair(caller(service), name, dry_run=False)).to_json()

    assert (False, None) == (planned["applied"], planned["after"])
    assert (True, 1) == (done["applied"], len(done["after"]["findings"]))
    assert "secret" not in str([planned, done])


async def test_reasoning_that_the_server_does_not_show():
    """Where the server refuses to show encrypted content, no reasoning is called empty, and none is deleted."""
    service = Refuses("reasoning.encrypted_content")
    name = service.conversation({"type": "reasoning", "id": "rs", "summary": []}, assistant("m"))

    report = await check(caller(service), name)
    repaired = await repair(caller(service), name, dry_run=False)

    assert (True, ("reasoning.encrypted_content",)) == (report.is_sound, report.include_refused)
    assert ((), 2) == (repaired.plan.steps, len(service.stored[name].items))
