"""Budgets around calls: never passed by more than one call may take, nothing lost, and each attempt paid for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from random import Random

import pytest

from proxy.call import Call, Failure, Handler, Outcome, Usage
from proxy.policies.budget import BILL
from tests.policies.spending import (
    DAILY,
    DOLLAR,
    THERE,
    asked,
    caller,
    failing,
    inner,
    spend,
    spent,
    taking,
    tally,
)


async def test_a_call_that_meets_no_budget_passes_directly() -> None:
    async def handler(call: Call) -> Outcome:
        return Outcome(200)

    passed = handler(asked())
    assert caller(DAILY._replace(model="slow"))(asked(), lambda call: passed) is passed
    counting = asked()
    counting.operation = "count_tokens"
    assert caller(DAILY)(counting, lambda call: passed) is passed
    assert (await inner(THERE)(counting, lambda call: passed)).status == 200


async def test_what_was_reserved_is_settled() -> None:
    policy, inside, seen = caller(DAILY), inner(THERE), list[int]()
    ours, theirs = policy.scopes[0], inside.scopes[0]

    async def handler(call: Call) -> Outcome:
        seen.extend((tally(ours).held_money, tally(theirs).held_money))
        return await taking(answer=20)(call)

    await spend(policy, inside, asked(max_tokens=50), handler)
    assert seen == [2 * DOLLAR, 2 * DOLLAR]
    for scope in (ours, theirs):
        assert (spent(scope), tally(scope).held_money) == ((Decimal("1.4"), 120), 0)
    assert BILL.get() is None


async def test_two_thousand_callers_at_once() -> None:
    """Whatever order they end in, and however: a cap is passed by less than one call may take, and nothing is lost."""
    cap = 50 * DOLLAR
    policy, inside, dice = caller(DAILY._replace(money=cap)), inner(), Random(6)
    took, ended, refused, most = 0, 0, 0, 0

    async def handler(call: Call) -> Outcome:
        nonlocal took
        await asyncio.sleep(dice.random() / 50)
        if dice.random() < 0.3:
            return await failing(Failure("network_error", "gone"), "connecting")(call)
        outcome = await taking(answer=dice.randrange(100))(call)
        assert call.cost is not None
        took += int(call.cost * DOLLAR)
        return outcome

    async def one() -> None:
        nonlocal ended, refused, most
        for _ in range(3):
            await asyncio.sleep(dice.random() / 20)
            try:
                await spend(policy, inside, asked(), handler)
            except Failure as failure:
                refused += failure.kind == "budget_exceeded"
            ended += 1
            held = tally(policy.scopes[0])
            most = max(most, held.money + held.held_money)

    await asyncio.gather(*[one() for _ in range(2000)])
    assert ended == 6000
    while refused == policy.scopes[0].told["refused"]:
        with suppress(Failure):
            await spend(policy, inside, asked(), handler)
    refused += 1
    assert refused == policy.scopes[0].told["refused"] > 0
    assert tally(policy.scopes[0]).money == took, "to the last picodollar"
    assert tally(policy.scopes[0]).held_money == tally(policy.scopes[0]).held_tokens == 0
    assert cap <= took < cap + 3 * DOLLAR, "it is used, and passed by less than one call may take"
    assert most < cap + 3 * DOLLAR


@pytest.mark.parametrize(
    ("handler", "dollars", "tokens", "unknown"),
    [
        (failing(Failure("timeout", "late")), 0, 0, 1),
        (failing(asyncio.CancelledError(), "waiting"), 0, 0, 1),
        (failing(asyncio.CancelledError(), "queued", sent=False), 0, 0, 0),
        (failing(Failure("provider_error", "no", provider_status=503)), 0, 0, 0),
        (failing(Failure("network_error", "no"), "connecting"), 0, 0, 0),
        (taking(100, 10, end=asyncio.CancelledError()), Decimal("1.2"), 110, 0),
        (taking(100, 10, end=Failure("provider_stream_cut", "cut")), Decimal("1.2"), 110, 0),
        (failing(RuntimeError("a fault")), 0, 0, 1),
    ],
)
async def test_failures_are_refunded(handler: Handler, dollars: Decimal, tokens: int, unknown: int) -> None:
    policy, inside = caller(DAILY), inner(THERE)
    with pytest.raises((Failure, asyncio.CancelledError, RuntimeError)):
        await spend(policy, inside, asked(), handler)
    for scope in (*policy.scopes, *inside.scopes):
        assert (spent(scope), scope.told["unknown"]) == ((dollars, tokens), unknown)
        assert tally(scope).held_money == tally(scope).held_tokens == 0


async def test_an_answer_of_which_nobody_says_what_it_took() -> None:
    policy, inside = caller(DAILY), inner()

    async def handler(call: Call) -> Outcome:
        call.attempts += 1
        return Outcome(200)

    await spend(policy, inside, asked(), handler)
    assert (spent(policy.scopes[0]), policy.scopes[0].told["unknown"]) == ((0, 0), 1)


async def test_what_never_reaches_a_provider_costs_nothing() -> None:
    policy, inside = caller(DAILY), inner()

    async def handler(call: Call) -> Outcome:
        return Outcome(200, Usage(input=7))

    await spend(policy, inside, asked(), handler)
    assert (spent(policy.scopes[0]), policy.scopes[0].told["unknown"]) == ((0, 0), 0)


async def test_each_attempt_is_paid_for() -> None:
    """One after the other, as retries are, and beside each other, as hedges are."""
    policy, inside = caller(DAILY), inner(THERE)

    async def again(call: Call) -> Outcome:
        with pytest.raises(Failure):
            await inside(call, taking(100, 0, end=Failure("provider_stream_cut", "cut")))
        return await inside(call, taking(100, 50))

    async def beside(call: Call) -> Outcome:
        first = asyncio.ensure_future(inside(asked(), taking(100, 25)))
        second = asyncio.ensure_future(inside(asked(), taking(100, 50)))
        await asyncio.wait([first, second])
        return second.result()

    await policy(asked(), again)
    assert spent(policy.scopes[0]) == spent(inside.scopes[0]) == (3, 250)
    await policy(asked(), beside)
    assert spent(policy.scopes[0]) == spent(inside.scopes[0]) == (Decimal("6.5"), 525)


async def test_the_next_attempt_does_not_pay_for_the_one_before() -> None:
    inside, call = inner(THERE), asked()
    with pytest.raises(Failure):
        await inside(call, taking(100, 50, end=Failure("provider_stream_cut", "cut")))
    with pytest.raises(Failure):
        await inside(call, failing(Failure("timeout", "late")))
    assert spent(inside.scopes[0]) == (2, 150)
    assert inside.scopes[0].told["unknown"] == 1

    async def unpriced(call: Call) -> Outcome:
        call.attempts += 1
        return Outcome(200, Usage(input=7))

    await inside(call, unpriced)
    assert spent(inside.scopes[0]) == (2, 157)
    assert inside.scopes[0].told["unpriced"] == 1


async def test_one_budget_that_refuses_leaves_nothing_held_of_others() -> None:
    narrow = DAILY._replace(name="narrow", header="x-user")
    policy, inside = caller(DAILY._replace(money=DOLLAR), narrow), inner()
    await spend(policy, inside, asked(), taking(answer=0))
    with pytest.raises(Failure, match="the budget daily is spent"):
        await spend(policy, inside, asked(), taking())
    assert [scope.rule.name for scope in policy.scopes] == ["narrow", "daily"]
    assert [tally(scope).held_money for scope in policy.scopes] == [0, 0]
    assert spent(policy.scopes[0])[0] == 1


async def test_a_soft_share_is_told_with_every_answer_after_it() -> None:
    policy, inside, notes = caller(DAILY._replace(soft=0.2)), inner(), []
    for _ in range(3):
        call = asked()
        await spend(policy, inside, call, taking(answer=50))
        notes.append(call.notes)
    assert notes == [(), (("x-outrider-budget", "daily; spent=20%"),), (("x-outrider-budget", "daily; spent=40%"),)]
