"""What pods have of a budget together: leased before it is used, told what it was, and its own part while nobody can be asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from proxy.policies.bucket import Reservation
from proxy.policies.pooled import ANSWER, Carried, Pool

Taken = list[tuple[int, int]]


class Store:
    """A Lease that a test answers for."""

    term = 1.0

    def __init__(self, left: int = 0, live: bool = True, pods: int = 1) -> None:
        self.wake: Callable[[], None] = lambda: None
        self.changed: Callable[[float], object] = lambda now: None
        self.left = left
        self.live = self.reachable = live
        self.pods = pods
        self.lost = 0
        self.spent = 0
        self.more_in = 0.0

    def take(self, amount: int, now: float) -> Taken | float:
        if amount > self.left:
            return 0.1
        self.left -= amount
        return [(0, amount)]

    def give_back(self, taken: Taken, amount: int) -> None:
        self.left += amount

    def spend(self, amount: int) -> None:
        self.spent += amount

    def wait(self, amount: int, now: float) -> float:
        return 0.0 if amount <= self.left else self.more_in

    def drop(self) -> None: ...


def pool(store: Store, limit: int = 100, unit: int = 1, used: int = 0) -> Pool:
    return Pool(Carried(limit, 1000.0, store, used, time.monotonic()), unit, time.monotonic)


async def taken(pool: Pool, amount: int) -> Reservation:
    leased = await pool.take(amount)
    assert leased is not None
    return leased


async def test_what_is_not_used_goes_back() -> None:
    store = Store(100)
    shared = pool(store)
    leased = await taken(shared, 30)
    assert store.left == 70
    shared.settle(leased, 10)
    assert (store.left, store.spent, shared.gate.fill(time.monotonic())[0]) == (90, 0, 10)
    shared.settle(await taken(shared, 5), 12)
    assert (store.left, store.spent, shared.gate.fill(time.monotonic())[0]) == (85, 7, 22)


async def test_rests_of_units_are_carried_on() -> None:
    """A thousand calls at a third of a unit are a third of a thousand units, and not nothing, or a thousand."""
    store = Store(10**6)
    shared = pool(store, 10**6, unit=3000)
    for _ in range(999):
        shared.settle(await taken(shared, 2999), 1000)
    assert shared.gate.fill(time.monotonic())[0] == 333
    assert store.left == 10**6 - 333


async def test_who_asks_before_the_store_has_answered_waits_for_it() -> None:
    store = Store()
    shared = pool(store)
    asking = asyncio.ensure_future(shared.take(30))
    await asyncio.sleep(0)
    assert not asking.done()
    store.left = 40
    store.wake()
    async with asyncio.timeout(0.05):
        assert await asking is not None
    assert not shared._waiting


async def test_who_would_wait_in_vain_is_told_at_once() -> None:
    store = Store()
    store.more_in = ANSWER * 2
    async with asyncio.timeout(0.05):
        assert await pool(store).take(30) is None
        assert await pool(Store(100), used=90).take(30) is None, "this pod itself has used it up"


async def test_nobody_waits_for_longer_than_is_said() -> None:
    began = time.monotonic()
    assert await pool(Store()).take(30) is None
    assert ANSWER <= time.monotonic() - began < ANSWER + 0.5


async def test_who_goes_while_waiting_takes_nothing() -> None:
    store = Store()
    shared = pool(store)
    asking = asyncio.ensure_future(shared.take(30))
    await asyncio.sleep(0)
    asking.cancel()
    store.left = 100
    store.wake()
    await asyncio.wait([asking])
    assert (store.left, shared._waiting) == (100, set())


async def test_without_a_store_each_pod_keeps_to_its_part() -> None:
    store = Store(live=False, pods=4)
    shared = pool(store)
    leased = await taken(shared, 25)
    async with asyncio.timeout(0.05):
        assert await shared.take(1) is None
    shared.settle(leased, 5)
    shared.settle(await taken(shared, 20), 13)
    shared.tell(7)
    store.reachable = True
    shared.gate.wait(0, time.monotonic())
    assert store.spent == 25, "and when it comes back it is told what was taken, and not what could have been"
    store.live = True
    store.left = 50
    shared.settle(await taken(shared, 10), 2)
    assert (store.spent, store.left) == (25, 48)


async def test_more_than_there_ever_is_takes_all_of_it() -> None:
    store = Store(100)
    await taken(pool(store), 500)
    assert store.left == 0


async def test_what_only_warns_tells_what_it_spends() -> None:
    store = Store()
    shared = pool(store, unit=10)
    for amount in (25, 4, 1):
        shared.tell(amount)
    assert store.spent == 3
    shared.tell(5000)
    assert store.spent == 503, "more than there is, too"


async def test_a_store_that_has_forgotten_is_told_everything_again() -> None:
    store = Store(100)
    shared = pool(store, used=40)
    shared.settle(await taken(shared, 10), 10)
    store.lost += 1
    await taken(shared, 1)
    assert store.spent == 50
