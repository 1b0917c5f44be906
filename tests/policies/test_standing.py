"""What attempts leave behind, and what it amounts to."""

from __future__ import annotations

import pytest

from proxy.call import Failure
from proxy.policies import standing
from proxy.policies.breaker import Breaker, BreakerRule, Rate
from proxy.policies.standing import REMEMBERED, WINDOW, Counts, Standing, Standings
from tests.policies.clocked import Clock, limited, overloaded, target


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(clock: Clock, rule: BreakerRule | None = None) -> Standing:
    return Standing("up:m", Breaker(rule or BreakerRule(), clock), clock)


def attempt(one: Standing, failure: Failure | None = None, seconds: float = 0.5, began: float = 0.0) -> None:
    one.enter()
    if failure is None:
        one.went_well(began, seconds)
    else:
        one.went_wrong(failure)


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


def test_what_probes_found_is_of_every_target_and_an_answer_goes_before_it(clock: Clock) -> None:
    every = Standings({}, clock)
    one = every.of(target("up", "a"))
    every.probed("up", "unreachable")
    other = every.of(target("up", "b"))
    assert (one.reasons, other.reasons) == (["unreachable"], ["unreachable"])
    assert every.of(target("elsewhere", "a")).fit
    attempt(one)
    assert (one.reasons, other.reasons) == ([], ["unreachable"])
    every.probed("up", None)
    assert other.fit


def test_what_has_ended_is_counted_by_provider(clock: Clock) -> None:
    every = Standings({}, clock)
    attempt(every.of(target("up", "a")))
    attempt(every.of(target("up", "b")), overloaded())
    attempt(every.of(target("elsewhere", "a")))
    clock.now += WINDOW
    attempt(every.of(target("up", "a")), began=clock.now)
    assert (every.ended("up"), every.ended("elsewhere"), every.ended("nobody")) == (3, 1, 0)


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


def test_each_target_has_one_and_its_provider_s_rule(clock: Clock) -> None:
    heard: list[tuple[str, str]] = []
    every = Standings({"up": BreakerRule(failures=1)}, clock, lambda name, state: heard.append((name, state)))
    one = every.of(target("up", "a"))
    assert every.of(target("up", "a")) is one
    assert every.of(target("up", "b")) is not one
    attempt(one, overloaded())
    assert heard == [("up:a", "open")]
    assert every.of(target("other", "a")).breaker.rule == BreakerRule()
    assert [(provider, model) for provider, model, _ in every.all()] == [("up", "a"), ("up", "b"), ("other", "a")]


def test_targets_are_bounded_and_those_in_trouble_stay(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "MOST", 10)
    every = Standings({}, clock)
    busy, failing = every.of(target("up", "busy")), every.of(target("up", "failing"))
    busy.enter()
    attempt(failing, overloaded())
    for number in range(100):
        every.of(target("up", f"m{number}"))
    assert every.fill[0] <= 10
    assert every.of(target("up", "busy")) is busy
    assert every.of(target("up", "failing")) is failing
