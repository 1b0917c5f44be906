"""Loop lag, on a clock of our own for the arithmetic and on the real loop for the truth."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from proxy.server.lag import LoopLag


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_timer_that_is_late_already_shows() -> None:
    clock = Clock()
    lag = LoopLag(clock)
    lag.start()
    clock.now = 0.2
    assert lag.current() == lag.worst() == 0.0
    clock.now = 31.25
    assert lag.current() == lag.worst() == 31.0
    lag.stop()


async def test_it_watches_only_between_start_and_stop() -> None:
    clock = Clock()
    lag = LoopLag(clock)
    clock.now = 100.0
    assert lag.current() == 0.0
    lag.start()
    lag.stop()
    lag.stop()
    clock.now = 200.0
    assert lag.current() == lag.worst() == 0.0


async def test_a_blocked_loop_is_noticed_and_remembered_for_a_while() -> None:
    lag = LoopLag(interval=0.01)
    lag.start()
    await asyncio.sleep(0.03)
    time.sleep(0.15)  # noqa: ASYNC251
    assert lag.current() >= 0.13
    await until(lambda: lag.current() < 0.1)
    assert lag.worst() >= 0.13
    lag.stop()


async def test_the_worst_is_forgotten_in_time() -> None:
    lag = LoopLag(interval=0.01, memory=0.05)
    lag.start()
    await asyncio.sleep(0.03)
    time.sleep(0.15)  # noqa: ASYNC251
    assert lag.worst() >= 0.13
    await until(lambda: lag.worst() < 0.13)
    lag.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
