"""So many requests in each minute."""

from __future__ import annotations

import pytest

from openai_conversations.server.http.errors import HTTPError
from openai_conversations.server.http.rate_limit import TOLD, RequestRate


class TestRateLimit:
    @pytest.fixture
    def settings(self):
        return {"rate_limit": 2}

    async def test_rate_limit(self, api):
        """By setting, requests beyond the limit of a minute answer 429 and say how long to wait."""
        responses = [await api.ask("POST", "/conversations") for _ in range(3)]

        assert [200, 200, 429] == [response.status for response in responses]
        assert ["1", "0", "0"] == [response.headers["x-ratelimit-remaining-requests"] for response in responses]
        assert 0 < int(responses[2].headers["retry-after"]) <= 60
        assert "rate_limit_exceeded" == responses[2].error[2]


def test_a_server_without_a_limit_announces_none():
    """Where no limit is held, no response says that little is left: clients would wait for nothing."""
    rate = RequestRate(None, lambda: 0.0)
    for _ in range(20_000):
        rate.take()

    assert str(TOLD) == rate.headers()["x-ratelimit-remaining-requests"]


def test_a_minute_later_the_rate_limit_starts_again():
    """The count begins anew with each minute."""
    now = 0.0
    rate = RequestRate(1, lambda: now)
    rate.take()
    with pytest.raises(HTTPError) as error:
        rate.take()
    assert {"retry-after": "60", "retry-after-ms": "60000"} == error.value.headers

    now = 60.0
    rate.take()
    assert "0" == rate.headers()["x-ratelimit-remaining-requests"]
