"""
Schemathesis against the embedded server: ``python -m tests.server.description_run [schemathesis options]``.

It walks the API's description (examples, boundary values, random data, and sequences of operations that hand ids on to
each other) and looks for responses that the description does not allow and for failures of the server. Without the
description on this machine there is nothing to run, and that is said.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from openai_conversations.converters import json
from openai_conversations.server import ConversationsServer
from tests.server import description

CHECKS = "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance"
PHASES = "examples,coverage,fuzzing,stateful"

_ERROR = {
    "description": "A refusal",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
}
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
}


def describe() -> dict[str, Any]:
    """The description, with what its prose says of errors and of how operations follow each other."""
    described = description.load()
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"]["4XX"] = _ERROR
            links = LINKS.get(operation["operationId"], {})
            operation["responses"]["200"]["links"] = {
                name: {"operationId": name, "parameters": parameters} for name, parameters in links.items()
            }
    return described


def main(options: list[str]) -> int:
    if not description.PATH.exists():
        sys.stdout.write("OpenAI's API description is not on this machine: nothing to run\n")
        return 0
    with tempfile.TemporaryDirectory() as directory, ConversationsServer(journal_limit=10) as server:
        path = Path(directory) / "openapi.json"
        path.write_bytes(json.dumps(describe()))
        command = ["schemathesis", "run", str(path), "--url", server.base_url, "--header", "Authorization: Bearer x"]
        command += ["--checks", CHECKS, "--phases", PHASES, *options]
        return subprocess.run(command, check=False, cwd=directory).returncode  # our own command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
