"""Fit targets are chosen among; unfit ones only where nobody is fit; nobody at all where no breaker lets through."""

from __future__ import annotations

import pytest

from proxy.call import Failure, Route, Target
from proxy.policies.balance import Balance
from proxy.policies.breaker import BreakerRule
from proxy.policies.standings import Standings
from tests.policies.clocked import Clock, call_to, target

A, B, C = target("a"), target("b"), target("c")
EVERY = (A, B, C)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standings(clock: Clock) -> Standings:
    return Standings(dict.fromkeys("abc", BreakerRule(failures=1)), clock)


@pytest.fixture
def balance(standings: Standings) -> Balance:
    return Balance(standings, lambda: 0.0, lambda target, call: None)


def open_breaker(standings: Standings, *targets: Target) -> None:
    for one in targets:
        standings.of(one).enter()
        standings.of(one).went_wrong(Failure("provider_error", "no"))


def test_by_the_route_s_strategy(balance: Balance) -> None:
    call = call_to(*EVERY, route=Route("alias", "round_robin"))
    assert [balance.choose(call).name for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]
    assert [balance.choose(call_to(*EVERY)).name for _ in range(2)] == ["a", "a"]


def test_the_unfit_are_avoided(balance: Balance, standings: Standings) -> None:
    open_breaker(standings, A)
    standings.of(B).stay_away(5.0)
    assert balance.choose(call_to(*EVERY)) is C


def test_where_nobody_is_fit_who_may_be_asked_first_is(balance: Balance, standings: Standings) -> None:
    open_breaker(standings, A)
    standings.of(B).stay_away(5.0)
    standings.of(C).stay_away(3.0)
    assert balance.choose(call_to(*EVERY)) is C


def test_where_no_breaker_lets_through_the_call_fails(balance: Balance, standings: Standings, clock: Clock) -> None:
    open_breaker(standings, A, B)
    clock.now += 10
    open_breaker(standings, C)
    with pytest.raises(Failure) as refused:
        balance.choose(call_to(*EVERY))
    assert (refused.value.kind, refused.value.retry_after) == ("no_healthy_target", 20.0)
    assert "a:m: circuit_open" in refused.value.detail


def test_another_one(balance: Balance, standings: Standings) -> None:
    call = call_to(*EVERY)
    assert balance.another(call, [A]) is B
    open_breaker(standings, B)
    assert balance.another(call, [A]) is C
    assert balance.another(call, [A, C]) is None
    assert balance.another(call, EVERY) is None


def test_who_sticks(standings: Standings) -> None:
    balance = Balance(
        standings, lambda: 0.0, lambda target, call: None, {"alias": lambda call: call.caller.get("user", "")}
    )
    route = Route("alias", "round_robin")
    got = {balance.choose(call_to(*EVERY, route=route, caller={"user": "ann"})).name for _ in range(9)}
    assert len(got) == 1
    assert {balance.choose(call_to(*EVERY, route=route)).name for _ in range(9)} == {"a", "b", "c"}
