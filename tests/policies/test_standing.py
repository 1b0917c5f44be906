"""What attempts leave behind, and what it amounts to."""

from __future__ import annotations

import pytest

from proxy.call import Failure
from proxy.policies.breaker import Breaker, BreakerRule, Rate
from proxy.policies.standing import REMEMBERED, WINDOW, Counts, Standing
from tests.policies.clocked import Clock, attempt, limited, overloaded


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(clock: Clock, rule: BreakerRule | None = None) -> Standing:
    return Standing("up:m", Breaker(rule or BreakerRule(), clock), clock)


def test_what_is_on_its_way(clock: Clock) -> None:
    one = made(clock)
    one.enter()
    one.enter()
    assert one.in_flight == 2
    one.left()
    one.went_well(0.0, 1.0)
    assert (one.in_flight, one.recent, one.latency) == (0, Counts(1, 0), 1.0)


def test_the_last_latencies_are_remembered(clock: Clock) -> None:
    one = made(clock)
    assert one.latency is None
    for seconds in [9.0] * REMEMBERED + [1.0, 3.0] * (REMEMBERED // 2):
        attempt(one, seconds=seconds)
    assert one.latency == 2.0


def test_what_it_was_long_ago_is_not_what_it_is_now(clock: Clock) -> None:
    """A latency counts for this window and the next; who was not asked for longer goes by the latest."""
    one = made(clock)
    for seconds in (30.0, 20.0):
        attempt(one, seconds=seconds, began=clock.now)
    clock.now += WINDOW
    attempt(one, overloaded(), began=clock.now)
    attempt(one, seconds=10.0, began=clock.now)
    assert one.latency == 20.0
    clock.now += WINDOW
    attempt(one, seconds=1.0, began=clock.now)
    assert one.latency == 5.5
    clock.now += 10 * WINDOW
    assert one.latency == 5.5
    attempt(one, seconds=0.5, began=clock.now)
    assert one.latency == 0.5


def test_a_failure_rate_is_of_this_window_and_the_one_before(clock: Clock) -> None:
    one = made(clock)
    attempt(one, overloaded())
    attempt(one)
    assert (one.recent, one.failure_rate) == (Counts(2, 1), 0.5)
    clock.now += WINDOW
    attempt(one, began=clock.now)
    assert one.recent == Counts(3, 1)
    clock.now += WINDOW
    attempt(one, began=clock.now)
    assert (one.recent, one.failure_rate) == (Counts(2, 0), 0.0)
    clock.now += 2 * WINDOW
    assert one.recent == Counts(0, 0)


@pytest.mark.parametrize("kind", ["invalid_request", "provider_rate_limited", "authentication_failed"])
def test_what_does_not_trip_is_counted_neither_way(kind: str, clock: Clock) -> None:
    one = made(clock)
    for _ in range(4):
        attempt(one, overloaded())
    attempt(one, Failure(kind, "no"))
    assert (one.recent, one.breaker.state) == (Counts(4, 4), "closed")
    attempt(one, overloaded())
    assert one.breaker.state == "open"


def test_who_asks_for_a_pause_is_left_alone(clock: Clock) -> None:
    one = made(clock)
    attempt(one, limited(7.0))
    assert (one.fit, one.retry_after, one.reasons) == (False, 7.0, ["rate_limited"])
    attempt(one, limited(2.0))
    assert one.retry_after == 7.0
    clock.now += 7.0
    assert (one.fit, one.retry_after, one.reasons) == (True, 0.0, [])
    attempt(one, limited())
    assert one.retry_after == 1.0


def test_an_open_breaker_refuses(clock: Clock) -> None:
    one = made(clock, BreakerRule(failures=1))
    attempt(one, overloaded())
    assert (one.fit, one.retry_after, one.reasons) == (False, 30.0, ["circuit_open"])
    with pytest.raises(Failure, match="circuit_open"):
        one.enter()
    assert one.in_flight == 0


def test_a_rate_opens_too(clock: Clock) -> None:
    one = made(clock, BreakerRule(failures=100, rate=Rate(0.5, 30.0, 10)))
    for number in range(9):
        attempt(one, overloaded() if number % 2 else None)
    assert one.breaker.admits
    attempt(one, overloaded())
    assert one.breaker.state == "open"


def test_what_probes_found_makes_it_unfit(clock: Clock) -> None:
    one = made(clock)
    one.probed = "unreachable"
    assert (one.fit, one.reasons) == (False, ["unreachable"])


def test_the_report(clock: Clock) -> None:
    one = made(clock)
    attempt(one, seconds=0.25)
    attempt(one, overloaded())
    one.breaker.force("open")
    assert one.report() == {
        "healthy": False,
        "reasons": ["circuit_open"],
        "breaker": "open",
        "forced": True,
        "latency_ms": 250.0,
        "error_rate": 0.5,
        "attempts": 2,
        "failures": 1,
        "in_flight": 0,
        "retry_after": 30.0,
        "last_failure": "provider_overloaded",
    }
