"""A thousand callers at once before one limit, in virtual time: never more than it allows, and hardly less."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import accumulate
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from proxy.call import Call, Failure, Outcome, Usage
from proxy.config.limits import Rule
from proxy.policies.rate_limit import RateLimit
from tests.simulation.clock import simulate

CALLERS = 1000
PERIOD = 60.0
PERIODS = 5
ANSWER = 300


class Provider:
    """It counts what sets out, and answers after a while with what it really took."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.sent: list[tuple[float, int]] = []

    async def __call__(self, call: Call) -> Outcome:
        call.attempts += 1
        call.phase = "waiting"
        prompt, answer = call.json["prompt"], self.dice.randrange(1, ANSWER + 1)
        self.sent.append((asyncio.get_running_loop().time(), prompt + answer))
        await asyncio.sleep(self.dice.uniform(0.2, 5))
        return Outcome(200, Usage(input=prompt, output=answer))


def most_in_a_window(sent: list[tuple[float, int]], period: float) -> int:
    """The largest sum of any stretch of time that is shorter than the period, or as long."""
    sums, first, most = [0, *accumulate(amount for _, amount in sent)], 0, 0
    for last, (at, _) in enumerate(sent):
        while sent[first][0] <= at - period:
            first += 1
        most = max(most, sums[last + 1] - sums[first])
    return most


def run(dice: Random, requests: int | None, tokens: int | None) -> tuple[list[tuple[float, int]], float]:
    """Everyone asks again and again: what was sent and when, and for how long."""

    async def main() -> tuple[list[tuple[float, int]], float]:
        loop = asyncio.get_running_loop()
        provider, began = Provider(dice), loop.time()
        rule = Rule("all", "", "m", "", 1, requests, tokens, PERIOD, 3600.0, CALLERS, False)
        policy = RateLimit([rule], lambda call: call.model, lambda call: int(call.json["prompt"]), loop.time)

        async def caller() -> None:
            await asyncio.sleep(dice.uniform(0, 5))
            while True:
                json = {"prompt": dice.randrange(10, 500), "max_tokens": ANSWER}
                await policy(asked(json), provider)

        tasks = [asyncio.create_task(caller()) for _ in range(CALLERS)]
        await asyncio.sleep(PERIODS * PERIOD)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert policy.scopes[0].line.waiting == 0
        assert not [task for task in tasks if task.done() and not task.cancelled() and task.exception()]
        return provider.sent, loop.time() - began

    return simulate(main())


def asked(json: dict[str, Any]) -> Call:
    said = {
        "model": "m",
        "json": json,
        "attempts": 0,
        "usage": None,
        "phase": "queued",
        "deadline": None,
        "target": None,
    }
    return cast(Call, SimpleNamespace(**said, caller={}, queued=0.0))


@pytest.mark.parametrize("limit", [50, 600, 3000])
def test_requests_are_never_over_and_at_most_two_percent_under(limit: int) -> None:
    sent, seconds = run(Random(limit), limit, None)
    assert most_in_a_window([(at, 1) for at, _ in sent], PERIOD) <= limit
    assert len(sent) >= 0.98 * limit * seconds / PERIOD


@pytest.mark.parametrize("limit", [100_000, 500_000])
def test_tokens_are_never_over_and_at_most_two_percent_under(limit: int) -> None:
    """What was reserved for an answer that turned out shorter is used by others, so nothing of the limit is lost."""
    sent, seconds = run(Random(limit), None, limit)
    assert most_in_a_window(sent, PERIOD) <= limit
    assert sum(amount for _, amount in sent) >= 0.98 * limit * seconds / PERIOD


def test_callers_that_come_and_go_leave_nothing_behind() -> None:
    """Some hang up while they wait, some in mid-call, some calls never reach the provider, some fail there."""
    dice = Random(5)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        rule = Rule("all", "", "m", "", 1, 40, 30_000, PERIOD, 30.0, 200, False)
        policy = RateLimit([rule], lambda call: call.model, lambda call: int(call.json["prompt"]), loop.time)
        (limiter,) = policy.scopes[0].every()

        async def provider(call: Call) -> Outcome:
            call.attempts, call.phase = call.attempts + 1, dice.choice(["connecting", "waiting"])
            await asyncio.sleep(dice.uniform(0, 5))
            if dice.random() < 0.5:
                raise Failure("network_error", "gone")
            return Outcome(200, Usage(input=10, output=dice.randrange(2000)))

        async def caller() -> None:
            await asyncio.sleep(dice.uniform(0, 600))
            with suppress(Failure, TimeoutError):
                async with asyncio.timeout(dice.uniform(0, 40)):
                    await policy(asked({"prompt": dice.randrange(10, 2000), "max_tokens": 500}), provider)

        await asyncio.gather(*(caller() for _ in range(CALLERS)))
        assert (limiter.out, limiter.line.waiting, limiter.busy, limiter._timer) == (0, 0, False, None)
        assert limiter.line.refused["waited"] > 10
        await asyncio.sleep(2 * PERIOD)
        assert limiter.idle

    simulate(main())
