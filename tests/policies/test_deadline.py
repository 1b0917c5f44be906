"""The call's own limit counts where it is the shorter one, from the moment the policy is passed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from proxy.call import Call, Failure, Outcome, Route
from proxy.policies.deadline import Deadline

NOW = 1000.0


def call(timeout: float | None, route: Route | None = None, started: float = 0.0) -> Call:
    return cast(Call, SimpleNamespace(timeout=timeout, deadline=None, route=route, started=started))


@pytest.mark.parametrize(("asked", "deadline"), [(None, 1060.0), (5.0, 1005.0), (0.25, 1000.25), (600.0, 1060.0)])
async def test_the_shorter_limit_counts(asked: float | None, deadline: float) -> None:
    seen: list[float | None] = []

    async def handler(call: Call) -> Outcome:
        seen.append(call.deadline)
        return Outcome(200)

    assert (await Deadline(60.0, lambda: NOW)(call(asked), handler)).status == 200
    assert seen == [deadline]


@pytest.mark.parametrize(("asked", "deadline"), [(None, 1020.0), (5.0, 1005.0), (30.0, 1020.0)])
async def test_so_does_the_alias_s(asked: float | None, deadline: float) -> None:
    async def handler(call: Call) -> Outcome:
        assert call.deadline == deadline
        return Outcome(200)

    await Deadline(60.0, lambda: NOW)(call(asked, Route("fast", timeout=20.0)), handler)


async def test_it_counts_from_the_start_of_the_call() -> None:
    async def handler(call: Call) -> Outcome:
        assert call.deadline == 990.0 + 60.0
        return Outcome(200)

    await Deadline(60.0, lambda: NOW)(call(None, started=990.0), handler)


async def test_it_stops_nothing_itself() -> None:
    """Whoever waits further in looks at the deadline; a failure from there passes through."""

    async def handler(call: Call) -> Outcome:
        raise Failure("timeout", "too late")

    with pytest.raises(Failure, match="too late"):
        await Deadline(60.0, lambda: NOW)(call(None), handler)
