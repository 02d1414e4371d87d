"""
The pytest plugin: a Conversations server in every test that asks for one.

=================================  ============================================================================
``conversations_server``           a running :class:`.ConversationsServer`, fresh for each test
``conversations_client``           a client of it, closed after the test
``conversations_environment``      ``OPENAI_BASE_URL`` and ``OPENAI_API_KEY`` point to it while the test runs
``@pytest.mark.conversations``     how the server of one test is made: ``profile="ogx", faults=["locked:n=2"]``
``--conversations-profile``        the profile of every server that no mark gives one
``--conversations-seed``           the same for the seed
``--conversations-unfired=error``  fail the tests whose faults never fired, instead of only reporting them
``--conversations-loopback``       refuse every request to an address that is not loopback, and fail the test
=================================  ============================================================================

The server runs in a thread of its own: tests may be plain functions, coroutines of any plugin, or drive other programs.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Generator, Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from openai_conversations import ConversationsClient
    from openai_conversations.server import ConversationsServer, Fault

API_KEY = "sk-test"
"""The key that the fixtures use; the server takes any unless it was given keys."""

_FAILED: pytest.StashKey[bool] = pytest.StashKey()

_UNFIRED: pytest.StashKey[list[tuple[str, Fault]]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command-line options."""
    group = parser.getgroup("openai-conversations")
    group.addoption("--conversations-profile", default="openai", help="profile of the embedded server")
    group.addoption("--conversations-seed", type=int, default=None, help="seed of its ids and its clock")
    group.addoption(
        "--conversations-unfired",
        choices=("report", "error"),
        default="report",
        help="what becomes of a test whose faults never fired",
    )
    group.addoption(
        "--conversations-loopback",
        action="store_true",
        help="refuse every request to an address that is not loopback, and fail the test that made it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Announce the mark."""
    config.addinivalue_line("markers", "conversations(**keywords): how the embedded server of this test is made")
    config.stash[_UNFIRED] = []
    if config.option.conversations_loopback:
        config.pluginmanager.register(_LoopbackOnly())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep in mind whether a test has failed, for what the fixtures say after it."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, default=False) or report.outcome != "passed"
    return report


class _LoopbackOnly:
    """The hooks of ``--conversations-loopback``."""

    def __init__(self) -> None:
        from openai_conversations.testing.loopback import install

        self._guard = install()

    def pytest_sessionstart(self) -> None:
        self._guard.is_on = True

    def pytest_sessionfinish(self) -> None:
        self._guard.is_on = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._guard.test = item.nodeid
        try:
            return (yield)
        finally:
            self._guard.test = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A test fails even when something in it has swallowed the refusal."""
        report = yield
        refused = "\n".join(self._guard.take())
        if refused and report.outcome == "failed":
            report.sections.append(("requests that were refused", refused))
        elif refused:
            report.outcome, report.longrepr = "failed", refused
        return report


@pytest.fixture
def conversations_server(request: pytest.FixtureRequest) -> Iterator[ConversationsServer]:
    """
    A running server on a real socket, in memory, fresh for this test.

    A script that the test does not use up fails it; of a test that has failed that is no news.
    """
    from openai_conversations.server import ConversationsServer

    with ConversationsServer(**_keywords(request)) as server:
        yield server
        unfired = server.unfired_faults
        unused = server.model.unused
    has_failed = request.node.stash.get(_FAILED, default=False)
    _report(request, unfired, has_failed=has_failed)
    if unused and not has_failed:
        pytest.fail(f"the script was not used up: {', '.join(map(str, unused))}", pytrace=False)


def _keywords(request: pytest.FixtureRequest) -> dict[str, Any]:
    options = request.config.option
    keywords: dict[str, Any] = {"profile": options.conversations_profile, "seed": options.conversations_seed}
    for mark in reversed(list(request.node.iter_markers("conversations"))):
        _check_mark(mark)
        keywords |= mark.kwargs
    return keywords


def _check_mark(mark: pytest.Mark) -> None:
    """One sentence for a slip, in place of the traceback of the server."""
    from openai_conversations.server import ConversationsServer

    known = list(inspect.signature(ConversationsServer).parameters)
    if mark.args:
        pytest.fail(f"the mark conversations takes keywords only: {', '.join(known)}", pytrace=False)
    for name in mark.kwargs.keys() - set(known):
        near = get_close_matches(name, known, 1)
        meant = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(known)}"
        pytest.fail(f"the mark conversations has no {name!r}: {meant}", pytrace=False)


def _report(request: pytest.FixtureRequest, unfired: list[Fault], *, has_failed: bool) -> None:
    """A test that orders a fault and never meets it proves nothing: say so."""
    request.config.stash[_UNFIRED].extend((request.node.nodeid, fault) for fault in unfired)
    if unfired and not has_failed and request.config.option.conversations_unfired == "error":
        pytest.fail(f"faults that never fired: {', '.join(map(str, unfired))}", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """List the faults that never fired."""
    unfired = config.stash[_UNFIRED]
    if unfired:
        terminalreporter.section("faults that never fired")
        for test, fault in unfired:
            terminalreporter.write_line(f"{test}: {fault}")


@pytest.fixture
def conversations_environment(
    conversations_server: ConversationsServer, monkeypatch: pytest.MonkeyPatch
) -> ConversationsServer:
    """The server, with the environment that the official client and ours read pointing to it."""
    monkeypatch.setenv("OPENAI_BASE_URL", conversations_server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    return conversations_server


async def _client(conversations_server: ConversationsServer) -> AsyncIterator[ConversationsClient]:
    """A client of the server, closed after the test."""
    from openai_conversations import ConversationsClient

    async with ConversationsClient(api_key=API_KEY, base_url=conversations_server.base_url) as client:
        yield client


def _missing() -> None:
    """Without pytest-asyncio there is nobody to run the client."""
    pytest.fail("the fixture conversations_client needs pytest-asyncio", pytrace=False)


def _client_fixture() -> Any:
    try:
        from pytest_asyncio import fixture
    except ImportError:
        return pytest.fixture(_missing, name="conversations_client")
    return fixture(_client, name="conversations_client")


conversations_client: Any = _client_fixture()
