"""The pool under callers that come, go, are cancelled and disappointed in any order."""

from __future__ import annotations

import asyncio
from random import Random
from typing import cast

import pytest

from proxy.upstream.connection import Connection
from tests.upstream.clock import Clock
from tests.upstream.lines import FAR, numbers, pooled
from tests.upstream.raw import turns

STEPS = (
    "call",
    "call",
    "call",
    "turn",
    "turn",
    "end",
    "break",
    "cancel",
    "lose idle",
    "lose busy",
    "refuse",
    "allow",
    "wait",
)


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
