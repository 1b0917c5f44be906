"""Each target has one standing by its provider's rule, and all of them are bounded."""

from __future__ import annotations

import pytest

from proxy.policies import standings
from proxy.policies.breaker import BreakerRule
from proxy.policies.standing import WINDOW
from proxy.policies.standings import Standings
from tests.policies.clocked import Clock, attempt, overloaded, target


@pytest.fixture
def clock() -> Clock:
    return Clock()


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
    monkeypatch.setattr(standings, "MOST", 10)
    every = Standings({}, clock)
    busy, failing = every.of(target("up", "busy")), every.of(target("up", "failing"))
    busy.enter()
    attempt(failing, overloaded())
    for number in range(100):
        every.of(target("up", f"m{number}"))
    assert every.fill[0] <= 10
    assert every.of(target("up", "busy")) is busy
    assert every.of(target("up", "failing")) is failing
