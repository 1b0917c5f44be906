"""Leases of several pods from a real Redis: a little at once, the rest ahead of use, and never more than there is."""

from __future__ import annotations

import asyncio
import time

from proxy.upstream.lease import FREE, Lease
from tests.upstream.pods import MakePod, take, taken, until
from tests.upstream.redis import Redis, needs_redis

PERIOD = 60.0
pytestmark = needs_redis


async def test_a_little_goes_at_once_and_the_rest_is_leased_ahead(pod: MakePod, redis: Redis) -> None:
    shares = pod("a")
    await until(lambda: shares.live)
    lease = shares("tokens", 3200, PERIOD)
    assert take(lease, 3200 // FREE) == [], "without a lease, and without waiting"
    assert take(lease, 1) is None, "but only so much before the store has answered"
    assert sum(amount for _, amount in await taken(lease, 10)) == 10
    for _ in range(60):
        await asyncio.sleep(0.002)
        got = take(lease, 10)
        assert got is not None, "renewed when half of it is used"
    told = redis.say("HVALS {test}:lease:tokens").split(b"\r\n")[2::2]
    assert 100 + 610 <= sum(map(int, told)) <= 1000


async def test_pods_never_have_more_than_there_is(pod: MakePod) -> None:
    """Five pods that take all they can for some periods: never more in any one, and not much less."""
    period, limit = 1.0, 3200
    all_pods = [pod(str(number)) for number in range(5)]
    await until(lambda: all(shares.live for shares in all_pods))
    for shares in all_pods:
        shares.pods = 5  # the first ones would learn of the last ones in their next answers
    sent: list[tuple[float, int]] = []

    async def use(lease: Lease) -> None:
        while True:
            now = time.monotonic()
            if isinstance(lease.take(10, now), list):
                sent.append((now, 10))
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(0.003)

    tasks = [asyncio.create_task(use(shares("tokens", limit, period))) for shares in all_pods]
    await asyncio.sleep(2.2)
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    most = max(sum(amount for at, amount in sent if start - period < at <= start) for start, _ in sent[::20])
    assert most <= limit
    assert sum(amount for _, amount in sent) >= 0.7 * limit * 2


async def test_what_is_not_used_comes_back(pod: MakePod) -> None:
    shares, other = pod("a"), pod("b")
    await until(lambda: shares.live and other.live)
    lease, theirs = shares("tokens", 100, PERIOD), other("tokens", 100, PERIOD)
    got = await taken(lease, 80)
    assert take(theirs, 80) is None
    lease.give_back(got, 70)
    await taken(theirs, 60)


async def test_what_is_used_up_is_waited_for_as_long_as_was_said(pod: MakePod) -> None:
    shares = pod("a")
    await until(lambda: shares.live)
    lease, now = shares("tokens", 10, PERIOD), time.monotonic
    await taken(lease, 10)
    await until(lambda: lease.wait(5, now()) > 0)
    assert PERIOD * 0.9 < lease.wait(5, now()) < PERIOD * 1.1
    wait = lease.take(5, now())
    assert isinstance(wait, float)
    assert wait < 2, "others may give back sooner"


async def test_what_is_spent_beyond_is_told(pod: MakePod) -> None:
    shares, other = pod("a"), pod("b")
    await until(lambda: shares.live and other.live)
    shares("tokens", 100, PERIOD).spend(95)
    lease = other("tokens", 100, PERIOD)
    await until(lambda: take(lease, 30) is None and lease.wait(30, time.monotonic()) > 0)
