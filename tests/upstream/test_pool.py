"""The pool's promises: never more than the limit, callers in order, nothing leaked whatever happens to whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, cast

import pytest

from proxy.call import Failure
from proxy.upstream.connection import Connection
from proxy.upstream.pool import Limits, Pool
from tests.upstream.clock import Clock
from tests.upstream.raw import RawUpstream, always, plain, turns
from tests.upstream.test_connection import REQUEST, ask

FAR = 1e12


class Line:
    """A transport without a socket that tells its connection of the end in the next loop turn, as real ones do."""

    def __init__(self, connection: Connection) -> None:
        self.open = True
        self._connection = connection

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        if self.open:
            self.open = False
            asyncio.get_running_loop().call_soon(self._connection.connection_lost, None)

    def is_closing(self) -> bool:
        return not self.open

    def get_write_buffer_size(self) -> int:
        return 0


class Exchanges:
    """Dials connections on Lines, and keeps them all. `gate` holds a dial back, `fault` makes it fail."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.dialled: list[Connection] = []
        self.gate: asyncio.Event | None = None
        self.fault: Callable[[], BaseException] | None = None
        self._loop = loop

    async def dial(self) -> Connection:
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault()
        connection = Connection(self._loop)
        connection.connection_made(cast(Any, Line(connection)))
        self.dialled.append(connection)
        return connection

    def open(self) -> list[Connection]:
        return [connection for connection in self.dialled if not connection.transport.is_closing()]


def pooled(clock: Clock | None = None, **limits: float) -> tuple[Pool, Exchanges]:
    loop = clock.loop if clock is not None else asyncio.get_running_loop()
    exchanges = Exchanges(loop)
    return Pool("up", exchanges.dial, Limits(**cast(Any, limits)), loop), exchanges


def numbers(pool: Pool) -> tuple[int, int, int]:
    """(active, idle, waiting)"""
    found = pool.statistics()
    assert found["available"] == found["maximum"] - found["active"]
    return found["active"], found["idle"], found["waiting"]


async def use(connection: Connection) -> None:
    """Carry one exchange to its end."""
    connection.send(REQUEST, 5, 5, FAR)
    connection.data_received(plain(b"{}"))
    await connection.head()
    assert connection.done()


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
    [(lambda: ConnectionRefusedError(111, "refused"), "network_error"), (lambda: Failure("network_error", "x"), "network_error")],
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
    begun, ended = [], {}
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


# ---- whatever happens

STEPS = ("call", "call", "call", "turn", "turn", "end", "break", "cancel", "lose idle", "lose busy", "refuse", "allow", "wait")


class Walk:
    """Callers come, go, are cancelled and disappointed. `check` holds what must be true after every step."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pool, self.exchanges = pooled(self.clock, connections=3, idle=1, queue=4, idle_seconds=5)
        self.callers: list[asyncio.Task[Connection]] = []
        self.lent: list[Connection] = []
        self.exchanges.gate = asyncio.Event()
        self.exchanges.gate.set()

    async def step(self, name: str, choice: int) -> None:
        gate = cast(asyncio.Event, self.exchanges.gate)
        if name == "call":
            self.callers.append(asyncio.ensure_future(self.pool.acquire(FAR, fresh=choice < 3)))
        elif name == "turn":
            await turns(1 + choice % 3)
        elif name in ("end", "break") and self.lent:
            connection = self.lent.pop(choice % len(self.lent))
            self.pool.release(connection, name == "end" and not connection.transport.is_closing())
        elif name == "cancel" and self.callers:
            self.callers[choice % len(self.callers)].cancel()
        elif name == "lose idle" and (idle := [one for one in self.exchanges.open() if one not in self.lent]):
            idle[choice % len(idle)].transport.abort()
            await turns(2)
        elif name == "lose busy" and self.lent:
            self.lent[choice % len(self.lent)].transport.abort()
        elif name == "refuse":
            self.exchanges.fault = ConnectionRefusedError
        elif name == "allow":
            self.exchanges.fault = None
        elif name == "wait":
            self.clock.advance(choice)
            gate.clear() if choice % 2 else gate.set()
        self.collect()
        self.check()

    def collect(self) -> None:
        for caller in [caller for caller in self.callers if caller.done()]:
            self.callers.remove(caller)
            if not caller.cancelled() and caller.exception() is None:
                self.lent.append(caller.result())

    def check(self) -> None:
        active, idle, waiting = numbers(self.pool)
        assert len(self.lent) <= active <= 3
        assert active <= len(self.lent) + len(self.callers)
        assert waiting <= 4
        assert len(set(self.lent)) == len(self.lent), "nobody shares a connection"
        assert len(self.exchanges.open()) <= 3
        assert idle <= 3

    async def settle(self) -> None:
        """Everybody goes home: every number is zero, and what is open is idle."""
        cast(asyncio.Event, self.exchanges.gate).set()
        while self.callers or self.lent:
            for caller in self.callers:
                caller.cancel()
            while self.lent:
                self.pool.release(self.lent.pop(), False)
            await turns(1)
            self.collect()
        await turns(2)
        active, idle, waiting = numbers(self.pool)
        assert (active, waiting) == (0, 0)
        assert idle == len(self.exchanges.open())
        self.pool.discard_idle()
        await turns(2)
        assert self.exchanges.open() == []


@pytest.mark.parametrize("seed", range(8))
def test_the_numbers_add_up_after_any_walk(seed: int) -> None:
    async def walk(dice: Random) -> None:
        walker = Walk()
        for _ in range(80):
            await walker.step(dice.choice(STEPS), dice.randrange(8))
        await walker.settle()

    for number in range(20):
        asyncio.run(asyncio.wait_for(walk(Random(f"{seed}/{number}")), 20))
