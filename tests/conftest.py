"""What every test stands on: a scrubbed environment, Hypothesis profiles, and aioresponses on a new aiohttp."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import aioresponses.core
import hypothesis
import pytest

from tests.virtual_time import VirtualTimeLoop

hypothesis.settings.register_profile(
    "default",
    max_examples=200,
    deadline=None,  # machines that run tests are busy
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("default"), max_examples=10_000)
hypothesis.settings.load_profile("default")


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Real time for every test but those that are marked ``virtual_time``, where no conftest.py says otherwise."""
    return {"time": VirtualTimeLoop if item.get_closest_marker("virtual_time") else asyncio.new_event_loop}


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> None:
    """Tests interrupt what they start, also where a script's shell has switched Ctrl-C off for the tests themselves."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, base URL or proxy of the person who runs the tests reaches a test."""
    for name in os.environ:
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


class _ClientResponse(aioresponses.core.ClientResponse):
    """A response that has the ``stream_writer`` that aiohttp 3.14 asks for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(*args, **kwargs)


@pytest.fixture(autouse=True)
def _aioresponses_on_new_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Fix aioresponses (0.7.9) on aiohttp ≥ 3.14: https://github.com/pnuckowski/aioresponses/issues/289.

    To be removed when the lowest aioresponses of pyproject.toml passes ``stream_writer`` itself.
    """
    if "stream_writer" in aiohttp.ClientResponse.__init__.__code__.co_varnames:
        monkeypatch.setattr(aioresponses.core, "ClientResponse", _ClientResponse)
