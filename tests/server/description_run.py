"""
Schemathesis against the embedded server: ``python -m tests.server.description_run [schemathesis options]``.

It walks the API's descriptions, of conversations and of responses (examples, boundary values, random data, and
sequences of operations that hand ids on to each other) and looks for responses that the description does not allow and
for failures of the server. Without the descriptions on this machine there is nothing to run, and that is said.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import attrs

from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer
from tests.server import description
from tests.server.model import description as responses

CHECKS = "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance"
PHASES = "examples,coverage,fuzzing,stateful"
# The description of responses is so wide that all boundary values of one request take longer than everything else.
PHASES_OF_RESPONSES = "fuzzing,stateful"

_ERROR = {
    "description": "A refusal",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
}
_RESPONSE = {"response_id": "$response.body#/id"}
_CONVERSATION = {"conversation_id": "$response.body#/id"}
_ITEM = {"conversation_id": "$request.path.conversation_id", "item_id": "$response.body#/data/0/id"}
_SAME = {"conversation_id": "$request.path.conversation_id"}
_OF_CONVERSATION = (
    "getConversation",
    "updateConversation",
    "deleteConversation",
    "createConversationItems",
    "listConversationItems",
)

# Which operation's answer feeds which others, and with what.
LINKS = {
    "createConversation": dict.fromkeys(_OF_CONVERSATION, _CONVERSATION),
    "createConversationItems": {
        **dict.fromkeys(("getConversationItem", "deleteConversationItem"), _ITEM),
        "listConversationItems": _SAME,
    },
    "listConversationItems": dict.fromkeys(("getConversationItem", "deleteConversationItem"), _ITEM),
    "deleteConversationItem": dict.fromkeys(_OF_CONVERSATION, _SAME),
    "createResponse": dict.fromkeys(("getResponse", "deleteResponse", "cancelResponse", "listInputItems"), _RESPONSE),
}


@attrs.frozen
class Run:
    """A description, where it lies, and how it is walked."""

    path: Path
    phases: str
    described: dict[str, Any]


def runs() -> list[Run]:
    """The descriptions that are on this machine."""
    every = (
        (description.PATH, PHASES, description.load),
        (responses.PATH, PHASES_OF_RESPONSES, responses.load),
    )
    return [Run(path, phases, describe(load())) for path, phases, load in every if path.exists()]


def describe(described: dict[str, Any]) -> dict[str, Any]:
    """
    A description, with what its prose says of errors and of how operations follow each other.

    Where it has more to say of errors it leaves out the object around them. Its discriminators have no mapping, so that
    they name schemas where types are meant.
    """
    described = _without_discriminators(described)
    described["components"]["schemas"].setdefault("ErrorResponse", {"type": "object", "required": ["error"]})
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"] = {"200": operation["responses"]["200"], "4XX": _ERROR}
            links = LINKS.get(operation["operationId"], {})
            operation["responses"]["200"]["links"] = {
                name: {"operationId": name, "parameters": parameters} for name, parameters in links.items()
            }
    return described


def _without_discriminators(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_discriminators(member) for member in node]
    if not isinstance(node, dict):
        return node
    return {name: _without_discriminators(value) for name, value in node.items() if name != "discriminator"}


def main(options: list[str]) -> int:
    found = runs()
    if not found:
        sys.stdout.write("OpenAI's API description is not on this machine: nothing to run\n")
    return max((run(one, options) for one in found), default=0)


def run(one: Run, options: list[str]) -> int:
    """Walk one description; the exit code."""
    with tempfile.TemporaryDirectory() as directory, ConversationsServer(journal_limit=10) as server:
        path = Path(directory) / one.path.name
        path.write_bytes(json.dumps(one.described))
        command = ["schemathesis", "run", str(path), "--url", server.base_url, "--header", "Authorization: Bearer x"]
        command += ["--checks", CHECKS, "--phases", one.phases, *options]
        return subprocess.run(command, check=False, cwd=directory).returncode  # our own command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
