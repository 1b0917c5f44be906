"""Budgets among the policies that make attempts: spent ones lead elsewhere, and every attempt is paid for, winner or not."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from proxy.call import Call, Client, Failure, Handler, Outcome, Policy, Route
from proxy.policies.backoff import RetryRule
from proxy.policies.balance import Balance
from proxy.policies.budget import CallerBudget, TargetBudget
from proxy.policies.fallback import Fallback
from proxy.policies.hedge import Hedge, HedgeRule
from proxy.policies.retry import Retry
from proxy.policies.retry_budget import RetryBudget
from proxy.policies.standings import Standings
from proxy.stack import compose
from tests.policies.clocked import Clock, target
from tests.policies.racing import Heard
from tests.policies.spending import DAILY, THERE, asked, caller, inner, spent, taking

UP, OTHER = target("there", "m"), target("other", "m")
CUT = Failure("network_error", "it went away")


def retrying(clock: Clock) -> Retry:
    standings = Standings({}, clock)
    balance = Balance(standings, lambda: 0.0, lambda target, call: None)
    rules = {name: RetryRule(jitter=False) for name in ("there", "other")}
    return Retry(standings, balance, RetryBudget(0.1, 100, clock), rules, clock.sleep, lambda: 0.5, clock)


def stacked(handler: Handler, *policies: Policy | None) -> Handler:
    return compose(policies, handler)


def racing(policy: CallerBudget, inside: TargetBudget, handler: Handler) -> Handler:
    hedge = Hedge({"fast": HedgeRule(0.01, 1.0)}, Standings({}, Clock()), lambda call: 1, Clock())
    return stacked(handler, policy, hedge, inside)


async def test_a_spent_provider_leads_elsewhere() -> None:
    clock, inside = Clock(), inner(THERE._replace(money=10**12))
    handler = stacked(taking(answer=50), retrying(clock), inside)
    calls = [asked(UP, OTHER) for _ in range(3)]
    outcomes = [await handler(call) for call in calls]
    assert [outcome.target.name for outcome in outcomes if outcome.target] == ["there", "other", "other"]
    assert calls[1].trail == ("there:m budget_exceeded",)
    assert clock.slept == [], "nobody waits for a budget"
    assert spent(inside.scopes[0])[0] == 2


async def test_where_nobody_else_is_to_be_had_it_is_told() -> None:
    clock, inside = Clock(), inner(THERE._replace(money=10**12))
    handler = stacked(taking(answer=50), retrying(clock), inside)
    await handler(asked(UP))
    with pytest.raises(Failure, match="the budget there is spent") as refused:
        await handler(asked(UP))
    assert (refused.value.kind, clock.slept) == ("budget_exceeded", [])


async def test_a_spent_provider_falls_back() -> None:
    inside, call = inner(THERE._replace(money=10**12)), asked(UP)
    fallback = Fallback(lambda call: [(None, (OTHER,))], lambda call: None)
    handler = stacked(taking(answer=50), fallback, retrying(Clock()), inside)
    for _ in range(2):
        call = asked(UP, route=None)
        call.route = Route("fast")
        await handler(call)
    assert (call.target, call.trail) == (OTHER, ("there:m budget_exceeded",))


async def test_a_caller_s_spent_budget_leads_nowhere() -> None:
    policy, tried = caller(DAILY._replace(money=10**12)), []

    async def handler(call: Call) -> Outcome:
        tried.append(call.target)
        return await taking(answer=50)(call)

    fallback = Fallback(lambda call: [(None, (OTHER,))], lambda call: None)
    whole = stacked(handler, policy, fallback, retrying(Clock()), inner())
    await whole(asked(UP))
    with pytest.raises(Failure, match="the budget daily is spent"):
        await whole(asked(UP))
    assert tried == [UP]


async def test_retries_are_paid_for() -> None:
    policy, inside, answers = caller(DAILY), inner(THERE), [taking(answer=0, end=CUT), taking(answer=50)]

    async def handler(call: Call) -> Outcome:
        return await answers.pop(0)(call)

    await stacked(handler, policy, retrying(Clock()), inside)(asked(UP))
    assert spent(policy.scopes[0]) == spent(inside.scopes[0]) == (3, 250)


@pytest.mark.parametrize("told", [True, False])
async def test_both_attempts_of_a_hedge_are_paid_for(told: bool) -> None:
    """The loser by what it had said when it was cancelled; one that had said nothing is counted."""
    policy, inside, began = caller(DAILY), inner(THERE), []

    async def handler(call: Call) -> Outcome:
        began.append(call)
        if len(began) > 1:
            cast(Any, call.client).start(200, [])
            return await taking(answer=50)(call)
        call.attempts += 1
        call.phase = "waiting"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if told:
                return await taking(answer=25, end=asyncio.CancelledError())(call)
            raise
        raise AssertionError

    call = asked(UP)
    call.client, call.route = cast(Client, Heard()), Route("fast")
    await racing(policy, inside, handler)(call)
    assert len(began) == 2
    for scope in (*policy.scopes, *inside.scopes):
        assert spent(scope) == ((3.5, 275) if told else (2, 150))
        assert scope.told["unknown"] == (not told)
