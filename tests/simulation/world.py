"""Providers that are only modelled: how long they take, how often they fail, how much they can do at once, and when that changes.

They are asked as the exchange is, by the innermost policy, and note when. Times are the virtual loop's, from 0, in seconds.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from math import exp, inf
from random import Random
from typing import NamedTuple

from proxy.call import Call, Failure, Outcome

#: What the clock of a simulation shows when it begins.
START = 1000.0
FOREVER = inf


@dataclass(frozen=True)
class Way:
    """How a provider is for a while.

    seconds: the median of an answer. spread: of its logarithm (0: each takes as long). slow: such a share takes `times` as long.
    failing: such a share fails, after `fails_after`, as `kind`.
    """

    seconds: float = 0.5
    spread: float = 0.0
    slow: float = 0.0
    times: float = 10.0
    failing: float = 0.0
    fails_after: float = 0.05
    kind: str = "provider_overloaded"


DEAD = Way(failing=1.0)
#: It takes calls and never answers one; the exchange gives up at `timeout`.
HANGING = Way(seconds=FOREVER)


@dataclass
class Modelled:
    """`ways`: from when on it is how. `slots`: so many calls at once, the others wait. `asked` keeps when it was."""

    name: str
    ways: Sequence[tuple[float, Way]] = ((0.0, Way()),)
    slots: int | None = None
    timeout: float = 120.0
    asked: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    now: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self._room = nullcontext() if self.slots is None else asyncio.Semaphore(self.slots)
        self._starts = [start for start, _ in self.ways]

    def way(self, at: float) -> Way:
        return self.ways[bisect_right(self._starts, at) - 1][1]

    async def answer(self, at: float, dice: Random) -> None:
        """Failure as its way has it."""
        self.asked.append(at)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            async with self._room:
                await self._work(self.way(at), dice)
        finally:
            self.now -= 1

    async def _work(self, way: Way, dice: Random) -> None:
        if way.failing and dice.random() < way.failing:
            await asyncio.sleep(way.fails_after)
            raise Failure(way.kind, f"{self.name} is down")
        seconds = way.seconds * exp(way.spread * dice.normalvariate()) if way.spread else way.seconds
        if way.slow and dice.random() < way.slow:
            seconds *= way.times
        await asyncio.sleep(min(seconds, self.timeout))
        if seconds > self.timeout:
            raise Failure("timeout", f"{self.name} has said nothing for {self.timeout} s")
        self.answered.append(seconds)


class World:
    """A Handler: where the last policy's calls go. Made inside a simulation."""

    def __init__(self, *providers: Modelled, seed: int = 1) -> None:
        self.dice = Random(seed)
        self.providers = {provider.name: provider for provider in providers}
        self.time: Callable[[], float] = asyncio.get_running_loop().time

    @property
    def now(self) -> float:
        return self.time() - START

    async def __call__(self, call: Call) -> Outcome:
        """As the exchange does it: what it notes of the call is what the policies go by."""
        assert call.target is not None
        call.attempts += 1
        began = self.time()
        try:
            await self.providers[call.target.name].answer(self.now, self.dice)
        finally:
            call.upstream_seconds += self.time() - began
        if call.stream:
            call.ttft = self.time() - call.started
        call.client.start(200, ())
        return Outcome(200, None, call.target, call.ttft, call.attempts)


class Ended(NamedTuple):
    """A call, as the application has seen it. `kind`: of its failure, None where it went well; `target`: who was asked last."""

    began: float
    seconds: float
    kind: str | None
    target: str
    attempts: int
    user: str


def share_well(calls: Sequence[Ended]) -> float:
    return sum(call.kind is None for call in calls) / len(calls)


def shares(calls: Sequence[Ended]) -> dict[str, float]:
    """Of each target, of all calls that went well."""
    counts = Counter(call.target for call in calls if call.kind is None)
    return {name: count / counts.total() for name, count in counts.items()}


def quantile(values: Iterable[float], share: float) -> float:
    found = sorted(values)
    return found[min(int(share * len(found)), len(found) - 1)]


def between(calls: Iterable[Ended], start: float, end: float) -> list[Ended]:
    return [call for call in calls if start <= call.began < end]
