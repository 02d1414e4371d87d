"""The pytest plugin, in test runs of its own."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from openai_conversations.testing.loopback import is_ours
from tests.server.process import ROOT

# Where the package is not installed but found by its path, nothing announces the plugin.
_INSTALLED = entry_points(group="pytest11", name="openai_conversations")
_PLUGIN = () if _INSTALLED else ("-p", "openai_conversations.testing.plugin")

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester):
    """Run one file of tests with the plugin; the outcome."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nasyncio_mode = auto\n")
    pytester.syspathinsert()

    def run(source, *options, how=pytester.runpytest_inprocess):
        pytester.makepyfile(source)
        return how(*_PLUGIN, "-p", "no:randomly", "-W", "error", *options)

    return run


@pytest.fixture(autouse=True)
def _find_the_package(pytester, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_servers_are_fresh(run):
    """Each test has a server of its own, whether it is a coroutine or not."""
    outcome = run(
        """
        import json, urllib.request

        def ask(server):
            request = urllib.request.Request(
                f"{server.base_url}/conversations", data=b"", method="POST", headers={"authorization": "Bearer x"}
            )
            with urllib.request.urlopen(request) as response:
                return json.load(response)

        def test_plain(conversations_server):
            assert ask(conversations_server)["object"] == "conversation"
            assert len(conversations_server.conversations()) == 1

        def test_again(conversations_server):
            assert conversations_server.conversations() == []

        async def test_coroutine(conversations_server):
            assert conversations_server.requests == []
        """
    )

    outcome.assert_outcomes(passed=3)


def test_the_client(run):
    """The client fixture talks to the server of the same test, and is closed."""
    outcome = run(
        """
        async def test_client(conversations_client, conversations_server):
            conversation = await conversations_client.conversations.create(items=[{"role": "user", "content": "Hi"}])
            conversations_server.assert_no_loss({conversation.id: ["Hi"]})
            conversations_server.assert_requests("createConversation")
        """
    )

    outcome.assert_outcomes(passed=1)


def test_the_environment(run):
    """The official client finds the server by the environment, and only while the test runs."""
    outcome = run(
        """
        import os, openai

        def test_official(conversations_environment):
            with openai.OpenAI() as client:
                conversation = client.conversations.create()
            assert conversations_environment.conversation(conversation.id)

        def test_after():
            assert "OPENAI_BASE_URL" not in os.environ
        """
    )

    outcome.assert_outcomes(passed=2)


def test_marks_and_options(run):
    """A mark says how the server of a test is made, the nearest word last; options say it for all."""
    source = """
        import pytest

        pytestmark = pytest.mark.conversations(profile="azure", seed=3)

        def test_module(conversations_server):
            assert conversations_server.profile.name == "azure"

        @pytest.mark.conversations(profile="openai,update=merge", keys=["sk-a"])
        def test_mark(conversations_server):
            assert conversations_server.profile.update == "merge"
        """
    run(source).assert_outcomes(passed=2)
    run(
        """
        def test_option(conversations_server):
            assert conversations_server.profile.name == "ogx"
        """,
        "--conversations-profile=ogx",
        "--conversations-seed=7",
        "--strict-markers",
    ).assert_outcomes(passed=1)


UNFIRED = """
    import pytest

    @pytest.mark.conversations(faults=["locked:operation=getConversation"])
    def test_never(conversations_server):
        pass
    """


def test_faults_that_never_fired_are_reported(run):
    """A fault that was ordered and never met is listed at the end."""
    outcome = run(UNFIRED)

    outcome.assert_outcomes(passed=1)
    outcome.stdout.fnmatch_lines(
        ["*faults that never fired*", "*::test_never: locked on getConversation"],
    )


def test_faults_that_never_fired_can_be_errors(run):
    """By option such a test does not pass."""
    outcome = run(UNFIRED, "--conversations-unfired=error")

    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["*faults that never fired: locked on getConversation"])


def test_without_pytest_asyncio(run, pytester):
    """Without pytest-asyncio the server works, and the client says what it lacks."""
    pytester.makeini("[pytest]")
    outcome = run(
        """
        def test_server(conversations_server):
            pass

        def test_client(conversations_client):
            pass
        """,
        "-p",
        "no:asyncio",
        "-p",
        "without_asyncio",
        how=pytester.runpytest_subprocess,
    )

    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["*the fixture conversations_client needs pytest-asyncio"])


