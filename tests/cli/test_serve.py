"""``serve``: what its switches switch off."""

from __future__ import annotations

import signal
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.cli.processes import PROGRAM


def status(url):
    """The HTTP status of a GET."""
    try:
        with urllib.request.urlopen(url) as response:  # noqa: S310  # our own server
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    ("switches", "page", "control"),
    [([], 200, 200), (["--no-page"], 404, 200), (["--no-control"], 404, 404), (["--page", "--control"], 200, 200)],
    ids=str,
)
def test_switches(switches, page, control):
    """The page and the control path can be switched off; both are there on a loopback address."""
    command = [*PROGRAM, "serve", "--port", "0", *switches]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        root = process.stdout.readline().strip().removeprefix("export OPENAI_BASE_URL=").removesuffix("v1")
        assert "export OPENAI_API_KEY=sk-local\n" == process.stdout.readline()
        statuses = [status(f"{root}_control/"), status(f"{root}_control/faults")]
        process.send_signal(signal.SIGINT)
        _, log = process.communicate()

    assert [page, control] == statuses
    assert (page == 200) == ("look into it: " in log)
