"""The pool's promises: never more than the limit, callers in order, nothing leaked whatever happens to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from proxy.call import Call, Failure
from tests.upstream.clock import Clock
from tests.upstream.lines import FAR, numbers, pooled, use
from tests.upstream.raw import turns

# ---- one caller


async def test_a_released_connection_is_lent_again() -> None:
    pool, exchanges = pooled(Clock())
    first = await pool.acquire(FAR)
    assert (numbers(pool), first.reused) == ((1, 0, 0), False)
    await use(first)
    pool.release(first, True)
    assert numbers(pool) == (0, 1, 0)
    assert await pool.acquire(FAR) is first
    assert first.reused
    assert (pool.statistics()["created"], pool.statistics()["reused"]) == (1, 1)
    pool.release(first, False)
    assert numbers(pool) == (0, 0, 0)
    assert exchanges.open() == []


async def test_fresh_asks_for_a_new_one() -> None:
    pool, _ = pooled(Clock())
    first = await pool.acquire(FAR)
    pool.release(first, True)
    second = await pool.acquire(FAR, fresh=True)
    assert (second is first, second.reused) == (False, False)


async def test_a_fresh_one_is_not_opened_beyond_the_limit() -> None:
    pool, exchanges = pooled(Clock(), connections=2)
    for connection in [await pool.acquire(FAR), await pool.acquire(FAR)]:
        pool.release(connection, True)
    await pool.acquire(FAR, fresh=True)
    assert len(exchanges.open()) <= 2


async def test_the_one_used_last_is_lent_first() -> None:
    pool, _ = pooled(Clock())
    lent = [await pool.acquire(FAR) for _ in range(3)]
    for connection in lent:
        pool.release(connection, True)
    assert [await pool.acquire(FAR) for _ in range(3)] == lent[::-1]


async def test_take_gives_what_acquire_would_without_waiting() -> None:
    pool, _ = pooled(Clock(), connections=1)
    assert pool.take() is None
    first = await pool.acquire(FAR)
    pool.release(first, True)
    assert pool.take() is first
    assert (numbers(pool), first.reused) == ((1, 0, 0), True)
    assert pool.take() is None


# ---- many callers


async def test_callers_beyond_the_limit_are_served_in_order() -> None:
    pool, exchanges = pooled(connections=2)
    lent = [await pool.acquire(FAR), await pool.acquire(FAR)]
    served: list[int] = []

    async def caller(number: int) -> None:
        connection = await pool.acquire(FAR)
        served.append(number)
        await turns(1)
        pool.release(connection, number % 2 == 0)

    callers = [asyncio.ensure_future(caller(number)) for number in range(6)]
    await turns(2)
    assert numbers(pool) == (2, 0, 6)
    for connection in lent:
        pool.release(connection, True)
    await asyncio.gather(*callers)
    assert served == list(range(6))
    assert numbers(pool)[::2] == (0, 0)
    assert len(exchanges.open()) == pool.statistics()["idle"]
    pool.discard_idle()


async def test_a_place_handed_over_cannot_be_stolen() -> None:
    pool, _ = pooled(connections=1)
    first = await pool.acquire(FAR)
    waiting = asyncio.ensure_future(pool.acquire(FAR))
    await turns(1)
    pool.release(first, True)
    assert pool.take() is None
    newcomer = asyncio.ensure_future(pool.acquire(FAR))
    assert await waiting is first
    await turns(2)
    assert not newcomer.done()
    pool.release(first, False)
    pool.release(await newcomer, False)
    assert numbers(pool) == (0, 0, 0)


async def test_the_time_is_kept_that_callers_wait_and_that_new_connections_take() -> None:
    clock = Clock(1e9)
    pool, exchanges = pooled(clock, connections=1)
    exchanges.gate = asyncio.Event()
    calls = [cast(Call, SimpleNamespace(queued=10.0)) for _ in range(3)]
    dialling = asyncio.ensure_future(pool.acquire(FAR, call=calls[0]))
    await turns(1)
    clock.advance(2.0)
    exchanges.gate.set()
    first = await dialling
    waiting = [asyncio.ensure_future(pool.acquire(FAR, call=call)) for call in calls[1:]]
    await turns(1)
    clock.advance(0.5)
    waiting[0].cancel()
    await turns(1)
    clock.advance(1.0)
    pool.release(first, False)
    await waiting[1]
    assert (pool.waited, pool.dialled) == (2.0, 2.0)
    assert [call.queued for call in calls] == [12.0, 10.5, 11.5]


async def test_a_caller_that_leaves_the_queue_is_passed_over() -> None:
    pool, _ = pooled(connections=1)
    first = await pool.acquire(FAR)
    leaver, stayer = asyncio.ensure_future(pool.acquire(FAR)), asyncio.ensure_future(pool.acquire(FAR))
    await turns(1)
    leaver.cancel()
    await turns(1)
    assert numbers(pool) == (1, 0, 1)
    pool.release(first, True)
    assert await stayer is first
    pool.release(first, False)


async def test_a_caller_cancelled_with_the_place_in_hand_passes_it_on() -> None:
    pool, _ = pooled(connections=1)
    first = await pool.acquire(FAR)
    leaver, stayer = asyncio.ensure_future(pool.acquire(FAR)), asyncio.ensure_future(pool.acquire(FAR))
    await turns(1)
    pool.release(first, True)
    leaver.cancel()
    assert await asyncio.wait_for(stayer, 5) is first
    with pytest.raises(asyncio.CancelledError):
        await leaver
    pool.release(first, False)
    assert numbers(pool) == (0, 0, 0)


async def test_the_queue_is_bounded() -> None:
    pool, _ = pooled(connections=1, queue=2)
    first = await pool.acquire(FAR)
    waiting = [asyncio.ensure_future(pool.acquire(FAR)) for _ in range(2)]
    await turns(1)
    with pytest.raises(Failure) as caught:
        await pool.acquire(FAR)
    assert (caught.value.kind, caught.value.retry_after) == ("rate_limited", 1.0)
    for waiter in waiting:
        waiter.cancel()
    await turns(2)
    pool.release(first, False)
    assert numbers(pool) == (0, 0, 0)


async def test_waiting_ends_at_the_deadline_and_not_before() -> None:
    loop = asyncio.get_running_loop()
    pool, _ = pooled(connections=1)
    first = await pool.acquire(FAR)
    deadline = loop.time() + 0.05
    with pytest.raises(Failure) as caught:
        await pool.acquire(deadline)
    assert caught.value.kind == "rate_limited"
    assert deadline - 0.002 <= loop.time() < deadline + 1
    assert numbers(pool) == (1, 0, 0)
    pool.release(first, False)
    assert numbers(pool) == (0, 0, 0)


# ---- dialling


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (lambda: ConnectionRefusedError(111, "refused"), "network_error"),
        (lambda: Failure("network_error", "x"), "network_error"),
    ],
)
async def test_a_failed_dial_leaves_nothing(fault: Callable[[], BaseException], kind: str) -> None:
    pool, exchanges = pooled(Clock(), connections=1)
    exchanges.fault = fault
    for _ in range(3):
        with pytest.raises(Failure) as caught:
            await pool.acquire(FAR)
        assert caught.value.kind == kind
    assert numbers(pool) == (0, 0, 0)
    exchanges.fault = None
    await asyncio.wait_for(pool.acquire(FAR), 5)


async def test_a_failed_dial_hands_its_place_to_who_waits() -> None:
    pool, exchanges = pooled(connections=1)
    exchanges.gate = asyncio.Event()
    exchanges.fault = ConnectionRefusedError
    callers = [asyncio.ensure_future(pool.acquire(FAR)) for _ in range(3)]
    await turns(2)
    assert numbers(pool) == (1, 0, 2)
    exchanges.gate.set()
    ends = await asyncio.gather(*callers, return_exceptions=True)
    assert [cast(Failure, end).kind for end in ends] == ["network_error"] * 3
    assert numbers(pool) == (0, 0, 0)


async def test_a_dial_that_takes_too_long() -> None:
    pool, exchanges = pooled(connections=1, connect=0.03)
    exchanges.gate = asyncio.Event()
    with pytest.raises(Failure) as caught:
        await pool.acquire(FAR)
    assert (caught.value.kind, "0.03 seconds" in caught.value.detail) == ("timeout", True)
    assert numbers(pool) == (0, 0, 0)


async def test_a_caller_cancelled_while_dialling_leaves_nothing() -> None:
    pool, exchanges = pooled(connections=1)
    exchanges.gate = asyncio.Event()
    caller = asyncio.ensure_future(pool.acquire(FAR))
    await turns(2)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert numbers(pool) == (0, 0, 0)
