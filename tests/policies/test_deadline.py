"""The call's own limit counts where it is the shorter one, from the moment the call came."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome, Route
from proxy.policies.deadline import Deadline
from tests.policies.clocked import call_to, target

NOW = 1000.0
TOTALS = {"up": 60.0, "slow": 600.0}
FAST = Route("fast", timeout=20.0)


def call(timeout: float | None = None, **more: Any) -> Call:
    return call_to(target("up"), timeout=timeout, **more)


async def deadline_of(asked: Call) -> float | None:
    seen: list[float | None] = []

    async def handler(call: Call) -> Outcome:
        seen.append(call.deadline)
        return Outcome(200)

    assert (await Deadline(TOTALS, lambda: NOW)(asked, handler)).status == 200
    return seen[0]


@pytest.mark.parametrize(("asked", "deadline"), [(None, 1060.0), (5.0, 1005.0), (0.25, 1000.25), (600.0, 1060.0)])
async def test_the_shorter_limit_counts(asked: float | None, deadline: float) -> None:
    assert await deadline_of(call(asked)) == deadline


@pytest.mark.parametrize(("asked", "deadline"), [(None, 1020.0), (5.0, 1005.0), (30.0, 1020.0)])
async def test_so_does_the_alias_s(asked: float | None, deadline: float) -> None:
    assert await deadline_of(call(asked, route=FAST)) == deadline


async def test_where_others_may_be_asked_the_longest_counts() -> None:
    assert await deadline_of(call(route=Route("any"))) == 1600.0
    assert await deadline_of(call(json={"fallbacks": ["slow:m"]})) == 1600.0


async def test_it_counts_from_the_start_of_the_call() -> None:
    assert await deadline_of(call(started=990.0)) == 1050.0


async def test_it_stops_nothing_itself() -> None:
    """Whoever waits further in looks at the deadline; a failure from there passes through."""

    async def handler(call: Call) -> Outcome:
        raise Failure("timeout", "too late")

    with pytest.raises(Failure, match="too late"):
        await Deadline(TOTALS, lambda: NOW)(call(), handler)
