"""A result that nobody can be given is said in the error: it may be all that tells what was done."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import PROGRAM, environment

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("target", [f">{FULL}", ">&-"])
def test_a_result_that_cannot_be_written(shell, target):
    """The id of a conversation that was made is told on standard error, and the command has failed."""
    line = " ".join(map(str, [*PROGRAM, "create", "-m", "user=42", target]))
    done = subprocess.run(
        ["sh", "-c", line], stderr=subprocess.PIPE, env=environment(shell.base_url), timeout=60, check=False
    )
    said = done.stderr.decode()
    made = json.loads(said[said.index("{") :])

    assert 1 == done.returncode
    assert said.startswith("error: standard output: ")
    assert {"user": "42"} == shell("get", made["id"]).value["metadata"]
