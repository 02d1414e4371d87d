"""Which hosts ``NO_PROXY`` excepts."""

from __future__ import annotations

import pytest

from openai_conversations.no_proxy import is_excepted
from openai_conversations.settings import environment_proxy

DOCKER_DESKTOP = "localhost,127.0.0.0/8,::1/128"


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "expected"),
    [
        # What Docker Desktop writes.
        (DOCKER_DESKTOP, "127.0.0.1", 80, True),
        (DOCKER_DESKTOP, "127.4.5.6", 8080, True),
        (DOCKER_DESKTOP, "128.0.0.1", 80, False),
        (DOCKER_DESKTOP, "::1", 80, True),
        (DOCKER_DESKTOP, "::2", 80, False),
        (DOCKER_DESKTOP, "localhost", 80, True),
        (DOCKER_DESKTOP, "api.openai.com", 443, False),
        # Addresses and blocks.
        ("::1", "::1", 80, True),
        ("[::1]", "::1", 80, True),
        ("0:0:0:0:0:0:0:1", "::1", 80, True),
        ("[::1]:8080", "::1", 8080, True),
        ("[::1]:8080", "::1", 80, False),
        ("fd00::/8", "fd12:3456::1", 80, True),
        ("fe80::/10", "fe80::1%eth0", 80, True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 80, True),
        ("10.0.0.1", "10.0.0.1", 80, True),
        ("10.0.0.1", "10.0.0.11", 80, False),
        ("10.0.0.7/8", "10.200.0.1", 80, True),
        ("10.*", "10.1.2.3", 80, True),
        ("10.0.0.0/8", "10.example.org", 80, False),
        ("10.0.0.0/99", "10.0.0.1", 80, False),
        # Names.
        ("corp", "corp", 80, True),
        ("corp", "llm.corp", 80, True),
        ("corp", "llmcorp", 80, False),
        (".corp", "llm.corp", 80, True),
        (".corp", "corp", 80, True),
        ("*.corp", "llm.corp", 80, True),
        ("*.corp", "a.b.corp", 80, True),
        ("*.corp", "corp.org", 80, False),
        ("*.corp:8080", "llm.corp", 8080, True),
        ("*.corp:8080", "llm.corp", 80, False),
        ("llm-*.corp", "llm-1.corp", 80, True),
        ("llm-*.corp", "api.corp", 80, False),
        ("LLM.Corp", "llm.corp", 80, True),
        ("llm.corp.", "llm.corp", 80, True),
        ("llm.corp", "llm.corp.", 80, True),
        ("http://llm.corp/", "llm.corp", 80, True),
        # Ports.
        ("llm.corp:443", "llm.corp", 443, True),
        ("llm.corp:443", "llm.corp", 80, False),
        ("127.0.0.1:8000", "127.0.0.1", 8000, True),
        ("127.0.0.1:8000", "127.0.0.1", 8001, False),
        # Lists.
        ("*", "anything", 80, True),
        ("a, *", "anything", 80, True),
        ("a b\tc", "c", 80, True),
        (" , ,a", "a", 80, True),
        ("", "a", 80, False),
        (",", "a", 80, False),
        (".", "a", 80, False),
    ],
)
def test_excepted(no_proxy, host, port, expected):
    """Names with their subdomains, addresses, blocks, ports and stars, as the tools mean that write them."""
    assert expected is is_excepted(no_proxy, host, port)


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("http://127.0.0.1:8000/v1", None),
        ("http://[::1]:8000/v1", None),
        ("https://llm.corp/v1", None),
        ("https://api.corp:8443/v1", "http://p:1"),
        ("https://api.openai.com/v1", "http://p:1"),
    ],
)
def test_base_urls(base_url, expected):
    """The host and the port of a base URL are what is looked up; a port that is not there is that of the scheme."""
    environ = {
        "http_proxy": "http://p:1",
        "HTTPS_PROXY": "http://p:1",
        "NO_PROXY": f"{DOCKER_DESKTOP},llm.corp:443,api.corp:443",
    }

    assert expected == environment_proxy(base_url, environ)
