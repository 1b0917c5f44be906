"""Budgets that pods have together, through a real store that is there, goes, and is not asked twice for the same."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from proxy.budgeting import Budgeting
from proxy.config import Config
from tests.budgeted import NAMESPACE, bought, budgeting, buy, config_of, spent
from tests.policies.spending import Wall, weighing
from tests.upstream.pods import MakePod, until
from tests.upstream.redis import Redis, needs_redis

FLEET = {"name": "daily", "money": 1000, "per": "day", "scope": "fleet"}
SHARING = {"redis": "redis://127.0.0.1:1/0"}


async def two(pod: MakePod, config: Config) -> list[Budgeting]:
    shared = [pod("a")]
    await until(lambda: shared[0].live)
    shared.append(pod("b"))
    await until(lambda: shared[1].live and shared[1].pods == 2)
    return [budgeting(config, None, each) for each in shared]


async def spend_all(each: Budgeting, callers: int) -> int:
    """Dollars that so many callers at once can spend, each until it is refused."""

    async def one() -> int:
        calls = 0
        while await buy(each) is not None:
            calls += 1
            await asyncio.sleep(0)
        return calls

    return 2 * sum(await asyncio.gather(*[one() for _ in range(callers)]))


@needs_redis
async def test_pods_spend_one_budget_together(tmp_path: Path, pod: MakePod) -> None:
    one, other = await two(pod, config_of(tmp_path, FLEET, sharing=SHARING))
    together = sum(await asyncio.gather(spend_all(one, 20), spend_all(other, 20)))
    assert 990 <= together <= 1000, "never passed, and a little of the end is not spent"
    assert spent(one) + spent(other) == together
    assert await buy(one) is None
    (scope,) = one.scopes
    assert scope.told["warned"] == 1, "of what all have spent"


@needs_redis
async def test_namespaces_have_budgets_of_their_own(tmp_path: Path, pod: MakePod) -> None:
    config = config_of(tmp_path, {**FLEET, "scope": "namespace", "money": 100}, sharing=SHARING)
    one, _ = await two(pod, config)
    assert await spend_all(one, 1) >= 80
    elsewhere = Budgeting(config, {"POD_NAMESPACE": "bar"}, weighing(), one._shares, None, Wall())
    assert await spend_all(elsewhere, 1) >= 80
    same = Budgeting(config, NAMESPACE, weighing(), one._shares, None, Wall())
    assert await buy(same) is None


@needs_redis
async def test_without_the_store_each_pod_keeps_to_its_part(tmp_path: Path, pod: MakePod, redis: Redis) -> None:
    one, other = await two(pod, config_of(tmp_path, FLEET, sharing=SHARING))
    assert await buy(one) == 2
    await until(lambda: one._shares is not None and one._shares.pods == 2)
    redis.kill()
    began = time.monotonic()
    together = [await spend_all(one, 5), await spend_all(other, 5)]
    assert time.monotonic() - began < 3, "nobody waits for it"
    assert all(480 <= dollars <= 500 for dollars in together), together


@needs_redis
async def test_a_restarted_pod_does_not_spend_again_what_it_has(tmp_path: Path, pod: MakePod) -> None:
    config = config_of(tmp_path, {**FLEET, "money": 100}, state="state", sharing=SHARING)
    one, _ = await two(pod, config)
    first = await spend_all(one, 1)
    await one.close()
    again = budgeting(config, None, one._shares)
    assert spent(again) == first
    assert await buy(again) is None
    await again.close()


@needs_redis
async def test_a_budget_that_only_warns_asks_nobody(tmp_path: Path, pod: MakePod) -> None:
    one, _ = await two(pod, config_of(tmp_path, {**FLEET, "money": 10, "hard": False}, sharing=SHARING))
    assert await bought(one) == 50
    assert spent(one) == 100


@needs_redis
async def test_a_store_that_forgets_everything_is_told_again(tmp_path: Path, pod: MakePod, redis: Redis) -> None:
    """Killed in the middle, empty when it comes back: what was spent before and meanwhile counts, and the cap holds."""
    one, other = await two(pod, config_of(tmp_path, FLEET, sharing=SHARING))
    for each in (one, other):
        for _ in range(60):
            assert await buy(each) == 2
    redis.kill()
    await until_gone(one, other)
    for _ in range(40):
        assert await buy(one) == 2
    redis.start()
    await until(lambda: all(each._shares is not None and each._shares.live for each in (one, other)))
    await asyncio.gather(spend_all(one, 5), spend_all(other, 5))
    assert 950 <= spent(one) + spent(other) <= 1000


@needs_redis
async def test_a_store_that_hangs_holds_nobody_up(tmp_path: Path, pod: MakePod, redis: Redis) -> None:
    one, _ = await two(pod, config_of(tmp_path, FLEET, sharing=SHARING))
    redis.freeze()
    began, slowest = time.monotonic(), 0.0
    while time.monotonic() - began < 2:
        before = time.monotonic()
        await buy(one)
        slowest = max(slowest, time.monotonic() - before)
        await asyncio.sleep(0.01)
    redis.thaw()
    assert slowest < 1.3
    assert 0 < spent(one) <= 1000


async def until_gone(*all_of: Budgeting) -> None:
    """A pod sees that the store is gone when it asks."""
    for each in all_of:
        assert each._shares is not None
        lease = each._shares("another", 100, 60.0)
        while each._shares.reachable:
            lease.take(10, time.monotonic())
            await asyncio.sleep(0.005)
