"""The asked rate, measured where it matters: at the server."""

from __future__ import annotations

import pytest

from openai_conversations import ConversationsClient, Limits, RateLimiter, RetryPolicy, erasing, run_bulk
from openai_conversations.server import ConversationsServer


@pytest.mark.rates
@pytest.mark.parametrize("rates", [Limits(total=50), Limits(delete=60), Limits(delete=80, get=100)], ids=str)
async def test_asked_rate(rates, tmp_path, capsys):
    """An asked rate is held within 5 % and used to 90 %."""
    async with ConversationsServer() as server:
        async with ConversationsClient(api_key="k", base_url=server.base_url) as client:
            message = {"role": "user", "content": "x"}
            ids = [(await client.conversations.create(items=[message] * 4)).id for _ in range(100)]
        before = len(server.requests)
        limiter = RateLimiter(rates)
        async with ConversationsClient(
            api_key="k",
            base_url=server.base_url,
            middlewares=[limiter],
            retry=RetryPolicy(on_attempt=limiter.on_attempt),
        ) as client:
            await run_bulk("erase", erasing(client.conversations), ids, ledger=tmp_path / "ledger.sqlite")

    asked = rates.total or rates.delete or 0.0
    counted = [entry for entry in server.requests[before:] if rates.total or entry.method == "DELETE"]
    rate = len(counted) / (counted[-1].time - counted[0].time)
    with capsys.disabled():
        print(f"\none process: asked {asked:.0f}/s, held {rate:.1f}/s, {len(counted)} requests")  # noqa: T201  # the figure
    assert 0.9 * asked <= rate <= 1.05 * asked
