"""The two orders of ending, on a clock of the test's own making where seconds matter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from proxy import draining
from proxy.config.drain import Ending
from proxy.draining import Draining
from proxy.server.gateway import Gateway

NATIVE = Ending(False, 0.05, 2.0, 5.0)
CLASSIC = Ending(True, 28.0, 2.0, 5.0)


class Calls:
    """Stands in for the gateway: which calls run, and what it was told."""

    def __init__(self) -> None:
        self.calls: set[Any] = set()
        self.draining: float | None = None
        self.idle = asyncio.Event()
        self.cuts = 0

    def drain(self, retry_after: float) -> None:
        self.draining = retry_after
        if not self.calls:
            self.idle.set()

    def cut(self) -> None:
        self.cuts += 1
        self.calls.clear()
        self.idle.set()


class Stage:
    """A draining whose clock goes on by a tenth of a second at each look; `happens` is called at each with the time."""

    def __init__(self, ending: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls, self.now, self.ended = Calls(), 100.0, 7
        self.happens: Callable[[float], None] = lambda now: None
        gateway = cast(Gateway, self.calls)
        self.draining = Draining(gateway, lambda: ending, lambda: self.ended, lambda: self.now)
        monkeypatch.setattr(asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= draining.LOOK
        self.now += seconds
        self.happens(round(self.now - 100, 3))

    async def run(self) -> float:
        """Seconds that it took."""
        await self.draining.run()
        return round(self.now - 100, 3)


async def test_in_the_native_order_what_is_new_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(NATIVE, monkeypatch)
    assert await stage.run() == 0
    assert (stage.calls.draining, stage.calls.cuts, stage.draining.begun) == (draining.RETRY_AFTER, 0, True)


async def test_in_the_native_order_what_runs_is_cut_when_the_grace_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(NATIVE, monkeypatch)
    stage.calls.calls.add("a call")
    await stage.run()
    assert stage.calls.cuts == 1


async def test_in_the_classic_order_nobody_is_refused_for_the_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(CLASSIC, monkeypatch)
    refused: list[float] = []
    stage.happens = lambda now: refused.append(now) if stage.calls.draining is not None else None
    assert await stage.run() == pytest.approx(5.0, abs=0.15)
    assert (refused, stage.calls.cuts) == ([], 0)


async def test_in_the_classic_order_it_ends_when_nobody_has_asked_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that begins and ends between two looks counts as one that was seen."""
    stage = Stage(CLASSIC, monkeypatch)

    def happens(now: float) -> None:
        if now == 4.0:
            stage.calls.calls.add("long")
        if now == 9.0:
            stage.calls.calls.clear()
        if now == 10.0:
            stage.ended += 1

    stage.happens = happens
    assert await stage.run() == pytest.approx(12.0, abs=0.15)


async def test_in_the_classic_order_what_never_stops_is_cut_before_the_pod_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(CLASSIC, monkeypatch)
    stage.calls.calls.add("for ever")
    assert await stage.run() == pytest.approx(28.0, abs=0.001)
    assert stage.calls.cuts == 1


async def test_a_pod_without_time_is_ended_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(CLASSIC._replace(longest=0.0), monkeypatch)
    assert await stage.run() == 0


@pytest.mark.parametrize("by", ["refuse", "hurry"])
async def test_who_says_that_nobody_asks_any_more_is_believed(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(CLASSIC, monkeypatch)
    stage.happens = lambda now: getattr(stage.draining, by)() if now == 1.0 else None
    assert await stage.run() == 1.0


async def test_what_does_not_read_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(NATIVE, monkeypatch)
    monkeypatch.setattr(draining, "LAST_WORDS_SECONDS", 0.01)
    monkeypatch.setattr(stage.calls, "cut", lambda: None)
    stage.calls.calls.add("deaf")
    await stage.run()
    assert "calls were cut without a word" in caplog.messages


async def test_it_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    stage = Stage(NATIVE, monkeypatch)
    stage.draining.refuse()
    stage.draining.refuse()
    await stage.run()
    assert caplog.messages == ["draining"]
