"""Everything here runs in virtual time: what has to wait waits for nothing, and no test depends on the machine."""

from tests.virtual_time import pytest_asyncio_loop_factories  # noqa: F401  # a hook
