"""What a pool does while time passes: idle connections end, and the limits of the busy ones are kept."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any, cast

from proxy.call import Failure
from proxy.upstream.connection import Connection
from proxy.upstream.pool import CLOSED_PER_TICK, SURPLUS, TICK_SECONDS, Limits, Pool
from tests.upstream.asking import REQUEST, ask
from tests.upstream.clock import Clock
from tests.upstream.lines import FAR, numbers, pooled, use
from tests.upstream.raw import RawUpstream, always, plain, turns

# ---- idle


async def test_idle_ones_are_closed_when_their_time_is_over() -> None:
    clock = Clock()
    pool, exchanges = pooled(clock, idle_seconds=30)
    pool.release(await pool.acquire(FAR), True)
    clock.advance(29)
    assert len(exchanges.open()) == 1
    clock.advance(1.5)
    assert exchanges.open() == []
    assert numbers(pool) == (0, 0, 0)
    clock.advance(5)
    assert [timer for timer in clock.timers if not timer.off] == [], "an empty pool needs no timer"


async def test_what_is_more_than_may_be_kept_is_closed_soon_the_oldest_first() -> None:
    clock = Clock()
    pool, exchanges = pooled(clock, idle=2, idle_seconds=30)
    lent = [await pool.acquire(FAR) for _ in range(5)]
    for connection in lent:
        pool.release(connection, True)
    assert numbers(pool) == (0, 5, 0)
    clock.advance(2.5)
    assert exchanges.open() == lent[3:]
    assert numbers(pool) == (0, 2, 0)


async def test_a_great_burst_is_not_closed_in_one_go() -> None:
    """A thousand closed in one turn of the loop would hold up every stream."""
    clock = Clock()
    pool, exchanges = pooled(clock, connections=1000, idle=20, idle_seconds=30)
    for connection in [await pool.acquire(FAR) for _ in range(1000)]:
        pool.release(connection, True)
    assert len(exchanges.open()) == 20 + SURPLUS
    left = [len(exchanges.open())]
    while left[-1] > 20:
        clock.advance(TICK_SECONDS)
        left.append(len(exchanges.open()))
    assert max(before - after for before, after in pairwise(left)) == CLOSED_PER_TICK
    assert len(left) < 30


async def test_use_keeps_a_connection_alive() -> None:
    clock = Clock()
    pool, exchanges = pooled(clock, idle_seconds=30)
    pool.release(await pool.acquire(FAR), True)
    for _ in range(10):
        clock.advance(20)
        connection = await pool.acquire(FAR)
        await use(connection)
        pool.release(connection, True)
    assert len(exchanges.dialled) == 1


async def test_an_idle_connection_that_the_provider_closes_is_forgotten() -> None:
    loop = asyncio.get_running_loop()
    async with RawUpstream(always(plain(b"{}"))) as raw:

        async def dial() -> Connection:
            return (await loop.create_connection(lambda: Connection(loop), "127.0.0.1", raw.port))[1]

        pool = Pool("up", dial, Limits(), loop)
        first = await pool.acquire(FAR)
        await ask(first)
        pool.release(first, first.complete)
        assert numbers(pool) == (0, 1, 0)
        raw.visits[0].close()
        async with asyncio.timeout(5):
            while numbers(pool) != (0, 0, 0):
                await turns(1)
        second = await pool.acquire(FAR)
        assert not second.reused
        pool.release(second, False)


async def test_discard_closes_what_is_idle_and_nothing_else() -> None:
    pool, exchanges = pooled(Clock())
    busy = await pool.acquire(FAR)
    pool.release(await pool.acquire(FAR), True)
    pool.discard_idle()
    assert exchanges.open() == [busy]
    assert numbers(pool) == (1, 0, 0)


# ---- time


async def test_the_time_of_every_lent_connection_is_kept() -> None:
    clock = Clock()
    pool, _ = pooled(clock)
    begun, ended = [], dict[int, float]()
    for first_byte in (3, 7, 5):
        connection = await pool.acquire(FAR)
        connection.send(REQUEST, first_byte, 60, clock.now + 100)
        begun.append((first_byte, asyncio.ensure_future(cast(Any, connection.head()))))
    for _ in range(100):
        clock.advance(0.1)
        ended |= {name: clock.now for name, head in begun if head.done() and name not in ended}
    assert sorted(ended) == [3, 5, 7]
    assert all(1000 + name <= at <= 1000 + name + 0.25 for name, at in ended.items()), ended
    for _, head in begun:
        assert isinstance(head.exception(), Failure)


async def test_a_lent_again_connection_s_time_is_kept_too() -> None:
    clock = Clock()
    pool, _ = pooled(clock)
    first = await pool.acquire(FAR)
    await use(first)
    pool.release(first, True)
    clock.advance(3)
    again = pool.take()
    assert again is first
    first.send(REQUEST, 5, 60, clock.now + 100)
    waiting = first.head()
    clock.advance(4.9)
    assert not waiting.done()
    clock.advance(0.3)
    assert isinstance(waiting.exception(), Failure)
