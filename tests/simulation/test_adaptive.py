"""Limits learned from a provider that enforces them, in virtual time: few refusals, and little of what it allows unused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from proxy.call import Call, Failure, Outcome, Target, Usage
from proxy.dialects.retry_after import parse_retry_after
from proxy.policies.adaptive import Adaptive
from proxy.policies.limiter import Patience
from proxy.policies.rate_limit import RateLimit
from proxy.providers import all_providers
from proxy.ratelimits import limits_in
from tests.simulation.clock import simulate

PERIOD = 60.0
#: From 1000 seconds on: the end of a minute.
SECONDS = 320.0
PROMPT, ANSWER = 1000, 500


class Windows:
    """A whole limit at each full minute."""

    def __init__(self, limit: int) -> None:
        self.limit, self.window, self.used = limit, -1, 0

    def take(self, amount: int, now: float) -> bool:
        if int(now / PERIOD) != self.window:
            self.window, self.used = int(now / PERIOD), 0
        self.used += amount if (fits := self.used + amount <= self.limit) else 0
        return fits

    def reset(self, now: float) -> float:
        return PERIOD - now % PERIOD

    retry_after = reset

    @property
    def remaining(self) -> int:
        return self.limit - self.used

    def allowed(self, seconds: float) -> float:
        return self.limit * ceil(seconds / PERIOD)


class Drops:
    """Full at first; what is used comes back evenly. The reset tells when it is full again."""

    def __init__(self, limit: int) -> None:
        self.limit, self.there, self.at = limit, float(limit), 0.0

    def take(self, amount: int, now: float) -> bool:
        self.there = min(self.limit, self.there + (now - self.at) * self.limit / PERIOD)
        self.at = now
        self.there -= amount if (fits := amount <= self.there) else 0
        return fits

    def reset(self, now: float) -> float:
        return (self.limit - self.there) * PERIOD / self.limit

    def retry_after(self, now: float) -> float:
        return PERIOD / self.limit

    @property
    def remaining(self) -> int:
        return int(self.there)

    def allowed(self, seconds: float) -> float:
        return self.limit * seconds / PERIOD + self.limit


class Case(NamedTuple):
    """`late`: the headers are made when the answer leaves. `whole`: a reset is told in whole seconds, rounded down."""

    counter: type[Windows] | type[Drops]
    limit: int
    pods: int
    workers: int
    delay: tuple[float, float] = (0.3, 3.0)
    tokens: int | None = None
    late: bool = False
    whole: bool = False


class Provider:
    """It takes or refuses a request when it comes, says so when it answers, and what is left as of one of the two."""

    def __init__(self, case: Case, dice: Random) -> None:
        self.case = case
        self.dice = dice
        self.counters = {"requests": case.counter(case.limit)}
        if case.tokens is not None:
            self.counters["tokens"] = case.counter(case.tokens)
        self.taken = self.refused = self.tokens = 0
        self.by_pod: dict[int, int] = {}

    async def ask(self, tokens: int) -> tuple[int, dict[str, str]]:
        now = asyncio.get_running_loop().time()
        amounts = {"requests": 1, "tokens": tokens}
        good = all(counter.take(amounts[name], now) for name, counter in self.counters.items())
        headers = self._headers(now) | ({} if good else {"retry-after": str(ceil(max(self._wait(now), 0.001)))})
        self.taken, self.refused = self.taken + good, self.refused + (not good)
        self.tokens += tokens if good else 0
        await asyncio.sleep(self.dice.uniform(*self.case.delay) if good else 0.05)
        if self.case.late and good:
            headers = self._headers(asyncio.get_running_loop().time())
        return (200 if good else 429), headers

    def _headers(self, now: float) -> dict[str, str]:
        headers = {}
        for name, counter in self.counters.items():
            counter.take(0, now)
            reset = int(counter.reset(now)) if self.case.whole else counter.reset(now)
            headers[f"x-ratelimit-limit-{name}"] = str(counter.limit)
            headers[f"x-ratelimit-remaining-{name}"] = str(counter.remaining)
            headers[f"x-ratelimit-reset-{name}"] = f"{reset:.3f}s"
        return headers

    def _wait(self, now: float) -> float:
        return max(counter.retry_after(now) for counter in self.counters.values())


class Pod:
    """The policy and its learned limits, and an exchange that lets them hear each answer."""

    def __init__(self, provider: Provider, dice: Random) -> None:
        self.provider, self.dice = provider, dice
        loop = asyncio.get_running_loop()
        read = partial(self._read, loop.time)
        self.adaptive = Adaptive("there", read, parse_retry_after, loop.time, 0.2, Patience(600.0, 2000))
        self.policy = RateLimit(
            [], lambda call: "there", lambda call: PROMPT, loop.time, learned={"there": self.adaptive}
        )

    def _read(self, time: Callable[[], float], headers: Mapping[str, str]) -> Any:
        return limits_in(all_providers()["openai"], tuple(headers.items()), time())

    async def exchange(self, call: Call) -> Outcome:
        call.attempts, call.phase = call.attempts + 1, "waiting"
        tokens = PROMPT + self.dice.randrange(1, ANSWER)
        status, headers = await self.provider.ask(tokens)
        self.adaptive.heard(headers, status, call)
        if status == 429:
            raise Failure("provider_rate_limited", "slow down", provider_status=429)
        self.provider.by_pod[id(self)] = self.provider.by_pod.get(id(self), 0) + 1
        return Outcome(200, Usage(input=PROMPT, output=tokens - PROMPT))

    async def worker(self) -> None:
        while True:
            said = {
                "json": {"max_tokens": ANSWER},
                "attempts": 0,
                "usage": None,
                "phase": "",
                "deadline": None,
                "caller": {},
            }
            call = cast(Call, Asked(model="m", target=Target("there", "m", None), **said))
            try:
                await self.policy(call, self.exchange)
            except Failure as failure:
                if failure.kind != "provider_rate_limited":
                    raise


class Asked(SimpleNamespace):
    queued = 0.0
    __hash__ = object.__hash__  # type: ignore[assignment]


OTHERWISE: dict[str, dict[str, Any]] = {
    "tokens": {"limit": 1000, "tokens": 300_000, "workers": 40},
    "told late": {"limit": 300, "workers": 40, "late": True},
    "whole seconds": {"limit": 300, "workers": 40, "whole": True},
    "quick answers": {"limit": 500, "workers": 40, "delay": (0.01, 0.1)},
    "a long queue": {"limit": 500, "workers": 200},
}


def run(case: Case, seed: int = 7) -> Provider:
    async def main() -> Provider:
        dice = Random(seed)
        provider = Provider(case, dice)
        pods = [Pod(provider, dice) for _ in range(case.pods)]
        tasks = [asyncio.create_task(pod.worker()) for pod in pods for _ in range(case.workers)]
        await asyncio.sleep(SECONDS)
        assert not [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return provider

    return simulate(main())


CASES = {
    f"{counter.__name__} of {limit}, {pods} pods": Case(counter, limit, pods, 100 // pods)
    for counter, limit in ((Windows, 100), (Windows, 500), (Drops, 100))
    for pods in (1, 5)
}
CASES |= {
    f"{counter.__name__}, {what}, {pods} pods": Case(counter, pods=pods, **said)
    for counter, pods in ((Windows, 1), (Windows, 5), (Drops, 5))
    for what, said in OTHERWISE.items()
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_few_refusals_and_little_unused(case: Case) -> None:
    provider = run(case)
    asked = provider.taken + provider.refused
    assert provider.refused < 0.01 * asked, (provider.refused, asked)
    used, counter = provider.taken, provider.counters["requests"]
    if case.tokens is not None:
        used, counter = provider.tokens, provider.counters["tokens"]
    assert used >= 0.9 * counter.allowed(SECONDS), used


def test_no_pod_starves() -> None:
    """Five pods of a provider with windows, and of one that counts drop by drop: each gets half of an even share at least."""
    for counter in (Windows, Drops):
        provider = run(Case(counter, 500, 5, 40))
        assert len(provider.by_pod) == 5
        assert min(provider.by_pod.values()) >= 0.5 * provider.taken / 5


def test_unhindered_below_the_limit() -> None:
    """Ten calls at once, twenty a second at the most, and a limit of a hundred a second: nobody ever waits."""
    assert run(Case(Drops, 6000, 1, 10, (0.5, 0.5))).taken >= 0.99 * 20 * SECONDS
