"""Pods that share a real Redis, and waiting for what happens in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from proxy.upstream.lease import Lease
from proxy.upstream.shares import Shares
from proxy.upstream.store import RedisStore
from tests.upstream.redis import Redis

SOON = 5.0
#: Pods here look for the store every quarter of a second, so they find it sooner.
GRACE = 0.5
MakePod = Callable[[str], Shares]


@asynccontextmanager
async def pods(redis: Redis) -> AsyncIterator[MakePod]:
    """Makes pods, and ends them."""
    made: list[Shares] = []

    def make(name: str) -> Shares:
        shares = Shares(RedisStore(redis.url, "test", 0.6), name, time.monotonic, Random(name), GRACE)
        shares.start_beating()
        made.append(shares)
        return shares

    try:
        yield make
    finally:
        for shares in made:
            await shares.close()


async def until(condition: Callable[[], object]) -> None:
    """The store answers in its own time: look again until it has."""
    async with asyncio.timeout(SOON):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def take(lease: Lease, amount: int) -> list[tuple[int, int]] | None:
    taken = lease.take(amount, time.monotonic())
    return taken if isinstance(taken, list) else None


async def taken(lease: Lease, amount: int) -> list[tuple[int, int]]:
    """What `take` gives in the end."""
    found: list[list[tuple[int, int]]] = []

    def look() -> bool:
        got = take(lease, amount)
        found.extend([] if got is None else [got])
        return bool(found)

    await until(look)
    return found[0]
