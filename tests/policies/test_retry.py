"""What is tried again, when, where and how often; and what never is."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress
from typing import Any

import pytest

from proxy.call import Call, Failure, Outcome, Route
from proxy.policies.backoff import RetryRule
from proxy.policies.balance import Balance
from proxy.policies.breaker import BreakerRule
from proxy.policies.retry import Retry
from proxy.policies.retry_budget import RetryBudget
from proxy.policies.standings import Standings
from tests.policies.clocked import Clock, Provider, call_to, limited, overloaded, target


@pytest.fixture
def clock() -> Clock:
    return Clock()


def policy(clock: Clock, rule: RetryRule | None = None, floor: int = 100, failures: int = 50) -> Retry:
    standings = Standings({name: BreakerRule(failures=failures) for name in ("up", "a", "b")}, clock)
    balance = Balance(standings, lambda: 0.0, lambda target, call: None)
    rules = {name: rule or RetryRule(jitter=False) for name in ("up", "a", "b")}
    return Retry(standings, balance, RetryBudget(0.1, floor, clock), rules, clock.sleep, lambda: 0.5, clock)


async def fails(retry: Retry, call: Call, provider: Provider) -> Failure:
    with pytest.raises(Failure) as caught:
        await retry(call, provider)
    return caught.value


async def test_what_goes_well_is_asked_once(clock: Clock) -> None:
    provider, call = Provider(), call_to(ttft=0.2, clock=clock)
    assert (await policy(clock)(call, provider)).status == 200
    assert (provider.asked, clock.slept, call.trail) == (["up"], [], ())


async def test_what_passes_is_tried_again(clock: Clock) -> None:
    provider, call = Provider(overloaded(), Failure("timeout", "late")), call_to(clock=clock)
    retry = policy(clock)
    assert (await retry(call, provider)).status == 200
    assert len(provider.asked) == 3
    assert clock.slept == pytest.approx([0.1, 0.2])
    assert retry.backed_off == {"up": pytest.approx(0.3)}
    assert call.queued == pytest.approx(0.3)
    assert call.trail == ("up:m provider_overloaded", "up:m timeout")
    assert retry.made == {("up", "provider_overloaded"): 1, ("up", "timeout"): 1}


async def test_the_last_failure_is_told_when_attempts_are_out(clock: Clock) -> None:
    provider = Provider(overloaded(), overloaded(), limited(4.0), overloaded())
    failure = await fails(policy(clock), call_to(clock=clock), provider)
    assert (failure.kind, failure.retry_after, len(provider.asked)) == ("provider_rate_limited", 4.0, 3)


@pytest.mark.parametrize(
    "kind",
    [
        "invalid_request",
        "authentication_failed",
        "provider_stream_cut",
        "rate_limited",
        "budget_exceeded",
        "internal_error",
    ],
)
async def test_what_does_not_pass_is_not(kind: str, clock: Clock) -> None:
    provider = Provider(Failure(kind, "no"))
    failure = await fails(policy(clock), call_to(clock=clock), provider)
    assert (failure.kind, len(provider.asked), clock.slept) == (kind, 1, [])


async def test_nothing_is_once_the_client_has_heard_something(clock: Clock) -> None:
    call = call_to(clock=clock)
    call.client.started = True
    assert (await fails(policy(clock), call, Provider(overloaded()))).kind == "provider_overloaded"
    assert clock.slept == []


async def test_the_provider_s_wait_is_kept(clock: Clock) -> None:
    await policy(clock)(call_to(clock=clock), Provider(limited(7.0)))
    assert clock.slept == [7.0]


@pytest.mark.parametrize("more", [{"deadline": 106.0}, {}])
async def test_a_wait_that_is_too_long_is_told_at_once(more: dict[str, Any], clock: Clock) -> None:
    failure = await fails(policy(clock), call_to(clock=clock, **more), Provider(limited(7.0 if more else 61.0)))
    assert (failure.retry_after, clock.slept) == (7.0 if more else 61.0, [])


async def test_retries_of_the_application_s_sdk_count(clock: Clock) -> None:
    provider = Provider(overloaded(), overloaded(), overloaded())
    await fails(policy(clock), call_to(clock=clock, caller={"x-stainless-retry-count": "1"}), provider)
    assert len(provider.asked) == 2


async def test_a_budget_bounds_them(clock: Clock) -> None:
    retry = policy(clock, floor=5)
    asked = 0
    for _ in range(20):
        provider = Provider(*[overloaded() for _ in range(3)])
        await fails(retry, call_to(clock=clock), provider)
        asked += len(provider.asked)
        clock.now -= sum(clock.slept)
        clock.slept.clear()
    assert asked == 25
    assert retry.refused["up",] == 18


async def test_another_target_is_asked_at_once(clock: Clock) -> None:
    targets = target("a"), target("b")
    provider, call = Provider(limited(30.0)), call_to(*targets, clock=clock, route=Route("alias"))
    await policy(clock)(call, provider)
    assert (provider.asked, clock.slept) == (["a", "b"], [])
    assert call.target is targets[1]


async def test_a_refused_key_is_not_tried_again_but_elsewhere(clock: Clock) -> None:
    targets = target("a"), target("b")
    provider = Provider(Failure("authentication_failed", "no"))
    await policy(clock)(call_to(*targets, clock=clock, route=Route("alias")), provider)
    assert provider.asked == ["a", "b"]


async def test_an_open_breaker_stops_attempts(clock: Clock) -> None:
    retry = policy(clock, failures=2)
    failure = await fails(retry, call_to(clock=clock), provider := Provider(*[overloaded() for _ in range(9)]))
    assert (failure.kind, len(provider.asked)) == ("circuit_open", 2)
    failure = await fails(retry, call_to(clock=clock), provider := Provider())
    assert (failure.kind, provider.asked) == ("circuit_open", [])
    assert failure.retry_after == pytest.approx(30.0, abs=0.5)


async def test_a_hang_up_counts_for_nothing(clock: Clock) -> None:
    retry = policy(clock, failures=1)
    call = call_to(clock=clock)
    with pytest.raises(asyncio.CancelledError):
        await retry(call, Provider(asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await retry(call, Provider(limited(), asyncio.CancelledError()))
    standing = retry._standings.of(call.targets[0])
    assert (standing.breaker.state, standing.in_flight, standing.recent) == ("closed", 0, (0, 0))


async def test_a_latency_is_of_its_own_attempt(clock: Clock) -> None:
    async def answer(call: Call) -> Outcome:
        clock.now += 0.3
        call.ttft = clock.now - call.started
        return Outcome(200)

    retry, call = policy(clock), call_to(clock=clock, started=clock.now)
    await retry(call, Provider(limited(5.0), answer))
    assert retry._standings.of(call.targets[0]).latency == pytest.approx(0.3)
    assert call.ttft == pytest.approx(5.3)


@pytest.mark.parametrize("streamed", [True, False])
async def test_what_others_took_before_is_not_its_latency(streamed: bool, clock: Clock) -> None:
    """The model that is asked after another one has failed, and the second of two that are asked at once."""

    async def answer(call: Call) -> Outcome:
        clock.now += 0.3
        call.upstream_seconds += 0.3
        call.ttft = clock.now - call.started if streamed else None
        return Outcome(200)

    retry, call = policy(clock), call_to(clock=clock, started=clock.now, attempts=2, upstream_seconds=8.0)
    clock.now += 9.0
    await retry(call, Provider(answer))
    assert retry._standings.of(call.targets[0]).latency == pytest.approx(0.3)


async def test_a_breaker_and_retries_hold_for_it_too(clock: Clock) -> None:
    retry, provider = policy(clock, failures=2), Provider(*[overloaded() for _ in range(9)])
    assert (await fails(retry, call_to(clock=clock, attempts=1), provider)).kind == "circuit_open"
    assert (await fails(retry, call_to(clock=clock, attempts=1), provider)).kind == "circuit_open"
    assert len(provider.asked) == 2


async def test_a_failure_is_freed_with_its_call(clock: Clock) -> None:
    """No cycle is left for the collector, which looks seldom."""
    left: list[weakref.ref[Failure]] = []

    async def fail(number: int) -> None:
        provider = Provider(*[overloaded() for _ in range(number)])
        left.extend(map(weakref.ref, provider.answers))  # type: ignore[arg-type]
        with suppress(Failure):
            await policy(clock)(call_to(clock=clock), provider)

    gc.collect()
    gc.disable()
    try:
        for number in (1, 2, 3):
            await fail(number)
        assert [each for each in left if each() is not None] == []
    finally:
        gc.enable()