@pytest.fixture(autouse=True)
def _a_world_without_pytest_asyncio(pytester):
    """A plugin that hides pytest-asyncio from who imports it after."""
    pytester.makepyfile(without_asyncio="import sys\nsys.modules['pytest_asyncio'] = None\n")


def test_a_script_that_is_not_used_up_fails(run):
    """A test that scripts turns and never takes them proves nothing."""
    outcome = run(
        """
        def test_it(conversations_server):
            conversations_server.model.say("never")
            conversations_server.model.when(text="a").fail()
        """
    )

    outcome.assert_outcomes(passed=1, errors=1)
    outcome.stdout.fnmatch_lines(["the script was not used up: message, when(text='a'): failed"])


LOOPBACK = """
    import asyncio, contextlib, socket
    import aiohttp, openai, pytest

    ADDRESS = "192.0.2.7"  # RFC 5737: nobody has it

    def test_a_socket():
        socket.create_connection((ADDRESS, 443), timeout=1)

    def test_a_name():
        openai.OpenAI(api_key="k", base_url="https://api.example.invalid", max_retries=0).models.list()

    async def test_a_coroutine():
        async with aiohttp.ClientSession() as session:
            await session.get("http://api.example.invalid")

    def test_a_datagram():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"a", (ADDRESS, 9))

    def test_what_is_swallowed():
        with contextlib.suppress(BaseException):
            socket.create_connection((ADDRESS, 443), timeout=1)

    @pytest.fixture
    def reaching_out():
        socket.gethostbyname("api.example.invalid")

    def test_a_fixture(reaching_out):
        pass

    def test_this_machine(conversations_server):
        with socket.create_connection(("localhost", conversations_server.port)):
            pass
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((ADDRESS, 9))
        first, second = socket.socketpair()
        first.close(), second.close()
        socket.getaddrinfo(socket.gethostname(), None)
        socket.getaddrinfo(ADDRESS, 80)
    """


def test_no_request_leaves_the_machine(run):
    """By option a test that asks for an address elsewhere fails, whatever made the request, with one sentence."""
    outcome = run(LOOPBACK, "--conversations-loopback")

    outcome.assert_outcomes(passed=1, failed=5, errors=1)
    told = outcome.stdout.str()
    for test, address in (
        ("test_a_fixture", "api.example.invalid"),
        ("test_a_socket", "192.0.2.7:443"),
        ("test_a_name", "api.example.invalid"),
        ("test_a_coroutine", "api.example.invalid"),
        ("test_a_datagram", "192.0.2.7:9"),
        ("test_what_is_swallowed", "192.0.2.7:443"),
    ):
        assert f"::{test} asked for {address}, which is not a loopback address (--conversations-loopback)" in told


def test_requests_leave_when_nobody_minds(run):
    """Without the option nothing is refused: such a test fails as it would anywhere."""
    run("""
        import socket
        import pytest

        def test_it():
            with pytest.raises(socket.gaierror):
                socket.getaddrinfo("api.example.invalid", 80)
        """).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.7", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", True),  # noqa: S104  # where it leads to
        ("10.0.0.1", False),
        ("test.localhost.", True),
        ("", True),
        ("localhost.example", False),
    ],
)
def test_addresses_of_this_machine(host, ours):
    """Loopback in all its spellings, and what leads to it."""
    assert ours == is_ours(host)


def test_a_failed_test_is_told_once(run):
    """What a test that has failed left unused, script or faults, is no second error."""
    outcome = run(
        """
        def test_it(conversations_server):
            conversations_server.model.say("never")
            conversations_server.add_fault("locked")
            assert False
        """,
        "--conversations-unfired=error",
    )

    outcome.assert_outcomes(failed=1)


def test_a_slip_in_a_mark(run):
    """A keyword that the server does not take is one sentence, without a traceback."""
    outcome = run(
        """
        import pytest

        @pytest.mark.conversations(proflie="ogx")
        def test_it(conversations_server):
            pass

        @pytest.mark.conversations("ogx")
        def test_place(conversations_server):
            pass
        """
    )

    outcome.assert_outcomes(errors=2)
    outcome.stdout.fnmatch_lines(
        [
            "the mark conversations has no 'proflie': did you mean 'profile'?",
            "the mark conversations takes keywords only: *profile*",
        ]
    )
    outcome.stdout.no_fnmatch_line("*Traceback*")
