"""Every command on every kind of server that was seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import pytest

from openai_conversations.server import ConversationsServer
from tests.cli.processes import Done, Inside
from tests.cli.samples import BROKEN, ITEMS
from tests.operations.conftest import PROFILES


def _with_profile(inside: Inside, profile: str, command: str, *arguments: str, code: int = 0) -> Done:
    return inside(command, *arguments, "--profile", profile, code=code)


@pytest.fixture(params=PROFILES)
def server(
    request: pytest.FixtureRequest, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ConversationsServer]:
    """A server with these traits, to which the commands go."""
    with ConversationsServer(profile=request.param) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.base_url)
        yield running


def test_commands(server, inside, tmp_path):
    """What is created, appended, updated, repaired, forked, exported, imported and erased is what the server holds."""
    inside = partial(_with_profile, inside, "generic" if server.profile.name == "ogx" else "openai")
    (tmp_path / "items.json").write_text(json.dumps([*ITEMS, *BROKEN]))
    name = inside("create", "--metadata", "user=42").value["id"]

    assert len(ITEMS) + 2 == inside("append", name, "--file", "items.json").value["count"]
    shown = inside("show", name).values
    assert [item["type"] for item in (*ITEMS, *BROKEN)] == [item["type"] for item in shown]
    assert shown[0] == inside("get", name, shown[0]["id"]).value
    inside("update", name, "tier=gold")
    assert "gold" == inside("get", name).value["metadata"]["tier"]
    inside("check", name, code=11)
    inside("repair", name, "--apply", "--yes")
    inside("check", name)
    fork = inside("fork", name).value["conversation_id"]
    inside("export", name, "--to", "x.jsonl")
    imported = inside("import", "x.jsonl").value["conversation_id"]

    assert 1 == len({json.dumps([item["type"] for item in server.items(each)]) for each in (name, fork, imported)})

    inside("delete", fork, "--yes")
    inside("erase", imported, "--yes")
    inside("get", imported, code=4)
    server.assert_no_duplicates()
