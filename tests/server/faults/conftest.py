"""A server whose time the test makes."""

from __future__ import annotations

import pytest

from tests.server.faults.support import Clock, Naps


@pytest.fixture
def naps():
    return Naps()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(naps, clock):
    return {"seed": 1, "sleep": naps, "clock": clock}


@pytest.fixture
async def conversation(api):
    return await api.create()
