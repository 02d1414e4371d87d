"""The official JavaScript client runs a life cycle with a streamed turn, where Node and a registry are at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from openai_conversations.server import ConversationsServer

pytestmark = pytest.mark.javascript

PROGRAM = """
import OpenAI from "openai";

const client = new OpenAI({ maxRetries: 0 });
const told = {};
const conversation = await client.conversations.create({ metadata: { topic: "demo" } });
const tools = [{ type: "function", name: "get_weather", strict: false, parameters: { type: "object" } }];
const turn = { model: "gpt-5", conversation: conversation.id, tools };

let call;
told.types = [];
for await (const event of await client.responses.create({ ...turn, input: "Weather?", stream: true })) {
  told.types.push(event.type);
  if (event.type === "response.completed") call = event.response.output.find((item) => item.type === "function_call");
}
const output = { type: "function_call_output", call_id: call.call_id, output: "21" };
const stream = client.responses.stream({ ...turn, input: [output] });
told.deltas = [];
stream.on("response.output_text.delta", (event) => told.deltas.push(event.delta));
told.text = (await stream.finalResponse()).output_text;

const background = await client.responses.create({ model: "gpt-5", input: "Hi", background: true, stream: true });
let id, last;
for await (const event of background) {
  if (event.type === "response.created") id = event.response.id;
  last = event.sequence_number;
}
told.resumed = [];
for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: last - 2 })) {
  told.resumed.push(event.type);
}
told.cancelled = (await client.responses.cancel(id)).status;
told.counted = (await client.responses.inputTokens.count({ model: "gpt-5", input: "Hi" })).input_tokens;
told.compacted = (await client.responses.compact({ model: "gpt-5", input: "Hi" })).output.map((item) => item.type);
told.items = [];
for await (const item of client.conversations.items.list(conversation.id, { order: "asc", limit: 2 })) {
  told.items.push(item.type);
}
try {
  await client.responses.create({ ...turn, input: [{ ...output, call_id: "call_none" }] });
} catch (error) {
  told.error = [error.status, error.constructor.name];
}
await client.responses.delete(id);
told.deleted = (await client.conversations.delete(conversation.id)).deleted;
console.log(JSON.stringify(told));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the client in it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node is not on this machine")
    folder = tmp_path_factory.mktemp("javascript")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    (folder / "program.js").write_text(PROGRAM)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "openai"]
    installed = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if installed.returncode:
        pytest.skip(f"npm cannot install the official client: {installed.stderr.strip()[-200:]}")
    return folder


def test_a_life_cycle(folder):
    """It creates, streams, uses a tool, resumes, cancels, counts, compacts, lists and deletes."""
    with ConversationsServer(seed=1) as server:
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test"}
        run = subprocess.run(
            ["node", "program.js"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert 0 == run.returncode, run.stderr
        told = json.loads(run.stdout)

    assert ("response.created", "response.completed") == (told["types"][0], told["types"][-1])
    assert "response.function_call_arguments.delta" in told["types"]
    assert "The tool returned: 21" == told["text"] == "".join(told["deltas"])
    assert ["response.output_item.done", "response.completed"] == told["resumed"]
    assert ("completed", 5, ["message", "compaction"]) == (told["cancelled"], told["counted"], told["compacted"])
    assert ["message", "function_call", "function_call_output", "message"] == told["items"]
    assert ([400, "BadRequestError"], True) == (told["error"], told["deleted"])
