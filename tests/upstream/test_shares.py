"""A store that is there, goes and comes back: pods know of each other, calls never wait for it, and it is said once."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import cast

import pytest

from proxy.call import Call, Client, Failure, Outcome
from proxy.config.limits import Rule
from proxy.policies.rate_limit import RateLimit
from proxy.policies.shared import shared_or_own
from proxy.upstream.lease import PART
from tests.upstream.pods import SOON, MakePod, take, taken, until
from tests.upstream.redis import Redis, needs_redis

PERIOD = 60.0
pytestmark = needs_redis


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_store_that_goes_and_comes(
    how: str, pod: MakePod, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "outrider")
    shares = pod("a")
    await until(lambda: shares.live)
    lease = shares("tokens", 3200, PERIOD)
    await taken(lease, 100)
    redis.kill() if how == "killed" else redis.freeze()
    began, slowest = time.monotonic(), 0.0
    while shares.live:
        before = time.perf_counter()
        take(lease, 100)
        slowest = max(slowest, time.perf_counter() - before)
        await asyncio.sleep(0.01)
        assert time.monotonic() - began < SOON
    assert slowest < 0.1, "no call has waited for it"
    assert (shares.pods, shares.outages, shares.reachable) == (1, 1, False)
    await asyncio.sleep(0.4)
    redis.start() if how == "killed" else redis.thaw()
    await until(lambda: shares.live)
    assert shares.lost == (how == "killed")
    await taken(lease, 10)
    said = [record.getMessage() for record in caplog.records if record.name == "outrider"]
    shared = "limits are shared with other pods"
    assert said == [shared, "limits are not shared: each pod keeps to its part", shared]


async def test_pods_know_of_each_other(pod: MakePod) -> None:
    first = pod("a")
    await until(lambda: first.live)
    assert first.pods == 1
    second = pod("b")
    await until(lambda: second.live)
    assert second.pods == 2
    assert second("tokens", 3200, PERIOD)._size() == 3200 // PART // 2


async def test_nothing_is_left_running(pod: MakePod) -> None:
    shares = pod("a")
    await until(lambda: shares.live)
    take(shares("tokens", 100, PERIOD), 1)
    await shares.close()
    assert not shares._tasks
    assert not shares.live


async def test_calls_go_on_without_the_store(pod: MakePod, redis: Redis) -> None:
    """One limit of two pods: together while Redis is there, each its half while it is not, together again after that."""
    rule = Rule("all", "", "m", "", 1, 100, None, PERIOD, 0.0, 10, True)
    both = [pod("a"), pod("b")]
    await until(lambda: all(shares.live for shares in both))
    policies = [
        RateLimit([rule], lambda call: call.model, lambda call: 0, time.monotonic, shared_or_own(shares))
        for shares in both
    ]
    counts = [await passed(policies[0], 30), await passed(policies[1], 10)]
    assert counts == [30, 10]
    redis.kill()
    for policy, shares in zip(policies, both, strict=True):
        while shares.live:
            counts[both.index(shares)] += await passed(policy, 1)
            await asyncio.sleep(0.01)
    assert [await passed(policy, 100) for policy in policies] == [50 - count for count in counts]
    redis.start()
    await until(lambda: all(shares.live for shares in both))
    assert [await passed(policy, 5) for policy in policies] == [0, 0], "what was used meanwhile is not forgotten"


async def passed(policy: RateLimit, calls: int) -> int:
    """How many of so many calls are let through."""

    async def answer(call: Call) -> Outcome:
        call.attempts += 1
        return Outcome(200)

    count = 0
    for _ in range(calls):
        call = Call("id", "openai", "chat", b"", {}, "m", False, {}, cast(Client, None))
        try:
            await policy(call, answer)
            count += 1
        except Failure as failure:
            if failure.kind != "rate_limited" or not failure.retry_after:
                raise
            break
    return count
